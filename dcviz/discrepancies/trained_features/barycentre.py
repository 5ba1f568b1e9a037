"""The Wasserstein-2 barycentre of a cloud with few points: the few points nearest to many."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SHARP = 0.1  # blur of the transport, × median distance: moves quantiles of a normal law by 1 % of its deviation
ITERATIONS = 25  # updates of the potentials; `between` makes four times as many from scratch


def barycentre(x: Tensor, weights: Tensor, masses: Tensor, generator: torch.Generator, rounds: int = 10) -> Tensor:
    r"""Points ``b (C, K, D)`` with masses ``(C, K)`` of least squared transport to ``x (C, N, D)``, ``weights (C, N)``.

    .. math:: \min_b W_2^2\Bigl(\sum_i w_i\delta_{x_i},\ \sum_j m_j\delta_{b_j}\Bigr)

    Alternates the transport plan P for fixed points with their best place for a fixed plan, the mean of what
    each receives, :math:`b_j=\sum_iP_{ij}x_i/m_j`: Lloyd's k-means with clusters of given masses. A local
    minimum, from random points of x. A mass of 0 masks.

    Source: Cuturi and Doucet, Fast Computation of Wasserstein Barycenters, 2014, https://arxiv.org/abs/1310.4375,
    Alg. 2, for a single measure; plans are slightly blurred. O(rounds · iterations · C·N·K).
    """
    import torch

    from dcviz.divergences._clouds import cloud, median_distance
    from dcviz.divergences.sinkhorn import between

    real = cloud(x, weights)
    eps = (SHARP * median_distance(real, generator)).square()
    # distinct points of each class, masked ones last: the largest of random keys
    keys = torch.rand(weights.shape, generator=generator).to(x.device) - (weights == 0).to(x.dtype)
    order = keys.argsort(-1, descending=True)
    turns = torch.arange(masses.shape[-1], device=x.device)
    found = (weights > 0).sum(-1, keepdim=True)  # (C, 1)
    first = order.gather(-1, turns % found)  # (C, K); a class with fewer points than K gives some twice
    b = x.gather(-2, first.unsqueeze(-1).expand(*first.shape, x.shape[-1]))
    apart = 0.01 * median_distance(real, generator)[..., None, None]
    b = b + apart * torch.randn(b.shape, generator=generator).to(b) / x.shape[-1] ** 0.5  # so that twins part
    for _ in range(rounds):
        _, _, plan = between(real, cloud(b, masses, real[3]), eps, ITERATIONS)  # annealed: the points move far
        b = plan.mT @ x / masses.clamp_min(1e-12).unsqueeze(-1)
    return b
