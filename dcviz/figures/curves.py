"""The curves: objective and its terms, yardsticks, accuracy beside its baselines; labelled directly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dcviz.figures.numbers import three
from dcviz.figures.palette import Theme, Tokens, class_colours, tokens
from dcviz.figures.panels import Line, Panel, stacked, thinned

LESS = ("told apart",)  # of the likeness, where less is better

Metrics = Mapping[str, tuple[Any, Any]]  # name -> (steps, values)


def curves(  # noqa: PLR0913  (the rest by keyword)
    metrics: Metrics,
    baselines: Mapping[str, float],
    step: int,
    theme: Theme,
    *,
    steps: int = 0,
    parting: int | None = None,
    likeness: bool = False,
) -> dict[str, Any]:
    """One spec with up to four panels over one step axis, and one more for what a private run has spent.

    Args:
        metrics: ``objective``, ``term:<name>``, ``accuracy`` (fraction), ``yardstick:<name>`` (1 = random real subset)
            with the range ``random:low`` to ``random:high`` of such subsets, ``group:<name>`` (likewise), ``epsilon``,
            as (steps, values).
        baselines: accuracy as a fraction by label, such as ``random`` and ``whole set``.
        step: the step that the other panels show; a vertical line named ``now`` in each panel.
        theme: the theme's name.
        steps: the end of the step axis; the last measured step when 0.
        parting: the step from which the objective falls and the yardsticks rise, to be marked.
        likeness: whether ``likeness:<name>``, for which more is better but for ``told apart``, take the yardsticks'
            place, with their range ``random like:low`` to ``random like:high``.
    """
    token = tokens(theme)
    middle = _likeness(metrics, theme) if likeness else _yardsticks(metrics, theme)
    every = (
        *(_objective(metrics, theme), middle, _groups(metrics, theme)),
        *(_accuracy(metrics, baselines, token), _spent(metrics, token)),
    )
    panels = [p for p in every if p]
    last = max([steps, step, *(int(line.steps[-1]) for p in panels for line in p.lines if len(line.steps))])
    return stacked(panels, step, max(last, 1), theme, parting=parting)


def _line(metrics: Metrics, name: str, label: str, colour: str, width: float = 1.6) -> Line | None:
    if name not in metrics or not len(metrics[name][0]):
        return None
    steps, values = (np.asarray(a, float) for a in metrics[name])
    return Line(label, *thinned(steps, values), colour, width)


def _objective(metrics: Metrics, theme: Theme) -> Panel:
    token = tokens(theme)
    terms = [name for name in metrics if name.startswith("term:")]
    whole = _line(metrics, "objective", "objective", token.accent, 1.8)
    if whole and np.isfinite(whole.values[-1]):
        whole.text = f"<b>{'objective ' if len(terms) > 1 else ''}{three(whole.values[-1])}</b>"
    lines = [whole]
    if len(terms) > 1:
        colours = class_colours(len(terms) + 1, theme)[1:]
        lines += [
            _line(metrics, name, name.removeprefix("term:"), colour, 1.2)
            for name, colour in zip(terms, colours, strict=True)
        ]
    found = [line for line in lines if line]
    positive = all(np.nanmin(line.values, initial=np.inf) > 0 for line in found)
    return Panel(
        "objective, log scale" if positive else "objective (an unbiased estimate may fall below 0)",
        found,
        log=positive,
        parting=True,
    )


def _yardsticks(metrics: Metrics, theme: Theme) -> Panel | None:
    names = [name for name in metrics if name.startswith("yardstick:")]
    colours = class_colours(len(names), theme)
    lines = [_line(metrics, n, n.removeprefix("yardstick:"), c) for n, c in zip(names, colours, strict=True)]
    found = [line for line in lines if line]
    if not found:
        return None
    band = _band(metrics, "random")
    title = "yardsticks, band: random real" if band else "yardsticks, 1 = random real"  # short: labels stand beside it
    return Panel(title, found, {"": 1.0}, log=True, band=band, share=1.35, parting=True)


def _likeness(metrics: Metrics, theme: Theme) -> Panel:
    """On a linear scale, as shares may be 0; an arrow at each name points to where better is."""
    names = [name for name in metrics if name.startswith("likeness:")]
    colours = class_colours(len(names), theme)
    lines = []
    for name, colour in zip(names, colours, strict=True):
        said = name.removeprefix("likeness:")
        lines.append(_line(metrics, name, f"{said} {'↓' if said in LESS else '↑'}", colour))
    title = "likeness, 1 = random real, ↑ more is better"
    return Panel(title, [line for line in lines if line], {"": 1.0}, band=_band(metrics, "random like"), share=1.35)


def _groups(metrics: Metrics, theme: Theme) -> Panel | None:
    """How far S is from each group, where there are groups."""
    names = [name for name in metrics if name.startswith("group:")]
    colours = class_colours(len(names), theme)
    lines = [_line(metrics, n, n.removeprefix("group:"), c) for n, c in zip(names, colours, strict=True)]
    found = [line for line in lines if line]
    return Panel("distance from each group, 1 = random real", found, {"": 1.0}, log=True) if found else None


def _band(metrics: Metrics, of: str) -> tuple[float, float] | None:
    """The lowest and the highest of ten random subsets, where they are known."""
    ends = [metrics[name][1] for name in (f"{of}:low", f"{of}:high") if name in metrics]
    return (float(ends[0][-1]), float(ends[1][-1])) if len(ends) == 2 and min(map(len, ends)) else None


def _accuracy(metrics: Metrics, baselines: Mapping[str, float], token: Tokens) -> Panel:
    line = _line(metrics, "accuracy", "this run", token.ink, 2)
    if line:
        line.values = 100 * line.values
        line.text = f"<b>this run {line.values[-1]:.1f}</b>"
    levels = {name: 100 * value for name, value in baselines.items()}
    return Panel("held-out accuracy, %", [line] if line else [], levels, top=100)


def _spent(metrics: Metrics, token: Tokens) -> Panel | None:
    line = _line(metrics, "epsilon", "spent", token.ink, 1.8)
    if line is None:
        return None
    line.text = f"<b>ε {three(line.values[-1])}</b>"
    return Panel("ε spent of the private rows", [line], share=0.5)
