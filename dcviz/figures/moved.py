"""Samples that something moves, on the map: a line from where each was to where it lies now."""

from __future__ import annotations

from typing import Any

import numpy as np

from dcviz.figures.pack import pack
from dcviz.figures.palette import Theme, tokens

LAYER = "beside"  # what stands on the map beside real and synthetic samples


def moved(
    before: np.ndarray, after: np.ndarray, crossed: np.ndarray, names: tuple[str, str], theme: Theme
) -> list[dict[str, Any]]:
    """Traces of moves ``before (k, 2)`` to ``after (k, 2)``.

    Args:
        before: where samples were.
        after: where they are.
        crossed: ``(k,)`` bool: those of which more is to be said, drawn in the colour of the selection.
        names: what the others are called, and what these.
        theme: the theme's name.
    """
    token, crossed = tokens(theme), np.asarray(crossed, bool)
    traces = []
    for mine, name, colour in ((~crossed, names[0], token.muted), (crossed, names[1], token.selection)):
        ends = np.stack([before[mine], after[mine], np.full_like(before[mine], np.nan)], 1)  # (n, 3, 2): a gap each
        flat = ends.reshape(-1, 2).astype(np.float32)
        traces.append(
            {
                "type": "scattergl",
                "mode": "lines",
                "meta": {"layer": LAYER},
                "name": name,
                "x": pack(flat[:, 0]),
                "y": pack(flat[:, 1]),
                "line": {"color": colour, "width": 1.4},
                "opacity": 0.85,
                "hoverinfo": "skip",
            }
        )
        traces.append(
            {
                "type": "scattergl",
                "mode": "markers",
                "meta": {"layer": LAYER},
                "name": name,
                "x": pack(after[mine, 0]),
                "y": pack(after[mine, 1]),
                "marker": {"symbol": "x-thin", "size": 7, "line": {"width": 1.8, "color": colour}},
                "hovertemplate": f"{name}<extra></extra>",
            }
        )
    return traces
