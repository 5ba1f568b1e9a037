"""The kernel Stein discrepancy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import cloud, median_distance
from dcviz.divergences._score import LARGEST, Score, find_score, score_at, unmasked
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class KSD(Divergence):
    r"""How far the synthetic points are from rest under the real score s = ∇ log p, seen through a kernel.

    .. math:: E\,u(y,y'),\quad u = k\,s^\top s' + s^\top\nabla_{y'}k + s'^\top\nabla_y k
       + \mathrm{tr}\,\nabla_y\nabla_{y'}k

    No real points are needed once the score is known: in closed form for the planar sets, else learned from the
    points, or that of their density estimate; both of these smooth by ``noise``. Kernels of the distance r and
    bandwidth h: ``imq`` (1+r²/h²)^-½, ``gauss`` exp(-r²/2h²). The V-statistic keeps self-pairs: never negative,
    never 0 on finitely many points, so that a set does not have divergence 0 from itself. The U-statistic is
    unbiased and may be negative; a single point falls back to the other.

    At rest is also who sits on a saddle between modes, and how many points are at rest in which mode makes no
    difference (Korba et al. 2021, Bénard et al. 2023). Cost O(M²D) and the score a step.

    >>> import torch
    >>> ksd = KSD("gauss", rule="fixed")
    >>> side = ksd.fit_scored(lambda y: -y, torch.zeros(5, 1), torch.Generator())  # the standard normal law
    >>> float(ksd.value(side, torch.tensor([[3.0]]))[0])  # one point: s² + D/h²
    10.0
    """

    name = "ksd"
    title = "kernel Stein discrepancy"
    sentence = "Moves points until the slope of the real density and their mutual repulsion balance everywhere."
    formula = (
        r"\mathbb{E}\,u(y,y'),\ u=k\,s^\top s'+s^\top\nabla_{y'}k+s'^\top\nabla_yk+\mathrm{tr}\nabla_y\nabla_{y'}k"
    )
    source = Source(
        "Q. Liu, J. D. Lee, M. I. Jordan",
        "A Kernelized Stein Discrepancy for Goodness-of-fit Tests",
        2016,
        "https://arxiv.org/abs/1602.03253",
        "Eq. 9",
    )
    properties = frozenset({"separates", "nonnegative", "duplicates"})
    root = 2
    degree = -2.0
    cost = "O(M²D + M(D+H)D)"
    needs_score = True
    largest = LARGEST

    kernel: str = hyper("imq", "How influence falls with distance: slowly, or fast.", choices=("imq", "gauss"))
    bandwidth: float = hyper(
        1.0, "Distance at which influence fades.", low=0.01, high=100.0, unit="× the rule's unit", log=True
    )
    rule: str = hyper("real median", "What the bandwidth is measured in.", choices=("real median", "fixed"))
    statistic: str = hyper("V", "With self-pairs (V), or without (U).", choices=("V", "U"))
    score: str = hyper(
        "auto",
        "The real score: in closed form where known, else learned; always learned; that of a density estimate.",
        choices=("auto", "learned", "kde"),
    )
    noise: float = hyper(
        0.2, "How far the score smooths the real points.", low=0.01, high=2.0, unit="× median distance", log=True
    )

    @property
    def holds(self) -> frozenset[str]:
        """Without self-pairs it can be negative; the score of a density estimate turns and moves with the points."""
        found = self.properties if self.statistic == "V" else frozenset()
        return found | ({"rigid"} if self.score == "kde" else set())

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The score as tensors, and the bandwidth ``(…)``."""
        real = cloud(x, weights)
        score = find_score(self.score, real, self.noise, generator)
        return score, self._bandwidth(score["unit"])

    def fit_scored(self, score: Score, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The known score, and the bandwidth ``(…)``; as `fit` unless the score is ``auto``."""
        if self.score != "auto":
            return self.fit(x, generator, weights)
        return score, self._bandwidth(median_distance(cloud(x, weights), generator))

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The squared discrepancy ``(…)``; no state."""
        import torch

        score, h = side
        y, v = unmasked(y, weights)
        h = h[..., None, None]
        z = (
            y - (v.unsqueeze(-2) @ y).detach()
        ) / h  # near the origin fewer digits are lost, in bandwidths none overflow
        s = h * score_at(score, self.noise, y)
        norms = z.square().sum(-1)
        r2 = (norms.unsqueeze(-1) + norms.unsqueeze(-2) - 2 * z @ z.mT).clamp_min(0)  # (…, M, M)
        across = s @ z.mT  # (…, M, M), s_i·y_j
        own = torch.linalg.vecdot(s, z)
        inner = own.unsqueeze(-1) + own.unsqueeze(-2) - across - across.mT  # (s_i - s_j)·(y_i - y_j)
        k, first, second = {"imq": imq, "gauss": gauss}[self.kernel](r2)
        u = k * (s @ s.mT) - 2 * first * (inner + y.shape[-1]) - 4 * second * r2
        u = u / h.square()
        total = (v.unsqueeze(-2) @ u @ v.unsqueeze(-1)).squeeze(-1).squeeze(-1)
        if self.statistic == "V":
            return total, None
        alone = v.square().sum(-1)  # the weight of self-pairs
        without = (total - (v.square() * u.diagonal(dim1=-2, dim2=-1)).sum(-1)) / torch.where(alone < 1, 1 - alone, 1)
        return torch.where(alone < 1, without, total), None

    def _bandwidth(self, unit: Tensor) -> Tensor:
        import torch

        return self.bandwidth * (unit if self.rule == "real median" else torch.ones_like(unit))


def imq(r2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(1+r²)^-½ and its first two derivatives in r²."""
    k = (1 + r2).rsqrt()
    return k, -k.pow(3) / 2, 3 * k.pow(5) / 4


def gauss(r2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """exp(-r²/2) and its first two derivatives in r²."""
    k = (-r2 / 2).exp()
    return k, -k / 2, k / 4
