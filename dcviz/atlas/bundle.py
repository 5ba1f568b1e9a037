"""Pack the atlas of the bundled data for the package itself.

    dcviz atlas && python -m dcviz.atlas.bundle

The first command condenses and measures every cell on the digits that the package does not know yet, the second
rewrites ``bundled.json.gz`` beside this file: from the store, else with what it knew.
"""

from __future__ import annotations

import gzip
import json
import platform
from dataclasses import asdict
from pathlib import Path

from dcviz.atlas.bundled import FILE
from dcviz.atlas.grid import entries
from dcviz.atlas.measure import known, result_key


def main() -> None:
    """Rewrite the file."""
    import os

    import torch

    from dcviz import __version__
    from dcviz.runs.store import Store

    store, results, missing = Store(), {}, []
    for cell in entries():
        found = known(store, cell)
        if found is None:
            missing.append(cell.key)
        else:  # a run of this store means nothing elsewhere
            results[result_key(cell.config)] = {**asdict(found), "run": ""}
    if missing:
        raise SystemExit(f"not measured yet: {', '.join(missing)}: run dcviz atlas first.")
    machine = f"{os.cpu_count()} cores ({platform.machine()}), torch {torch.__version__.split('+')[0]}"
    text = json.dumps({"made_by": f"dcviz {__version__} atlas, on {machine}", "results": results}, sort_keys=True)
    Path(__file__).with_name(FILE).write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(results)} cells")  # noqa: T201  (a command)


if __name__ == "__main__":
    main()
