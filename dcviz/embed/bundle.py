"""Train the reference network and fit the map of the bundled digits, for the package itself.

Run by whoever changes the digits, the reference or the fit (after raising their VERSION):

    python -m dcviz.embed.bundle
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcviz.embed.references import reference
from dcviz.embed.umaps import umap_of
from dcviz.embed.view import pixels_view
from dcviz.evaluation.measure import run_to_end

if TYPE_CHECKING:
    import numpy as np

FOLDER = Path(__file__).parent


class Collected:
    """A cache that knows nothing and remembers all."""

    def __init__(self) -> None:
        """Begin empty."""
        self.arrays: dict[str, np.ndarray] = {}
        self.metas: dict[str, Any] = {}

    def load_cached(self, kind: str, key: str) -> None:
        """Nothing."""

    def save_cached(self, kind: str, key: str, arrays: Mapping[str, np.ndarray], meta: Any) -> None:
        """Remember."""
        self.metas[f"{kind}-{key}"] = meta
        self.arrays |= {f"{kind}-{key}/{name}": array for name, array in arrays.items()}


def main() -> None:
    """Rewrite the files."""
    import numpy as np

    from dcviz.data import dataset

    for name in ("bundled.json", "bundled.npz"):
        (FOLDER / name).unlink(missing_ok=True)
    digits, made = dataset("digits"), Collected()
    view = pixels_view(digits)
    umap_of(view, run_to_end(reference(digits, view, cache=made)), cache=made)
    np.savez_compressed(FOLDER / "bundled.npz", **made.arrays)  # type: ignore[arg-type]
    (FOLDER / "bundled.json").write_text(json.dumps(made.metas, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
