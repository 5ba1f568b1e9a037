"""Where nothing is done to the samples: pixels, or the coordinates of the plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.types import Regime, Source, Space, Tree

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Pixels(Regime):
    """Samples as vectors: ``(B, channels, height, width) -> (B, D)``, D = channels·height·width."""

    name = "data"
    title = "data"
    sentence = "Compares the samples themselves: pixel by pixel, or as points of the plane."
    formula = r"\psi(x)=x"
    source = Source(
        "T. Chen, R. Selvan",
        "A Discrepancy-Based Perspective on Dataset Condensation (our reading)",
        2025,
        "https://arxiv.org/abs/2509.10367",
    )
    identity = True

    @property
    def members(self) -> int:
        """One fixed map: the identity."""
        return 1

    def draw(
        self, space: Space, generator: torch.Generator, learned: Tree = None, member: int = 0
    ) -> Callable[[Tensor], Tensor]:
        """The flattening map."""
        return lambda x: x.flatten(1)
