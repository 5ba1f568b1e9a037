"""A penalty of slopes: the loss of what S teaches shall not depend much on the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.robust.asking import Asking, Lesson
from dcviz.discrepancies.robust.ball import in_pixels
from dcviz.types import Source, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

TINY = 1e-24  # beside squares, so that a slope of 0 has a derivative


@dataclass(frozen=True)
class InputGradient(Asking):
    r"""The mean dual norm of the loss's gradient in the input, for the regression solved on S, at real samples.

    .. math:: \tfrac1B\sum_i\lVert\nabla_x\ell\bigl(f_S(x_i),y_i\bigr)\rVert_*

    To first order, ρ times it is what moves of size ρ can add to the loss: the surrogate of a Wasserstein ball of
    order 1. In units of the loss per pixel range. ``l2`` moves have the Euclidean norm as their dual, ``linf`` ones
    the sum of absolute values. Cost: a second derivative through the features.
    """

    name = "input-gradient"
    title = "input-gradient penalty"
    sentence = "Penalises how steeply the loss of what the synthetic set teaches changes with the input."
    formula = r"\tfrac1B\sum_i\lVert\nabla_x\ell(f_S(x_i),y_i)\rVert_*"
    source = Source(
        "R. Gao, X. Chen, A. J. Kleywegt",
        "Wasserstein Distributionally Robust Optimization and Variation Regularization",
        2024,
        "https://arxiv.org/abs/1712.06050",
    )

    norm: str = hyper("l2", "Of the moves that shall do little harm.", choices=("l2", "linf"))

    def ask(self, lesson: Lesson, generator: torch.Generator) -> Tensor:
        """The mean norm of slopes in pixels; differentiable in S."""
        import torch

        u = lesson.transform.inverse(lesson.x).requires_grad_()
        total = in_pixels(lesson.losses, lesson.transform)(u).sum()
        slopes = torch.autograd.grad(total, u, create_graph=True)[0]
        return (sizes(slopes) if self.norm == "l2" else slopes.flatten(1).abs().sum(1)).mean()

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward, backward, and both once more for the second derivative."""
        return self.passes(6.0, classes, per_class, shape)


def sizes(slopes: Tensor) -> Tensor:
    """The Euclidean norm of each sample's slope ``(B,)``, with a derivative everywhere."""
    return (slopes.flatten(1).square().sum(1) + TINY).sqrt()
