"""The Fisher divergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import cloud, median_distance
from dcviz.divergences._score import LARGEST, Score, find_score, kde_score, score_at, unmasked
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Fisher(Divergence):
    r"""The mean squared difference of the slopes of both log densities, over the synthetic points.

    .. math:: E_{y\sim q}\,\|\nabla\log p(y) - \nabla\log q(y)\|^2

    M points have no density, so q is their kernel density estimate, as wide as the smoothing of the real score
    (``noise`` × the median distance of the real side). The real score is in closed form where it is known (not
    smoothed then), else learned from the points, or that of their density estimate as well: then a set has
    divergence 0 from itself. Where modes lie apart, how much mass is in each leaves no trace in either slope.
    Cost O(M²D) and the score a step.

    >>> import torch
    >>> fisher = Fisher()
    >>> side = fisher.fit_scored(lambda y: -y, torch.zeros(5, 1), torch.Generator())  # the standard normal law
    >>> float(fisher.value(side, torch.tensor([[3.0]]))[0])  # one point sits on its own peak: s²
    9.0
    """

    name = "fisher"
    title = "Fisher divergence"
    sentence = "Compares the slopes of both log densities where the synthetic points are; blind to what lies elsewhere."
    formula = r"\mathbb{E}_{y\sim q}\lVert\nabla\log p(y)-\nabla\log q(y)\rVert^2"
    source = Source(
        "A. Hyvärinen",
        "Estimation of Non-Normalized Statistical Models by Score Matching",
        2005,
        "https://jmlr.org/papers/v6/hyvarinen05a.html",
        "Eq. 2",
    )
    properties = frozenset({"nonnegative", "duplicates"})
    root = 2
    degree = -2.0
    cost = "O(M²D + M(D+H)D)"
    needs_score = True
    largest = LARGEST

    score: str = hyper(
        "auto",
        "The real score: in closed form where known, else learned; always learned; that of a density estimate.",
        choices=("auto", "learned", "kde"),
    )
    noise: float = hyper(
        0.2, "How far both scores smooth their points.", low=0.01, high=2.0, unit="× median distance", log=True
    )

    @property
    def holds(self) -> frozenset[str]:
        """With a density estimate on both sides also 0 on the same set, and blind to turns and moves."""
        return self.properties | ({"zero", "rigid"} if self.score == "kde" else set())

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The score as tensors, and the width ``(…)`` of the estimate of q."""
        score = find_score(self.score, cloud(x, weights), self.noise, generator)
        return score, self.noise * score["unit"]

    def fit_scored(self, score: Score, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The known score, and the width ``(…)``; as `fit` unless the score is ``auto``."""
        if self.score != "auto":
            return self.fit(x, generator, weights)
        return score, self.noise * median_distance(cloud(x, weights), generator)

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The divergence ``(…)``; no state."""
        score, width = side
        y, v = unmasked(y, weights)
        z = y - (v.unsqueeze(-2) @ y).detach()  # near the origin: fewer digits lost
        gap = score_at(score, self.noise, y) - kde_score(z, v, width, z)
        scaled = width[..., None, None] * gap  # whose square cannot overflow
        return (v * scaled.square().sum(-1)).sum(-1) / width.square(), None
