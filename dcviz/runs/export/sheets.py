"""One picture of a whole set: a row or more per class, as PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np

GAP = 1 / 9  # between the images of a sheet, of their height
WIDEST = 20  # images in a row, at most


def sheet(pixels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Images ``(M, channels, height, width)`` in [0, 1] on white, uint8 ``(H, W, channels)``, class under class.

    A class takes a row, or several where one would be wider than twenty images.
    """
    return laid(eight_bit(pixels), classes)


def laid(levels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The same from images that are uint8 already."""
    _, channels, height, width = levels.shape
    gap = max(1, round(height * GAP))
    groups = [np.flatnonzero(classes == c) for c in np.unique(classes)]
    most = max(len(group) for group in groups)
    columns = -(-most // -(-most // WIDEST))  # the most even rows of at most twenty
    rows = [part for group in groups for part in np.split(group, range(columns, len(group), columns))]
    canvas = np.full((len(rows) * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8)
    last = levels.transpose(0, 2, 3, 1)  # (M, height, width, channels)
    for r, row in enumerate(rows):
        for c, i in enumerate(row):
            y, x = gap + r * (height + gap), gap + c * (width + gap)
            canvas[y : y + height, x : x + width] = last[i]
    return canvas


def png(image: np.ndarray, text: Mapping[str, str] | None = None) -> bytes:
    """``(H, W, channels)`` uint8, grey or RGB, as PNG with text entries."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, value in (text or {}).items():
        info.add_itxt(key, value)
    out = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def eight_bit(pixels: np.ndarray) -> np.ndarray:
    """[0, 1] as 0..255, rounded."""
    return (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)
