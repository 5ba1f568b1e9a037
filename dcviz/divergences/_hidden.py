"""Hidden layers that are drawn, not trained: what is solved for on top of them has one answer, found at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def places(count: int, generator: torch.Generator) -> Tensor:
    """``count`` numbers in [0, 1), one in each equal part of it."""
    import torch

    return (torch.arange(count) + torch.rand(count, generator=generator, dtype=torch.float64)) / count


def points_at(x: Tensor, w: Tensor, place: Tensor) -> Tensor:
    """The points ``(…, n, D)`` of ``x (…, N, D)`` that hold these places ``(n,)`` of the mass ``w (…, N)``.

    A masked point holds none. Which point is drawn does not change when masked ones are added.
    """
    import torch

    held = w.cumsum(-1)
    levels = place.to(w) * held[..., -1:] * (1 - 1e-6)  # below the total, whatever the rounding
    at = torch.searchsorted(held, levels.contiguous(), right=True).clamp_(max=x.shape[-2] - 1)  # (…, n)
    return x.gather(-2, at.unsqueeze(-1).expand(*at.shape, x.shape[-1]))


def directions(D: int, units: int, steepest: float, generator: torch.Generator) -> Tensor:
    """Random directions ``(D, units)`` of lengths between 1 and ``steepest``, evenly in the logarithm."""
    import torch

    W = torch.randn(D, units, generator=generator, dtype=torch.float64)
    return W / W.norm(dim=0) * steepest ** torch.rand(units, generator=generator, dtype=torch.float64)


def roots(W: Tensor, points: Tensor) -> Tensor:
    """Biases ``(…, H)`` that put the root of unit h at the h-th of the points ``(…, H, D)``."""
    return -(points * W.mT).sum(-1)
