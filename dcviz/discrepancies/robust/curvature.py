"""A penalty of curvature: the slope of what S teaches shall not change much along the way of an attack."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.attacks import unit
from dcviz.discrepancies.robust.asking import Asking, Lesson
from dcviz.discrepancies.robust.input_gradient import sizes
from dcviz.types import Source, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NUMBERS = 3072  # of an image of 32×32 in colour, for which the authors' step is


@dataclass(frozen=True)
class Curvature(Asking):
    r"""How much the loss's gradient in the input changes over a step along it, for the regression solved on S.

    .. math:: \tfrac1B\sum_i\lVert\nabla_x\ell(x_i+hz_i)-\nabla_x\ell(x_i)\rVert,\quad
              z_i=\nabla_x\ell(x_i)/\lVert\nabla_x\ell(x_i)\rVert

    In model space, as in the paper and its code; there h = 3 for every size of image. Here h is that of an image of
    3,072 numbers and grows with their root, so that the step is as long per number: 0.43 at 8×8 for 3, 0.08 in the
    plane. The authors put the penalty into the training of the network whose statistics S is to match (with SRe2L);
    here it is put on what S itself teaches, on real samples, whose adversarial loss their theory bounds by it.
    """

    name = "curvature"
    title = "curvature penalty (GUARD)"
    sentence = "Penalises how the slope of the loss of what the synthetic set teaches changes along an attack's way."
    formula = r"\tfrac1B\sum_i\lVert\nabla_x\ell(x_i+hz_i)-\nabla_x\ell(x_i)\rVert"
    source = Source(
        "E. Xue, Y. Li, H. Liu, P. Wang, Y. Shen, H. Wang",
        "Towards Adversarially Robust Dataset Distillation by Curvature Regularization",
        2025,
        "https://arxiv.org/abs/2403.10045",
    )

    step: float = hyper(3.0, "Length h of the step, for images of 3,072 numbers.", low=1e-3, high=100.0, log=True)

    def ask(self, lesson: Lesson, generator: torch.Generator) -> Tensor:
        """The mean norm of the change of slopes; differentiable in S, the direction of the step held."""
        import torch

        x = lesson.x.detach().requires_grad_()
        here = torch.autograd.grad(lesson.losses(x).sum(), x, create_graph=True)[0]
        h = self.step * math.sqrt(x[0].numel() / NUMBERS)
        there = (x + h * unit(here)).detach().requires_grad_()
        after = torch.autograd.grad(lesson.losses(there).sum(), there, create_graph=True)[0]
        return sizes(after - here).mean()

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Two slopes, and the second derivative of each."""
        return self.passes(12.0, classes, per_class, shape)
