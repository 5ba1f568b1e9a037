"""Synthetic samples on the fixed map, and their distance from the real data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.embed.references import KTH, Reference, features, to_kth
from dcviz.embed.view import View

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

NEIGHBOURS = 15  # as UMAP's default


@dataclass(frozen=True)
class Placement:
    """Where samples lie on the maps, and how far from the real data."""

    pca: np.ndarray  # (M, 2) float32
    neighbours: np.ndarray  # (M, k) int32, positions in the view, nearest first
    weights: np.ndarray  # (M, k) float32, rows sum to 1
    off: np.ndarray  # (M,) float32, percentile among held-out real samples; above 95 is flagged


def place(view: View, reference: Reference, x: Tensor, y: Tensor) -> Placement:
    """Where samples ``x (M, *shape)`` of classes ``y (M,)``, in model space, lie on the maps.

    The weights of the k nearest real samples are those of UMAP's graph, exp(-(d - d₁)/σ) with σ such that they sum
    to log₂ k, then normalised (McInnes et al., 2018, https://arxiv.org/abs/1802.03426, section 3.1).

    The off-manifold score: the distance to the 5th real neighbour of the class in reference features, divided by
    what is usual in the class, as a percentile of the same for held-out real samples.
    """
    import torch

    x, y = x.detach().cpu().float(), y.cpu()
    every = torch.cdist(features(reference, x), reference.features)  # (M, n)
    distance, nearest = every.topk(min(NEIGHBOURS, every.shape[1]), largest=False)  # (M, k), ascending
    off = to_kth(every, y, reference.labels, KTH) / reference.radius[y]
    held = reference.held_out
    below = torch.searchsorted(held, off) / float(len(held) or math.nan)  # unknown where nothing is held out
    return Placement(
        pca=(x.flatten(1).numpy() - view.mean) @ view.components.T,
        neighbours=nearest.int().numpy(),
        weights=fuzzy(distance).numpy(),
        off=(100 * below).float().numpy(),
    )


def on_map(coordinates: np.ndarray, placement: Placement) -> np.ndarray:
    """Where placed samples lie ``(M, 2)`` on a map of the view ``(n, 2)``: weighted means of their neighbours."""
    return (coordinates[placement.neighbours] * placement.weights[..., None]).sum(1)


def fuzzy(distance: Tensor) -> Tensor:
    """Weights ``(M, k)`` of neighbours at ascending distances ``(M, k)``: UMAP's, normalised to sum 1."""
    import torch

    beyond = distance - distance[:, :1]  # from the nearest on
    target = math.log2(max(distance.shape[1], 2))
    low, high = torch.zeros(len(distance), 1), beyond[:, -1:] * 100 + 1e-6  # (M, 1)
    for _ in range(40):  # bisection: the sum grows with σ
        sigma = (low + high) / 2
        less = (-beyond / sigma).exp().sum(1, keepdim=True) < target
        low, high = torch.where(less, sigma, low), torch.where(less, high, sigma)
    weights = (-beyond / high).exp()
    return weights / weights.sum(1, keepdim=True)
