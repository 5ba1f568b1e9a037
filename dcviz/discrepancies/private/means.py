"""Noisy means of what untrained networks see in every class, released once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.private.release import Features, Released
from dcviz.discrepancies.random_features.networks import fitting, fresh_network
from dcviz.types import Source, Space, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PROBES = 256  # standard normal samples by which the length of a network's features is known without any data


@dataclass(frozen=True)
class PrivateMeans(Released):
    r"""As distribution matching has it, over a fixed pool of untrained networks, whose clipped means are released once.

    ``φ(x) = (ψ₁(x)/κ₁, …, ψ_R(x)/κ_R)/√R``, each part cut to norm 1, where κ is ``clip`` times the mean length of the
    network's features of noise: R networks share one sensitivity, and no data has a part in the scale.
    """

    name = "private-means"
    title = "private means"
    sentence = "Releases noisy clipped mean features of each private class in untrained networks once, and fits them."
    formula = r"\sum_c\Bigl\lVert\tfrac1N\sum_{y_i=c}\varphi(x_i)+\xi-w_c\tfrac1K\sum_j\varphi(s_{cj})\Bigr\rVert^2"
    source = Source(
        "T. Zheng, B. Li",
        "Differentially Private Dataset Condensation",
        2023,
        "https://openreview.net/forum?id=H8XpqEkbua_",
        "the non-linear form, with fixed networks and one release",
    )
    where = "random-features"

    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(16, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    networks: int = hyper(4, "R: untrained networks whose means are released.", low=1, high=100, log=True)
    clip: float = hyper(
        1.0, "Length at which features are cut, as a multiple of that for noise.", low=0.01, high=100.0, log=True
    )

    def features(self, space: Space, generator: torch.Generator) -> Features:
        """The clipped features of all networks side by side."""
        import torch

        nets = [
            fresh_network(self.network, space, generator, width=self.width).requires_grad_(False)
            for _ in range(self.networks)
        ]
        probes = torch.randn(PROBES, *space.shape, generator=generator).to(space.device)
        lengths = [self.clip * net.embed(probes).flatten(1).norm(dim=1).mean() for net in nets]

        def phi(x: Tensor) -> Tensor:
            parts = [net.embed(x).flatten(1) / length for net, length in zip(nets, lengths, strict=True)]
            cut = [z / z.norm(dim=1, keepdim=True).clamp_min(1) for z in parts]
            return torch.cat(cut, 1) / math.sqrt(len(cut))

        return phi

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward and backward of S through all networks."""
        from dcviz.nets import activations, flops

        n, name = classes * per_class, fitting(self.network, shape)
        one, held = (count(name, shape, self.width) for count in (flops, activations))
        return 2.0 * n * one * self.networks, 8.0 * n * held * self.networks
