"""Exact optimal transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcviz.divergences._clouds import cloud, masses, squared_distances, wants_gradient, with_gradient
from dcviz.errors import Refused
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PIVOTS = 10_000_000  # of the network simplex, at most: a problem of 5,000 by 100 points takes some thousands


@dataclass(frozen=True)
class ExactOT(Divergence):
    r"""The least work of carrying the real mass onto the synthetic points.

    .. math:: W_p^p(x,y)=\min_{P\in\Pi(w,v)}\ \sum_{ij}P_{ij}\,\|x_i-y_j\|^p

    Solved by the network simplex of POT on the CPU in double precision: on an accelerator each step waits for it.
    The gradient is that of the work at the optimal plan held fixed (envelope theorem): for p = 2 each synthetic point
    moves towards the mean of the mass it receives, a step of k-means with cells of equal mass. A sample stays
    about N^(-1/D) away from its own distribution, so mini-batches bias value and gradient.

    POT is an extra: ``pip install 'dcviz[ot]'``. Cost O(NMD) and the simplex, in practice about O(NM(N+M)).

    >>> import torch
    >>> exact = ExactOT()
    >>> side = exact.fit(torch.tensor([[0.0], [4.0]]), torch.Generator())
    >>> float(exact.value(side, torch.tensor([[5.0], [0.0]]))[0])  # 4 to 5 with half of the mass
    0.5
    """

    name = "exact-ot"
    title = "exact optimal transport"
    sentence = "Gives each synthetic point its equal share of the real mass, so that all of it travels the least."
    formula = r"\min_{P\in\Pi(w,v)}\ \sum_{ij}P_{ij}\,\lVert x_i-y_j\rVert^p"
    source = Source(
        "G. Peyré, M. Cuturi",
        "Computational Optimal Transport",
        2019,
        "https://arxiv.org/abs/1803.00567",
        "Eq. 2.11",
    )
    properties = frozenset({"zero", "separates", "nonnegative", "symmetric", "triangle", "duplicates", "rigid"})
    root = 2
    degree = 2.0
    cost = "O(NM(N+M))"
    host = True

    p: int = hyper(2, "Power of the distance: 2 pulls far points harder, 1 pulls all alike.", low=1, high=2)

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real points ``(…, N, D)`` and their weights, on the CPU in double precision."""
        _solver()
        w = masses(x, weights)
        points = x.detach().masked_fill((w == 0).unsqueeze(-1), 0)
        return points.cpu().double(), w.cpu().double()

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The least work ``(…)``; no state."""
        x, w = side
        v = masses(y, weights).cpu().double()
        real = cloud(x, w)
        fake = cloud(y.cpu().double(), v, real[3])
        squares = squared_distances(real, fake)  # (…, N, M)
        work = squares if self.p == 2 else squares.sqrt()
        # About its own centre each: the same plan for p = 2, and no digits lost where the clouds are far apart.
        own = cloud(y.cpu().double(), v)
        plan = optimal_plans(squared_distances(real, own) if self.p == 2 else work, w, v.detach())
        value = (plan * work).sum((-2, -1)).to(y)
        if not wants_gradient(y):
            return value, None
        pull = 2 * plan if self.p == 2 else (plan / work).masked_fill(work == 0, 0)
        gradient = pull.sum(-2).unsqueeze(-1) * fake[0] - pull.mT @ real[0]  # (…, M, D)
        return with_gradient(value, y, gradient.to(y)), None


def optimal_plans(work: Tensor, w: Tensor, v: Tensor) -> Tensor:
    """The optimal plans ``(…, N, M)`` for costs ``work``, from weights ``w (…, N)`` to ``v (…, M)``."""
    import torch

    ot = _solver()
    plans = torch.zeros_like(work)
    flat = work.flatten(0, -3) if work.dim() > 2 else work[None]
    problems = zip(flat, w.reshape(len(flat), -1), v.reshape(len(flat), -1), plans.view(flat.shape), strict=True)
    for cost, a, b, plan in problems:
        rows, columns = a > 0, b > 0
        kept = cost[rows][:, columns]
        if not bool(kept.isfinite().all()):  # S has diverged: the value says so
            plan.fill_(torch.nan)
            continue
        unit = kept.max().clamp_min(1e-300)  # the simplex's tolerances are absolute
        a, b = a[rows] / a[rows].sum(), b[columns] / b[columns].sum()
        found, log = ot.emd(a.numpy(), b.numpy(), (kept / unit).numpy(), numItermax=PIVOTS, log=True)
        if log["warning"] is not None:
            raise Refused(
                f"exact transport between {len(a)} and {len(b)} points has no solution here ({log['warning']}); "
                "use fewer real points, or the Sinkhorn divergence."
            )
        plan[rows.nonzero(), columns.nonzero().T] = torch.from_numpy(found)
    return plans


def _solver() -> Any:
    try:
        import ot
    except ImportError as error:
        raise Refused(
            "exact optimal transport is solved by POT, which is not installed; "
            "install it with pip install 'dcviz[ot]', or choose the Sinkhorn divergence."
        ) from error
    return ot
