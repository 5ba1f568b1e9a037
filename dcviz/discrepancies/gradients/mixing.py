"""Two samples mixed into one, for training a network: mixup and CutMix. One mixture serves a batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dcviz.errors import Refused

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MIXTURES = ("none", "mixup", "cutmix")


def mix(kind: str, x: Tensor, y: Tensor, classes: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Samples ``x (B, *shape)`` with partners from their own batch, and labels ``(B, C)`` in proportion.

    mixup: u·x + (1 - u)·x' (Zhang et al., 2018, https://arxiv.org/abs/1710.09412, Eq. 1). cutmix: a rectangle of
    the area 1 - u is that of the partner (Yun et al., 2019, https://arxiv.org/abs/1905.04899, Eqs. 1-2). u is
    uniform in [0, 1], drawn once for the batch; labels of cutmix are weighted by the area that is really covered.
    """
    import torch
    from torch.nn.functional import one_hot

    labels = one_hot(y, classes).to(x.dtype)
    if kind == "none":
        return x, labels
    partner = torch.randperm(len(x), generator=generator).to(x.device)
    u = float(torch.rand((), generator=generator))
    if kind == "mixup":
        return u * x + (1 - u) * x[partner], u * labels + (1 - u) * labels[partner]
    top, bottom, left, right = _rectangle(tuple(x.shape[2:]), math.sqrt(1 - u), generator)
    mixed = x.clone()
    mixed[:, :, top:bottom, left:right] = x[partner][:, :, top:bottom, left:right]
    share = (bottom - top) * (right - left) / math.prod(x.shape[2:])
    return mixed, (1 - share) * labels + share * labels[partner]


def _rectangle(sides: tuple[int, ...], factor: float, generator: torch.Generator) -> tuple[int, int, int, int]:
    """Rows from, to, columns from, to: sides scaled by a factor around a uniform centre, cut off at the border."""
    import torch

    if len(sides) != 2:
        raise Refused("cutmix cuts rectangles out of images, these are points of the plane: choose mixup or none.")
    edges: list[int] = []
    for side in sides:
        half, centre = int(side * factor) // 2, int(torch.randint(side, (), generator=generator))
        edges += [max(centre - half, 0), min(centre + half, side)]
    return edges[0], edges[1], edges[2], edges[3]
