"""How far samples may be moved inside of a loss, and where they are worst."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dcviz.attacks import Box, climb, last, slope_of
from dcviz.types import Source, Transform

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Loss = Callable[["Tensor"], "Tensor"]  # of samples (B, *shape): one number, or one of each

MADRY = Source(
    "A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu",
    "Towards Deep Learning Models Resistant to Adversarial Attacks",
    2018,
    "https://arxiv.org/abs/1706.06083",
    "Eq. 2.1",
)

NORMS = ("linf", "l2")
RADIUS = "How far a sample is moved, in units of the pixel range; in the plane, of its coordinates."
STEPS = "Steps of the attack."
NORM = "How moves are measured: linf: the largest change of a number; l2: their length."


@dataclass(frozen=True)
class Ball:
    """The moves that an attack may choose from."""

    norm: str  # one of NORMS
    radius: float  # in units of the pixel range, in the plane of its coordinates
    steps: int

    def worst(self, loss: Loss, x: Tensor, transform: Transform, start: torch.Generator) -> Tensor:
        """Samples ``x (B, *shape)`` in model space, moved so that the loss rises; without a gradient.

        Moves are made, and their size is measured, in pixels: a whitened or normalised image is moved by as much as
        the attacks of an evaluation move it. ``start`` draws where in the ball the attack begins.
        """
        u = transform.inverse(x.detach())
        slope = partial(slope_of, in_pixels(loss, transform))
        moves = climb(slope, u, self.radius, norm=self.norm, steps=self.steps, start=start, box=box_of(u))
        return transform.forward(last(moves))


def in_pixels(loss: Loss, transform: Transform) -> Loss:
    """A loss of samples in model space as one of their pixels."""
    return lambda u: loss(transform.forward(u))


def box_of(u: Tensor) -> Box | None:
    """What pixels ``(B, channels, h, w)`` are within, as far as they are; points of the plane have no bounds."""
    return None if u.dim() == 2 else (u.clamp(max=0), u.clamp(min=1))
