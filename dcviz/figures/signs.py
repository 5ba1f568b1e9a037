"""Signs: a shape, a colour and a kind of line for each of several runs, the same wherever they stand together."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.figures.palette import Theme, class_colours

SHAPES = {  # of plotly's markers -> the character that stands for them in texts
    "diamond": "◆",
    "square": "■",
    "triangle-up": "▲",
    "cross": "✚",
    "circle": "●",
    "triangle-down": "▼",
    "star": "★",
}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


@dataclass(frozen=True)
class Sign:
    """How one run is told from the others, by shape and by colour."""

    symbol: str
    glyph: str
    colour: str
    dash: str


def signs(count: int, theme: Theme) -> list[Sign]:
    """So many signs; no two are alike up to 70, since shapes and colours come around at different times.

    >>> [sign.glyph for sign in signs(3, "light")]
    ['◆', '■', '▲']
    """
    colours, shapes = class_colours(10, theme), list(SHAPES)
    return [
        Sign(shapes[i % len(shapes)], SHAPES[shapes[i % len(shapes)]], colours[i % 10], DASHES[i % len(DASHES)])
        for i in range(count)
    ]
