"""What an objective costs: the front of accuracy against what it aims at, over its strengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dcviz.figures.front import HEIGHT, WIDTH, Scale, Size, Spot, front
from dcviz.figures.palette import Theme, tokens
from dcviz.figures.signs import Sign


@dataclass(frozen=True)
class Stand:
    """One strength: what it is called, and mean with spread of what was aimed at and of the accuracy, as shown."""

    label: str
    aimed: tuple[float, float]
    accuracy: tuple[float, float]  # per cent
    told: str
    plain: bool = False  # without the objective
    chosen: bool = False


@dataclass(frozen=True)
class Aim:
    """The axis of what was aimed at."""

    title: str
    better: str  # high | low

    @classmethod
    def of(cls, title: str, unit: str, better: str) -> Aim:
        """Of a quantity of the suite."""
        return cls(f"{title}{', %' if unit == 'fraction' else ''}", "low" if better == "lower" else "high")


class Number(Protocol):
    """A mean and its spread."""

    @property
    def mean(self) -> float:
        """As it was measured."""

    @property
    def spread(self) -> float | None:
        """None where there is none."""


def stands(found: Sequence[tuple[str, bool, Number | None, Number | None]], unit: str, chosen: str = "") -> list[Stand]:
    """What can stand on the front.

    Args:
        found: label, whether it is without the objective, what was aimed at, and the accuracy as a fraction.
        unit: of what was aimed at.
        chosen: the label that is looked at.
    """
    factor = 100.0 if unit == "fraction" else 1.0
    made = []
    for label, plain, aimed, accuracy in found:
        if aimed is None or accuracy is None:
            continue
        x, y = factor * aimed.mean, 100 * accuracy.mean
        dx, dy = factor * (aimed.spread or 0.0), 100 * (accuracy.spread or 0.0)
        told = f"accuracy {y:.1f} ± {dy:.1f} %<br>aimed at {x:.3g} ± {dx:.2g}"
        made.append(Stand(label, (x, dx), (y, dy), told, plain, label == chosen))
    return made


def costs(stands: Sequence[Stand], aim: Aim, theme: Theme, size: Size = (WIDTH, HEIGHT)) -> dict[str, Any]:
    """One spec: strengths as diamonds, the run without the objective as a square, the chosen one in its colour."""
    token = tokens(theme)
    looks: Mapping[bool, Sign] = {
        True: Sign("square", "■", token.ink, "solid"),
        False: Sign("diamond", "◆", token.accent, "solid"),
    }
    spots = []
    for stand in stands:
        sign = looks[stand.plain]
        if stand.chosen:
            sign = Sign(sign.symbol, sign.glyph, token.selection, sign.dash)
        (x, dx), (y, dy) = stand.aimed, stand.accuracy
        spots.append(Spot(stand.label, sign, x, y, dx, dy, stand.told, lit=stand.plain or stand.chosen))
    return front(spots, (Scale(aim.title, aim.better), Scale("test accuracy, %", "high")), theme, size)
