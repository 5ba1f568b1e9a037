"""Frames from elsewhere: known arrays of the right kind and size, and nothing that a figure would stumble over."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import numpy as np

from dcviz.data.arrays import every_array
from dcviz.errors import Refused
from dcviz.runs.files import npz

BYTES = 2**28  # of one frame, unpacked, at most
SAMPLES = 50_000  # of one frame
SIDE = 1024  # pixels of an image, each way
PLACES = 1_000_000  # real samples that a synthetic one may lie near

# name -> (kinds of numpy's types, dimensions, stored as); M is the first of each
KNOWN: dict[str, tuple[str, int, type[np.generic]]] = {
    "labels": ("iu", 1, np.int64),
    "ids": ("iu", 1, np.int64),
    "images": ("u", 4, np.uint8),
    "points": ("f", 2, np.float32),
    "pca": ("f", 2, np.float32),
    "neighbours": ("iu", 2, np.int32),
    "weights": ("f", 2, np.float32),
    "off": ("f", 1, np.float32),
}
TOGETHER = ("neighbours", "weights")


def checked(data: bytes, name: str, classes: int) -> tuple[bytes, tuple[int, ...]]:
    """A frame written anew, with the shape of what it shows.

    Args:
        data: an npz.
        name: what refusals call it.
        classes: how many there are.

    Raises:
        Refused: it is damaged, too large, or holds what no frame does.
    """
    found = every_array(BytesIO(data), name, BYTES)
    arrays = {key: _of_kind(array, key, name) for key, array in found.items() if key in KNOWN}
    _check(arrays, name, classes)
    return npz(arrays), next(arrays[key].shape for key in ("images", "points") if key in arrays)


def _of_kind(array: np.ndarray, key: str, name: str) -> np.ndarray:
    kinds, dimensions, stored = KNOWN[key]
    _expect(array.dtype.kind in kinds and array.ndim == dimensions, name, f"{key} is {array.dtype}{array.shape}")
    if array.size and array.dtype.kind in "iu":
        limits = np.iinfo(np.dtype(stored))
        _expect(limits.min <= array.min() and array.max() <= limits.max, name, f"{key} has {array.max()}")
    with np.errstate(over="ignore"):  # what becomes infinite is refused as such
        return array.astype(stored)


def _check(arrays: Mapping[str, np.ndarray], name: str, classes: int) -> None:
    _expect({"labels", "ids"} <= set(arrays), name, "labels or ids are missing")
    _expect(("images" in arrays) != ("points" in arrays), name, "it needs either images or points")
    count = len(arrays["labels"])
    _expect(0 < count <= SAMPLES, name, f"it has {count:,} samples")
    for key, array in arrays.items():
        _expect(len(array) == count, name, f"{key} has {len(array)} entries and labels {count}")
        _expect(key == "off" or array.dtype.kind != "f" or bool(np.isfinite(array).all()), name, f"{key} is not finite")
    labels, ids = arrays["labels"], arrays["ids"]
    _expect(labels.min() >= 0 and labels.max() < classes, name, f"a label is not one of {classes} classes")
    _expect(len(np.unique(ids)) == count and ids.min() >= 0 and ids.max() < 2**31, name, "ids are not distinct")
    if "images" in arrays:
        channels, height, width = arrays["images"].shape[1:]
        _expect(channels in (1, 3) and 0 < min(height, width) <= max(height, width) <= SIDE, name, "images have a size")
    for key in ("points", "pca"):
        _expect(key not in arrays or arrays[key].shape[1] == 2, name, f"{key} are not of the plane")
    _expect(len({key in arrays for key in TOGETHER}) == 1, name, "neighbours come with weights")
    if "neighbours" in arrays:
        near = arrays["neighbours"]
        _expect(near.shape == arrays["weights"].shape, name, "neighbours and weights differ in shape")
        _expect(near.size > 0 and near.min() >= 0 and near.max() < PLACES, name, "a neighbour is out of range")


def _expect(condition: bool, name: str, why: str) -> None:
    if not condition:
        raise Refused(f"{name} is not a frame that can be shown ({why}): export the run again.")
