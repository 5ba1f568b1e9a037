"""Precision, recall, density and coverage: who lies among whose nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.types import Divergence, Source, Tree

if TYPE_CHECKING:
    import torch
    from torch import Tensor

K = 5  # nearest neighbours, as in the paper and its package `prdc`
SOURCE = Source(
    "M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo",
    "Reliable Fidelity and Diversity Metrics for Generative Models",
    2020,
    "https://arxiv.org/abs/2002.09797",
    "Eqs. 1-4",
)


def prdc(x: Tensor, y: Tensor, k: int = K) -> dict[str, float | None]:
    r"""Precision, recall, density and coverage of ``y (M, D)`` among ``x (N, D)``; higher is better.

    With the ball of a sample reaching to its k-th nearest neighbour in its own set, the sample itself not counted:
    precision is the share of y in a ball of x, recall the share of x in a ball of y, density the mean number of
    balls of x around a y divided by k (it may exceed 1), coverage the share of the balls of x that hold a y. At
    equal distributions the expected coverage of N = M samples is about 1 - 2^-k, whatever the dimension.

    None where there are no balls: all four for N < k+1, recall for M < k+1. Cost O(ND(N + M) + M²D).

    >>> import torch
    >>> x = torch.arange(8.0)[:, None]
    >>> prdc(x, x[:3] + 0.1, k=1)  # the balls reach to 1; three of eight are hit twice or once
    {'precision': 1.0, 'recall': 0.5, 'density': 2.0, 'coverage': 0.5}
    """
    import torch

    if len(x) < k + 1:
        return dict.fromkeys(("precision", "recall", "density", "coverage"))
    within = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")  # (N, M)
    hit = within < radii(x, k)[:, None]  # strictly, as in the package
    found: dict[str, float | None] = {"precision": float(hit.any(0).double().mean()), "recall": None}
    if len(y) >= k + 1:
        found["recall"] = float((within < radii(y, k)).any(1).double().mean())
    found["density"] = float(hit.double().sum(0).mean() / k)
    found["coverage"] = float(hit.any(1).double().mean())
    return found


def radii(x: Tensor, k: int = K, weights: Tensor | None = None) -> Tensor:
    """The distance ``(…, N)`` of each point ``x (…, N, D)`` to its k-th nearest other; infinite where there is none.

    Points of weight 0 are nobody's neighbours.
    """
    import torch

    among = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")  # (…, N, N)
    among = among.masked_fill(torch.eye(x.shape[-2], dtype=torch.bool, device=x.device), torch.inf)
    if weights is not None:
        among = among.masked_fill((weights == 0).unsqueeze(-2), torch.inf)
    if k > x.shape[-2]:
        return torch.full_like(among[..., 0], torch.inf)
    return among.kthvalue(k, dim=-1).values


@dataclass(frozen=True)
class Uncovered(Divergence):
    r"""One minus the coverage: the share of real samples with no synthetic one as near as their k-th real neighbour.

    .. math:: 1-\frac1N\sum_i \mathbf{1}\bigl[\exists j:\ \lVert x_i-y_j\rVert<r_k(x_i)\bigr]

    Measured, never optimised: it has no gradient. Few samples cover little: at M = 1 it is near 1 for all sets.
    Cost O(NMD) a step, O(N²D) once.
    """

    name = "uncovered"
    title = "uncovered (1 − coverage)"
    sentence = "The share of real samples with no synthetic one as near as their 5th nearest real neighbour."
    formula = r"1-\frac1N\sum_i\mathbf{1}\bigl[\exists j:\lVert x_i-y_j\rVert<r_5(x_i)\bigr]"
    source = SOURCE
    properties = frozenset({"nonnegative", "duplicates", "rigid"})
    cost = "O(NMD)"

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real points, the radii of their balls, and their weights."""
        from dcviz.divergences._clouds import masses

        return x, radii(x, K, weights), masses(x, weights)

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The share ``(…)``; no state."""
        import torch

        x, radius, w = side
        within = torch.cdist(x, y)  # (…, N, M)
        if weights is not None:
            within = within.masked_fill((weights == 0).unsqueeze(-2), torch.inf)
        covered = (within.amin(-1) < radius).to(w.dtype)  # (…, N)
        return 1 - (w * covered).sum(-1), None
