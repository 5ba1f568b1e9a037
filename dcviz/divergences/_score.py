"""∇ log p of a cloud: a small denoising network learned from it, or that of its kernel density estimate.

A *score* is a dict of tensors; `score_at` reads it. Both smooth the cloud by a Gaussian whose standard deviation
is given in units of the median distance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dcviz.divergences._clouds import Cloud, cloud, masses, median_distance
from dcviz.divergences._hidden import directions, places, points_at, roots
from dcviz.errors import Refused
from dcviz.types import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Score = Callable[["Tensor"], "Tensor"]  # (…, M, D) -> (…, M, D)

LARGEST = 1024  # dimensions: the network has a linear part, and solving for it costs O(D³)
UNITS = 128  # hidden: more fit the noise of a few hundred points, fewer miss modes
STEEPEST = 8.0  # slope of a hidden unit per median distance; the least is 1
RIDGE = 1e-3  # of features of size 1: at a tenth of it the score of a smooth cloud errs more, of clusters less
NOISY = 2048  # noisy points to learn from; more do not help where there are some hundred real ones
PORTION = 512  # of them at once, to save memory

DENOISING = Source(
    "P. Vincent",
    "A Connection Between Score Matching and Denoising Autoencoders",
    2011,
    "https://doi.org/10.1162/NECO_a_00142",
    "Eq. 9",
)


def find_score(kind: str, real: Cloud, noise: float, generator: torch.Generator) -> dict[str, Tensor]:
    """The score of a cloud ``(…, N, D)``: ``learned`` (also under ``auto``) or ``kde``.

    Raises:
        Refused: more than a thousand dimensions.
    """
    D = real[0].shape[-1]
    if D > LARGEST:
        raise Refused(
            f"a score cannot be learned in {D:,} dimensions from some hundred points; the limit is {LARGEST:,}: "
            "choose a narrower network, smaller images, or a divergence that needs no score."
        )
    unit = median_distance(real, generator)
    if kind == "kde":
        return {"unit": unit, "points": real[0], "masses": real[1], "centre": real[3]}
    return learn_score(real, unit, noise, generator)


def learn_score(real: Cloud, unit: Tensor, noise: float, generator: torch.Generator) -> dict[str, Tensor]:
    r"""A network with one hidden layer whose output layer is solved for.

    .. math:: \min_\theta E_{x,z} \|\phi(x + \sigma z)\theta + z/\sigma\|^2 + \lambda\|\theta\|^2

    Features φ are ``UNITS`` tanh units in random directions, each with its slope's root at a noisy point, the
    coordinates, and 1. The hidden layer is drawn, not trained: the problem is then a ridge regression with one
    answer, solved for all leading dimensions at once, in milliseconds, and equal to what gradient descent on the
    output layer would reach. Draws are shared by the leading dimensions. O(n(D+H)² + (D+H)³), n = 2,048:
    where features are drawn afresh, at every step (about 2 s for ten classes in 512 dimensions on one core).
    """
    import torch

    points, w, _, centre = real
    D = points.shape[-1]
    half = NOISY // 2
    place = places(half, generator).repeat_interleave(2)
    z = torch.randn(half, D, generator=generator, dtype=torch.float64).to(points)
    z = torch.stack([z, -z], 1).flatten(0, 1)  # both ways, which cancels much of what the noise does by chance
    noisy = points_at(points / unit[..., None, None], w, place) + noise * z  # (…, n, D)
    W = directions(D, UNITS, STEEPEST, generator).to(points)  # (D, H)
    b = roots(W, noisy[..., torch.randperm(NOISY, generator=generator)[:UNITS].to(z.device), :])  # (…, H)
    gram, target = torch.zeros(()).to(z), torch.zeros(()).to(z)
    for part, noise_of in zip(noisy.split(PORTION, -2), z.split(PORTION), strict=True):
        phi = _features(part, W, b)  # (…, n, F)
        gram = gram + phi.mT @ phi / NOISY
        target = target + phi.mT @ noise_of / NOISY
    ridge = RIDGE * torch.eye(gram.shape[-1], dtype=z.dtype, device=z.device)
    theta = torch.linalg.solve(gram + ridge, target) / -noise  # (…, F, D)
    return {"unit": unit, "centre": centre, "W": W, "b": b, "theta": theta}


def score_at(score: Any, noise: float, y: Tensor) -> Tensor:
    """∇ log p ``(…, M, D)`` at points ``y (…, M, D)``, differentiable in them."""
    if callable(score):
        return score(y)
    if "points" in score:
        return kde_score(score["points"], score["masses"], noise * score["unit"], y - score["centre"])
    unit = score["unit"][..., None, None]
    return _features((y - score["centre"]) / unit, score["W"], score["b"]) @ score["theta"] / unit


def kde_score(x: Tensor, w: Tensor, sigma: Tensor, y: Tensor) -> Tensor:
    """The score of the mixture of Gaussians of width ``sigma (…)`` around ``x (…, N, D)`` at ``y (…, M, D)``."""
    sigma = sigma[..., None, None]
    x, y = x / sigma, y / sigma
    products = y @ x.mT - x.square().sum(-1).unsqueeze(-2) / 2  # -‖y - x‖²/2 but for what all x share
    share = (products + w.log().unsqueeze(-2)).softmax(-1)  # (…, M, N)
    return (share @ x - y) / sigma


def unmasked(y: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Points ``(…, M, D)`` with masked ones moved to the mean of the others, and weights ``(…, M)``."""
    import torch

    v = masses(y, weights)
    return torch.where(v.unsqueeze(-1) == 0, cloud(y, weights)[3], y), v


def _features(y: Tensor, W: Tensor, b: Tensor) -> Tensor:
    import torch

    return torch.cat([(y @ W + b.unsqueeze(-2)).tanh(), y, torch.ones_like(y[..., :1])], -1)
