"""What travels to the Inspect page: one image through time, its path, its neighbours, its label, what pulls at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcviz.figures.map import Kind, placed
from dcviz.figures.pack import pack
from dcviz.figures.palette import Theme, class_colours, rgba, tokens
from dcviz.figures.scene import kinds
from dcviz.figures.sheet import atlas, inverted

Arrays = Mapping[str, Any]
LETTERS = 14  # of a class name beside a bar


@dataclass(frozen=True)
class Near:
    """The nearest real samples at n steps in one space, as `film_message` takes them."""

    space: str
    explained: str
    nearest: np.ndarray  # (n, k) positions
    distance: np.ndarray  # (n, k)
    percentile: np.ndarray  # (n,)
    alone: np.ndarray  # (n,)
    memorised: np.ndarray  # (n,) bool


def strip(steps: Sequence[int], images: np.ndarray, real: Arrays | None, theme: Theme) -> dict[str, Any]:
    """The image ``(n, channels, height, width)`` at every step, in one picture."""
    flip = inverted(real if real is not None else {"thumbs": images}, theme)
    return {"steps": [int(s) for s in steps], **atlas(images, theme, flip)}


def path(places: Arrays, label: int, real: Arrays, theme: Theme) -> dict[str, Any]:
    """Where the image lies at every step on every map that knows it, and the traces without points to draw it with.

    Args:
        places: what frames know of it, ``(n, …)`` each: ``pca``, ``points``, ``neighbours``, ``weights``.
        label: its class.
        real: the real view.
        theme: the theme's name.
    """
    token = tokens(theme)
    colour = class_colours(len(real["classes"]), theme)[label]
    found: dict[str, Any] = {}
    for kind in kinds(real):
        needed = {"plane": "points", "umap": "neighbours"}.get(kind, kind)
        if needed in places:
            at = _placed(places, real, kind)
            found[kind] = {"x": pack(at[:, 0]), "y": pack(at[:, 1])}
    mark = {"symbol": "diamond", "size": 15, "color": colour, "line": {"width": 1.8, "color": token.outline}}
    first = {"symbol": "circle", "size": 9, "color": token.background, "line": {"width": 2, "color": colour}}
    ring = {"symbol": "circle", "size": 12, "color": "rgba(0,0,0,0)", "line": {"width": 1.6, "color": token.selection}}
    return {
        "at": found,
        "traces": {
            "ahead": {"mode": "lines", "line": {"color": rgba(token.muted, 0.45), "width": 1}},
            "past": {"mode": "lines", "line": {"color": colour, "width": 2.2}},
            "near": {"mode": "markers", "marker": ring},
            "first": {"mode": "markers", "marker": first},
            "now": {"mode": "markers", "marker": mark},
            "pull": {"mode": "lines", "line": {"color": token.selection, "width": 2}},
        },
        "span": {k: float(np.ptp(np.asarray(real["points" if k == "plane" else k])[:, 0])) for k in found},
    }


def _placed(places: Arrays, real: Arrays, kind: Kind) -> np.ndarray:
    """Positions ``(n, 2)``; NaN before the map was ready."""
    if kind != "umap":
        return placed(places, real, kind)
    known = np.isfinite(places["neighbours"]).all(1)
    whole = {"neighbours": np.where(known[:, None], places["neighbours"], 0).astype(int), "weights": places["weights"]}
    return np.where(known[:, None], placed(whole, real, kind), np.nan)


def placing(places: Arrays, real: Arrays) -> dict[str, Any] | None:
    """The real samples that place it on the UMAP at every step, and how many are its nearest there, too.

    ``neighbours`` positions in the view ``(n, k)``, -1 while not known, ``trust`` the share ``(n,)`` of them among
    the k nearest on the map; None where no frame knows them.
    """
    if "neighbours" not in places or real.get("umap") is None:
        return None
    at, drawn = _placed(places, real, "umap"), np.asarray(real["umap"])
    known = np.isfinite(at).all(1)
    near = np.where(known[:, None], np.nan_to_num(places["neighbours"]), -1).astype(int)
    k = near.shape[1]
    trust = np.full(len(at), np.nan, np.float32)
    for i in np.flatnonzero(known):
        there = np.argpartition(((drawn - at[i]) ** 2).sum(1), min(k, len(drawn) - 1))[:k]
        trust[i] = np.isin(near[i], there).mean()
    return {"neighbours": pack(near, "int32"), "k": k, "trust": pack(trust)}


def neighbours(
    spaces: Sequence[Near], pictures: Mapping[int, np.ndarray], facts: tuple[Mapping[int, int], Mapping[int, int]],
    real: Arrays | None, theme: Theme,
) -> dict[str, Any]:  # fmt: skip
    """The nearest real samples at every step: each picture once, and which stand where.

    Args:
        spaces: what was found in each space.
        pictures: by position, images ``(channels, height, width)`` uint8, or points ``(2,)``.
        facts: ids and classes by position.
        real: the real view, for the names of the classes and how images are shown.
        theme: the theme's name.
    """
    order = {position: i for i, position in enumerate(pictures)}
    shown = np.stack(list(pictures.values())) if pictures else np.zeros((0, 2))
    images = shown.ndim == 4
    ids, labels = facts
    return {
        "atlas": atlas(shown, theme, inverted(real or {"thumbs": shown}, theme)) if images else None,
        "points": None if images else {"x": pack(shown[:, 0]), "y": pack(shown[:, 1])},
        "ids": pack([ids[p] for p in pictures], "int32"),
        "labels": pack([labels[p] for p in pictures], "int32"),
        "spaces": [
            {
                "space": near.space,
                "explained": near.explained,
                "k": int(near.nearest.shape[1]),
                "rows": pack(np.vectorize(order.__getitem__, otypes=[int])(near.nearest), "int32"),
                "distance": pack(near.distance),
                "percentile": pack(near.percentile),
                "alone": pack(near.alone),
                "memorised": pack(near.memorised, "uint8"),
            }
            for near in spaces
        ],
    }


def bars(values: np.ndarray, names: Sequence[str], theme: Theme, **spread: np.ndarray | None) -> list[dict[str, Any]]:
    """A bar for each class, longest first: its value, and where it begins and ends in 0 to 1.

    Args:
        values: ``(C,)``, below 0 too where they are regressed on.
        names: of the classes.
        theme: the theme's name.
        spread: ``low`` and ``high`` ``(C,)`` over stored views.
    """
    low, high = spread.get("low"), spread.get("high")
    least = min(0.0, float(values.min()))
    most = max(1.0, float(values.max()))
    unit = most - least
    colours = class_colours(len(names), theme)

    def place(value: float) -> float:
        return (value - least) / unit

    return [
        {
            "name": names[c] if len(names[c]) <= LETTERS else names[c][: LETTERS - 1] + "…",
            "title": names[c],
            "value": f"{values[c]:.2f}",
            "colour": colours[c],
            "from": place(min(0.0, float(values[c]))),
            "to": place(max(0.0, float(values[c]))),
            "low": None if low is None else place(float(low[c])),
            "high": None if high is None else place(float(high[c])),
        }
        for c in np.argsort(-values, kind="stable")
    ]


def classmates(frame: Arrays, label: int, real: Arrays | None, theme: Theme) -> dict[str, Any]:
    """The images of one class in a frame, in one picture (none in the plane), with ids and off-manifold scores."""
    mine = np.flatnonzero(np.asarray(frame["labels"]) == label)
    ids = np.asarray(frame["ids"])[mine]
    off = np.asarray(frame["off"])[mine] if "off" in frame else np.full(len(mine), np.nan)
    shown = None
    if "images" in frame:
        images = np.asarray(frame["images"])
        shown = atlas(images[mine], theme, inverted(real if real is not None else {"thumbs": images}, theme))
    return {"ids": pack(ids, "int32"), "off": pack(off), "atlas": shown}
