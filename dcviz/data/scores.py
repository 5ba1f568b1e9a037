"""∇ log p of the planar sets, class by class: what score-based divergences compare the synthetic points with."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dcviz.types import Transform

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Score = Callable[["Tensor", "Tensor"], "Tensor"]  # points (B, 2), classes (B,) -> ∇ log p (B, 2)

FINEST = 0.005  # a thinner curve would take more than 14,000 centres; its score is left unknown
PANEL = 1.0  # noises along the curve that one rule of NODES nodes covers
NODES = 8
FAR = 20.0  # noises off a field, from where the normal tail is its asymptote: relative error 1e-5


def score_of(name: str, noise: float, minority: float | None = None) -> Score | None:
    """The score of a planar set in the coordinates of `dcviz.data.toy`, or None where there is no density.

    ``eight-gaussians`` and ``checkerboard`` are exact. The others are curves blurred by a Gaussian: a fine mixture
    of Gaussians by Gauss–Legendre quadrature along the curve, accurate in double precision to 1e-6
    of the score up to ten noises off the curve (1e-9 where the points are). ``minority`` is the share of a small
    group, as usual unless given.
    """
    if noise < (0 if name == "checkerboard" else FINEST) or noise == 0:
        return None
    if name == "checkerboard":
        return partial(_board, noise)
    centres, masses = _modes() if name == "eight-gaussians" else _curve(name, noise, minority)
    return partial(_mixture, centres, masses.log(), noise)


def score_of_all(name: str, noise: float) -> Callable[[Tensor], Tensor] | None:
    """The score of a planar set whose classes are not told apart, points ``(B, 2)`` -> ``(B, 2)``; None as above.

    Of the checkerboard only the light fields are taken: both classes together are a plain square.
    """
    found = score_of(name, noise)
    if found is None or name == "checkerboard":
        return found and (lambda x: found(x, _no_class(x)))
    centres, masses = _modes() if name == "eight-gaussians" else _curve(name, noise)
    return mixture_score(centres.flatten(0, 1), masses.repeat(len(centres)) / len(centres), noise)


def mixture_score(centres: Tensor, masses: Tensor, noise: float) -> Callable[[Tensor], Tensor]:
    """The score of a mixture of Gaussians around ``centres (Q, 2)`` of ``masses (Q,)``: ``(B, 2)`` -> ``(B, 2)``."""
    return lambda x: _mixture(centres.unsqueeze(0), masses.log(), noise, x, _no_class(x))


def _no_class(x: Tensor) -> Tensor:
    return x.new_zeros(len(x)).long()


def in_model_space(score: Score, transform: Transform, device: torch.device) -> Score:
    """The score after an affine transform, on a device: with x = A z + b, ∇_z log p = Aᵀ ∇_x log p."""
    import torch

    corners = transform.inverse(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    b = corners[0].to(device)
    A = (corners[1:] - corners[0]).T.to(device)  # (2, 2), columns are the images of the axes
    if isinstance(score, partial):  # its tensors move once, so that no step waits for the device
        score = partial(score.func, *(a.to(device) if isinstance(a, torch.Tensor) else a for a in score.args))
    return partial(_affine, score, A, b)


def _affine(score: Score, A: Tensor, b: Tensor, z: Tensor, classes: Tensor) -> Tensor:
    A, b = A.to(z), b.to(z)
    return score(z @ A.T + b, classes) @ A  # rows: (Aᵀ s)ᵀ


# ---------------------------------------------------------------------------------------- mixtures of Gaussians


def _mixture(centres: Tensor, log_masses: Tensor, noise: float, x: Tensor, classes: Tensor) -> Tensor:
    """Σ_q r_q(x) (m_q - x)/σ² with responsibilities r; ``centres (C, Q, 2)``, ``log_masses (Q,)``."""
    towards = centres.to(x)[classes] - x.unsqueeze(1)  # (B, Q, 2): differences lose no digits, unlike products
    nearness = log_masses.to(x) - towards.square().sum(-1) / (2 * noise**2)
    return (nearness.softmax(-1).unsqueeze(-1) * towards).sum(1) / noise**2


def _modes() -> tuple[Tensor, Tensor]:
    import torch

    turn = math.pi / 4 * (2 * torch.arange(4, dtype=torch.float64) + torch.arange(2).unsqueeze(1))  # (2, 4)
    return torch.stack([turn.cos(), turn.sin()], -1), torch.full((4,), 0.25, dtype=torch.float64)


def _curve(name: str, noise: float, minority: float | None = None) -> tuple[Tensor, Tensor]:
    """Centres ``(2, Q, 2)`` and masses ``(Q,)`` of both classes: nodes along the curve by its parameter t in [0, 1]."""
    import numpy as np
    import torch

    from dcviz.data import toy

    speed = {"moons": 2.1, "moons-minority": 2.1, "rings": 6.3, "spirals": 8.6}[
        name
    ]  # the largest of the curve in t, rounded up
    panels = math.ceil(speed / (PANEL * noise))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)  # on [-1, 1], weights sum to 2
    t = torch.from_numpy(((np.arange(panels)[:, None] + (nodes + 1) / 2) / panels).ravel())  # (Q,)
    masses = torch.from_numpy(np.tile(weights / (2 * panels), panels))
    u = t
    if name == "spirals":  # t runs along the radius, where the nodes are dense enough: u = t², so mass is 2t dt
        u, masses = t.square(), 2 * t * masses
    drawn = [toy.FIGURES[name], *([toy.SMALL[name]] if name in toy.SMALL else [])]
    both = [torch.cat([f(torch.full_like(t, c), torch.stack([u, u], 1)) for f in drawn]) for c in (0, 1)]
    small = toy.MINORITY.get(name, 0.0) if minority is None else minority
    shares = [1 - small, small] if name in toy.SMALL else [1.0]
    return torch.stack(both), torch.cat([share * masses for share in shares])


# ------------------------------------------------------------------------------------------------- checkerboard


def _board(noise: float, x: Tensor, classes: Tensor) -> Tensor:
    """The fields' products of normal distribution functions: exact; ``x (B, 2)``."""
    import torch

    log_mass, slope = _interval(x, noise)  # (B, 2, 4): both coordinates, four intervals
    row, column = torch.arange(4, device=x.device).unsqueeze(1), torch.arange(4, device=x.device)
    own = ((row + column) % 2 == classes[:, None, None]).flatten(1)  # (B, 16)
    log_p = (log_mass[:, 0, :, None] + log_mass[:, 1, None, :]).flatten(1).masked_fill(~own, -torch.inf)
    share = log_p.softmax(-1).unflatten(-1, (4, 4))  # (B, 4, 4)
    return torch.stack([(share.sum(2) * slope[:, 0]).sum(1), (share.sum(1) * slope[:, 1]).sum(1)], 1)


def _interval(x: Tensor, noise: float) -> tuple[Tensor, Tensor]:
    """The log of the normal mass of [a, a + ½] seen from x, and its slope, for a = -1, -½, 0, ½: ``(…, 4)``.

    On the side of the lower tail, where differences of distribution functions keep their digits.
    """
    import torch

    middle = torch.tensor([-0.75, -0.25, 0.25, 0.75]).to(x)
    off = x.unsqueeze(-1) - middle
    distance = off.abs()
    outside = (distance - 0.25) / noise  # in noises; positive off the interval
    w = outside.clamp(max=FAR)
    near, far = torch.special.log_ndtr(-w), torch.special.log_ndtr(-w - 0.5 / noise)
    log_mass = near + torch.log1p(-(far - near).exp())
    constant = 0.5 * math.log(2 * math.pi)
    pull = (-w.square() / 2 - constant - log_mass).exp() - (-(w + 0.5 / noise).square() / 2 - constant - log_mass).exp()
    tail = outside.clamp(min=FAR)
    slope = torch.where(outside > FAR, tail + 1 / tail, pull) / noise
    return log_mass - (tail.square() - FAR**2) / 2, -off.sign() * slope
