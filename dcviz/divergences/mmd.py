"""The maximum mean discrepancy: kernels of the distance and of the inner product, biased and unbiased."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcviz.divergences._clouds import Cloud, masses, median_distance
from dcviz.divergences._embedding import DISTANCES, View, kernel_mean_within, squared_mmd
from dcviz.divergences._products import (
    PRODUCTS,
    Product,
    joint_norm,
    median_norm,
    polynomial,
    scaled,
    uncentred,
    wide_network,
)
from dcviz.divergences._radial import HALF_OCTAVES, OCTAVES, RADIAL, joint_scale
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class MMD(Divergence):
    r"""The squared distance of the mean embeddings of both sets in the space of a kernel.

    .. math:: E\,k(x,x') + E\,k(y,y') - 2\,E\,k(x,y)

    Kernels of the distance r and the bandwidth h: ``gauss`` exp(-r²/2h²), ``laplace`` exp(-r/h), ``imq``
    (1+r²/h²)^-½, ``energy`` -r/h (the energy distance over h); ``multi`` is the mean over five widths of the first
    three. Kernels of the inner product s of the points over h: ``polynomial`` (c+s)^p, ``linear`` s, and ``nngp``
    and ``ntk`` of an infinitely wide ReLU network, whose biases have the variance c. Where the origin is matters to
    these (not to ``linear``), so points are taken as they come, uncentred. geomloss returns half.

    ``biased`` keeps self-pairs (V-statistic): what is optimised, never negative; at equal distributions its mean is
    about (1 - E k)(1/N + 1/M), not 0. ``unbiased`` leaves them out (U-statistic): its mean is the truth, a value may
    be below 0; the gradients differ by M/(M-1) in what keeps synthetic points apart. A set of one point has no other
    pair, so that its own term stays as in the V-statistic.

    The bandwidth is the multiple ``bandwidth`` of one of three units. ``real median``: the median distance of the
    real side (≤ 1000 points), or its median norm. ``joint mean`` (M3D): 2h² is the mean squared distance of the joint
    sample at each step (h² its mean squared norm), no gradient through it, and the widths are half octaves apart
    (M3D sums the five: five times ours). ``fixed``: 1. At a fixed bandwidth it is also symmetric, its root obeys the
    triangle inequality, and mini-batches leave the gradient unbiased; one that follows the data costs these.

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
        "gauss",
        "How similarity falls with distance (gauss fast, laplace, imq slow, energy evenly), or grows with alignment.",
        choices=("gauss", "laplace", "imq", "energy", "polynomial", "linear", "nngp", "ntk"),
    )
    bandwidth: float = hyper(
        1.0, "Distance at which similarity fades.", low=0.01, high=100.0, unit="× the rule's unit", log=True
    )
    scales: str = hyper("multi", "One width, or the mean over five of them.", choices=("multi", "one"))
    rule: str = hyper(
        "real median", "What the bandwidth is measured in.", choices=("real median", "joint mean", "fixed")
    )
    estimator: str = hyper(
        "biased", "With pairs of a point and itself, or without: then below 0 at times.", choices=("biased", "unbiased")
    )
    power: int = hyper(3, "Exponent of the polynomial kernel: the highest moments that it compares.", low=1, high=5)
    depth: int = hyper(2, "Hidden layers of the infinitely wide network (nngp, ntk).", low=1, high=10)
    offset: float = hyper(
        1.0, "Constant beside the inner product; variance of the network's biases.", low=0.0, high=100.0
    )

    @property
    def holds(self) -> frozenset[str]:
        """Those of the default, as far as estimator, rule and kernel allow."""
        held = self.properties
        if self.rule == "fixed":
            held |= {"symmetric", "triangle", "minibatch"}
        if self.kernel in ("polynomial", "nngp", "ntk") or (self.kernel == "linear" and self.rule != "fixed"):
            held -= {"rigid"}  # the kernel or its unit sees the origin
        if self.kernel in ("polynomial", "linear") or (self.kernel in ("nngp", "ntk") and self.offset == 0):
            held -= {"separates"}  # finitely many moments; means along rays
        if self.estimator == "unbiased":
            held -= {"zero", "separates", "nonnegative", "triangle", "duplicates"}
        return held

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real cloud, its bandwidth ``(…)`` and mean similarity ``(…)``; both None under ``joint mean``."""
        import torch

        real = self._view.cloud(x, weights)
        if self.rule == "joint mean":
            return real, None, None
        unit = torch.ones_like(real[0][..., 0, 0])
        if self.rule == "real median":
            unit = median_distance(real, generator) if self.kernel in RADIAL else median_norm(real)
        h = self.bandwidth * unit
        return real, h, self._among(real, h)

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The squared MMD ``(…)``; no state."""
        real, h, among_real = side
        if h is None:
            if self.kernel in RADIAL:
                unit = joint_scale(real, y.detach(), masses(y, weights))
            else:
                unit = joint_norm(real, uncentred(y, weights))
            h = self.bandwidth * unit
            among_real = self._among(real, h)
        unbiased = self.estimator == "unbiased"
        return squared_mmd(real, among_real, y, weights, self._at(h), view=self._view, unbiased=unbiased), None

    @property
    def _view(self) -> View:
        return DISTANCES if self.kernel in RADIAL else PRODUCTS

    def _among(self, real: Cloud, h: Tensor) -> Tensor:
        return kernel_mean_within(real, self._at(h), self._view, self.estimator == "unbiased")

    def _at(self, h: Tensor) -> Any:
        """The kernel at bandwidths ``h (…)``: the mean over its widths."""
        if self.kernel not in RADIAL:
            return scaled(self._product(), h)
        widths: tuple[float, ...] = (1.0,)
        if self.scales == "multi":
            widths = HALF_OCTAVES if self.rule == "joint mean" else OCTAVES
        return lambda d2: RADIAL[self.kernel](d2, h[..., None, None], widths)

    def _product(self) -> Product:
        return {
            "linear": polynomial(0.0, 1),
            "polynomial": polynomial(self.offset, self.power),
            "nngp": wide_network(self.offset, self.depth, tangent=False),
            "ntk": wide_network(self.offset, self.depth, tangent=True),
        }[self.kernel]
