"""The curves of several runs over one another: repeats as their mean with a band, each labelled where it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcviz.figures.labels import escaped
from dcviz.figures.numbers import three
from dcviz.figures.palette import Theme
from dcviz.figures.panels import Line, Panel, stacked, thinned
from dcviz.figures.signs import Sign

Curve = tuple[Any, Any]  # places on the common axis, values
YARDSTICK = "yardstick:"
MIDDLE = "middle"  # the median of all yardsticks
SCALES = {
    "start": "relative to start",
    "own": "own scales",
    "plain": "as it is",
}
BETWEEN = 240  # points of a mean of several curves
LETTERS = 15  # of a label beside the axis
RIGHT = 104  # pixels for labels


@dataclass(frozen=True)
class Strand:
    """A run, or repeats together: their curves by name on the common axis."""

    key: str
    label: str
    sign: Sign
    runs: Sequence[Mapping[str, Curve]]


def overlay(  # noqa: PLR0913  (the rest by keyword)
    strands: Sequence[Strand],
    theme: Theme,
    *,
    now: float,
    last: float,
    unit: str = "step",
    scale: str = "start",
    yardstick: str = MIDDLE,
    levels: Mapping[str, float] | None = None,
    band: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """One spec with up to three panels: objective, a yardstick, accuracy.

    Args:
        strands: what is compared.
        theme: the theme's name.
        now: where the line stands that says which moment is shown.
        last: the end of the axis.
        unit: what the axis counts.
        scale: of the objective, a key of `SCALES`.
        yardstick: which one, by its name; `MIDDLE` for their median.
        levels: accuracies as fractions by label: baselines and the whole set, where they hold for all.
        band: the yardsticks of ten random real subsets, lowest and highest, where it holds for all.
    """
    objective = [_scaled(line, scale) for line in _lines(strands, "objective", start=scale == "start")]
    for line, strand in zip(objective, [s for s in strands if _has(s, "objective")], strict=True):
        line.text = f"<b>{strand.sign.glyph}</b> {escaped(_short(strand.label))}"
    found = [Panel(f"objective, {SCALES[scale]}", objective, log=_positive(objective, scale), numbered=scale != "own")]
    measured = _lines([_with_middle(s) for s in strands], YARDSTICK + yardstick)
    if measured:
        title = "middle yardstick" if yardstick == MIDDLE else yardstick
        found.append(Panel(f"{title}, 1 = random real", measured, {"": 1.0}, log=_positive(measured, ""), band=band))
    accuracy = _lines(strands, "accuracy", factor=100.0)
    percent = {name: 100 * value for name, value in (levels or {}).items()}
    found.append(Panel("held-out accuracy, %", accuracy, percent, top=100))
    for panel in found[1:]:
        for line in panel.lines:
            line.text = f"<b>{line.text}</b> {three(float(line.values[-1]))}"
    return stacked(found, now, last, theme, unit=unit, right=RIGHT)


def mean_of(curves: Sequence[Curve]) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
    """Places, mean, and mean ∓ standard deviation (n − 1) of several curves, where all of them are known.

    Curves measured at different places are interpolated between their points.
    """
    packed = [(np.asarray(x, float), np.asarray(v, float)) for x, v in curves]
    packed = [(x[np.isfinite(v)], v[np.isfinite(v)]) for x, v in packed]
    packed = [(x, v) for x, v in packed if len(x)]
    if not packed:
        return np.zeros(0), np.zeros(0), None
    if len(packed) == 1:
        return *thinned(*packed[0]), None
    first, last = max(x[0] for x, _ in packed), min(x[-1] for x, _ in packed)
    at = np.unique(np.concatenate([x for x, _ in packed]))
    at = at[(at >= first) & (at <= last)]
    if not len(at):
        return *thinned(*packed[0]), None  # they do not overlap yet: the first alone
    if len(at) > BETWEEN:
        at = at[np.unique(np.linspace(0, len(at) - 1, BETWEEN).round().astype(int))]
    table = np.stack([np.interp(at, x, v) for x, v in packed])  # (runs, n)
    mean, spread = table.mean(0), table.std(0, ddof=1)
    return at, mean, (mean - spread, mean + spread)


def _lines(strands: Sequence[Strand], name: str, *, factor: float = 1.0, start: bool = False) -> list[Line]:
    """One line for each strand that has the curve; with ``start``, of every run relative to its first value."""
    lines = []
    for strand in strands:
        curves = [run[name] for run in strand.runs if name in run and len(run[name][0])]
        curves = [(x, factor * np.asarray(v, float) / (_first(v) if start else 1.0)) for x, v in curves]
        x, mean, band = mean_of(curves)
        if len(x):
            sign, title = strand.sign, f"{strand.sign.glyph} {strand.label}"
            lines.append(Line(title, x, mean, sign.colour, text=sign.glyph, dash=sign.dash, band=band, of=strand.key))
    return lines


def _first(values: Any) -> float:
    """The size of the first value that is none of 0 and not a number."""
    values = np.asarray(values, float)
    there = values[np.isfinite(values) & (values != 0)]
    return float(abs(there[0])) if len(there) else 1.0


def _scaled(line: Line, scale: str) -> Line:
    """On its own scale: from its lowest to its highest value; hovering tells the value itself."""
    if scale != "own":
        return line
    edges = np.concatenate([line.values, *(line.band or ())])
    low, high = float(edges.min()), float(edges.max())
    wide = (high - low) or 1.0
    line.told, line.values = line.values, (line.values - low) / wide
    if line.band is not None:
        line.band = ((line.band[0] - low) / wide, (line.band[1] - low) / wide)
    return line


def _positive(lines: Sequence[Line], scale: str) -> bool:
    """Whether a logarithmic axis can show the lines; bands that reach 0 then end at a thousandth of the mean."""
    if scale == "own" or not lines or any((line.values <= 0).any() for line in lines):
        return False
    for line in lines:
        if line.band is not None:
            line.band = (np.maximum(line.band[0], 1e-3 * line.values), line.band[1])
    return True


def _with_middle(strand: Strand) -> Strand:
    return Strand(strand.key, strand.label, strand.sign, [{**run, **_middle(run)} for run in strand.runs])


def _middle(run: Mapping[str, Curve]) -> dict[str, Curve]:
    """The median of a run's yardsticks, where all of them are known."""
    curves = [curve for name, curve in run.items() if name.startswith(YARDSTICK) and len(curve[0])]
    if not curves:
        return {}
    at = np.asarray(curves[0][0], float)
    for x, _ in curves[1:]:
        at = np.intersect1d(at, np.asarray(x, float))
    values = [np.asarray(v, float)[np.isin(np.asarray(x, float), at)] for x, v in curves]
    return {YARDSTICK + MIDDLE: (at, np.median(np.stack(values), 0))}


def _has(strand: Strand, name: str) -> bool:
    return any(name in run and np.isfinite(np.asarray(run[name][1], float)).any() for run in strand.runs)


def _short(label: str) -> str:
    return label if len(label) <= LETTERS else label[: LETTERS - 1] + "…"
