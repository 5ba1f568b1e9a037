"""The maximum mean discrepancy with a characteristic kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import (
    Cloud,
    Kernel,
    cloud,
    kernel_mean_within,
    masses,
    median_distance,
    squared_mmd,
)
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Standard deviations in units of the bandwidth, widest first: clusters are smaller than the median distance.
OCTAVES = (2.0, 1.0, 0.5, 0.25, 0.125)
# M3D's: squared widths in octaves around the mean squared distance.
HALF_OCTAVES = (2.0, 2**0.5, 1.0, 0.5**0.5, 0.5)


@dataclass(frozen=True)
class MMD(Divergence):
    r"""The squared distance of the mean embeddings of both sets in the space of a kernel.

    .. math:: E\,k(x,x') + E\,k(y,y') - 2\,E\,k(x,y)

    Biased V-statistic (self-pairs kept): what is optimised, never negative; at equal distributions its mean is
    about (1 - E k)(1/N + 1/M), not 0. Kernels of the distance r and the bandwidth h: ``gauss`` exp(-r²/2h²),
    ``laplace`` exp(-r/h), ``imq`` (1+r²/h²)^-½; ``multi`` is the mean over five widths. geomloss returns half.

    The bandwidth is the multiple ``bandwidth`` of one of three units. ``real median``: the median distance of the
    real side (≤ 1000 points). ``joint mean`` (M3D): 2h² is the mean squared distance of the joint sample at each
    step, no gradient through it, and the widths are half octaves apart (M3D sums the five: five times ours).
    ``fixed``: 1. At a fixed bandwidth it is also symmetric, its root obeys the triangle inequality, and
    mini-batches leave the gradient unbiased; a bandwidth that follows the data costs these.

    Cost O(NMD + M²D) a step, O(N²D) once (at every step under ``joint mean``).

    >>> import torch
    >>> mmd = MMD(scales="one", rule="fixed")
    >>> side = mmd.fit(torch.zeros(1, 1), torch.Generator())
    >>> round(float(mmd.value(side, torch.ones(1, 1))[0]), 4)  # two Diracs: 2 - 2 exp(-1/2)
    0.7869
    """

    name = "mmd"
    title = "maximum mean discrepancy"
    sentence = "Compares soft counts of points around every place; the bandwidth says how soft."
    formula = r"\mathbb{E}\,k(x,x')+\mathbb{E}\,k(y,y')-2\,\mathbb{E}\,k(x,y)"
    source = Source(
        "A. Gretton, K. M. Borgwardt, M. J. Rasch, B. Schölkopf, A. Smola",
        "A Kernel Two-Sample Test",
        2012,
        "https://jmlr.org/papers/v13/gretton12a.html",
        "Eq. 5",
    )
    properties = frozenset({"zero", "separates", "nonnegative", "duplicates", "rigid"})
    root = 2
    degree = 0.0
    cost = "O(NMD + M²D)"

    kernel: str = hyper(
        "gauss", "How similarity falls with distance: fast, slower, slowest.", choices=("gauss", "laplace", "imq")
    )
    bandwidth: float = hyper(
        1.0, "Distance at which similarity fades.", low=0.01, high=100.0, unit="× the rule's unit", log=True
    )
    scales: str = hyper("multi", "One width, or the mean over five of them.", choices=("multi", "one"))
    rule: str = hyper(
        "real median", "What the bandwidth is measured in.", choices=("real median", "joint mean", "fixed")
    )

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real cloud, its bandwidth ``(…)`` and mean similarity ``(…)``; both None under ``joint mean``."""
        import torch

        real = cloud(x, weights)
        if self.rule == "joint mean":
            return real, None, None
        unit = torch.ones_like(real[0][..., 0, 0])
        if self.rule == "real median":
            unit = median_distance(real, generator)
        h = self.bandwidth * unit
        return real, h, kernel_mean_within(real, self._kernel(h))

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The squared MMD ``(…)``; no state."""
        real, h, among_real = side
        if h is None:
            h = self.bandwidth * joint_scale(real, y.detach(), masses(y, weights))
            among_real = kernel_mean_within(real, self._kernel(h))
        return squared_mmd(real, among_real, y, weights, self._kernel(h)), None

    def _kernel(self, h: Tensor) -> Kernel:
        """The kernel at bandwidths ``h (…)``: the mean over its widths."""
        widths: tuple[float, ...] = (1.0,)
        if self.scales == "multi":
            widths = HALF_OCTAVES if self.rule == "joint mean" else OCTAVES
        family = {"gauss": gauss, "laplace": laplace, "imq": imq}[self.kernel]
        return lambda d2: family(d2, h[..., None, None], widths)


def joint_scale(real: Cloud, y: Tensor, v: Tensor) -> Tensor:
    """The h ``(…)`` with 2h² = Σd²/(n²-n) over the n unmasked points of both sets, counted equally (M3D)."""
    import torch

    points = torch.cat([real[0], y - real[3]], -2)  # (…, N+M, D)
    seen = (torch.cat([real[1], v], -1) > 0).to(points.dtype)  # (…, N+M)
    joint = cloud(points, seen / seen.sum(-1, keepdim=True))
    n = seen.sum(-1)
    mean_square = (joint[1] * joint[2]).sum(-1) * 2 * n / (n - 1)  # Σd² = 2n Σ‖z - mean‖²
    return (torch.where(mean_square > 0, mean_square, 1) / 2).sqrt()


def gauss(d2: Tensor, h: Tensor, widths: tuple[float, ...]) -> tuple[Tensor, Callable[[], Tensor]]:
    """exp(-d²/2h²), mean over widths, and its slope in d²."""
    widest = -0.5 / (h * widths[0]).square()
    parts = _powers((d2 * widest).exp_(), [(widths[0] / s) ** 2 for s in widths])
    slopes = [-0.5 / (h * s).square() for s in widths]
    return _mean(parts), lambda: _mean([k * s for k, s in zip(parts, slopes, strict=True)])


def laplace(d2: Tensor, h: Tensor, widths: tuple[float, ...]) -> tuple[Tensor, Callable[[], Tensor]]:
    """exp(-d/h), mean over widths, and its slope in d²: 0 at coincident points (a subgradient)."""
    d = d2.sqrt()
    parts = _powers((d * (-1 / (h * widths[0]))).exp_(), [widths[0] / s for s in widths])
    slopes = [-0.5 / (h * s) for s in widths]
    return _mean(
        parts
    ), lambda: _mean([k * s for k, s in zip(parts, slopes, strict=True)]).div_(d).masked_fill_(d == 0, 0)


def imq(d2: Tensor, h: Tensor, widths: tuple[float, ...]) -> tuple[Tensor, Callable[[], Tensor]]:
    """(1+d²/h²)^-½, mean over widths, and its slope in d²."""
    parts = [(1 + d2 / (h * s).square()).rsqrt_() for s in widths]
    slopes = [-0.5 / (h * s).square() for s in widths]
    return _mean(parts), lambda: _mean([k * k * k * s for k, s in zip(parts, slopes, strict=True)])


def _powers(base: Tensor, exponents: list[float]) -> list[Tensor]:
    """Increasing powers of ``base``; each doubling is one product, much cheaper than an exponential."""
    from math import log2

    parts = [base]
    for before, after in zip(exponents, exponents[1:], strict=False):
        doublings, part = log2(after / before), parts[-1]
        if abs(doublings - round(doublings)) > 1e-9:
            part = part.pow(after / before)
        else:
            for _ in range(round(doublings)):
                part = part * part
        parts.append(part)
    return parts


def _mean(parts: list[Tensor]) -> Tensor:
    total = parts[0].clone()
    for part in parts[1:]:
        total += part
    return total.div_(len(parts))
