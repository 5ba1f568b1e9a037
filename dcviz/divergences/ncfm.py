"""The neural characteristic function discrepancy: amplitudes and phases, at frequencies that may be learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcviz.divergences._clouds import masses
from dcviz.divergences.cfd import waves
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

HIDDEN = 64  # units of the sampling network
LEAK = 0.2  # slope of its LeakyReLUs below 0, as in the authors' code
BETAS, TINY = (0.9, 0.999), 1e-8  # of Adam


@dataclass(frozen=True)
class NCFM(Divergence):
    r"""The mean over frequencies of a distance of characteristic functions with weights for amplitude and phase.

    .. math:: \frac1F\sum_t \sqrt{\alpha\,(|\phi_x|-|\phi_y|)^2 + 2\beta\,(|\phi_x||\phi_y| - \Re\,\phi_x\bar\phi_y)}

    Points are first divided by their norms. α = β = 1 is the mean of \|φ_x - φ_y\|; any α = β, as by default, is √α
    times it. The root is why mini-batches of real data bias the gradient.

    Frequencies are N(0, I), drawn with the real side: afresh at every step where that is refitted (the authors' code
    draws at every step; its shipped settings have the maximiser off, and so has this by default). With a ``rate``
    above 0 they come from noise through a network of three layers (LeakyReLU, LeakyReLU, tanh), different noise at
    every call, and after each value the network climbs it by one step of Adam: it looks for where the sets differ
    most. It is part of the state and only knows D, so that it learns on where the real side is fitted anew, as the
    authors' does across networks and batches. It has 64 hidden units (the authors': D), every class its own, layers
    normalised without learned scales. The authors multiply by 300.

    Cost O(MFD) a step, O(NFD) once (at every step with the maximiser).

    >>> import torch
    >>> ncfm = NCFM()
    >>> side = ncfm.fit(torch.tensor([[1.0, 0.0]]), torch.Generator())
    >>> float(ncfm.value(side, torch.tensor([[2.0, 0.0]]))[0])  # norms do not count
    0.0
    """

    name = "ncfm"
    title = "neural characteristic function"
    sentence = "Compares directions of points as sums of waves, amplitude and phase apart; waves may be sought out."
    formula = (
        r"\mathbb{E}_t\sqrt{\alpha(\lvert\phi_x\rvert-\lvert\phi_y\rvert)^2"
        r"+2\beta(\lvert\phi_x\rvert\lvert\phi_y\rvert-\Re\,\phi_x\bar\phi_y)}"
    )
    source = Source(
        "S. Wang, Y. Yang, Z. Liu, C. Sun, X. Hu, C. He, L. Zhang",
        "Dataset Distillation with Neural Characteristic Function: A Minmax Perspective",
        2025,
        "https://arxiv.org/abs/2502.20653",
    )
    properties = frozenset({"zero", "nonnegative", "symmetric", "triangle", "duplicates"})
    degree = 0.0
    cost = "O(MFD)"
    carries = True

    count: int = hyper(1024, "How many frequencies (F); the authors' settings: 4096.", low=2, high=65536, log=True)
    amplitude: float = hyper(0.5, "Weight α of the difference in amplitude.", low=0.0, high=1.0)
    phase: float = hyper(0.5, "Weight β of the difference in phase.", low=0.0, high=1.0)
    rate: float = hyper(0.0, "Learning rate of the network that seeks out frequencies; 0 for none.", low=0.0, high=0.1)

    @property
    def holds(self) -> frozenset[str]:
        """Those of the default; more weight on phase than on amplitude costs the triangle."""
        return self.properties - ({"triangle"} if self.amplitude < self.phase else set())

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """Directions and weights of the real points, and their waves, or the seed from which frequencies come."""
        import torch

        points, w = directions(x.detach(), weights)
        if self.rate:
            return points, w, int(torch.randint(2**31 - 1, (), generator=generator))
        t = torch.randn(x.shape[-1], self.count, generator=generator, dtype=torch.float64).to(x)  # (D, F)
        return t, waves(points, w, t)

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The discrepancy ``(…)``; the state is the sampling network after its step, if there is one."""
        import torch

        z, v = directions(y, weights)
        if not self.rate:
            t, real = side
            return self._mean(real, waves(z, v, t)), None
        points, w, seed = side
        state = self._first(points, seed) if state is None else state
        noise = _normal(points, seed + 3 + state["step"], points.shape[-1], self.count).mT  # (F, D)
        leaves = [p.detach().requires_grad_() for p in state["layers"]]
        with torch.enable_grad():
            t = sample(leaves, noise).mT  # (…, D, F)
            found = self._mean(waves(points, w, t), waves(z.detach(), v, t)).sum()
            slopes = torch.autograd.grad(found, leaves)
        t = t.detach()
        return self._mean(waves(points, w, t), waves(z, v, t)), self._climb(state, slopes)

    def _mean(self, a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> Tensor:
        """Over frequencies. The radicand is β|φ_x - φ_y|² + (α-β)(|φ_x| - |φ_y|)²: no difference of large products."""
        import torch

        gap = (a[0] - b[0]).square() + (a[1] - b[1]).square()  # (…, F)
        moduli = [_root(z[0].square() + z[1].square()) for z in (a, b)]
        radicand = self.phase * gap + (self.amplitude - self.phase) * (moduli[0] - moduli[1]).square()
        rounding = (16 * torch.finfo(gap.dtype).eps) ** 2
        return _root(radicand, rounding).mean(-1)

    def _first(self, points: Tensor, seed: int) -> Tree:
        """A network drawn from the seed: one for every class, alike to begin with."""
        D = points.shape[-1]
        sizes = [(D, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, D)]
        drawn = [_normal(points, seed + i, *size) * (2 / size[0]) ** 0.5 for i, size in enumerate(sizes)]
        layers = [p.expand(*points.shape[:-2], *p.shape).clone() for p in drawn]
        return {"layers": layers, "first": [p * 0 for p in layers], "second": [p * 0 for p in layers], "step": 0}

    def _climb(self, state: Tree, slopes: Any) -> Tree:
        """One step of Adam uphill."""
        (a, b), step = BETAS, state["step"] + 1
        first = [a * m + (1 - a) * g for m, g in zip(state["first"], slopes, strict=True)]
        second = [b * s + (1 - b) * g.square() for s, g in zip(state["second"], slopes, strict=True)]
        layers = [
            p + self.rate * (m / (1 - a**step)) / ((s / (1 - b**step)).sqrt() + TINY)
            for p, m, s in zip(state["layers"], first, second, strict=True)
        ]
        return {"layers": layers, "first": first, "second": second, "step": step}


def directions(x: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Points over their norms ``(…, N, D)``, 0 where masked or at the origin, and their weights ``(…, N)``."""
    w = masses(x, weights)
    x = x.masked_fill((w == 0).unsqueeze(-1), 0)
    size = x.detach().abs().amax(-1, keepdim=True)  # squares of tiny numbers would be 0
    x = x / size.masked_fill(size == 0, 1)
    return x / _root(x.square().sum(-1, keepdim=True)).masked_fill(size == 0, 1), w


def sample(layers: list[Tensor], noise: Tensor) -> Tensor:
    """Frequencies ``(…, F, D)`` in (-1, 1), of noise ``(F, D)``: each layer normalised over the frequencies."""
    from torch.nn.functional import leaky_relu

    z = noise
    for i, layer in enumerate(layers):
        z = z @ layer  # (…, F, D) @ (…, D, H)
        centred = z - z.mean(-2, keepdim=True)
        z = centred / (centred.square().mean(-2, keepdim=True) + 1e-5).sqrt()
        z = leaky_relu(z, LEAK) if i + 1 < len(layers) else z.tanh()
    return z


def _root(a: Tensor, least: float = 0.0) -> Tensor:
    """√a, and 0 with slope 0 where a is at most ``least``; NaN stays NaN."""
    import torch

    none = a <= least
    return torch.where(none, 0, torch.where(none, 1, a).sqrt())


def _normal(like: Tensor, seed: int, *shape: int) -> Tensor:
    """Normal numbers of a seed, the same in both precisions and on every device."""
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(like)
