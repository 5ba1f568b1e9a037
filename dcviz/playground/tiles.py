"""Set-ups worth seeing, each with what to look for and what to try. Their pictures are results (`bundle`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from dcviz.errors import unknown
from dcviz.playground.setup import Setup

if TYPE_CHECKING:
    import numpy as np

STEP = 240  # of the result that a tile's picture shows


@dataclass(frozen=True)
class Tile:
    """One set-up as a picture."""

    name: str
    title: str
    look: str  # what happens
    attempt: str  # what to change then
    setup: Setup


def _tile(name: str, title: str, look: str, attempt: str, **chosen: object) -> Tile:
    return Tile(name, title, look, attempt, Setup(tile=name, **chosen))  # type: ignore[arg-type]


def _mmd(**params: object) -> dict[str, object]:
    return {"name": "mmd", **params}


TILES = (
    _tile(
        "mean",
        "Mean collapse",
        "Both sides should become like the grey points. Matching means is soon satisfied: its discrepancy is 0, "
        "its points still in the middle.",
        "Another distribution, or draw one.",
    ),
    _tile(
        "zero",
        "Loss zero, but wrong",
        "Mean with covariance, and Gaussian transport, are soon 0. Look at the modes reached, and at the "
        "distance beside random real points.",
        "The spectral discrepancy on one side.",
        left={"name": "moments"},
        right={"name": "bures"},
    ),
    _tile(
        "bandwidth",
        "Bandwidth too small",
        "A narrow kernel does not see far: between the modes points feel nothing, as the pull at a distance shows.",
        "Slide its bandwidth while it runs; then start far away.",
        left=_mmd(bandwidth=0.04, scales="one"),
        right=_mmd(),
        start="wide",
    ),
    _tile(
        "blur",
        "From transport to means",
        "Hardly blurred, transport carries each point to a place of its own. Very blurred, it only matches means.",
        "Slide the blur on the right down.",
        left={"name": "sinkhorn"},
        right={"name": "sinkhorn", "blur": 20.0},
    ),
    _tile(
        "unbiased",
        "Below zero",
        "Without self-pairs the estimate is right on average, so that good sets score below 0; with them none does.",
        "Change the number of points: the gap shrinks as 1/M.",
        left=_mmd(estimator="unbiased"),
        right=_mmd(estimator="biased"),
        start="real",
        budget=12,
    ),
    _tile(
        "saddle",
        "Rest at a saddle",
        "Stein's discrepancy only asks that forces balance. Between two far modes they do, in the middle of nowhere.",
        "Three unequal modes, noise everywhere: masses go unnoticed.",
        left={"name": "ksd"},
        right={"name": "energy"},
        data="two-far",
        budget=16,
    ),
    _tile(
        "budget",
        "20 points, 8 modes",
        "Transport gives all points equal shares. 20 is no multiple of 8, so that four must stand between modes.",
        "16 or 24 points.",
        left={"name": "sinkhorn", "blur": 0.02},
        right={"name": "energy"},
    ),
    _tile(
        "one",
        "A single point",
        "With a single point, moments and transport all mean the mean. The energy distance finds the median.",
        "Maximum mean discrepancy with a narrow kernel: it finds a mode.",
        left={"name": "mean"},
        right={"name": "energy"},
        data="three-unequal",
        budget=1,
    ),
    _tile(
        "batch",
        "Mini-batch bias",
        "Each step sees 16 real points. Energy jitters about the right place; sliced transport shrinks towards "
        "the middle.",
        "4 real points per step, then all.",
        left={"name": "sliced"},
        right={"name": "energy"},
        batch=16,
        budget=24,
        rate=0.03,
    ),
)


def find(name: str) -> Tile:
    """The tile of a name.

    Raises:
        Refused: an unknown name.
    """
    for tile in TILES:
        if tile.name == name:
            return tile
    raise unknown("tile", name, [tile.name for tile in TILES])


@cache
def results() -> dict[str, dict[str, np.ndarray]]:
    """The points ``(M, 2)`` of both sides of every tile at `STEP`; made by ``python -m dcviz.playground.bundle``."""
    import numpy as np

    held = json.loads((files("dcviz.playground") / "bundled.json").read_text(encoding="utf-8"))
    return {name: {side: np.array(points) for side, points in sides.items()} for name, sides in held.items()}
