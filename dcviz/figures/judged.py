"""Reports of the evaluation suite as pictures and a table, for one set or several beside their rivals.

What a figure holds decides how it is drawn: quantities over strengths are curves, over places a table in colour, single
ones dots; so a property of your own is drawn, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np

from dcviz.evaluation.suite.words import place as place_of
from dcviz.evaluation.suite.words import shown
from dcviz.figures.palette import Theme
from dcviz.figures.reports import Curves, Measured, Row, confusion, dots, reliability, strengths
from dcviz.figures.signs import Sign
from dcviz.figures.tables import heat

if TYPE_CHECKING:
    from dcviz.evaluation.suite.declared import Figure, Property, Quantity, Report

    Columns = Mapping[str, Mapping[tuple[str, str], Figure]]  # by set, then by quantity and place

OWN = "synthetic"  # what the figures of the set in question are of
DRAWN = ("fraction", "score")  # units of single figures that are drawn; others stand in the table
MOST_CLASSES = 20  # that a table has columns for
ROWS = 3  # of one plot of dots
MANY = 3  # places from which on a quantity is a table, and strengths from which on it is curves


@dataclass(frozen=True)
class Block:
    """One picture with its heading."""

    title: str
    spec: dict[str, Any]
    wide: bool = False  # takes the whole width


def columns(reports: Mapping[str, Sequence[Report]]) -> dict[str, dict[tuple[str, str], Figure]]:
    """The figures by set: those in question by their labels, each from its repeats; then what stands beside the first.

    Args:
        reports: of one property at one scale, by label; several where a label stands for repeats.
    """
    found: dict[str, dict[tuple[str, str], Figure]] = {}
    for label, repeats in reports.items():
        own = [{_place(f): f for f in report.figures if f.of == OWN} for report in repeats]
        found[label] = {at: _together([each[at] for each in own if at in each]) for at in own[0]}
    first = next((repeats[0] for repeats in reports.values()), None)
    for figure in first.figures if first is not None else ():
        if figure.of != OWN:
            found.setdefault(figure.of, {})[_place(figure)] = figure
    return found


def blocks(
    kind: type[Property], found: Columns, signs: Mapping[str, Sign], classes: Sequence[str], theme: Theme
) -> list[Block]:
    """The pictures of one property, curves first, then single figures; ``classes`` are the names of the data's."""
    drawn, single = [], []
    for quantity in kind.quantities:
        figures = [(name, f) for name, held in found.items() for f in held.values() if f.quantity == quantity.name]
        if not figures:
            continue
        over, rest = _over_strengths(quantity, figures)
        if over:
            drawn.append(Block(quantity.title, strengths(over, signs, quantity.unit, theme), wide=True))
        places = list(dict.fromkeys(place_of(f.at) for _, f in rest))
        if len(places) >= MANY:
            drawn.append(Block(quantity.title, _table(quantity, places, found, theme)))
        elif rest and quantity.unit in DRAWN:
            single += [(quantity, place) for place in places]
        drawn += _details(figures, next(iter(found)), classes, theme)
    wide = [block for block in drawn if block.wide]
    return wide + _singles(single, found, signs, theme) + [block for block in drawn if not block.wide]


def table(kind: type[Property], found: Columns) -> tuple[list[str], list[list[tuple[str, str, bool]]]]:
    """All figures: the names of the sets, and a line for each quantity and place.

    A line is its title with its meaning, then the value of each set with its protocol, and whether it is the best.
    """
    places = list(dict.fromkeys(at for held in found.values() for at in held))
    lines = []
    for name, place in places:
        quantity = kind.quantity(name)
        held = {label: figures.get((name, place)) for label, figures in found.items()}
        best = _best(quantity, [f.mean for f in held.values() if f is not None])
        line = [(_titled(quantity, place), quantity.sentence, False)]
        for f in held.values():
            line.append(("–", "not measured", False) if f is None else (shown(f, quantity), f.protocol, f.mean == best))
        lines.append(line)
    return list(found), lines


# ----------------------------------------------------------------------------------------------------- parts


def _place(figure: Figure) -> tuple[str, str]:
    return figure.quantity, place_of(figure.at)


def _together(repeats: Sequence[Figure]) -> Figure:
    """Repeats as one figure: their mean, and how far they lie apart; one keeps the spread of its own."""
    from dataclasses import replace

    if len(repeats) == 1:
        return repeats[0]
    means = tuple(f.mean for f in repeats)
    words = f"{repeats[0].protocol}; mean of {len(means)} runs ± their standard deviation"
    return replace(repeats[0], mean=fmean(means), std=stdev(means), values=means, protocol=words)


