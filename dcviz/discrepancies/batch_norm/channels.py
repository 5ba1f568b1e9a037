"""Where samples are compared by the statistics of a trained network's channels, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.types import Progress, RealSampler, Regime, Source, Space, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class ChannelStatistics(Regime):
    r"""Moments of every channel before every batch norm layer: ``(B, *shape) -> (B, D)``, D = 2 · channels.

    .. math:: \psi(x) = \Bigl(\tfrac{m_{lk}(x)}{\sigma_{lk}},\ \tfrac{s_{lk}(x)}{\sigma^2_{lk}}\Bigr)_{lk}

    with the first and second moment of one sample about the layer's running mean. The statistics of a batch are
    linear in them: equal means of ψ are equal batch norm statistics, class by class. So every divergence between
    clouds is defined here, and the mean is the published case; what is published matches the whole set, not
    each class (see the discrepancy of the same regime).
    """

    name = "batch-norm"
    title = "batch-norm statistics"
    sentence = "Compares the mean and spread of every channel that a trained network's batch norm layers see."
    formula = r"\psi(x)=\bigl(\overline{(h_l-\mu_l)/\sigma_l},\ \overline{(h_l-\mu_l)^2/\sigma_l^2}\bigr)_l"
    source = Source(
        "H. Yin and others",
        "Dreaming to Distill: Data-free Knowledge Transfer via DeepInversion",
        2020,
        "https://arxiv.org/abs/1912.08795",
        "Eq. 4, per sample (our reading)",
    )
    planar = False  # our MLP has no batch norm

    width: int = hyper(32, "Channels per block of the ConvNet.", low=4, high=512, log=True)
    updates: int = hyper(200, "Updates in which the ConvNet learns T.", low=1, high=20000, log=True)

    @property
    def members(self) -> int:
        """One fixed map."""
        return 1

    def learn(self, real: RealSampler, generator: torch.Generator, progress: Progress) -> Tree:
        """The ConvNet trained on T."""
        from dcviz.discrepancies.batch_norm.squeeze import squeezed

        return squeezed(real, self.width, self.updates, "", generator, progress)

    def draw(
        self, space: Space, generator: torch.Generator, learned: Tree = None, member: int = 0
    ) -> Callable[[Tensor], Tensor]:
        """The standardised moments of every channel."""
        import torch

        from dcviz.discrepancies.batch_norm.statistics import seen

        def moments(x: Tensor) -> Tensor:
            _, layers = seen(learned, x)
            parts = []
            for layer in layers:
                scale = (layer.variance + 1e-5).sqrt()  # as batch norm: a channel that is always off stays finite
                parts += [layer.first / scale, layer.second / scale**2]
            return torch.cat(parts, 1)

        return moments

    def flops(self, shape: tuple[int, ...]) -> float:
        """Operations of one forward pass."""
        from dcviz.nets import flops

        return flops("convnet", shape, width=self.width)

    def floats(self, shape: tuple[int, ...]) -> float:
        """The activations of one forward pass."""
        from dcviz.nets import activations

        return activations("convnet", shape, width=self.width)
