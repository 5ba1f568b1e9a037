"""Small pictures of runs for the gallery: the first images, or the points of the plane, as data URLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dcviz.figures.pack import picture
from dcviz.figures.palette import Theme, class_colours
from dcviz.figures.sheet import first_images

SIDE = 160  # pixels beyond which a thumbnail is averaged down
LOSSLESS = 5_000  # bytes up to which it is a PNG: two dozen of them travel at once
PLANE = 132  # pixels of a picture of the plane
RADIUS = 3  # of a point in it


def thumb(frame: Mapping[str, Any], theme: Theme) -> str:
    """A thumbnail of a frame's ``images (M, channels, height, width)`` or ``points (M, 2)``; empty without either."""
    if "images" in frame:
        pixels = first_images(frame, theme)
        factor = -(-max(pixels.shape[:2]) // SIDE)
        return picture(_averaged(pixels, factor) if factor > 1 else pixels, LOSSLESS)
    return picture(_plane(frame, theme), LOSSLESS) if "points" in frame else ""


def _averaged(pixels: np.ndarray, factor: int) -> np.ndarray:
    H, W = (side // factor * factor for side in pixels.shape[:2])
    blocks = pixels[:H, :W].reshape(H // factor, factor, W // factor, factor, -1)
    return blocks.mean((1, 3)).round().astype(np.uint8)


def _plane(frame: Mapping[str, Any], theme: Theme) -> np.ndarray:
    """Points as diamonds in the colours of their classes, on transparent ground ``(PLANE, PLANE, 4)``."""
    points, labels = np.asarray(frame["points"], float), np.asarray(frame["labels"])
    low, high = points.min(0), points.max(0)
    middle, size = (low + high) / 2, max(float((high - low).max()), 1e-9)
    at = (points - middle) / size * (PLANE - 6 * RADIUS) * [1, -1] + PLANE / 2  # (M, 2), upwards
    colours = np.array([_rgba(c) for c in class_colours(int(labels.max()) + 1, theme)], np.uint8)  # (C, 4)
    pixels = np.zeros((PLANE, PLANE, 4), np.uint8)
    x, y = at.round().astype(int).T
    for dx, dy in np.argwhere(np.ones((2 * RADIUS + 1, 2 * RADIUS + 1))) - RADIUS:
        if abs(dx) + abs(dy) <= RADIUS:
            pixels[y + dy, x + dx] = colours[labels]
    return pixels


def _rgba(colour: str) -> tuple[int, ...]:
    return *(int(colour[i : i + 2], 16) for i in (1, 3, 5)), 255
