"""Tables of numbers as pictures: rows by columns, the number in each cell and a colour that says how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dcviz.figures.palette import Theme, ground, tokens

ROW = 22  # pixels
HEAD = 46


def heat(  # noqa: PLR0913  (the rest by keyword)
    rows: Sequence[str],
    columns: Sequence[str],
    values: np.ndarray,
    theme: Theme,
    *,
    centre: float | None = None,
    log: bool = False,
    digits: int = 1,
    better: str = "high",
    told: Sequence[Sequence[str]] | None = None,
) -> dict[str, Any]:
    """One spec: the value of each row and column, written out and coloured; NaN stays empty.

    Args:
        rows: names from top to bottom, R of them.
        columns: names from left to right, C of them.
        values: ``(R, C)``.
        theme: the theme's name.
        centre: where the colour is neutral (two colours, blue for better); without it one colour, darker for better.
        log: whether colours follow the logarithm.
        digits: written after the point.
        better: whether ``high`` or ``low`` values are good.
        told: what hovering tells of each cell, where that is more than its number.
    """
    token = tokens(theme)
    with np.errstate(all="ignore"):
        scaled = np.log10(values) if log else values.astype(float)
    low, high = np.nanmin(scaled), np.nanmax(scaled)
    if centre is not None:
        middle = np.log10(centre) if log else centre
        span = np.nanmax(np.abs(scaled - middle))
        low, high = middle - span, middle + span
    good = 1 if better == "high" else -1
    text = [["" if not np.isfinite(v) else f"{v:.{digits}f}" for v in row] for row in values]
    return {
        "data": [
            {
                "type": "heatmap",
                "x": list(columns),
                "y": list(rows),
                "z": [[None if not np.isfinite(v) else float(v) for v in row] for row in scaled],
                "text": text,
                "texttemplate": "%{text}",
                "textfont": {"size": 12},
                **({"customdata": [list(row) for row in told]} if told else {}),
                "hovertemplate": f"%{{y}}<br>%{{x}}: %{{{'customdata' if told else 'text'}}}<extra></extra>",
                "colorscale": _scale(token.background, token.accent, token.selection, centre is not None, good),
                "zmin": float(low),
                "zmax": float(high),
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
            }
        ],
        "layout": {
            "height": HEAD + ROW * len(rows) + 10,
            "margin": {"l": 10, "r": 10, "t": HEAD, "b": 10},
            **ground(token),
            "xaxis": {
                "type": "category",
                "side": "top",
                "showgrid": False,
                "fixedrange": True,
                "automargin": True,
                "tickangle": 0,
            },
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "showgrid": False,
                "fixedrange": True,
                "automargin": True,
            },
        },
    }


def _scale(ground: str, good: str, bad: str, two: bool, sign: int) -> list[list[Any]]:
    """A colour scale on the theme's own ground, at three fifths of its strength so that the numbers stay readable."""
    fine, poor = _mixed(ground, good), _mixed(ground, bad)
    if two:
        ends = (poor, fine) if sign > 0 else (fine, poor)
        return [[0.0, ends[0]], [0.5, ground], [1.0, ends[1]]]
    return [[0.0, ground], [1.0, fine]] if sign > 0 else [[0.0, fine], [1.0, ground]]


def _mixed(ground: str, colour: str, share: float = 0.6) -> str:
    a, b = ([int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (ground, colour))
    return "#" + "".join(f"{round((1 - share) * x + share * y):02X}" for x, y in zip(a, b, strict=True))
