"""Transport on a line: shadows of a weighted cloud along directions, and the matching of equal quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.divergences._clouds import wide

if TYPE_CHECKING:
    from torch import Tensor

Shadow = tuple["Tensor", "Tensor", "Tensor"]  # sorted positions, their order, their masses: each (…, L, N)
Quantiles = tuple["Tensor", "Tensor", "Tensor"]  # levels, integrals up to them, positions: each (…, L, N)


def shadow(points: Tensor, w: Tensor, theta: Tensor) -> Shadow:
    """Points ``(…, N, D)`` of weights ``(…, N)`` seen along directions ``theta (…, D, L)``."""
    position, order = (points @ theta).mT.sort(-1)  # (…, L, N)
    return position, order, w.unsqueeze(-2).expand(order.shape).gather(-1, order)


def quantiles(of: Shadow) -> Quantiles:
    """The quantile function of a shadow: a step function, and its integral at each step's end."""
    position, _, mass = of
    mass = wide(mass)
    return mass.cumsum(-1), (mass * position).cumsum(-1), position


def received(real: Quantiles, mass: Tensor) -> Tensor:
    """What sorted points of ``mass (…, L, M)`` receive ``(…, L, M)``: position times mass, in the order of both.

    The j-th point holds the levels from c_{j-1} to c_j; it gets the integral of the other side's quantile function
    over them, read off its cumulative sum: exact for any sizes and weights.
    """
    import torch

    levels, integrals, position = real
    until = wide(mass).cumsum(-1)
    at = torch.searchsorted(levels.contiguous(), until).clamp_(max=position.shape[-1] - 1)
    reached = integrals.gather(-1, at) - position.gather(-1, at) * (levels.gather(-1, at) - until)
    reached[..., -1] = integrals[..., -1]  # all of it, whatever the rounding of the last level
    return reached.diff(dim=-1, prepend=torch.zeros_like(reached[..., :1]))


def unsorted(t: Tensor, order: Tensor) -> Tensor:
    """Values ``(…, L, M)`` of sorted points, in the order before sorting."""
    import torch

    return torch.empty_like(t).scatter_(-1, order, t)
