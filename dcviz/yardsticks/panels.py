"""The panel: all yardsticks of a data set, and how alike S is, in one fixed context; 1 is a random real subset."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.randomness import generator
from dcviz.types import ClassBatch, Divergence, Tree, stack_classes
from dcviz.yardsticks.declared import Yardstick
from dcviz.yardsticks.gradients import angle, gradient
from dcviz.yardsticks.groups import GroupSide
from dcviz.yardsticks.likeness import APART, Balls, apart, shares

if TYPE_CHECKING:
    from torch import Tensor, nn

    Map = Callable[[Tensor], Tensor]  # (B, *shape) -> (B, D)

CHUNK = 100  # samples mapped at once: a slice of work, and little memory however large S is


@dataclass(frozen=True)
class Panel:
    """All that is fixed while runs are measured. `measure` gives relative values, 1 = mean random real subset."""

    planar: bool
    classes: int
    yardsticks: tuple[Yardstick, ...]
    maps: Mapping[str, list[Map]]  # by space
    pool: list[nn.Module]
    sides: dict[str, list[Tree]] = field(default_factory=dict)  # by yardstick: the real side for each map
    subsets: dict[str, list[float]] = field(default_factory=dict)  # by yardstick: what the random subsets measure
    balls: list[Balls] = field(default_factory=list)  # the real side of likeness, in the trained features; one
    alike: dict[str, list[float]] = field(default_factory=dict)  # by name: how alike the random subsets are
    groups: list[GroupSide] = field(default_factory=list)  # the real side of each group; empty without a column
    apart: dict[str, list[float]] = field(default_factory=dict)  # by group: how far the random subsets are from it

    def absolute(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """Every yardstick of samples ``x (M, *shape)`` in model space, of classes ``y (M,)``: the sum over classes.

        Raises:
            Refused: where a class has no sample.
        """
        import torch

        x, y, counts = self._ordered(x, y)
        with torch.no_grad():
            seen = {space: [stack_classes(_mapped(f, x), counts) for f in maps] for space, maps in self.maps.items()}
        values = []
        for one in self.yardsticks:
            sides = self.sides[one.name(self.planar)]
            if isinstance(one.distance, Divergence):
                clouds = zip(sides, seen[one.where(self.planar)], strict=True)
                parts = [one.distance.value(side, c.x, c.weights)[0].sum() for side, c in clouds]
            else:
                parts = [angle(sides[0], self._gradient(x, y, equal(y, counts)))]
            values.append(torch.stack(parts).mean())
        found = torch.stack(values).tolist() if values else []
        return {one.name(self.planar): value for one, value in zip(self.yardsticks, found, strict=True)}

    def shares(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """Precision, recall, density and coverage of samples as for `absolute`, as they are."""
        return shares(self.balls[0], self._trained(x, y))

    def likeness(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """Those of `shares` that random real subsets have, as multiples of what these have."""
        return _relative(self.shares(x, y), _units(self.alike))

    def distances(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """How far samples as for `absolute` are from each group by itself."""
        import torch

        if not self.groups:
            return {}
        fake = self._trained(x, y)
        found = torch.stack([group.distance(fake) for group in self.groups]).tolist()
        return {group.name: value for group, value in zip(self.groups, found, strict=True)}

    def by_group(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """Those of `distances`, as multiples of what random real subsets have."""
        return _relative(self.distances(x, y), _units(self.apart))

    def told_apart(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """How well a classifier tells samples from the real ones, 1 being chance; nothing where they are too few."""
        fake = self._trained(x, y)
        found = apart(self.balls[0], fake.x[fake.weights > 0], generator(0, APART))
        return {} if found is None else {APART: found}

    def _trained(self, x: Tensor, y: Tensor) -> ClassBatch:
        """The vectors of samples in the trained features; in the plane, the points themselves."""
        x, y, counts = self._ordered(x, y)
        return stack_classes(self.vectors(x), counts)

    def vectors(self, x: Tensor) -> Tensor:
        """What the trained features are of samples ``(B, *shape)``: ``(B, D)``; in the plane the points themselves."""
        import torch

        device = next(iter(self.pool[0].parameters())).device
        with torch.no_grad():
            return _mapped(self.maps["plane" if self.planar else "trained"][0], x.to(device))

    def _ordered(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, list[int]]:
        """Samples by class, where the networks are, and how many each class has."""
        device = next(iter(self.pool[0].parameters())).device
        order = y.cpu().argsort(stable=True)
        counts = y.cpu().bincount(minlength=self.classes).tolist()
        if min(counts) < 1:
            raise Refused(f"class {counts.index(0)} has no sample: a yardstick needs one of every class.")
        return x.detach()[order.to(x.device)].to(device), y.cpu()[order].to(device), counts

    def _gradient(self, x: Tensor, y: Tensor, mass: Tensor) -> list[Tensor]:
        """That of the first network, summed over chunks."""
        parts = zip(x.split(CHUNK), y.split(CHUNK), mass.split(CHUNK), strict=True)
        found = [gradient(self.pool[0], *part) for part in parts]
        return [sum(of_all[1:], of_all[0]) for of_all in zip(*found, strict=True)]

    def measure(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """Every yardstick that has a unit, as a multiple of it; only finite numbers."""
        return _relative(self.absolute(x, y), self.units)

    @property
    def units(self) -> dict[str, float]:
        """What a random real subset measures on average; without those for which this is nothing, in tiny classes."""
        return _units(self.subsets)

    @property
    def band(self) -> tuple[float, float]:
        """The lowest and the highest relative value of any random subset on any yardstick."""
        return _band(self.subsets)

    @property
    def like_band(self) -> tuple[float, ...]:
        """The same of how alike they are; empty where nothing is defined, in tiny classes."""
        return _band(self.alike) if _units(self.alike) else ()


def _units(subsets: Mapping[str, list[float]]) -> dict[str, float]:
    means = {name: math.fsum(values) / len(values) for name, values in subsets.items()}
    return {name: mean for name, mean in means.items() if math.isfinite(mean) and mean > 0}


def _relative(found: Mapping[str, float], units: Mapping[str, float]) -> dict[str, float]:
    relative = {name: value / units[name] for name, value in found.items() if name in units}
    return {name: value for name, value in relative.items() if math.isfinite(value)}


def _band(subsets: Mapping[str, list[float]]) -> tuple[float, float]:
    every = [value / unit for name, unit in _units(subsets).items() for value in subsets[name]]
    return min(every), max(every)


def _mapped(f: Map, x: Tensor) -> Tensor:
    import torch

    return torch.cat([f(part) for part in x.split(CHUNK)])


def equal(y: Tensor, counts: list[int]) -> Tensor:
    """A weight for each sample ``(B,)``: classes weigh the same, and so do the samples of one."""
    import torch

    return (1 / (len(counts) * torch.tensor(counts, dtype=torch.float32))).to(y.device)[y]
