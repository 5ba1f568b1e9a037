"""Direct labels: at the place they name, and moved apart where they would meet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dcviz.figures.layout import spread
from dcviz.figures.palette import Tokens, rgba

WIDE = 0.45  # of the axis, that a label may take


def escaped(text: str) -> str:
    """A text from elsewhere as plotly shows it as it is: no markup, and no field of a template.

    >>> escaped("<b>%{x}</b>")
    '&lt;b&gt;%&#123;x}&lt;/b&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "%&#123;")


@dataclass(frozen=True)
class Label:
    """A text that begins at a place."""

    text: str
    colour: str  # muted when empty
    value: float  # where on the vertical axis, in log10 where that is logarithmic
    xref: str
    yref: str
    x: float
    part: float  # where ``x`` is, as a part of the axis


def direct(labels: Sequence[Label], span: tuple[float, float], gap: float, token: Tokens) -> list[dict[str, Any]]:
    """The labels as annotations, at least ``gap`` of the axis ``span`` apart where they stand side by side."""
    low, high = span
    at = [min(max(label.value, low), high) if math.isfinite(label.value) else low for label in labels]
    tall = gap * (high - low)
    bounds = low + 0.5 * tall, high - 0.4 * tall  # clear of the numbers under the axis, and of the title
    for meeting in side_by_side([label.part for label in labels]):
        for i, place in zip(meeting, spread([at[i] for i in meeting], tall, *bounds), strict=True):
            at[i] = place
    return [
        {
            "xref": label.xref,
            "x": label.x,
            "xshift": 6,
            "xanchor": "left",
            "yref": label.yref,
            "y": place,
            "text": label.text,
            "showarrow": False,
            "align": "left",
            "font": {"color": label.colour or token.muted, "size": 11},
            "bgcolor": rgba(token.background, 0.75),
            "borderpad": 0,
        }
        for label, place in zip(labels, at, strict=True)
    ]


def side_by_side(parts: Sequence[float]) -> list[list[int]]:
    """Which labels may meet: those that begin within a label's width of one another, as parts of the axis.

    >>> side_by_side([1.0, 0.2, 0.9])
    [[1], [2, 0]]
    """
    found: list[list[int]] = []
    for i in sorted(range(len(parts)), key=lambda i: parts[i]):
        if found and parts[i] - parts[found[-1][-1]] < WIDE:
            found[-1].append(i)
        else:
            found.append([i])
    return found
