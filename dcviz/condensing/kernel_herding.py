"""Kernel herding: real samples picked one by one for the smallest maximum mean discrepancy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.condensing.cloud import Cloud, at, every, mean

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ROWS = 1024  # of the kernel matrix at once
SUBSAMPLE = 1000  # points for the median distance


def kernel_herd(z: Tensor | Cloud, budget: int, generator: torch.Generator) -> Tensor:
    """Indices ``(K,)`` into ``z (N, D)``: each next one where the class is denser than those picked so far.

    The t+1-th maximises ``mean_i k(z_i, x) - Σ_s k(x, y_s)/(t+1)``, with the Gaussian kernel whose bandwidth is the
    median distance; without repetition. Source: Chen, Welling, Smola, Super-Samples from Kernel Herding, 2010,
    https://arxiv.org/abs/1203.3472. O(N²D + KND).
    Of a class that is too large to be held, the mean over i is taken over as many random samples as are in a block.
    """
    import torch

    middle = mean(z)
    z, among = _moved(z, middle, generator)
    h = median_distance(among, generator)
    density = every(z, lambda own: torch.cat([gauss(part, among, h).mean(1) for part in own.split(ROWS)]))  # (N,)
    taken = torch.zeros_like(density)
    picked: list[int] = []
    for t in range(budget):
        score = density - taken / (t + 1)
        score[picked] = -torch.inf
        picked.append(int(score.argmax()))
        last = at(z, picked[-1]).unsqueeze(0)
        taken += every(z, lambda own, last=last: gauss(own, last, h)[:, 0])  # type: ignore[misc]
    return torch.tensor(picked)


def _moved(z: Tensor | Cloud, middle: Tensor, generator: torch.Generator) -> tuple[Tensor | Cloud, Tensor]:
    """The class around 0, where distances keep their digits; and those of it that its density is taken over."""
    if not isinstance(z, Cloud):
        z = z - middle
        return z, z
    whole = z
    return Cloud(len(z), len(middle), lambda at: whole[at] - middle), z.some(generator) - middle


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
