"""CutMix, for training a network: a rectangle of each sample is that of a partner from the batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dcviz.errors import Refused

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def cutmix(x: Tensor, y: Tensor, classes: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Images ``x (B, channels, height, width)`` mixed with partners, and labels ``(B, C)`` in proportion to the area.

    One rectangle serves the batch. Its area is 1 - u before it is cut off at the border, u uniform in [0, 1]. Source:
    Yun et al., CutMix, 2019, https://arxiv.org/abs/1905.04899, Eqs. 1-2.
    """
    import torch
    from torch.nn.functional import one_hot

    if x.dim() != 4:
        raise Refused("CutMix cuts rectangles out of images, these are points of the plane: set cutmix to 0.")
    labels = one_hot(y, classes).to(x.dtype)
    partner = torch.randperm(len(x), generator=generator).to(x.device)
    factor = math.sqrt(1 - float(torch.rand((), generator=generator)))
    (top, bottom), (left, right) = (_edges(side, factor, generator) for side in x.shape[2:])
    mixed = x.clone()
    mixed[:, :, top:bottom, left:right] = x[partner][:, :, top:bottom, left:right]
    share = (bottom - top) * (right - left) / math.prod(x.shape[2:])
    return mixed, (1 - share) * labels + share * labels[partner]


def _edges(side: int, factor: float, generator: torch.Generator) -> tuple[int, int]:
    """From and to along one side, scaled by a factor around a uniform centre."""
    import torch

    half, centre = int(side * factor) // 2, int(torch.randint(side, (), generator=generator))
    return max(centre - half, 0), min(centre + half, side)
