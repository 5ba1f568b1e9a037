"""Adversarial ridge regression: what S teaches must predict real samples that were moved to mislead it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.robust.asking import Asking, Lesson
from dcviz.discrepancies.robust.ball import MADRY, NORM, NORMS, RADIUS, STEPS, Ball
from dcviz.types import hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class AdversarialRidge(Asking):
    r"""The error of the regression solved on S, on real samples that PGD moved to raise that error.

    .. math:: \tfrac1B\sum_i\max_{\lVert\delta_i\rVert\le\varepsilon}
              \tfrac12\lVert y_i-K_{x_i+\delta_i,S}(K_{SS}+\lambda I)^{-1}Y_S\rVert^2

    The attack sees the very regression that it is against, in the same draw of its features; the gradient in S is
    that at the moved samples, held there (Danskin's theorem).
    """

    name = "adversarial-ridge"
    title = "adversarial ridge regression"
    sentence = "Asks the regression solved on the synthetic set to predict real samples moved to mislead it."
    formula = (
        r"\max_{\lVert\delta\rVert\le\varepsilon}\tfrac12\lVert y-K_{x+\delta,S}(K_{SS}+\lambda I)^{-1}Y_S\rVert^2"
    )
    source = MADRY

    radius: float = hyper(0.1, RADIUS, low=0.0, high=10.0)
    norm: str = hyper("linf", NORM, choices=NORMS)
    ascent: int = hyper(3, STEPS, low=1, high=100, log=True)

    def ask(self, lesson: Lesson, generator: torch.Generator) -> Tensor:
        """The mean error at the moved samples."""
        ball = Ball(self.norm, self.radius, self.ascent)
        return lesson.losses(ball.worst(lesson.held().losses, lesson.x, lesson.transform, generator)).mean()

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Three passes for each step of the attack, and three at its end."""
        return self.passes(3.0 * (self.ascent + 1), classes, per_class, shape)
