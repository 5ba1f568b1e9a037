"""What travels to the stage: the real layer once, then one small message per frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dcviz.figures.map import Kind, points, real_map
from dcviz.figures.pack import LOSSLESS, pack, picture
from dcviz.figures.palette import Theme
from dcviz.figures.sheet import atlas, example_frame, inverted, sheet

Arrays = Mapping[str, Any]
NEAREST = 6  # real neighbours shown of each synthetic image
CONFIG = {
    "displaylogo": False,
    "scrollZoom": True,
    "doubleClick": "reset",
    "modeBarButtons": [["pan2d", "zoom2d", "lasso2d", "select2d", "resetScale2d"]],
}


def kinds(real: Arrays) -> list[Kind]:
    """The maps that can be drawn of this data, the best first."""
    if "points" in real:
        return ["plane"]
    return ["umap", "pca"] if real.get("umap") is not None else ["pca"]


def real_scene(key: str, real: Arrays, theme: Theme) -> dict[str, Any]:
    """The layer that is sent once: dots and labels of every map, and all thumbnails in one picture."""
    maps = {kind: {**real_map(real, kind, theme), "config": CONFIG} for kind in kinds(real)}
    return {
        "key": key,
        "maps": maps,
        "names": [str(c) for c in real["classes"]],
        "labels": pack(real["labels"], "int32"),
        "ids": pack(real["ids"], "int32"),
        "atlas": atlas(np.asarray(real["thumbs"]), theme) if "thumbs" in real else None,
    }


def frame_scene(
    step: int, frame: Arrays, real: Arrays | None, theme: Theme, *, lossless: int = LOSSLESS
) -> dict[str, Any]:
    """One frame: the sheet, the synthetic points on every map, and what is known of each image.

    Args:
        step: the step of the frame.
        frame: the arrays of a stored frame.
        real: the real view; without it there is nothing to place the points on.
        theme: the theme's name.
        lossless: bytes up to which the sheet is sent as PNG.
    """
    shown = real if real is not None else _alone(frame)
    maps = {}
    for kind in kinds(real) if real is not None else []:
        needed = {"plane": "points", "umap": "neighbours"}.get(kind, kind)  # early frames have no neighbours yet
        if needed not in frame or (kind == "umap" and np.max(frame[needed], initial=0) >= len(shown["umap"])):
            continue  # or, in a run from elsewhere, neighbours of other data than these
        maps[kind] = points(frame, shown, kind, theme)
    return {
        "step": int(step),
        "sheet": sheet(frame, shown, theme, lossless) if "images" in frame else None,
        "maps": maps,
        "detail": _detail(frame),
    }


def empty_scene(real: Arrays, theme: Theme, budget: int = 10) -> dict[str, Any]:
    """Before the first run: real examples where synthetic images will stand."""
    maps: dict[str, Any] = {kind: [] for kind in kinds(real)}
    drawn = sheet(example_frame(real, budget), real, theme) if "thumbs" in real else None
    if drawn:
        drawn["alt"] = "Real examples of every class; nothing is condensed yet."
    return {"step": 0, "sheet": drawn, "maps": maps, "detail": None}


def nothing(key: str, theme: Theme) -> dict[str, Any]:
    """The message of a stage with nothing on it but the real layer of a key."""
    return {
        "run": None,
        "real": key,
        "theme": theme,
        "alive": False,
        "planar": False,
        "title": "Lab · dcviz",
        "frames": [],
        "steps": [],
        "latest": None,
        "total": 0,
        "step": None,
        "curves": None,
        "film": None,
    }


def film(frames: Sequence[tuple[int, Arrays]], id: int, real: Arrays | None, theme: Theme) -> dict[str, Any] | None:
    """One image through time: a strip of its pixels at the given steps; None for points of the plane."""
    strip = [(step, f["images"][np.asarray(f["ids"]) == id]) for step, f in frames if "images" in f]
    strip = [(step, found[0]) for step, found in strip if len(found)]
    if not strip:
        return None
    flip = inverted(real if real is not None else _alone(frames[-1][1]), theme)
    row = np.concatenate([image for _, image in strip], 2)  # (channels, height, steps · width)
    side = [int(strip[0][1].shape[2]), int(strip[0][1].shape[1])]
    src = picture(np.ascontiguousarray((255 - row if flip else row).transpose(1, 2, 0)))
    return {"id": id, "steps": [int(step) for step, _ in strip], "src": src, "side": side}


def _detail(frame: Arrays) -> dict[str, Any]:
    near = np.asarray(frame["neighbours"])[:, :NEAREST] if "neighbours" in frame else np.zeros((0, 0))
    off = frame.get("off")
    return {
        "ids": pack(frame["ids"], "int32"),
        "labels": pack(frame["labels"], "int32"),
        "off": pack(off if off is not None else np.full(len(frame["ids"]), np.nan)),
        "neighbours": pack(near, "uint16" if near.max(initial=0) < 65536 else "int32"),
        "k": int(near.shape[1]) if near.ndim == 2 else 0,
    }


def _alone(frame: Arrays) -> dict[str, Any]:
    """A stand-in for the real view while it is being prepared: class numbers, no examples."""
    labels = np.asarray(frame["labels"])
    found: dict[str, Any] = {"labels": labels[:0], "ids": labels[:0], "classes": range(int(labels.max()) + 1)}
    return found | ({"thumbs": frame["images"]} if "images" in frame else {})
