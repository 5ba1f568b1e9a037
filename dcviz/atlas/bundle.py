"""Pack the atlas of the bundled data for the package itself.

    dcviz atlas && python -m dcviz.atlas.bundle

The first command condenses and measures every cell on the digits, the second rewrites ``bundled.json.gz`` beside this
file from the store.
"""

from __future__ import annotations

import gzip
import json
import platform
from pathlib import Path

from dcviz.atlas.bundled import FILE
from dcviz.atlas.grid import entries
from dcviz.atlas.measure import result_key


def main() -> None:
    """Rewrite the file."""
    import os

    import torch

    from dcviz import __version__
    from dcviz.runs.store import Store

    store, results, missing = Store(), {}, []
    for cell in entries():
        key = result_key(cell.config)
        found = store.load_cached("atlas", key)
        if found is None:
            missing.append(cell.key)
        else:
            results[key] = {**found[1], "run": ""}  # a run of this store means nothing elsewhere
    if missing:
        raise SystemExit(f"not measured yet: {', '.join(missing)}: run dcviz atlas first.")
    machine = f"{os.cpu_count()} cores ({platform.machine()}), torch {torch.__version__.split('+')[0]}"
    text = json.dumps({"made_by": f"dcviz {__version__} atlas, on {machine}", "results": results}, sort_keys=True)
    Path(__file__).with_name(FILE).write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(results)} cells")  # noqa: T201  (a command)


if __name__ == "__main__":
    main()
