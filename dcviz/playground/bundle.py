"""Make the results that the tiles show, for the package itself.

Run by whoever changes a tile or how particles move:

    python -m dcviz.playground.bundle
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.playground.race import Race
from dcviz.playground.setup import SIDES
from dcviz.playground.tiles import STEP, TILES, Tile

if TYPE_CHECKING:
    import numpy as np

FILE = Path(__file__).parent / "bundled.json"


def run(tile: Tile) -> dict[str, np.ndarray]:
    """The points ``(M, 2)`` of both sides at the step that pictures show, or at rest before."""
    race = Race(tile.setup)
    while race.head < STEP and not race.ended:
        race.advance(STEP, seconds=1.0)
    return {side: race.lanes[side].states[race.head].y.numpy() for side in SIDES}


def main() -> None:
    """Rewrite the file."""
    found = {tile.name: {side: y.round(3).tolist() for side, y in run(tile).items()} for tile in TILES}
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(sides)}" for name, sides in found.items())
    FILE.write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
