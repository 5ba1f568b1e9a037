"""How far S is from each group of T by itself, where the data has a column of groups: rows beside the yardsticks.

Measured with the likeness, on every third frame, in the features of the trained reference (points: in the plane).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences.energy import Energy
from dcviz.randomness import generator
from dcviz.types import ClassBatch, Dataset, Tree, stack_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

BY_GROUP = "group:"  # of a curve in the record of a run, followed by the group's name
GROUPS = 10  # that have rows, at most: the smallest ones, which are forgotten first
ENERGY = Energy()
GROUPED = (
    "The energy distance of S from each group of T by itself, class by class and weighed by the group's own classes, "
    "divided by its mean over ten random real subsets of the same budget. Below 1: the group is served better than by "
    "a random subset; a small group is mostly far above where nothing helps it."
)


@dataclass(frozen=True)
class GroupSide:
    """The real side of one group."""

    name: str
    classes: list[int]  # P, that have samples in the group
    shares: Tensor  # (P,) of the group's samples
    side: Tree  # of the energy distance, for each of these classes

    def distance(self, fake: ClassBatch) -> Tensor:
        """From S, ``fake (C, K, D)``: the mean of its classes' energy distances, weighed by the group's shares."""
        values, _ = ENERGY.value(self.side, fake.x[self.classes], fake.weights[self.classes])
        return (values * self.shares).sum()


def group_sides(dataset: Dataset, most: int, seen: Callable[[Tensor], Tensor]) -> Iterator[GroupSide]:
    """The real sides, one after another; none without a column of groups.

    Args:
        dataset: T.
        most: samples of a class in a group, at most.
        seen: indices of training samples ``(n,)`` to vectors ``(n, D)``.
    """
    import torch

    column, y = dataset.column, dataset.train.y
    if column is None:
        return
    sizes = column.train.bincount(minlength=len(column.names))
    for g in sorted(sizes.argsort(stable=True)[:GROUPS].tolist()):
        inside = torch.randperm(len(y), generator=generator(0, "yardstick group", g))
        inside = inside[column.train[inside] == g]
        counts = y[inside].bincount(minlength=len(dataset.classes))
        classes = counts.nonzero()[:, 0].tolist()
        chosen = [inside[y[inside] == c][:most] for c in classes]
        cloud = stack_classes(seen(torch.cat(chosen)), [len(part) for part in chosen])
        shares = (counts[classes] / counts.sum()).to(cloud.x)
        yield GroupSide(column.names[g], classes, shares, ENERGY.fit(cloud.x, generator(0, "fit"), cloud.weights))
