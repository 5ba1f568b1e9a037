"""The games that privacy is measured by: halves of the data with planted outliers, and how near a set comes to them.

Each game keeps a random half of every class (the next game the other half), and plants one outlier, a canary, in
every class whose coin says so. Decoys are drawn like canaries and never planted: how many of them are farther from
the set than the canary is a score that needs no other run, and is uniform for a canary that was not in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.data.transforms import pixels
from dcviz.errors import Refused
from dcviz.evaluation.suite.subject import content
from dcviz.randomness import generator
from dcviz.types import Dataset, Split

if TYPE_CHECKING:
    import torch
    from torch import Tensor

DECOYS = 99
FAR = 1.5  # of the farthest real point of the plane: where its canaries are


@dataclass(frozen=True)
class Game:
    """One run of the game."""

    data: Dataset  # what the set is made from
    member: Tensor  # (N,) bool, which real training samples are in
    coins: Tensor  # (C,) bool, whose canary is in
    canaries: Tensor  # (C, *shape) pixels, or coordinates
    decoys: Tensor  # (C, DECOYS, *shape)


def game(dataset: Dataset, number: int, seed: int = 0) -> Game:
    """Game ``number``; an even one and the next have complementary halves."""
    import torch

    classes, y = len(dataset.classes), dataset.train.y
    at = generator(seed, "game", number)
    member = _half(y, classes, generator(seed, "halves", number // 2))
    member = member if number % 2 == 0 else ~member
    coins = torch.rand(classes, generator=at) < 0.5
    canaries = outliers(dataset, classes, at)
    decoys = outliers(dataset, classes * DECOYS, at).unflatten(0, (classes, DECOYS))
    planted = canaries[coins] if dataset.train.x.is_floating_point() else (canaries[coins] * 255).round().byte()
    count, next_id = int(coins.sum()), int(dataset.train.id.max()) + 1
    train = Split(
        torch.cat([dataset.train.x[member], planted.to(dataset.train.x.dtype)]),
        torch.cat([y[member], coins.nonzero()[:, 0]]),
        torch.cat([dataset.train.id[member], torch.arange(next_id, next_id + count)]),
    )
    mark = content("game", dataset.fingerprint, seed, number)
    return Game(replace(dataset, train=train, fingerprint=mark), member, coins, canaries, decoys)


def outliers(dataset: Dataset, count: int, at: torch.Generator) -> Tensor:
    """Samples like no real one: pixels black or white by chance; points beyond all others, in any direction."""
    import torch

    if not dataset.planar:
        return (torch.rand(count, *dataset.shape, generator=at) < 0.5).float()
    x = dataset.train.x[:]
    middle = x.mean(0)
    radius = FAR * (x - middle).norm(dim=1).max()
    angle = 2 * math.pi * torch.rand(count, generator=at)
    return middle + radius * torch.stack([angle.cos(), angle.sin()], 1)


def ranks(played: Game, x: Tensor, classes: Tensor) -> Tensor:
    """The share of its decoys that are farther than each canary ``(C,)`` from the set ``x (M, *shape)``; ties half.

    ``x`` are pixels or coordinates, and only samples of the canary's class ``classes (M,)`` are looked at, where
    there are any.
    """
    import torch

    found = []
    for c in range(len(played.coins)):
        among = x[classes == c] if bool((classes == c).any()) else x
        own = nearest_distance(played.canaries[c : c + 1], among)
        others = nearest_distance(played.decoys[c], among)
        found.append((others > own).double().mean() + 0.5 * (others == own).double().mean())
    return torch.stack(found)


def nearest_distance(queries: Tensor, x: Tensor) -> Tensor:
    """The distance of each of ``queries (n, *shape)`` to the nearest of ``x (M, *shape)``: ``(n,)``; exact at 0."""
    import torch

    apart = torch.cdist(queries.flatten(1), x.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")
    return apart.min(1).values


def member_distance(dataset: Dataset, targets: Tensor, x: Tensor, classes: Tensor) -> Tensor:
    """The distance of some real training samples ``targets (n,)`` to the nearest of their class in the set ``(n,)``."""
    import torch

    real, y = pixels(dataset.train.x[targets]), dataset.train.y[targets]
    found = torch.zeros(len(targets))
    for c in y.unique().tolist():
        among = x[classes == c] if bool((classes == c).any()) else x
        found[y == c] = nearest_distance(real[y == c], among)
    return found


def check_halves(dataset: Dataset, budget: int) -> None:
    """Refuse games whose halves would be smaller than the set."""
    counts = dataset.train.y.bincount(minlength=len(dataset.classes)) // 2
    smallest = int(counts.argmin())
    if budget > int(counts[smallest]):
        raise Refused(
            f"the privacy games make sets from halves of the data, and half of class {dataset.classes[smallest]!r} "
            f"has {int(counts[smallest])} samples, fewer than the budget of {budget}: choose a smaller budget."
        )


def _half(y: Tensor, classes: int, at: torch.Generator) -> Tensor:
    """A random half ``(N,)`` of every class."""
    import torch

    inside = torch.zeros(len(y), dtype=torch.bool)
    for c in range(classes):
        own = (y == c).nonzero()[:, 0]
        inside[own[torch.randperm(len(own), generator=at)[: len(own) // 2]]] = True
    return inside
