"""The distance of characteristic functions at fixed frequencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import cloud, masses, median_distance
from dcviz.divergences._embedding import ROWS
from dcviz.divergences._radial import OCTAVES
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class CFD(Divergence):
    r"""The mean squared difference of the characteristic functions over Gaussian frequencies.

    .. math:: \frac1F\sum_{f=1}^{F} |\phi_x(t_f) - \phi_y(t_f)|^2, \quad \phi_x(t) = E\,e^{i t^\top x},
       \quad t_f \sim N(0, I/h^2)

    In expectation over the frequencies the Gaussian MMD of bandwidth h (Bochner), at a cost linear in both sets:
    with F of them its relative error is about 1/√F, that of its gradient larger, most at narrow widths. ``multi``
    divides them among the five widths of the MMD. They are drawn once, with the real side, whose part is then a
    constant; two sets that differ only across all of them (D > F) are not told apart. h is the multiple
    ``bandwidth`` of the median distance of the real side, or of 1.

    Cost O(MFD) a step, O(NFD) once.

    >>> import torch
    >>> cfd = CFD(scales="one", rule="fixed", count=4096)
    >>> side = cfd.fit(torch.zeros(1, 1), torch.Generator().manual_seed(0))
    >>> round(float(cfd.value(side, torch.ones(1, 1))[0]), 1)  # about 2 - 2 exp(-1/2) = 0.787
    0.8
    """

    name = "cfd"
    title = "characteristic function"
    sentence = "Compares both clouds as sums of waves, in many directions and of several lengths."
    formula = r"\mathbb{E}_{t}\,\lvert\phi_x(t)-\phi_y(t)\rvert^2,\ \phi_x(t)=\mathbb{E}\,e^{it^\top x}"
    source = Source(
        "K. Chwialkowski, A. Ramdas, D. Sejdinovic, A. Gretton",
        "Fast Two-Sample Testing with Analytic Representations of Probability Measures",
        2015,
        "https://arxiv.org/abs/1506.04725",
    )
    properties = frozenset({"zero", "nonnegative", "duplicates"})
    root = 2
    degree = 0.0
    cost = "O(MFD)"

    count: int = hyper(1024, "How many frequencies (F).", low=5, high=65536, log=True)
    bandwidth: float = hyper(
        1.0, "Distance at which similarity fades.", low=0.01, high=100.0, unit="× the rule's unit", log=True
    )
    scales: str = hyper("multi", "One width, or five in equal shares.", choices=("multi", "one"))
    rule: str = hyper("real median", "What the bandwidth is measured in.", choices=("real median", "fixed"))

    @property
    def holds(self) -> frozenset[str]:
        """Those of the default, and more where the frequencies do not follow the real side."""
        return self.properties | ({"symmetric", "triangle", "minibatch"} if self.rule == "fixed" else set())

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """Frequencies ``(D, F)`` over 1/h, h ``(…, 1, 1)``, centre ``(…, 1, D)`` and the real waves ``(…, F)``."""
        import torch

        t = torch.randn(x.shape[-1], self.count, generator=generator, dtype=torch.float64).to(x)  # (D, F)
        if self.scales == "multi":
            widths = torch.tensor(OCTAVES, dtype=x.dtype, device=x.device)
            t = t / widths[torch.arange(self.count, device=x.device) % len(OCTAVES)]
        real = cloud(x, weights)
        unit = median_distance(real, generator) if self.rule == "real median" else torch.ones_like(real[0][..., 0, 0])
        h = (self.bandwidth * unit)[..., None, None]
        return t, h, real[3], waves(real[0] / h, real[1], t)

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The mean squared difference ``(…)``; no state."""
        t, h, centre, (cosine, sine) = side
        v = masses(y, weights)
        points = ((y - centre) / h).masked_fill((v == 0).unsqueeze(-1), 0)
        c, s = waves(points, v, t)
        return ((c - cosine).square() + (s - sine).square()).mean(-1), None


def waves(points: Tensor, w: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The characteristic function ``(…, F)``, real and imaginary part, of ``points (…, N, D)`` at ``t (…, D, F)``."""
    parts = []
    for some, mass in zip(points.split(ROWS, -2), w.split(ROWS, -1), strict=True):
        phase = some @ t  # (…, n, D) @ (…, D, F) = (…, n, F)
        mass = mass.unsqueeze(-2)
        parts.append(((mass @ phase.cos()).squeeze(-2), (mass @ phase.sin()).squeeze(-2)))
    cosine, sine = (sum(half[1:], half[0]) for half in zip(*parts, strict=True))
    return cosine, sine
