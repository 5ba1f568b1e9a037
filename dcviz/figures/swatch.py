"""A sheet that was measured elsewhere, in the colours of a theme; or its first images, where there is little room.

What is measured once and shown in both themes is stored as it is exported: images on white, with white lines between.
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np

from dcviz.figures.pack import picture
from dcviz.figures.palette import Theme
from dcviz.figures.sheet import inverted

WHITE = 255
FIRST = 2  # rows and columns of images in a corner


@lru_cache(maxsize=1024)
def swatch(sheet: bytes, theme: Theme, *, corner: bool = False) -> str:
    """A data URL of a sheet whose lines let the ground through; grey images are ink on paper in the light theme.

    Args:
        sheet: a PNG of images of one size with white lines around each.
        theme: the theme's name.
        corner: whether only the first two images of the first two rows.
    """
    from PIL import Image

    levels = np.asarray(Image.open(io.BytesIO(sheet)))
    levels = levels[..., None] if levels.ndim == 2 else levels  # (H, W, channels)
    inked = (levels < WHITE).any(-1)
    rows, columns = np.any(inked, axis=1), np.any(inked, axis=0)  # that are no line
    if inverted({"thumbs": levels[rows][:, columns].transpose(2, 0, 1)[None]}, theme):
        levels = WHITE - levels
    alpha = np.where(np.outer(rows, columns), WHITE, 0).astype(np.uint8)
    shown = np.concatenate([levels, alpha[..., None]], -1)
    return picture(shown[_first(rows), _first(columns)] if corner else shown)


def _first(images: np.ndarray) -> slice:
    """The lines of pixels that the first images take.

    >>> _first(np.array([False, True, True, False, True, False, True]))
    slice(1, 5, None)
    """
    begins = np.flatnonzero(images & ~np.r_[False, images[:-1]])
    ends = np.flatnonzero(images & ~np.r_[images[1:], False]) + 1
    return slice(int(begins[0]), int(ends[:FIRST][-1])) if len(begins) else slice(None)
