"""What several divergences share: masked clouds, fast distances with accurate gradients, the median distance.

A *cloud* is the tuple ``(points, weights, squares, centre)``: points less the centre with masked ones moved to
it ``(…, N, D)``, weights ``(…, N)``, squared norms ``(…, N)``, centre ``(…, 1, D)``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Cloud = tuple["Tensor", "Tensor", "Tensor", "Tensor"]

FEW_DIMENSIONS = 16  # up to here the exact distance is as fast as the matrix product
SUBSAMPLE = 1000  # points for the median distance: 1 % accurate, and half a million pairs


def masses(x: Tensor, weights: Tensor | None) -> Tensor:
    """The weights ``(…, N)`` of points ``x (…, N, D)``, equal ones if none are given."""
    return x.new_full(x.shape[:-1], 1 / x.shape[-2]) if weights is None else weights.to(x.dtype).expand(x.shape[:-1])


def cloud(x: Tensor, weights: Tensor | None = None, centre: Tensor | None = None) -> Cloud:
    """Detach, centre (on the weighted mean unless told) and mask points ``x (…, N, D)``.

    Distances do not see the shift; the products they are made of lose fewer digits near the origin.
    """
    import torch

    x, w = x.detach(), masses(x, weights)
    if centre is None:
        centre = w.unsqueeze(-2) @ x  # (…, 1, D)
    points = (x - centre).masked_fill_((w == 0).unsqueeze(-1), 0)
    return points, w, torch.linalg.vecdot(points, points), centre


def squared_distances(a: Cloud, b: Cloud) -> Tensor:
    """The squared distances ``(…, N, M)`` of two clouds with one centre; 0 where rounding hides the difference.

    The matrix product is ten times as fast as differences in high dimension. It errs by some units in the last
    place of the squared norms, so that pairs closer than this count as coincident: in single precision, below a
    thousandth of their distance from the centre. A constant to autograd: the centre, and with it what it owes the
    weights, cancels.
    """
    import torch

    x, xx, y, yy = (part.detach() for part in (a[0], a[2], b[0], b[2]))
    norms = xx.unsqueeze(-1) + yy.unsqueeze(-2)  # (…, N, M)
    rounding = 16 * torch.finfo(x.dtype).eps
    if x.shape[-1] <= FEW_DIMENSIONS:
        d2 = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square_()
        rounding = rounding**2  # of differences, not of squares
    else:
        d2 = norms - 2 * (x @ y.mT)  # (…, N, D) @ (…, D, M)
    return d2.masked_fill_(d2 < norms.mul_(rounding), 0)  # strictly: what overflows stays infinite, and is noticed


def median_distance(real: Cloud, generator: torch.Generator) -> Tensor:
    """The median distance ``(…)`` among the unmasked points, a subsample of a thousand at most.

    Where more than half of the pairs coincide, the root mean square distance instead; where all do, 1.
    """
    import torch

    points, w, squares, centre = real
    if points.shape[-2] > SUBSAMPLE:
        order = torch.rand(w.shape, generator=generator).to(w.device) + (w == 0)  # masked ones last
        at = order.argsort(-1)[..., :SUBSAMPLE]
        points = points.gather(-2, at.unsqueeze(-1).expand(*at.shape, points.shape[-1]))
        w, squares = w.gather(-1, at), squares.gather(-1, at)
    n, seen = points.shape[-2], w > 0
    sample = points, w, squares, centre
    i, j = torch.triu_indices(n, n, 1, device=points.device)
    d2 = squared_distances(sample, sample).flatten(-2).index_select(-1, i * n + j)  # (…, pairs)
    d2 = d2.masked_fill_(~(seen[..., i] & seen[..., j]), torch.nan)
    unknown = torch.full_like(squares[..., 0], torch.nan)
    median = d2.nanmedian(-1).values if n > 1 else unknown
    spread = 2 * (w * squares).sum(-1) / w.sum(-1)  # about the mean of all squared distances
    found = torch.where(median > 0, median, spread)
    return torch.where(found > 0, found, 1).sqrt()


def wide(t: Tensor) -> Tensor:
    """Double precision, where the device has it: for cumulative sums, and differences of large numbers."""
    return t if t.device.type == "mps" else t.double()


def wants_gradient(y: Tensor) -> bool:
    """Whether a gradient in ``y`` may be asked for."""
    import torch

    return torch.is_grad_enabled() and y.requires_grad


def wants_slope(weights: Tensor | None) -> bool:
    """Whether a gradient in the weights may be asked for."""
    import torch

    return torch.is_grad_enabled() and weights is not None and weights.requires_grad


def with_slope(value: Tensor, weights: Tensor, slope: Tensor) -> Tensor:
    """``value (…)`` as a function of ``weights (…, M)`` with a known ``slope (…, M)`` in them."""
    return value.detach() + (slope.detach() * (weights - weights.detach())).sum(-1)


def with_gradient(value: Tensor, y: Tensor, gradient: Tensor) -> Tensor:
    """``value (…)`` as a function of ``y (…, M, D)`` with a known ``gradient (…, M, D)``; first derivatives only."""
    return _known_gradient().apply(value, y, gradient)


@cache
def _known_gradient() -> Any:
    import torch
    from torch.autograd.function import once_differentiable

    class KnownGradient(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, value: Tensor, y: Tensor, gradient: Tensor) -> Tensor:
            ctx.save_for_backward(gradient)
            return value.clone()

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, upstream: Tensor) -> tuple[None, Tensor, None]:
            (gradient,) = ctx.saved_tensors
            return None, upstream[..., None, None] * gradient, None

    return KnownGradient
