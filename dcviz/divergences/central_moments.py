"""The central moment discrepancy: moments of every coordinate, up to a chosen order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import masses
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class CentralMoments(Divergence):
    r"""The distances of the means and of the central moments of every coordinate, in units of the range.

    .. math:: \frac1{r}\|E x-E y\| + \sum_{k=2}^{K} \frac1{r^k}\|c_k(x)-c_k(y)\|, \quad c_k(x)=E\,(x-E x)^k

    Norms, not their squares, as in the paper; powers are taken coordinate by coordinate, so correlations are not
    seen. The paper has features in a known interval of length r; here r is the largest minus the smallest
    coordinate of the real side (1 where these are equal), and it follows the real side when both change places.
    Central moments divide by the number of points. Cost O(KMD).

    >>> import torch
    >>> moments = CentralMoments(order=3)
    >>> side = moments.fit(torch.tensor([[-1.0], [1.0]]), torch.Generator())  # range 2, variance 1
    >>> float(moments.value(side, torch.tensor([[3.0]]))[0])  # 3/2 for the mean, 1/4 for the variance
    1.75
    """

    name = "central-moments"
    title = "central moments"
    sentence = "Gives every coordinate the real mean, variance, skewness and so on, up to the chosen order."
    formula = (
        r"\tfrac1r\lVert\mathbb{E}\,x-\mathbb{E}\,y\rVert"
        r"+\sum_{k=2}^{K}\tfrac1{r^k}\lVert c_k(x)-c_k(y)\rVert"
    )
    source = Source(
        "W. Zellinger, T. Grubinger, E. Lughofer, T. Natschläger, S. Saminger-Platz",
        "Central Moment Discrepancy (CMD) for Domain-Invariant Representation Learning",
        2017,
        "https://arxiv.org/abs/1702.08811",
        "Definition 1",
    )
    properties = frozenset({"zero", "nonnegative", "duplicates"})
    degree = 0.0
    cost = "O(KMD)"

    order: int = hyper(5, "Highest moment that is compared (K).", low=1, high=10)

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real mean ``(…, 1, D)``, the central moments ``(…, K - 1, D)`` in units of the range, and it ``(…)``."""
        import torch

        x, w = x.detach(), masses(x, weights)
        masked = (w == 0).unsqueeze(-1)
        span = x.masked_fill(masked, -torch.inf).amax((-2, -1)) - x.masked_fill(masked, torch.inf).amin((-2, -1))
        span = torch.where(span > 0, span, 1)
        mean = w.unsqueeze(-2) @ x
        return mean, self._moments((x - mean) / span[..., None, None], w), span

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The sum of the distances ``(…)``; no state."""
        import torch

        mean, moments, span = side
        v = masses(y, weights)
        own = v.unsqueeze(-2) @ y
        first = torch.linalg.vector_norm((own - mean).squeeze(-2), dim=-1) / span
        if moments is None:
            return first, None
        higher = self._moments((y - own) / span[..., None, None], v) - moments  # (…, K - 1, D)
        return first + torch.linalg.vector_norm(higher, dim=-1).sum(-1), None

    def _moments(self, centred: Tensor, w: Tensor) -> Tensor | None:
        """The mean powers 2 … K of ``centred (…, N, D)``, stacked ``(…, K - 1, D)``; None without any."""
        import torch

        centred = centred.masked_fill((w == 0).unsqueeze(-1), 0)
        powers = [(w.unsqueeze(-2) @ centred**k).squeeze(-2) for k in range(2, self.order + 1)]
        return torch.stack(powers, -2) if powers else None
