"""Published images as pixels: which side the channels are on, and what normalisation is to be undone."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from dcviz.data.transforms import FLAT, Normalise, fit_zca
from dcviz.data.transforms import spread as variance
from dcviz.errors import Refused

if TYPE_CHECKING:
    from dcviz.types import Dataset

SCALES = ("auto", "no", "yes", "zca")  # or MEAN/STD
# The means and standard deviations that the field's code divides by (VICO-UoE/DatasetCondensation, utils.py, and what
# follows it). Those of CIFAR-10 and SVHN are not the true deviations of all pixels; the published images used them.
PUBLISHED = {
    "mnist": ((0.1307,), (0.3081,)),
    "fashion-mnist": ((0.2861,), (0.3530,)),
    "svhn": ((0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "cifar100": ((0.5071, 0.4866, 0.4409), (0.2673, 0.2564, 0.2762)),
}
ZCA_EPSILON = 0.1  # added to the variances by the whitening of MTT and those that follow it (kornia's default there)
EXACT = 1e-6  # beyond [0, 1], from somebody's division
CERTAIN = 0.35, 0.65  # of the way from pixels to normalised, in logarithms of the spread: between them, ask


def shaped(x: np.ndarray, data: Dataset) -> np.ndarray:
    """Images ``(n, *shape)`` with the shape of the data's, from channels on either side, or none.

    Raises:
        Refused: another size.
    """
    shape = data.shape
    channels, height, width = shape
    if x.ndim == 3 and channels == 1:
        x = x[:, None]
    if x.ndim == 4 and tuple(x.shape[1:]) != shape and tuple(x.shape[1:]) == (height, width, channels):
        x = np.moveaxis(x, 3, 1)
    if x.ndim == 4 and channels == 3 and tuple(x.shape[1:]) == (1, height, width):
        x = x.repeat(3, 1)  # greys of a set in colour
    if tuple(x.shape[1:]) != shape:
        held, wanted = ("×".join(map(str, s)) for s in (x.shape[1:], shape))
        raise Refused(f"the images are {held} and those of {data.name} {wanted}: choose the data they were made from.")
    return np.ascontiguousarray(x)


def unnormalised(x: np.ndarray, data: Dataset, scale: str) -> tuple[np.ndarray, str]:
    """Images ``(n, *shape)`` in the units of pixels, [0, 1] and what overshoots it; and in words what was undone.

    Args:
        x: as published, integers or floats.
        data: what the images were made from.
        scale: ``auto``, ``no`` (pixels already), ``yes`` (the data's usual mean and deviation), ``zca`` (the
            whitening of MTT), or ``MEAN/STD`` as numbers for each channel, such as 0.49,0.48,0.45/0.2,0.2,0.2.

    Raises:
        Refused: values that are not finite, or of which nobody can tell how they were scaled.
    """
    if x.dtype.kind in "iub":
        top = 1 if x.dtype.kind == "b" else 255
        _refuse_beyond(x, 0, 255)
        return x.astype(np.float32) / top, f"pixels were whole numbers to {top}"
    if not np.isfinite(x).all():
        raise Refused(f"{(~np.isfinite(x)).sum():,} values of the images are NaN or infinite: the file is damaged.")
    low, high = float(x.min()), float(x.max())
    span = f"values from {low:.3g} to {high:.3g}"
    if scale == "auto":
        scale, span = _guess(x, data, low, high, span)
    if scale == "no":
        return (x / 255, f"{span} taken as 0 to 255") if high > 30 and low >= 0 else (x, f"{span} taken as they are")
    if scale == "zca":
        return _unwhitened(x, data), f"{span}; whitening (ZCA) undone"
    mean, deviation = _usual(data) if scale == "yes" else _given(scale, data.shape[0])
    words = f"{span}; normalisation by mean {_listed(mean)}, deviation {_listed(deviation)} undone"
    return (x * deviation + mean).astype(np.float32), words


def _guess(x: np.ndarray, data: Dataset, low: float, high: float, span: str) -> tuple[str, str]:
    """Whether images are pixels or normalised, by their spread: that of the data, or about 1."""
    if low >= -EXACT and (high <= 1 + EXACT or 30 < high <= 255.5):
        return "no", span
    _, deviation = _usual(data)
    usual = float(np.sqrt(np.square(deviation).mean()))
    spread = max(float(np.sqrt(x.var((0, 2, 3), dtype=np.float64).mean())), FLAT)
    way = math.log(spread / usual) / math.log(1 / usual)
    if CERTAIN[0] < way < CERTAIN[1] or way > 3:
        raise Refused(
            f"the images have {span} and a spread of {spread:.2g}, which neither pixels nor normalised images have: "
            "say how they are scaled (no, yes, zca, or MEAN/STD)."
        )
    return ("no" if way <= CERTAIN[0] else "yes"), span


def _usual(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation ``(channels, 1, 1)``: the published ones, else the data's own."""
    if data.name in PUBLISHED:
        mean, deviation = PUBLISHED[data.name]
        return _column(mean), _column(deviation)
    if not isinstance(data.transform, Normalise):
        raise Refused(f"{data.name} is not normalised here: give the numbers as MEAN/STD.")
    return data.transform.mean.numpy(), data.transform.std.numpy()


def _given(text: str, channels: int) -> tuple[np.ndarray, np.ndarray]:
    parts = [re.split(r"[ ,]+", part.strip()) for part in text.split("/")]
    try:
        mean, deviation = ([float(number) for number in part] for part in parts)
    except ValueError as error:
        raise Refused(f"{text!r} says no scale: give one of {', '.join(SCALES)}, or MEAN/STD.") from error
    sizes = {len(mean), len(deviation)}
    if not sizes <= {1, channels} or not all(map(math.isfinite, mean)) or not all(0 < d < 1e6 for d in deviation):
        raise Refused(f"{text!r} says no scale: give a mean and a deviation above 0 for each of {channels} channels.")
    return _column(mean), _column(deviation)


def _unwhitened(x: np.ndarray, data: Dataset) -> np.ndarray:
    import torch

    if data.planar:
        raise Refused("points of the plane are not whitened as images are.")
    real = data.train.x
    transform = fit_zca(real, regularise=ZCA_EPSILON / variance(real))
    return transform.inverse(torch.from_numpy(x)).numpy()


def _refuse_beyond(x: np.ndarray, low: int, high: int) -> None:
    if x.min() < low or x.max() > high:
        raise Refused(f"the images are whole numbers from {x.min()} to {x.max()}: pixels are {low} to {high}.")


def _column(numbers: tuple[float, ...] | list[float]) -> np.ndarray:
    return np.array(numbers, np.float32)[:, None, None]


def _listed(numbers: np.ndarray) -> str:
    return ", ".join(f"{number:.4g}" for number in numbers.ravel())
