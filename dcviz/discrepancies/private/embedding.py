"""DP-MERF's release: noisy mean random Fourier features of every class."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.private.release import Features, Released
from dcviz.types import Source, Space, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class PrivateEmbedding(Released):
    r"""The squared distance between noisy mean random Fourier features of T and those of S, class by class.

    ``φ(x) = (cos ωᵀx, sin ωᵀx)/√D`` over D frequencies has norm 1. Without noise this is the Gaussian kernel's MMD,
    each class weighted by the square of its share. The expected energy of the noise is C·2D·(2σ/N)².
    """

    name = "private-embedding"
    title = "private embedding"
    sentence = "Releases noisy mean random features of each private class once, and makes the synthetic set fit them."
    formula = r"\sum_c\Bigl\lVert\tilde\Phi_c-w_c\tfrac1{K}\sum_{j}\varphi(s_{cj})\Bigr\rVert^2"
    source = Source(
        "F. Harder, K. Adamczewski, M. Park",
        "DP-MERF: Differentially Private Mean Embeddings with Random Features for Practical Privacy-Preserving Data "
        "Generation",
        2021,
        "https://arxiv.org/abs/2002.11603",
        "Eqs. 6-8",
    )
    where = "random-features"

    frequencies: int = hyper(100, "D: random frequencies, each a cosine and a sine.", low=1, high=10_000, log=True)
    bandwidth: float = hyper(
        1.0,
        "Of the Gaussian kernel, in units of √(numbers per sample) after the public transform.",
        low=0.01,
        high=10.0,
        log=True,
    )

    def features(self, space: Space, generator: torch.Generator) -> Features:
        """Frequencies from N(0, 1/h²)."""
        import torch

        d = math.prod(space.shape)
        omega = torch.randn(d, self.frequencies, generator=generator) / (self.bandwidth * math.sqrt(d))
        omega = omega.to(space.device)

        def phi(x: Tensor) -> Tensor:
            angle = x.flatten(1) @ omega  # (n, d) @ (d, D)
            return torch.cat([angle.cos(), angle.sin()], 1) / math.sqrt(self.frequencies)

        return phi

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """The map of S, forward and backward."""
        n, d = classes * per_class, math.prod(shape)
        return 6.0 * n * d * self.frequencies, 4.0 * n * (d + 6 * self.frequencies)
