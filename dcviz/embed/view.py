"""The real samples on the map, and the plane of their pixels in which they vary most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.data.splits import first_of_each, proportional
from dcviz.data.transforms import pixels
from dcviz.randomness import generator
from dcviz.types import Dataset, Split

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

LIMIT = 1500  # real samples on the map


@dataclass(frozen=True)
class View:
    """The real samples on the map, and the principal components of their pixels (in model space)."""

    ids: np.ndarray  # (n,) int64, of the data set's samples
    labels: np.ndarray  # (n,) int64
    thumbs: np.ndarray  # (n, channels, height, width) uint8; for planar data points (n, 2) float32
    pca: np.ndarray  # (n, 2) float32; for planar data the points in model space
    mean: np.ndarray  # (D,) float32
    components: np.ndarray  # (2, D) float32, orthonormal rows
    samples: Tensor  # (n, *shape) in model space
    seed: int
    fingerprint: str


def pixels_view(dataset: Dataset, seed: int = 0, limit: int = LIMIT) -> View:
    """A stratified sample of the real training data and its PCA; O(nD·min(n, D)), a moment."""
    import numpy as np

    split = dataset.train
    chosen = stratified(split, limit, len(dataset.classes), generator(seed, "map sample"))
    stored = pixels(split.x[chosen])
    x = dataset.transform.forward(stored)
    flat = x.flatten(1).numpy()
    mean, components = (np.zeros(2), np.eye(2)) if dataset.planar else principal(flat)
    mean, components = mean.astype(np.float32), components.astype(np.float32)
    return View(
        ids=split.id[chosen].numpy(),
        labels=split.y[chosen].numpy(),
        thumbs=(stored if dataset.planar else (stored * 255).round().byte()).numpy(),
        pca=(flat - mean) @ components.T,
        mean=mean,
        components=components,
        samples=x,
        seed=seed,
        fingerprint=dataset.fingerprint,
    )


def stratified(split: Split, limit: int, classes: int, at: torch.Generator) -> Tensor:
    """Indices of at most ``limit`` samples, each class in proportion, in the order of the source."""
    import torch

    if len(split) <= limit:
        return torch.arange(len(split))
    quota = proportional(split.y.bincount(minlength=classes).numpy(), limit, least=1)
    shuffled = torch.randperm(len(split), generator=at)
    return first_of_each(split.y[shuffled], torch.from_numpy(quota), shuffled).sort().values


def principal(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean ``(D,)`` and the first two principal components ``(2, D)`` of ``flat (n, D)``.

    The sign is such that the entry of largest size is positive: the same on every machine.
    """
    import numpy as np
    from scipy.linalg import eigh

    mean = flat.mean(0)
    x = (flat - mean).astype(np.float64)
    n, D = x.shape
    small = x.T @ x if n >= D else x @ x.T
    top = [len(small) - 2, len(small) - 1]
    _, vectors = eigh(small, subset_by_index=top)
    components = (vectors if n >= D else x.T @ vectors).T[::-1]  # (2, D), largest first
    components /= np.linalg.norm(components, axis=1, keepdims=True).clip(1e-30)
    largest = np.abs(components).argmax(1)
    components = components * np.sign(components[[0, 1], largest])[:, None]
    return mean, components
