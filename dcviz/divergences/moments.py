"""Matching of moments: the mean, and the mean with the covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import masses
from dcviz.types import Divergence, Source, Tree

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Mean(Divergence):
    r"""The squared distance of the means: the MMD² of the linear kernel.

    .. math:: \|E x - E y\|^2

    The gradient is the same for all synthetic points: the cloud moves, its shape never changes. Cost O(MD).

    >>> import torch
    >>> mean = Mean()
    >>> value, _ = mean.value(mean.fit(torch.zeros(5, 2), torch.Generator()), torch.ones(3, 2))
    >>> float(value)
    2.0
    """

    name = "mean"
    title = "mean"
    sentence = "Moves the synthetic points together until their average is the real average; blind to shape."
    formula = r"\lVert\mathbb{E}\,x-\mathbb{E}\,y\rVert^2"
    source = Source(
        "B. Zhao, H. Bilen",
        "Dataset Condensation with Distribution Matching",
        2023,
        "https://arxiv.org/abs/2110.04181",
        "Eq. 5",
    )
    properties = frozenset({"zero", "nonnegative", "symmetric", "triangle", "duplicates", "rigid", "minibatch"})
    root = 2
    degree = 2.0
    cost = "O(MD)"

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real mean ``(…, 1, D)``."""
        return _mean(x.detach(), masses(x, weights))

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The squared distance of the means ``(…)``; no state."""
        return (_mean(y, masses(y, weights)) - side).square().sum((-2, -1)), None


@dataclass(frozen=True)
class Moments(Divergence):
    r"""The squared distances of the means and of the covariances.

    .. math:: \|E x - E y\|^2 + \|C_x - C_y\|_F^2

    Covariances divide by the number of points (V-statistic). CORAL has the second term alone, divided by 4D².
    The covariances are formed where there are at least as many real points as dimensions; elsewhere their inner
    products come from those of the points. Cost O(MD²) or O(NMD + M²D) a step.

    >>> import torch
    >>> moments = Moments()
    >>> side = moments.fit(torch.tensor([[-1.0], [1.0]]), torch.Generator())  # mean 0, variance 1
    >>> float(moments.value(side, torch.tensor([[2.0]]))[0])  # mean 2, variance 0
    5.0
    """

    name = "moments"
    title = "mean and covariance"
    sentence = "Gives the synthetic points the average and the ellipse of the real ones; blind to anything finer."
    formula = r"\lVert\mathbb{E}\,x-\mathbb{E}\,y\rVert^2+\lVert C_x-C_y\rVert_F^2"
    source = Source(
        "B. Sun, K. Saenko",
        "Deep CORAL: Correlation Alignment for Deep Domain Adaptation",
        2016,
        "https://arxiv.org/abs/1607.01719",
        "Eq. 1",
    )
    properties = frozenset({"zero", "nonnegative", "symmetric", "triangle", "duplicates", "rigid"})
    root = 2
    cost = "O(MD²)"

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real mean ``(…, 1, D)`` and covariance ``(…, D, D)``; with few points its factor ``(…, N, D)``."""
        factor, mean = _centred(x.detach(), weights)
        N, D = factor.shape[-2:]
        if N >= D:
            return {"mean": mean, "covariance": factor.mT @ factor}
        return {"mean": mean, "factor": factor, "squared": _inner(factor, factor)}

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The sum of both terms ``(…)``; no state."""
        factor, mean = _centred(y, weights)
        first = (mean - side["mean"]).square().sum((-2, -1))
        if "covariance" in side:
            second = (factor.mT @ factor - side["covariance"]).square().sum((-2, -1))
        else:
            second = side["squared"] + _inner(factor, factor) - 2 * _inner(side["factor"], factor)
        return first + second, None


def _centred(x: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """The factor A of the covariance AᵀA ``(…, N, D)`` and the mean ``(…, 1, D)``; masked points do not count."""
    w = masses(x, weights)
    mean = _mean(x, w)
    return w.sqrt().unsqueeze(-1) * (x - mean), mean


def _mean(x: Tensor, w: Tensor) -> Tensor:
    """The mean ``(…, 1, D)`` of points ``x (…, N, D)`` of masses ``w (…, N)``."""
    return w.unsqueeze(-2) @ x


def _inner(a: Tensor, b: Tensor) -> Tensor:
    """The Frobenius product ``(…)`` of AᵀA and BᵀB, from ``a (…, N, D)`` and ``b (…, M, D)``."""
    return (a @ b.mT).square().sum((-2, -1))
