"""What is measured of the particles whatever moves them: modes reached, points off the data, distance to the real."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dcviz.divergences import Sliced
from dcviz.playground.targets import Target, target
from dcviz.randomness import generator
from dcviz.types import Tree

if TYPE_CHECKING:
    from torch import Tensor

YARDSTICK = Sliced(directions=64)
TOGETHER = 21  # steps measured at once: those of a batch
SUBSETS = 10  # random real subsets, whose mean distance is what any point set is compared with


class Numbers(NamedTuple):
    """Of particles at some steps, each ``(B,)``."""

    modes: Tensor  # int64: modes (or areas) with at least one particle within their reach
    off: Tensor  # int64: particles farther from the data than real points are from each other
    distance: Tensor  # sliced Wasserstein-2 to all real points, in radii


def measure(at: Target, y: Tensor) -> Numbers:
    """The numbers of particles ``y (B, M, 2)``."""
    import torch

    modes = (torch.cdist(y, at.centres).amin(1) <= at.reach).sum(-1)
    off = (torch.cdist(y, at.x).amin(2) > at.near).sum(-1)
    return Numbers(modes, off, distance(at, y))


def distance(at: Target, y: Tensor) -> Tensor:
    """The sliced Wasserstein-2 distance ``(B,)`` of particles ``y (B, M, 2)`` to all real points."""
    import torch

    side, parts = _fitted(at.key), []
    for some in y.split(TOGETHER):
        full = torch.cat([some, some[-1:].expand(TOGETHER - len(some), -1, -1)])
        parts.append(YARDSTICK.value(side, full)[0][: len(some)])
    return torch.cat(parts).clamp_min(0).sqrt()


@lru_cache(maxsize=16)
def _fitted(key: tuple[str, str, int]) -> Tree:
    """The real side, seen as often as steps are measured at once: it lies in memory once."""
    theta, *rest = YARDSTICK.fit(target(*key).x, generator(0, "playground yardstick"))
    return theta, *map(_repeated, rest)


def _repeated(tree: Tree) -> Tree:
    return tree.expand(TOGETHER, *tree.shape) if hasattr(tree, "expand") else type(tree)(map(_repeated, tree))


@lru_cache(maxsize=256)
def random_distance(key: tuple[str, str, int], budget: int) -> float | None:
    """The mean distance of random real subsets of the same size; None where there are not more real points."""
    import torch

    at = target(*key)
    if budget >= len(at.x):
        return None
    draw = generator(0, "playground subsets")
    some = torch.stack([at.x[torch.randperm(len(at.x), generator=draw)[:budget]] for _ in range(SUBSETS)])
    return float(distance(at, some).mean())
