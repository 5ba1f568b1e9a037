"""Corruptions: what happens to pictures without malice, at five severities. Pixels stay in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.augment import warp
from dcviz.types import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SOURCE = Source(
    "D. Hendrycks, T. Dietterich",
    "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations",
    2019,
    "https://arxiv.org/abs/1903.12261",
)


@dataclass(frozen=True)
class Corruption:
    """One kind, its severities, and what they are."""

    name: str
    sentence: str
    severities: tuple[float, float, float, float, float]
    unit: str
    change: Callable[[Tensor, float, torch.Generator], Tensor]  # pixels (B, c, h, w), severity, generator


def noise(x: Tensor, deviation: float, generator: torch.Generator) -> Tensor:
    """Independent normal noise on every pixel."""
    import torch

    return (x + deviation * torch.randn(x.shape, generator=generator).to(x)).clamp(0, 1)


def blur(x: Tensor, part: float, generator: torch.Generator) -> Tensor:
    """A Gaussian blur whose deviation is a part of the longer side; the picture is mirrored at its edges."""
    import torch
    from torch.nn.functional import conv1d

    deviation = part * max(x.shape[2:])
    reach = max(1, math.ceil(4 * deviation))
    at = torch.arange(-reach, reach + 1, device=x.device, dtype=x.dtype)
    kernel = torch.exp(-0.5 * (at / deviation) ** 2)
    for axis in (2, 3):
        side = x.shape[axis]
        beyond = torch.arange(-reach, side + reach, device=x.device) % (2 * side)  # a picture, and its mirror image
        rows = x.movedim(axis, -1)[..., torch.where(beyond < side, beyond, 2 * side - 1 - beyond)]
        blurred = conv1d(rows.reshape(-1, 1, side + 2 * reach), (kernel / kernel.sum())[None, None])
        x = blurred.reshape(*rows.shape[:-1], side).movedim(-1, axis)
    return x.clamp(0, 1)


def contrast(x: Tensor, kept: float, generator: torch.Generator) -> Tensor:
    """Every channel moves towards its mean; ``kept`` of the deviation stays."""
    mean = x.mean((2, 3), keepdim=True)
    return mean + kept * (x - mean)


def occlusion(x: Tensor, part: float, generator: torch.Generator) -> Tensor:
    """A black square, its side a part of the shorter side, somewhere else in each picture."""
    import torch

    height, width = x.shape[2:]
    size = max(1, round(part * min(height, width)))
    top = torch.randint(height - size + 1, (len(x), 1, 1), generator=generator).to(x.device)
    left = torch.randint(width - size + 1, (len(x), 1, 1), generator=generator).to(x.device)
    row = torch.arange(height, device=x.device)[None, :, None] - top  # (B, h, 1)
    column = torch.arange(width, device=x.device)[None, None, :] - left  # (B, 1, w)
    inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)  # (B, h, w)
    return x.masked_fill(inside[:, None], 0)


def rotation(x: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """A turn by ``degrees`` to either side, drawn for each picture; black outside."""
    import torch

    side = 2 * torch.randint(2, (len(x),), generator=generator) - 1
    return turned(x, side * degrees)


def turned(x: Tensor, degrees: Tensor) -> Tensor:
    """Each square picture turned anticlockwise by its own number of degrees ``(B,)``, bilinear."""
    import torch

    angle = degrees.float() * (math.pi / 180)
    cos, sin, none = angle.cos(), angle.sin(), torch.zeros(len(x))
    ratio = x.shape[2] / x.shape[3]  # a turn in pixels, where positions run from -1 to 1 on both axes
    theta = torch.stack([torch.stack([cos, -sin * ratio, none], 1), torch.stack([sin / ratio, cos, none], 1)], 1)
    return warp(x, theta).clamp(0, 1)


CORRUPTIONS = (
    Corruption("noise", "Normal noise on every pixel.", (0.08, 0.12, 0.18, 0.26, 0.38), "standard deviation", noise),
    Corruption("blur", "A Gaussian blur.", (0.025, 0.05, 0.075, 0.1, 0.15), "deviation, part of the side", blur),
    Corruption("contrast", "Less contrast.", (0.4, 0.3, 0.2, 0.1, 0.05), "part of it that is kept", contrast),
    Corruption("occlusion", "A black square somewhere.", (0.1, 0.2, 0.3, 0.4, 0.5), "part of the side", occlusion),
    Corruption("rotation", "A turn to either side.", (5.0, 10.0, 15.0, 20.0, 30.0), "degrees", rotation),
)