def _titled(quantity: Quantity, place: str) -> str:
    return f"{quantity.title}, {place}" if place else quantity.title


def _best(quantity: Quantity, values: Sequence[float]) -> float | None:
    if not quantity.better or len(set(values)) < 2:
        return None
    return max(values) if quantity.better == "higher" else min(values)


def _measured(name: str, f: Figure, quantity: Quantity) -> Measured:
    return Measured(name, f.mean, f.std, f"{_titled(quantity, place_of(f.at))}: {shown(f, quantity)}")


def _over_strengths(
    quantity: Quantity, figures: Iterable[tuple[str, Figure]]
) -> tuple[list[Curves], list[tuple[str, Figure]]]:
    """What is measured at several strengths, a panel for each kind; and the rest."""
    panels: dict[str, list[tuple[float, Measured]]] = {}
    rest = []
    for name, f in figures:
        numbers = [v for v in f.at.values() if isinstance(v, (int, float))]
        if len(numbers) != 1:
            rest.append((name, f))
            continue
        kind = " ".join(str(v) for v in f.at.values() if not isinstance(v, (int, float)))
        panels.setdefault(kind, []).append((float(numbers[0]), _measured(name, f, quantity)))
    kept = [Curves(kind, held) for kind, held in panels.items() if len({x for x, _ in held}) >= MANY]
    return kept, rest


def _table(quantity: Quantity, places: Sequence[str], found: Columns, theme: Theme) -> dict[str, Any]:
    """Rows are sets, columns are places: who learns from it, which group."""
    factor = 100.0 if quantity.unit == "fraction" else 1.0
    rows = [name for name, held in found.items() if any(at[0] == quantity.name for at in held)]
    held = [[found[name].get((quantity.name, place)) for place in places] for name in rows]
    values = np.array([[np.nan if f is None else factor * f.mean for f in row] for row in held])
    told = [["not measured" if f is None else shown(f, quantity) for f in row] for row in held]
    better = "low" if quantity.better == "lower" else "high"
    digits = 1 if quantity.unit == "fraction" else 2
    return heat(rows, places, values, theme, digits=digits, better=better, told=told)


def _singles(
    wanted: Sequence[tuple[Quantity, str]], found: Columns, signs: Mapping[str, Sign], theme: Theme
) -> list[Block]:
    """Single figures as dots, those of one unit and one chance together."""
    groups: dict[tuple[str, float | None], list[tuple[Quantity, str]]] = {}
    for quantity, place in wanted:
        groups.setdefault((quantity.unit, quantity.chance), []).append((quantity, place))
    made = []
    for (unit, chance), held in groups.items():
        rows = [
            Row(
                _titled(quantity, place),
                [
                    _measured(name, f, quantity)
                    for name, figures in found.items()
                    if (f := figures.get((quantity.name, place))) is not None
                ],
            )
            for quantity, place in held
        ]
        marks = {} if chance is None else {"chance": chance}
        made += [Block("", dots(rows[i : i + ROWS], signs, unit, theme, marks)) for i in range(0, len(rows), ROWS)]
    return made


def _details(figures: Sequence[tuple[str, Figure]], first: str, classes: Sequence[str], theme: Theme) -> list[Block]:
    """What a figure of the first set holds beyond its value, where that can be drawn."""
    made: list[Block] = []
    own = [f for name, f in figures if name == first]
    at = next((f for f in own if "confusion" in f.detail), None)
    if at is not None:
        where = place_of(at.at)
        spec = confusion(np.asarray(at.detail["confusion"]), classes, theme)
        made.append(Block(f"Confusion, {first}, {where}: rows are true, columns named, %", spec))
        made += _per_class([(n, f) for n, f in figures if place_of(f.at) == where], where, classes, theme)
    bins = {place_of(f.at): _bins(f.detail["reliability"]) for f in own if "reliability" in f.detail}
    if bins:
        title = f"Calibration, {first}: how often an answer is right, by how sure it is"
        made.append(Block(title, reliability(bins, theme)))
    return made


def _per_class(figures: Sequence[tuple[str, Figure]], where: str, classes: Sequence[str], theme: Theme) -> list[Block]:
    held = {name: f.detail["per_class"] for name, f in figures if "per_class" in f.detail}
    if len(classes) > MOST_CLASSES:
        return []
    values = np.array([[np.nan if v is None else 100 * v for v in row] for row in held.values()])
    return [Block(f"Accuracy in each class, {where}, %", heat(list(held), classes, values, theme, digits=0))]


def _bins(rows: Sequence[Mapping[str, float]]) -> tuple[list[float], list[float]]:
    return [row["confidence"] for row in rows], [row["accuracy"] for row in rows]
