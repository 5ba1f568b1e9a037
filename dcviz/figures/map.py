"""The map: real samples as faint dots, synthetic ones as large outlined diamonds placed among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from dcviz.figures.labels import escaped
from dcviz.figures.pack import pack
from dcviz.figures.palette import Theme, class_colours, ground, rgba, tokens

Kind = Literal["umap", "pca", "plane"]
Arrays = Mapping[str, Any]
FLAGGED = 95.0  # percentile of real held-out samples above which a synthetic one is off the manifold
CROWD = 0.4  # of flagged points, beyond which rings would hide the map; the sheet marks them all
MANY = 0.12  # of flagged points, beyond which each has a light eye in place of a ring, which takes no room
LETTERS = 18  # of a class name on the map
TRAIL_POINTS = 1500  # at most, all trails together; none where not even two a point remain
TRAIL = {  # a trace but for its points, which the browser has: they are those of the frames before
    "type": "scattergl",
    "mode": "lines",
    "meta": {"layer": "trail", "points": TRAIL_POINTS},
    "opacity": 0.35,
    "hoverinfo": "skip",
}

SIGNS = "• real ◆ synthetic ○ off-manifold"  # short: on a small screen it stands beside a switch
CAPTIONS = {
    "umap": SIGNS,
    "pca": SIGNS,
    "plane": SIGNS,
}
EXPLAINED = {
    "umap": "UMAP of reference features, fitted on real samples only; synthetic ones are placed by their nearest real "
    "neighbours, so lying inside a cluster proves nothing. Sizes of clusters and gaps between them mean nothing. "
    "Off-manifold ones have a ring; an eye where they are many.",
    "pca": "The two directions in which the real samples vary most; synthetic ones are projected on them. "
    "Off-manifold ones have a ring; an eye where they are many.",
    "plane": "The samples themselves: points of the plane.",
}


def placed(frame: Arrays, real: Arrays, kind: Kind) -> np.ndarray:
    """Where the synthetic samples lie ``(M, 2)``: their own coordinates, or the weighted mean of their neighbours."""
    own = "points" if kind == "plane" else kind
    if own in frame:
        return np.asarray(frame[own], np.float32)
    weights = np.asarray(frame["weights"], np.float32)[..., None]  # (M, k, 1)
    return (np.asarray(real["umap"])[np.asarray(frame["neighbours"])] * weights).sum(1)


def _at(real: Arrays, kind: Kind) -> np.ndarray:
    return np.asarray(real["points" if kind == "plane" else kind], np.float32)


def real_map(real: Arrays, kind: Kind, theme: Theme) -> dict[str, Any]:
    """The layer that does not change during a run: dots, class labels, axes.

    Args:
        real: ``umap`` or ``pca`` or ``points`` ``(n, 2)``, ``labels (n,)``, ``ids (n,)``, ``classes``.
        kind: which map.
        theme: the theme's name.
    """
    at = _at(real, kind)
    labels, ids = np.asarray(real["labels"]), np.asarray(real["ids"])
    names = [str(c) for c in real["classes"]]
    colours = class_colours(len(names), theme)
    size = 5 if len(at) < 800 else 4 if len(at) < 3000 else 3
    data = [
        {
            "type": "scattergl",
            "mode": "markers",
            "name": f"real {name}",
            "meta": {"layer": "real", "class": c},
            **_xy(at[labels == c]),
            "customdata": pack(ids[labels == c], "int32"),
            "hovertemplate": f"real %{{customdata}}<br>class {escaped(name)}<extra></extra>",
            "marker": {"size": size, "color": colour, "opacity": 0.45},
        }
        for c, (name, colour) in enumerate(zip(names, colours, strict=True))
    ]
    return {
        "data": data,
        "layout": _layout(at, labels, names, kind, theme),
        "trail": TRAIL,
        "title": "Particles" if kind == "plane" else "Map",
        "caption": CAPTIONS[kind],
        "explained": EXPLAINED[kind],
        "missing": "this step was kept before the map was ready: see PCA",
    }


def points(frame: Arrays, real: Arrays, kind: Kind, theme: Theme) -> list[dict[str, Any]]:
    """The traces of one frame: flagged rings, a diamond trace per class, and the ring of the selection.

    A diamond trace says in its ``meta`` how many of its points lie beyond the axes, which the real samples set.

    Args:
        frame: ``labels``, ``ids``, ``off`` ``(M,)`` and what `placed` reads.
        real: as for `real_map`.
        kind: which map.
        theme: the theme's name.
    """
    token = tokens(theme)
    names = [str(c) for c in real["classes"]]
    colours = class_colours(len(names), theme)
    at, labels, ids = placed(frame, real, kind), np.asarray(frame["labels"]), np.asarray(frame["ids"])
    (left, right), (low, high) = (_range(axis) for axis in _at(real, kind).T)
    beyond = (at[:, 0] < left) | (at[:, 0] > right) | (at[:, 1] < low) | (at[:, 1] > high)
    off = np.asarray(frame["off"], float) if "off" in frame else np.full(len(ids), np.nan)
    size = 10 if len(ids) <= 120 else 8 if len(ids) <= 400 else 6
    flagged = off > FLAGGED
    if flagged.mean() > CROWD:
        flagged[:] = False
    rings = _rings(at[flagged], "flagged", size + 7, {"width": 1, "color": rgba(token.muted, 0.55)})
    if many := flagged.mean() > MANY:
        rings["marker"] = {"symbol": "circle", "size": 0.4 * size, "color": token.background, "line": {"width": 0}}
    marks = {**rings, "customdata": pack(ids[flagged], "int32")}
    traces = [] if many else [marks]
    for c, (name, colour) in enumerate(zip(names, colours, strict=True)):
        mine = labels == c
        traces.append(
            {
                "type": "scattergl",
                "mode": "markers",
                "name": f"synthetic {name}",
                "meta": {"layer": "synthetic", "beyond": int(beyond[mine].sum())},
                **_xy(at[mine]),
                "customdata": pack(ids[mine], "int32"),
                "hovertemplate": f"synthetic %{{customdata}}<br>class {escaped(name)}<extra></extra>",
                "marker": {
                    "symbol": "diamond",
                    "size": size,
                    "color": colour,
                    "line": {"width": 1.2 if size > 8 else 0.7, "color": token.outline},
                },
                "selected": {"marker": {"opacity": 1}},
                "unselected": {"marker": {"opacity": 0.18}},
            }
        )
    traces += [marks] if many else []  # an eye lies on its diamond, a ring below all of them
    traces.append(_rings(at[:0], "selection", size + 9, {"width": 2.2, "color": token.selection}))
    return traces


def _rings(at: np.ndarray, layer: str, size: float, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scattergl",
        "mode": "markers",
        "meta": {"layer": layer},
        **_xy(at),
        "marker": {"symbol": "circle", "size": size, "color": "rgba(0,0,0,0)", "line": line},
        "hoverinfo": "skip",
    }


def _xy(at: np.ndarray) -> dict[str, Any]:
    return {"x": pack(at[:, 0]), "y": pack(at[:, 1])}


def _layout(at: np.ndarray, labels: np.ndarray, names: list[str], kind: Kind, theme: Theme) -> dict[str, Any]:
    token = tokens(theme)
    x, y = _range(at[:, 0]), _range(at[:, 1])
    axis = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "", "showline": False}
    scale = {"scaleanchor": "x", "constrain": "domain"} if kind == "plane" else {}
    return {
        "xaxis": {**axis, "range": x},
        "yaxis": {**axis, "range": y, **scale},
        "annotations": _names(at, labels, names, (x, y), theme),
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "hovermode": "closest",
        "dragmode": "pan",
        **ground(token),
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": token.muted, "activecolor": token.accent, "orientation": "h"},
        "newselection": {"line": {"color": token.selection, "width": 1, "dash": "dot"}},
        "uirevision": kind,
        "selectionrevision": kind,
    }


def _range(values: np.ndarray, pad: float = 0.07) -> list[float]:
    low, high = float(values.min()), float(values.max())
    wide = (high - low) or 1.0
    return [low - pad * wide, high + pad * wide]


def _names(
    at: np.ndarray, labels: np.ndarray, names: list[str], span: tuple[list[float], list[float]], theme: Theme
) -> list[dict[str, Any]]:
    """A direct label beside each class: of rings of places around its middle, the one that hides least."""
    (x, y), colours, background = span, class_colours(len(names), theme), tokens(theme).background
    unit = (at - [x[0], y[0]]) / [x[1] - x[0], y[1] - y[0]]  # in the panel, 0 to 1
    size, letter = (14, 0.012) if len(names) <= 12 else (11, 0.0095)  # half a letter, in the narrowest panel
    taken: list[tuple[np.ndarray, np.ndarray]] = []
    found = []
    for c, name in enumerate(names):
        mine = unit[labels == c]
        if not len(mine):
            continue
        text = name if len(name) <= LETTERS else name[: LETTERS - 1] + "…"
        box = np.array([letter * len(text) + 0.008, 0.022])
        spot = _clearest(mine, unit, taken, box)
        if spot is None:
            continue  # hovering still tells
        taken.append((spot, box))
        found.append(
            {
                "x": x[0] + float(spot[0]) * (x[1] - x[0]),
                "y": y[0] + float(spot[1]) * (y[1] - y[0]),
                "text": f"<b>{escaped(text)}</b>",
                "showarrow": False,
                "font": {"color": colours[c], "size": size},
                "bgcolor": rgba(background, 0.6),
                "borderpad": 1,
            }
        )
    return found


def _clearest(
    mine: np.ndarray, everyone: np.ndarray, taken: list[tuple[np.ndarray, np.ndarray]], box: np.ndarray
) -> np.ndarray | None:
    """The middle of a label with half sides ``box`` that hides least; None where it would lie over another label."""
    middle = np.median(mine, 0)
    core = mine[np.abs(mine - middle).sum(1) <= np.quantile(np.abs(mine - middle).sum(1), 0.8)]
    reach = core.max(0) - core.min(0)
    best, spot = np.inf, None
    for turn in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        for far in (0.0, 0.5, 0.75, 1.1):
            place = middle + np.array([np.sin(turn), np.cos(turn)]) * (reach * far + box * (far > 0))
            place = np.clip(place, box, 1 - box)
            if any((np.abs(other - place) < box + its).all() for other, its in taken):
                continue
            crowd = int((np.abs(everyone - place) < box).all(1).sum())
            cost = crowd + 60 * float(np.abs(place - middle).sum())
            if cost < best:
                best, spot = cost, place
    return spot
