"""The sliced Wasserstein distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import cloud, wants_gradient, wide, with_gradient
from dcviz.divergences._lines import quantiles, received, shadow, unsorted
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Sliced(Divergence):
    r"""The mean over directions θ of the squared Wasserstein-2 distance of the two shadows on a line.

    .. math:: \frac1L\sum_{l=1}^{L} W_2^2(\theta_l^\top x,\ \theta_l^\top y)

    On a line, quantiles are matched with equal quantiles. The j-th of the sorted synthetic points holds the levels
    from c_{j-1} to c_j; what it wants is q_j, the integral of the real quantile function over them, read off a
    cumulative sum that is made once. This is exact for any sizes and weights (no resampling). A translation by v
    costs about ‖v‖²/D. Directions are drawn once, with the real side; two sets that differ only across all of
    them are not told apart. Cost O(LMD + LM log M) a step, O(LND + LN log N) once.

    >>> import torch
    >>> sliced = Sliced(directions=1)
    >>> side = sliced.fit(torch.tensor([[0.0], [1.0]]), torch.Generator())
    >>> float(sliced.value(side, torch.tensor([[0.5]]))[0])  # both real points travel ½
    0.25
    """

    name = "sliced"
    title = "sliced Wasserstein"
    sentence = "Looks at both clouds from many directions and moves the sorted shadows onto each other."
    formula = r"\frac1L\sum_{l} W_2^2(\theta_l^\top x,\ \theta_l^\top y)"
    source = Source(
        "N. Bonneel, J. Rabin, G. Peyré, H. Pfister",
        "Sliced and Radon Wasserstein Barycenters of Measures",
        2015,
        "https://doi.org/10.1007/s10851-014-0506-3",
    )
    properties = frozenset({"zero", "nonnegative", "symmetric", "triangle", "duplicates"})
    root = 2
    degree = 2.0
    cost = "O(LMD + LM log M)"

    directions: int = hyper(128, "How many directions to look from (L).", low=1, high=4096, log=True)

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """Directions ``(D, L)``, centre, and along each the levels, integrals, positions and second moment."""
        import torch

        theta = torch.randn(x.shape[-1], self.directions, generator=generator, dtype=torch.float64)
        theta = (theta / theta.norm(dim=0)).to(x)  # (D, L)
        points, w, _, centre = cloud(x, weights)
        position, order, mass = shadow(points, w, theta)  # (…, L, N)
        second = (wide(mass) * wide(position).square()).sum(-1).mean(-1)
        return theta, centre, quantiles((position, order, mass)), second

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The squared sliced distance ``(…)``; no state."""
        theta, centre, real, second = side
        points, v, _, _ = cloud(y, weights, centre)
        position, order, mass = shadow(points, v, theta)  # (…, L, M)
        wanted = received(real, mass)  # q_j
        value = (second + (mass * position.square() - 2 * position * wanted).sum(-1).mean(-1)).to(y.dtype)
        if not wants_gradient(y):
            return value, None
        slope = (2 / self.directions) * (mass * position - wanted).to(y.dtype)  # (…, L, M)
        slope = slope.masked_fill(mass == 0, 0)
        return with_gradient(value, y, unsorted(slope, order).mT @ theta.mT), None
