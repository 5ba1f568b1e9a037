"""The energy distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import cloud
from dcviz.divergences._embedding import kernel_mean_within, squared_mmd
from dcviz.types import Divergence, Source, Tree

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Energy(Divergence):
    r"""Twice the mean distance between the sets, less the mean distance within each.

    .. math:: 2\,E\|x-y\| - E\|x-x'\| - E\|y-y'\|

    V-statistic (zero self-distances kept). Equals the MMD² of the kernel -‖x-y‖; in one dimension, twice the
    integral of the squared difference of the distribution functions, and the square of
    ``scipy.stats.energy_distance``. geomloss returns half of it. Cost O(NMD + M²D) a step, O(N²D) once.

    >>> import torch
    >>> at = torch.Generator()
    >>> energy = Energy()
    >>> value, _ = energy.value(energy.fit(torch.zeros(1, 1), at), torch.full((1, 1), 3.0))
    >>> float(value)  # two Diracs at distance a: 2a
    6.0
    """

    name = "energy"
    title = "energy distance"
    sentence = "Pulls every synthetic point towards all real ones with equal strength, and apart from each other."
    formula = r"2\,\mathbb{E}\lVert x-y\rVert-\mathbb{E}\lVert x-x'\rVert-\mathbb{E}\lVert y-y'\rVert"
    source = Source(
        "G. J. Székely, M. L. Rizzo",
        "Energy statistics: A class of statistics based on distances",
        2013,
        "https://doi.org/10.1016/j.jspi.2013.03.018",
        "Eq. 2",
    )
    properties = frozenset(
        {"zero", "separates", "nonnegative", "symmetric", "triangle", "duplicates", "rigid", "minibatch"}
    )
    root = 2
    degree = 1.0
    cost = "O(NMD + M²D)"

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real cloud and the negative mean distance in it ``(…)``."""
        real = cloud(x, weights)
        return real, kernel_mean_within(real, negative_distance)

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The energy distance ``(…)``; no state."""
        real, among_real = side
        return squared_mmd(real, among_real, y, weights, negative_distance), None


def negative_distance(d2: Tensor) -> tuple[Tensor, Callable[[], Tensor]]:
    """The kernel -‖x-y‖ of squared distances, and its slope in them; 0 at coincident points (a subgradient)."""
    d = d2.sqrt()
    return -d, lambda: (-0.5 / d).masked_fill_(d == 0, 0)
