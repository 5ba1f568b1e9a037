"""A critic that estimates an f-divergence from below: a drawn hidden layer, its output layer found by Newton's method.

Every f-divergence is the largest value, over functions f, of a mean over one set plus a mean over the other
(Nguyen, Wainwright, Jordan 2010); f-GANs train f by gradient ascent. Here f = φᵀθ with fixed features φ, so the
problem is concave in θ, and a ridge makes its answer unique: nothing oscillates, and the gradient in the points
is exact with θ held (envelope theorem).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import Cloud, median_distance
from dcviz.divergences._hidden import directions, places, points_at, roots

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Side = Callable[["Tensor"], tuple["Tensor", "Tensor", "Tensor"]]  # f -> a concave function of it, its two derivatives

Part = tuple["Tensor", "Tensor", Side]  # features (…, n, F), weights (…, n), what is averaged over them

STEEPEST = 4.0  # slope of a hidden unit per median distance; the least is 1
BEND = 10.0  # median distances from which the coordinates count by their logarithm: pulls fade, and never vanish
LENGTHS = (1.0, 0.5, 0.25, 0.1, 0.02, 0.0)  # of a Newton step; the best is taken
FIRST = 10  # Newton steps of a first call; later ones start from the last answer


def make_critic(real: Cloud, units: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Hidden directions ``(D, H)`` and biases ``(…, H)``, linear directions ``(D, L)``, unit ``(…)``, centre."""
    import torch

    points, w, _, centre = real
    D = points.shape[-1]
    unit = median_distance(real, generator)
    W = directions(D, units, STEEPEST, generator).to(points)
    b = roots(W, points_at(points / unit[..., None, None], w, places(units, generator)))
    L = torch.eye(D, dtype=W.dtype, device=W.device) if units >= D else W / W.norm(dim=0)
    return W, b, L, unit, centre


def features(critic: tuple[Tensor, ...], y: Tensor) -> Tensor:
    """The features ``(…, M, F)`` of points ``y (…, M, D)``: 1, tanh units, and coordinates that bend far out."""
    import torch

    W, b, L, unit, centre = critic
    z = (y - centre) / unit[..., None, None]
    return torch.cat([torch.ones_like(z[..., :1]), (z @ W + b.unsqueeze(-2)).tanh(), BEND * (z @ L / BEND).asinh()], -1)


def ascend(real: Part, fake: Part, ridge: float, theta: Tensor | None, steps: int) -> Tensor:
    """θ ``(…, F)`` after Newton steps of the best of a few lengths, from ``theta`` or 0. O(steps·((N+M)F² + F³))."""
    import torch

    phi = real[0]
    theta = torch.zeros_like(phi[..., 0, :]) if theta is None else theta
    keep = ridge * torch.eye(theta.shape[-1], dtype=phi.dtype, device=phi.device)
    sizes = torch.tensor(LENGTHS, dtype=phi.dtype).to(phi.device)
    rounding = 16 * torch.finfo(phi.dtype).eps
    for _ in range(steps):
        f, g = read(real, theta), read(fake, theta)
        slope, curve = (a + b for a, b in zip(_slope(real, f), _slope(fake, g), strict=True))
        move = torch.linalg.solve_ex(curve + keep, (slope - ridge * theta).unsqueeze(-1))[0].squeeze(-1)
        move = move.nan_to_num(0, 0, 0)  # overflow: this step is lost
        df, dg = read(real, move), read(fake, move)
        heights = torch.stack([height(real, f + t * df, fake, g + t * dg, ridge, theta + t * move) for t in LENGTHS])
        heights[0] += rounding * (1 + heights[0].abs())  # near the top rounding alone must not hold it up
        best = heights.nan_to_num(-torch.inf).argmax(0)  # (…)
        theta = theta + sizes[best].unsqueeze(-1) * move
    return theta


def read(part: Part, theta: Tensor) -> Tensor:
    """The critic's value ``(…, n)`` at the points of a part."""
    return (part[0] @ theta.unsqueeze(-1)).squeeze(-1)


def height(real: Part, f: Tensor, fake: Part, g: Tensor, ridge: float, theta: Tensor) -> Tensor:  # noqa: PLR0913
    """What is maximised ``(…)``: a lower bound of the divergence, from f at the real and g at the synthetic points."""
    return _mean(real, f) + _mean(fake, g) - ridge / 2 * theta.square().sum(-1)


def _mean(part: Part, f: Tensor) -> Tensor:
    import torch

    _, w, function = part
    return torch.where(w > 0, w * function(f)[0], 0).sum(-1)


def _slope(part: Part, f: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient ``(…, F)`` and the negative Hessian ``(…, F, F)`` of a mean in θ."""
    import torch

    phi, w, function = part
    _, first, second = function(f)
    first, second = (torch.where(w > 0, w * a, 0).unsqueeze(-1) for a in (first, -second))
    return (phi.mT @ first).squeeze(-1), phi.mT @ (second * phi)
