"""The Kullback–Leibler divergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import Cloud, cloud, median_distance
from dcviz.divergences._critic import Side
from dcviz.divergences._neighbours import log_distances, nearest
from dcviz.divergences._ratio import NGUYEN, Directed, Ratio
from dcviz.divergences._score import unmasked
from dcviz.types import Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class KL(Ratio, Directed):
    r"""The mean logarithm of the density ratio, over the set whose points must be explained by the other.

    .. math:: KL(P\,\|\,Q) = \sup_f E_P f - E_Q e^f + 1

    ``seeking``: P synthetic, Q real; every synthetic point must be where real ones are, and no mass need be moved to
    modes that have none. ``covering``: the other way round; every real point must have synthetic ones near it, and
    points that are far from all real ones stay there: they explain nothing, wherever they go.

    The ``critic`` gives a lower bound. ``neighbours`` (Wang, Kulkarni, Verdú 2009, Eq. 5) compares distances to the
    k-th nearest point of either set, D log(ν/ρ); where there are not k, the farthest there is; where there is none,
    the median distance. It is biased in high dimension (true ½: 0.35 at D=10, 4,000 points each) and may be
    negative; its gradient moves nearest neighbours only.

    Cost O((N + M)H(D + H) + H³) a step, or O(NMD).

    >>> import torch
    >>> kl = KL("covering", estimator="neighbours", neighbours=1)
    >>> side = kl.fit(torch.tensor([[0.0], [1.0]]), torch.Generator())  # neighbours at distance 1
    >>> round(float(kl.value(side, torch.tensor([[3.0]]))[0]), 4)  # (log 3 + log 2)/2 + log 1
    0.8959
    """

    name = "kl"
    title = "Kullback–Leibler divergence"
    sentence = "Asks how surprising the points of one set are to the other, from an estimate of the density ratio."
    formula = r"\mathrm{KL}(p\,\Vert\,q)=\mathbb{E}_{x\sim p}\log\frac{p(x)}{q(x)}"
    source = NGUYEN

    estimator: str = hyper(
        "critic",
        "Where the ratio comes from: a small network, or nearest neighbours.",
        choices=("critic", "neighbours"),
    )
    neighbours: int = hyper(3, "Which nearest neighbour is measured (k).", low=1, high=100, log=True)

    @property
    def holds(self) -> frozenset[str]:
        """Of the critic; distances to neighbours turn and move with the points, and those of T add up one by one."""
        if self.estimator == "critic":
            return self.properties
        return frozenset({"rigid", "minibatch"} if self.direction == "covering" else {"rigid"})

    def sides(self) -> tuple[Side, Side]:
        """E_P f - E_Q (e^f - 1)."""
        return (linear, exponential) if self.direction == "covering" else (exponential, linear)

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The critic's side; or the cloud, its unit ``(…)`` and log distances to its own neighbours ``(…, N)``."""
        if self.estimator == "critic":
            return super().fit(x, generator, weights)
        real = cloud(x, weights)
        unit = median_distance(real, generator)
        return real, unit, self._own(real, real[0], unit)

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The estimate ``(…)``; the state is the critic's."""
        if self.estimator == "critic":
            return super().value(side, y, weights, state)
        real, unit, own = side
        y, v = unmasked(y, weights)
        fake, z = cloud(y, v, real[3]), y - real[3]
        N, M = ((w > 0).sum(-1) for w in (real[1], v))
        D = y.shape[-1]
        if self.direction == "covering":
            far = log_distances(real[0], z, nearest(real, fake, self.neighbours)[0], unit)  # (…, N)
            return D * (real[1] * (far - own)).sum(-1) + (M / (N - 1).clamp_min(1)).log(), None
        far = log_distances(z, real[0], nearest(fake, real, self.neighbours)[0], unit)  # (…, M)
        return D * (v * (far - self._own(fake, z, unit))).sum(-1) + (N / (M - 1).clamp_min(1)).log(), None

    def _own(self, a: Cloud, points: Tensor, unit: Tensor) -> Tensor:
        """The log distance ``(…, n)`` from each point to its k-th neighbour in its own set; 0 where it is alone."""
        import torch

        index, count = nearest(a, a, self.neighbours, same=True)
        return torch.where((count > 0).unsqueeze(-1), log_distances(points, points, index, unit), 0)


def linear(f: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The function f and its derivatives."""
    return f, f * 0 + 1, f * 0


def exponential(f: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """1 - e^f and its derivatives."""
    e = f.exp()
    return 1 - e, -e, -e
