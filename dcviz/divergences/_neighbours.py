"""The Kullback–Leibler divergence from distances to nearest neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.divergences._clouds import Cloud, squared_distances

if TYPE_CHECKING:
    from torch import Tensor

FLOOR = 1e-3  # median distances below which two distances count as alike: coincident points keep finite logarithms


def log_distances(at: Tensor, among: Tensor, index: Tensor, unit: Tensor) -> Tensor:
    """Log of the distance ``(…, n)`` from points ``(…, n, D)`` to the ``index``-th of others, in units.

    Differences are taken of the points themselves: distances that are only a choice may be less exact.
    """
    gap = (at - among.gather(-2, index.unsqueeze(-1).expand(*index.shape, at.shape[-1]))) / unit[..., None, None]
    return (gap.square().sum(-1) + FLOOR**2).log() / 2


def nearest(a: Cloud, b: Cloud, k: int, same: bool = False) -> tuple[Tensor, Tensor]:
    """For every point of ``a (…, n, D)`` its k-th nearest unmasked point of ``b``, and how many those are ``(…)``.

    With fewer than k of them the farthest. ``same``: both are one set, and a point is not its own neighbour.
    """
    import torch

    d2 = squared_distances(a, b).masked_fill_((b[1] == 0).unsqueeze(-2), torch.inf)  # (…, n, m)
    if same:
        d2.diagonal(dim1=-2, dim2=-1).fill_(torch.inf)
    count = (b[1] > 0).sum(-1) - int(same)
    order = d2.topk(min(k, d2.shape[-1]), largest=False).indices  # (…, n, k)
    rank = (count.clamp(1, order.shape[-1]) - 1)[..., None, None].expand(*order.shape[:-1], 1)
    return order.gather(-1, rank).squeeze(-1), count
