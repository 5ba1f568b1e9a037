"""The debiased Sinkhorn divergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import (
    Cloud,
    cloud,
    median_distance,
    squared_distances,
    wants_gradient,
    wants_slope,
    with_gradient,
    with_slope,
)
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LADDER = 24  # annealing steps of a first call, from the largest cost to ε
FIRST = 4  # times as many iterations in a first call: leaves less than 1 % of the mass misplaced at the default blur
WITHIN = 8, 10  # annealing steps and iterations within one set, which converges fast: masses to 1e-5
LOW = 1e4  # ε below 0 lies the potential of a masked point: nothing reaches it, and no overflow meets a mass of 0
TINY = 1e-30  # a marginal that underflows is corrected by the next step in the log domain, never divided by 0


@dataclass(frozen=True)
class Sinkhorn(Divergence):
    r"""Entropic optimal transport between the sets, less half of it within each.

    .. math:: OT_\varepsilon(x,y) - \tfrac12 OT_\varepsilon(x,x) - \tfrac12 OT_\varepsilon(y,y), \quad
       OT_\varepsilon = \min_P \langle P, \tfrac12\|x-y\|^2\rangle + \varepsilon\,KL(P\,\|\,a\otimes b)

    With ε = (``blur`` × median distance of the real side)². Between half of the squared Wasserstein-2 distance
    (blur → 0) and half of the squared distance of the means (blur → ∞). Conventions as in geomloss; POT's
    ``solve_sample(reg=2ε, reg_type="KL", debias=True)`` is twice this.

    The first call anneals ε from the largest cost and iterates longer; later ones start from the last potential
    of the real points, which stays good while the synthetic ones move. Iterations scale a kernel into which the
    potentials are absorbed (one pass in the log domain, then products). The gradient is the plan's (envelope
    theorem): the plan is a constant; in the weights it is the synthetic points' potential towards the real ones less
    that among themselves. Cost O(NMD + kNM) a step, O(N²D + kN²) once.

    >>> import torch
    >>> sinkhorn = Sinkhorn()
    >>> side = sinkhorn.fit(torch.zeros(1, 1), torch.Generator())
    >>> round(float(sinkhorn.value(side, torch.full((1, 1), 3.0))[0]), 4)  # two Diracs at distance a: a²/2
    4.5
    """

    name = "sinkhorn"
    title = "Sinkhorn divergence"
    sentence = "The least work of carrying the real mass onto the synthetic points, slightly blurred."
    formula = r"\mathrm{OT}_\varepsilon(x,y)-\tfrac12\mathrm{OT}_\varepsilon(x,x)-\tfrac12\mathrm{OT}_\varepsilon(y,y)"
    source = Source(
        "J. Feydy, T. Séjourné, F.-X. Vialard, S. Amari, A. Trouvé, G. Peyré",
        "Interpolating between Optimal Transport and MMD using Sinkhorn Divergences",
        2019,
        "https://arxiv.org/abs/1810.08278",
        "Eq. 3",
    )
    properties = frozenset({"zero", "separates", "nonnegative", "duplicates", "rigid"})
    root = 2
    degree = 2.0
    cost = "O(NMD + kNM)"

    blur: float = hyper(
        0.05, "Below this distance mass is not told apart.", low=0.005, high=100.0, unit="× median distance", log=True
    )
    iterations: int = hyper(50, "Updates of the potentials in each step (k).", low=1, high=1000, log=True)

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real cloud, ε ``(…)`` and its own transport cost ``(…)``."""
        real = cloud(x, weights)
        eps = (self.blur * median_distance(real, generator)).square()
        return real, eps, within(real, eps)[0]

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The divergence ``(…)``, and the potentials ``(…, N)`` of the real and ``(…, M)`` of the synthetic points."""
        real, eps, among_real = side
        towards, among = (None, None) if state is None else state
        held = None if weights is None else weights.detach()
        fake, own = cloud(y, held, real[3]), cloud(y, held)
        cross, (f, g), plan = between(real, fake, eps, self.iterations, towards)
        among_fake, p, own_plan = within(own, eps, among)
        value = cross - (among_real + among_fake) / 2
        if weights is not None and wants_slope(weights):
            value = with_slope(value, weights, g - p)
        if not wants_gradient(y):
            return value, (f, p)
        gradient = _mean_move(plan, real[0], fake[0]) - _mean_move(own_plan, own[0], own[0])
        return with_gradient(value, y, gradient), (f, p)


def between(
    a: Cloud, b: Cloud, eps: Tensor, iterations: int, f: Tensor | None = None
) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor]:
    """The transport cost ``(…)``, the potentials ``(…, N)`` on ``a`` and ``(…, M)`` on ``b``, the plan ``(…, N, M)``.

    From the potential ``f`` of a similar problem with the same ``a``, or annealed. Exact masses on ``b``.
    """
    cost, eps = squared_distances(a, b) / 2, eps[..., None, None]
    w, v = a[1].unsqueeze(-1), b[1].unsqueeze(-2)  # (…, N, 1), (…, 1, M)
    if f is None:
        f = cost.new_zeros(w.shape)
        for e in _ladder(cost, eps, LADDER):
            f = softmin(cost, softmin(cost, f, w, e, -2), v, e, -1)
        iterations *= FIRST
    else:
        f = f.unsqueeze(-1)
    g = softmin(cost, f, w, eps, -2)  # (…, 1, M)
    f = softmin(cost, g, v, eps, -1)  # (…, N, 1)
    f, g = _hidden(f, w, eps), _hidden(g, v, eps)
    kernel = ((f + g - cost) / eps).exp_()  # (…, N, M), near the plan's density: products from here on
    left = w  # (…, N, 1): w times its scaling
    for _ in range(iterations):
        right = v.mT / (kernel.mT @ left).clamp_min_(TINY)  # (…, M, 1)
        left = w / (kernel @ right).clamp_min_(TINY)
    right = v.mT / (kernel.mT @ left).clamp_min_(TINY)
    f, g = f + eps * _log_ratio(left, w), g + eps * _log_ratio(right, v.mT).mT
    total = (w * f).sum((-2, -1)) + (v * g).sum((-2, -1))
    return total, (f.squeeze(-1), g.squeeze(-2)), left * kernel * right.mT


def within(a: Cloud, eps: Tensor, p: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """The transport cost ``(…)`` of a cloud to itself, its potential ``(…, N)`` and plan ``(…, N, N)``.

    The symmetric problem has one potential, and the mean of old and new converges in few iterations.
    """
    cost, eps = squared_distances(a, a) / 2, eps[..., None, None]
    w = a[1].unsqueeze(-1)  # (…, N, 1)
    if p is None:
        p = cost.new_zeros(w.shape)
        for e in _ladder(cost, eps, WITHIN[0]):
            p = (p + softmin(cost, p.mT, w.mT, e, -1)) / 2
    else:
        p = p.unsqueeze(-1)
    p = _hidden((p + softmin(cost, p.mT, w.mT, eps, -1)) / 2, w, eps)
    kernel = ((p + p.mT - cost) / eps).exp_()
    scale = w.clone()
    for _ in range(WITHIN[1]):
        scale = (scale * w / (kernel @ scale).clamp_min_(TINY)).sqrt()
    plan = scale * kernel * scale.mT
    p = p + eps * _log_ratio(scale, w)
    total = 2 * (w * p).sum((-2, -1)) - eps[..., 0, 0] * (plan.sum((-2, -1)) - 1)
    return total, p.squeeze(-1), plan


def softmin(cost: Tensor, potential: Tensor, mass: Tensor, eps: Tensor, dim: int) -> Tensor:
    """``-ε log Σ mass exp((potential - cost)/ε)`` along ``dim`` (kept)."""
    return -eps * ((potential - cost) / eps + mass.log()).logsumexp(dim, keepdim=True)


def _ladder(cost: Tensor, eps: Tensor, steps: int) -> list[Tensor]:
    """ε from the largest cost down, in equal ratios; their number is fixed, so nothing waits for the device."""
    top = cost.amax((-2, -1), keepdim=True).maximum(eps)
    return [top * (eps / top) ** (k / steps) for k in range(steps)]


def _hidden(potential: Tensor, mass: Tensor, eps: Tensor) -> Tensor:
    import torch

    return torch.where(mass > 0, potential, -LOW * eps)


def _log_ratio(scaled: Tensor, mass: Tensor) -> Tensor:
    import torch

    return torch.where(mass > 0, scaled / mass, 1).log()


def _mean_move(plan: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The gradient of ``Σ P ½‖x-y‖²`` in ``y (…, M, D)``."""
    return plan.sum(-2).unsqueeze(-1) * y - plan.mT @ x
