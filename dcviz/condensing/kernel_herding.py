"""Kernel herding: real samples picked one by one for the smallest maximum mean discrepancy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dcviz.leaving import slices

if TYPE_CHECKING:
    from collections.abc import Generator

    import torch
    from torch import Tensor

ROWS = 256  # of the kernel matrix at once, about
SUBSAMPLE = 1000  # points for the median distance


def kernel_herding(z: Tensor, budget: int, generator: torch.Generator) -> Generator[None, None, Tensor]:
    """Indices ``(K,)`` into ``z (N, D)``: each next one where the class is denser than those picked so far.

    The t+1-th maximises ``mean_i k(z_i, x) - Σ_s k(x, y_s)/(t+1)``, with the Gaussian kernel whose bandwidth is the
    median distance; without repetition. Source: Chen, Welling, Smola, Super-Samples from Kernel Herding, 2010,
    https://arxiv.org/abs/1203.3472. O(N²D + KND); yields after some rows of the kernel matrix, and each pick.
    """
    import torch

    z = z - z.mean(0)  # around 0 distances keep their digits
    yield
    h = median_distance(z, generator)
    rows = []
    for own in z.split(4 * ROWS):
        for part in own.tensor_split(math.ceil(len(own) / ROWS)):
            rows.append(gauss(part, z, h).mean(1))
            yield
    density = torch.cat(rows)  # (N,)
    taken = torch.zeros_like(density)
    picked: list[int] = []
    for t in range(budget):
        score = density - taken / (t + 1)
        score[picked] = -torch.inf
        picked.append(int(score.argmax()))
        taken += gauss(z, z[picked[-1:]], h)[:, 0]
        yield
    return torch.tensor(picked)


def kernel_herd(z: Tensor, budget: int, generator: torch.Generator) -> Tensor:
    """`kernel_herding` without pauses."""
    return slices(kernel_herding(z, budget, generator))


def gauss(a: Tensor, b: Tensor, h: float) -> Tensor:
    """exp(-d²/2h²) ``(N, M)`` of ``a (N, D)`` and ``b (M, D)``."""
    import torch

    return torch.exp(torch.cdist(a, b).square_() / (-2 * h * h))


def median_distance(z: Tensor, generator: torch.Generator) -> float:
    """Among at most a thousand points, each other; the root mean square where half coincide, 1 where all do."""
    import torch

    some = z[torch.randperm(len(z), generator=generator)[:SUBSAMPLE]]
    if len(some) < 2:
        return 1.0
    d = torch.pdist(some)
    return float(d.median()) or float(d.square().mean().sqrt()) or 1.0
