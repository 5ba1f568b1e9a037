"""What a discrepancy would do to an image, as a picture in red and blue; to a point of the plane, as an arrow."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dcviz.figures.pack import picture
from dcviz.figures.palette import Theme, diverging, tokens

AFTER = 0.35  # of the range of a pixel, by which the largest change shows in the picture of what would follow
SIDE = 64  # of an arrow's picture, in its own units
REACH = 0.09  # of the panel's width: the length of an arrow on the map; lengths of gradients have different units


def pull_picture(move: np.ndarray, theme: Theme) -> dict[str, Any]:
    """A change of pixels ``(channels, height, width)``, the mean of its channels, as ``src`` and its ``scale``.

    The scale is symmetric: full red stands for +scale, full blue for -scale, the ground for no change.
    """
    values = np.asarray(move, float).mean(0)
    scale = float(np.abs(values).max())
    pixels = diverging(values / scale if scale > 0 else values, theme)
    return {"src": picture(pixels), "scale": scale}


def after_picture(image: np.ndarray, move: np.ndarray, flip: bool) -> str:
    """The image ``(channels, height, width)`` uint8 after a step so large that it can be seen, as a data URL."""
    largest = float(np.abs(move).max())
    moved = image.astype(float) + (255 * AFTER / largest if largest > 0 else 0) * np.asarray(move, float)
    pixels = moved.round().clip(0, 255).astype(np.uint8)
    return picture(np.ascontiguousarray((255 - pixels if flip else pixels).transpose(1, 2, 0)))


def arrow_picture(move: Sequence[float], name: str, theme: Theme) -> str:
    """The direction of a move in the plane, x to the right and y upwards, as an SVG data URL; a dot where it is 0."""
    token = tokens(theme)
    x, y = float(move[0]), -float(move[1])
    length, middle = math.hypot(x, y), SIDE / 2
    if length == 0:
        drawn = f'<circle cx="{middle}" cy="{middle}" r="4" fill="{token.muted}"/>'
    else:
        turn, reach = math.degrees(math.atan2(y, x)), SIDE * 0.4
        drawn = (
            f'<g transform="translate({middle} {middle}) rotate({turn:.1f})" stroke="{token.selection}" fill="none" '
            f'stroke-width="4" stroke-linecap="round" stroke-linejoin="round"><path d="M{-reach} 0H{reach}'
            f'M{reach - 12} -10L{reach} 0L{reach - 12} 10"/></g>'
        )
    said = html.escape(name, quote=True)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}"><title>{said}</title>{drawn}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def arrow_end(move: np.ndarray, span: float) -> list[float]:
    """Where the arrow of a move ends, seen from its point ``(dx, dy)``; equally far for all, on a map ``span`` wide."""
    length = float(np.hypot(*move))
    return [float(v) * REACH * span / length for v in move] if length > 0 else [0.0, 0.0]
