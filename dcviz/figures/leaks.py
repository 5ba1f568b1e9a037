"""The leak check of a whole run in one picture: how near every synthetic sample lies to the real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dcviz.figures.labels import escaped
from dcviz.figures.pack import pack
from dcviz.figures.palette import Theme, class_colours, ground, rgba, tokens

SURE = 5.0  # percentile below which a sample is nearer than usual
CONFIG = {"displaylogo": False, "displayModeBar": False, "scrollZoom": False}
AXES = {
    "pixels": "distance in pixels, percentile of held-out images",
    "features": "distance in features, percentile",
    "plane": "distance, percentile of held-out points",
    "alone": "how alone with its nearest, percentile",
}


def leak_map(  # noqa: PLR0913  (all by keyword)
    *,
    ids: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    percentiles: Mapping[str, np.ndarray],
    memorised: np.ndarray,
    theme: Theme,
) -> dict[str, Any]:
    """Every sample by the percentile of its distance to the nearest real one, in two spaces (or ``alone``).

    Args:
        ids: ``(M,)``.
        labels: classes ``(M,)``.
        names: of the classes.
        percentiles: two arrays ``(M,)`` by keys of `AXES`: across and upwards.
        memorised: ``(M,)`` bool: drawn as crosses.
        theme: the theme's name.
    """
    token, colours = tokens(theme), class_colours(len(names), theme)
    (across, x), (up, y) = percentiles.items()
    data = []
    for c, (name, colour) in enumerate(zip(names, colours, strict=True)):
        for flag, symbol in ((False, "diamond"), (True, "cross")):
            mine = (labels == c) & (memorised == flag)
            if mine.any():
                data.append(_trace(ids[mine], x[mine], y[mine], name, (colour, symbol, token.outline)))
    axis = {
        "range": [-4, 104],
        "tickvals": [0, SURE, 50, 100],
        "zeroline": False,
        "gridcolor": token.hairline,
        "fixedrange": True,
    }
    zone = {"type": "rect", "layer": "below", "line": {"width": 0}, "fillcolor": rgba(token.selection, 0.1)}
    return {
        "data": data,
        "layout": {
            "xaxis": {**axis, "title": {"text": AXES[across], "font": {"size": 12}, "standoff": 6}},
            "yaxis": {**axis, "title": {"text": AXES[up], "font": {"size": 12}, "standoff": 4}},
            "shapes": [
                {**zone, "x0": -4, "x1": SURE, "y0": -4, "y1": 104},
                {**zone, "x0": -4, "x1": 104, "y0": -4, "y1": SURE},
            ],
            "margin": {"l": 50, "r": 8, "t": 6, "b": 44},
            **ground(token),
            "hovermode": "closest",
            "dragmode": False,
        },
        "config": CONFIG,
    }


def _trace(ids: np.ndarray, x: np.ndarray, y: np.ndarray, name: str, look: tuple[str, str, str]) -> dict[str, Any]:
    colour, symbol, outline = look
    safe = escaped(name)
    return {
        "type": "scattergl",
        "mode": "markers",
        "name": f"synthetic {name}",
        "meta": {"layer": "synthetic"},
        "x": pack(x),
        "y": pack(y),
        "customdata": pack(ids, "int32"),
        "hovertemplate": f"image %{{customdata}}, class {safe}<br>%{{x:.0f}} · %{{y:.0f}} %<extra></extra>",
        "marker": {"symbol": symbol, "size": 10, "color": colour, "opacity": 0.85,
                   "line": {"width": 1, "color": outline}},
    }  # fmt: skip
