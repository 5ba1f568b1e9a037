"""What the divergences of the density ratio have in common: a critic, and which set is to explain which."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dcviz.divergences._clouds import cloud
from dcviz.divergences._critic import FIRST, Side, ascend, features, height, make_critic, read
from dcviz.divergences._score import unmasked
from dcviz.types import Declaration, Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NGUYEN = Source(
    "X. Nguyen, M. J. Wainwright, M. I. Jordan",
    "Estimating Divergence Functionals and the Likelihood Ratio by Convex Risk Minimization",
    2010,
    "https://arxiv.org/abs/0809.0853",
    "Eq. 10",
)


@dataclass(frozen=True)
class Directed(Declaration):
    """Which of the two sets is to be explained by the other; a class of its own to come first in forms."""

    direction: str = hyper(
        "seeking",
        "Every synthetic point must be where real ones are (seeking), or every real one be covered (covering).",
        choices=("seeking", "covering"),
    )


@dataclass(frozen=True)
class Ratio(Divergence):
    """What the three have in common: a critic, its features fitted to T, its weights carried along as state."""

    properties = frozenset({"zero", "nonnegative", "duplicates"})
    degree = 0.0
    cost = "O((N + M)H(D + H) + H³)"
    first: ClassVar[int] = FIRST  # Newton steps of a first call

    units: int = hyper(64, "Hidden units of the critic (H).", low=4, high=1024, log=True)
    ridge: float = hyper(0.1, "What keeps the critic from telling single points apart.", low=1e-6, high=10.0, log=True)
    steps: int = hyper(3, "Newton steps of the critic for each step of S.", low=1, high=100, log=True)

    @abstractmethod
    def sides(self) -> tuple[Side, Side]:
        """What is averaged over the real and over the synthetic points, as functions of the critic's value."""

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The critic's hidden layer, its features ``(…, N, F)`` of the real points, and their weights."""
        real = cloud(x, weights)
        critic = make_critic(real, self.units, generator)
        return (*critic, features(critic, real[0] + real[3]), real[1])

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The estimate ``(…)`` from below, and the critic's output layer ``(…, F)``."""
        *critic, phi, w = side
        y, v = unmasked(y, weights)
        psi = features(tuple(critic), y)
        of_real, of_fake = self.sides()
        real, fake = (phi, w, of_real), (psi.detach(), v, of_fake)
        theta = ascend(real, fake, self.ridge, state, self.steps if state is not None else self.first)
        g = read((psi, v, of_fake), theta)  # θ is held: envelope theorem
        return height(real, read(real, theta), fake, g, self.ridge, theta), theta
