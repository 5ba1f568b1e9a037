"""Means of kernels over pairs of points: what every maximum mean discrepancy is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from dcviz.divergences._clouds import Cloud, cloud, squared_distances, wants_gradient, with_gradient

if TYPE_CHECKING:
    from torch import Tensor

Kernel = Callable[["Tensor"], tuple["Tensor", Callable[[], "Tensor"]]]  # d² -> k(d²), and its slope dk/d(d²) on demand

ROWS = 256  # of a kernel matrix held at once when nothing needs a gradient: twice as fast as with 1024 (caches)


def kernel_mean(a: Cloud, b: Cloud, kernel: Kernel, gradient: bool = False) -> tuple[Tensor, Tensor | None]:
    """The weighted mean of ``k(d²)`` over pairs ``(…)``, and its gradient in the points of ``b (…, M, D)``."""
    (x, w, _, _), (y, v, _, _) = a, b
    k, slope = kernel(squared_distances(a, b))  # (…, N, M)
    mean = (w.unsqueeze(-2) @ k @ v.unsqueeze(-1)).squeeze(-1).squeeze(-1)
    if not gradient:
        return mean, None
    pull = slope().mul_(w.unsqueeze(-1))  # (…, N, M); the sum over i of 2 pull (y_j - x_i), without differences:
    return mean, 2 * v.unsqueeze(-1) * (pull.sum(-2).unsqueeze(-1) * y - pull.mT @ x)


def selves(a: Cloud, kernel: Kernel, gradient: bool = False) -> tuple[Tensor, Tensor | None]:
    """The part ``(…)`` of the mean within ``a`` due to pairs of a point with itself, which no move changes."""
    import torch

    _, w, squares, _ = a
    k, _ = kernel(torch.zeros_like(squares).unsqueeze(-1))  # (…, N, 1)
    return (w.square() * k.squeeze(-1)).sum(-1), None


class View(NamedTuple):
    """What kernels see of two clouds, distances or inner products: how clouds are made, and means over them."""

    cloud: Callable[..., Cloud]  # (points, weights, centre)
    mean: Callable[..., tuple[Tensor, Tensor | None]]  # (a, b, kernel, whether the gradient in b is needed)
    selves: Callable[..., tuple[Tensor, Tensor | None]]  # (a, kernel, whether the gradient in one end is needed)


DISTANCES = View(cloud, kernel_mean, selves)


def kernel_mean_within(a: Cloud, kernel: Any, view: View = DISTANCES, unbiased: bool = False) -> Tensor:
    """The weighted mean of a kernel among the points of one cloud ``(…)``, self-pairs included unless ``unbiased``."""
    import torch

    points, w, squares, centre = a
    rows = range(0, points.shape[-2], ROWS)
    parts = [(points[..., i : i + ROWS, :], w[..., i : i + ROWS], squares[..., i : i + ROWS], centre) for i in rows]
    mean = torch.stack([view.mean(part, a, kernel)[0] for part in parts]).sum(0)
    return _without_selves(w, mean, view.selves(a, kernel)[0]) if unbiased else mean


def _without_selves(w: Tensor, mean: Tensor, own: Tensor | float) -> Tensor:
    """The mean over pairs of two points (U-statistic), of the mean over all and what self-pairs have in it.

    With weights w, (Σ w_i w_j k_ij - Σ w_i² k_ii) / (1 - Σ w_i²). A single point has no such pair: its mean stays.
    """
    import torch

    mass = w.sum(-1).square() - w.square().sum(-1)  # of the pairs of two points
    mass = mass.reshape(mass.shape + (1,) * (mean.dim() - mass.dim()))
    some = mass > 4 * torch.finfo(w.dtype).eps
    return torch.where(some, (mean - own) / torch.where(some, mass, 1), mean)


def squared_mmd(  # noqa: PLR0913  (two of them rare, by keyword only)
    real: Cloud,
    among_real: Tensor,
    y: Tensor,
    weights: Tensor | None,
    kernel: Any,
    *,
    view: View = DISTANCES,
    unbiased: bool = False,
) -> Tensor:
    """The squared MMD ``(…)``, V- or U-statistic, differentiable in ``y (…, M, D)``, from the cached real side."""
    needed = wants_gradient(y)
    cross, pull = view.mean(real, view.cloud(y, weights, real[3]), kernel, needed)
    own = view.cloud(y, weights)
    among_fake, push = view.mean(own, own, kernel, needed)  # `push` moves one end of each pair: half
    if unbiased:
        alone, still = view.selves(own, kernel, needed)
        among_fake = _without_selves(own[1], among_fake, alone)
        push = push if push is None else _without_selves(own[1], push, 0.0 if still is None else still)
    value = (among_real + among_fake - 2 * cross).to(y.dtype)
    return value if pull is None or push is None else with_gradient(value, y, (2 * (push - pull)).to(y.dtype))
