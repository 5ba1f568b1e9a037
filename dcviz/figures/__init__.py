"""Pure drawing: arrays in, plotly specs (plain dicts) or encoded pictures out. No torch, no store, no streamlit."""

from __future__ import annotations

from dcviz.figures.curves import curves
from dcviz.figures.map import placed, points, real_map
from dcviz.figures.marks import marked
from dcviz.figures.palette import Theme, tokens
from dcviz.figures.scene import empty_scene, film, frame_scene, nothing, real_scene
from dcviz.figures.sheet import sheet, thumbnail

__all__ = [
    "Theme",
    "curves",
    "empty_scene",
    "film",
    "frame_scene",
    "marked",
    "nothing",
    "placed",
    "points",
    "real_map",
    "real_scene",
    "sheet",
    "thumbnail",
    "tokens",
]
