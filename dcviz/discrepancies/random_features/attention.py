"""Where samples are compared by what an untrained network attends to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.types import Regime, Source, Space, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Attention(Regime):
    r"""The attention maps of all blocks of a random ConvNet but the last, and its weighted features.

    .. math:: \psi(x)=\bigl[a_1,\dots,a_{L-1},\sqrt\lambda\,\phi(x)\bigr],\quad
              a_l=\frac{v_l}{\lVert v_l\rVert_2},\quad v_l=\mathrm{vec}\sum_{k}|F_{l,k}(x)|^p

    ``(B, channels, height, width) -> (B, D)``, with F_l the maps after the ReLU of block l and φ the features
    before the last layer. A map of attention says where the network looks, whatever it sees there. With the
    divergence of the means this is DataDAM. Images so small that the ConvNet has one block get two.
    """

    name = "attention"
    title = "attention maps"
    sentence = "Compares where an untrained network looks in the images, layer by layer, and what it sees at the end."
    formula = r"\bigl[a_1,\dots,a_{L-1},\sqrt\lambda\,\phi\bigr],\ a_l=v_l/\lVert v_l\rVert,\ v_l=\sum_k|F_{l,k}|^p"
    source = Source(
        "A. Sajedi, S. Khaki, E. Amjadian, L. Z. Liu, Y. A. Lawryshyn, K. N. Plataniotis",
        "DataDAM: Efficient Dataset Distillation with Attention Matching",
        2023,
        "https://arxiv.org/abs/2310.00093",
        "Eqs. 1-5",
    )
    planar = False

    width: int = hyper(32, "Channels per block.", low=4, high=512, log=True)
    power: float = hyper(4.0, "Power p of the activations: higher looks at the strongest places only.", low=1, high=8)
    features: float = hyper(0.01, "Weight λ of the features before the last layer.", low=0.0, high=100.0)
    norm: str = hyper("instance", "Normalisation of the blocks.", choices=("instance", "batch"))
    pool: int = hyper(0, "Fixed networks to take turns; 0 draws a fresh one each step.", low=0, high=100)

    @property
    def members(self) -> int:
        """The size of the pool; 0 for fresh networks."""
        return self.pool

    @property
    def singly(self) -> bool:
        """Not with batch norm, whose statistics are those of the batch."""
        return self.norm != "batch"

    def draw(
        self, space: Space, generator: torch.Generator, learned: Tree = None, member: int = 0
    ) -> Callable[[Tensor], Tensor]:
        """The attention and the features of one untrained network."""
        from dcviz.layers import Stages
        from dcviz.nets import network

        depth = _depth(space.shape)
        net = network("convnet", space.shape, space.classes, generator, width=self.width, depth=depth, norm=self.norm)
        stages = Stages(net.to(space.device).requires_grad_(False))

        def vectors(x: Tensor) -> Tensor:
            maps, features, _ = stages(x)
            return attended(maps, features, self.power, self.features)

        return vectors

    def flops(self, shape: tuple[int, ...]) -> float:
        """Operations of one forward pass."""
        from dcviz.nets import flops

        return flops("convnet", shape, width=self.width, depth=_depth(shape))

    def floats(self, shape: tuple[int, ...]) -> float:
        """The activations of one forward pass."""
        from dcviz.nets import activations

        return activations("convnet", shape, width=self.width, depth=_depth(shape))


def attended(maps: list[Tensor], features: Tensor, power: float, weight: float) -> Tensor:
    """The vectors ``(B, D)`` of maps ``(B, channels, h, w)`` after each block and features ``(B, d)``."""
    import torch
    from torch.nn.functional import normalize

    attention = [normalize(m.abs().pow(power).sum(1).flatten(1)) for m in maps[:-1]]  # (B, h·w) each
    return torch.cat([*attention, math.sqrt(weight) * features.flatten(1)], 1)


def _depth(shape: tuple[int, ...]) -> int:
    from dcviz.nets import convnet_plan

    return max(convnet_plan(shape).depth, 2)
