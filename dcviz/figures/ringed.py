"""Groups of real samples on the map: rings around all but the largest, and what is to be said of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dcviz.figures.moved import LAYER
from dcviz.figures.pack import pack
from dcviz.figures.palette import Theme, tokens

SYMBOLS = ("circle-open", "square-open", "triangle-up-open", "diamond-open", "star-open")


def ringed(
    at: np.ndarray, of: np.ndarray, texts: Sequence[str], worst: int | None, theme: Theme, *, rings: bool = True
) -> list[dict[str, Any]]:
    """Traces of G groups.

    Args:
        at: where the real samples lie ``(n, 2)``.
        of: the group of each ``(n,)``.
        texts: what stands at each group's middle, or above its rings, G of them.
        worst: the group in the colour of the selection.
        theme: the theme's name.
        rings: whether samples are ringed; not where groups are classes, which have colours.
    """
    token = tokens(theme)
    traces: list[dict[str, Any]] = []
    sizes = np.bincount(of, minlength=len(texts))
    for g, text in enumerate(texts):
        mine = of == g
        if not mine.any():
            continue
        colour = token.selection if g == worst else token.ink
        apart = rings and g != sizes.argmax()
        if apart:
            traces.append(
                {
                    "type": "scattergl",
                    "mode": "markers",
                    "meta": {"layer": LAYER},
                    "name": text,
                    "x": pack(at[mine, 0]),
                    "y": pack(at[mine, 1]),
                    "marker": {"symbol": SYMBOLS[g % len(SYMBOLS)], "size": 9, "color": colour, "line": {"width": 1.1}},
                    "hoverinfo": "skip",
                }
            )
        x, y = np.median(at[mine], 0)
        y = at[mine, 1].max() if apart else y  # rings would cross the words
        traces.append(
            {
                "type": "scatter",
                "mode": "text",
                "meta": {"layer": LAYER},
                "name": text,
                "x": [float(x)],
                "y": [float(y)],
                "text": [f"<b>{_escaped(text)}</b>"],
                "textposition": "top center" if apart else "bottom center",
                "textfont": {"size": 12, "color": colour},
                "hoverinfo": "skip",
            }
        )
    return traces


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
