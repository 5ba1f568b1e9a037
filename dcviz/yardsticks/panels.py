"""The panel: all yardsticks of a data set in one fixed context, on the scale of random real subsets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.types import Divergence, Tree, stack_classes
from dcviz.yardsticks.declared import Yardstick
from dcviz.yardsticks.gradients import angle, gradient

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

    def absolute(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """Every yardstick of samples ``x (M, *shape)`` in model space, of classes ``y (M,)``: the sum over classes.

        Raises:
            Refused: where a class has no sample.
        """
        import torch

        device = next(iter(self.pool[0].parameters())).device
        order = y.cpu().argsort(stable=True)
        counts = y.cpu().bincount(minlength=self.classes).tolist()
        if min(counts) < 1:
            raise Refused(f"class {counts.index(0)} has no sample: a yardstick needs one of every class.")
        x, y = x.detach()[order.to(x.device)].to(device), y.cpu()[order].to(device)
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

    def _gradient(self, x: Tensor, y: Tensor, mass: Tensor) -> list[Tensor]:
        """That of the first network, summed over chunks."""
        parts = zip(x.split(CHUNK), y.split(CHUNK), mass.split(CHUNK), strict=True)
        found = [gradient(self.pool[0], *part) for part in parts]
        return [sum(of_all[1:], of_all[0]) for of_all in zip(*found, strict=True)]

    def measure(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """Every yardstick that has a unit, as a multiple of it; only finite numbers."""
        units = self.units
        found = {name: value / units[name] for name, value in self.absolute(x, y).items() if name in units}
        return {name: value for name, value in found.items() if math.isfinite(value)}

    @property
    def units(self) -> dict[str, float]:
        """What a random real subset measures on average; without those for which this is nothing, in tiny classes."""
        means = {name: math.fsum(values) / len(values) for name, values in self.subsets.items()}
        return {name: mean for name, mean in means.items() if math.isfinite(mean) and mean > 0}

    @property
    def band(self) -> tuple[float, float]:
        """The lowest and the highest relative value of any random subset on any yardstick."""
        every = [value / unit for name, unit in self.units.items() for value in self.subsets[name]]
        return min(every), max(every)


def _mapped(f: Map, x: Tensor) -> Tensor:
    import torch

    return torch.cat([f(part) for part in x.split(CHUNK)])


def equal(y: Tensor, counts: list[int]) -> Tensor:
    """A weight for each sample ``(B,)``: classes weigh the same, and so do the samples of one."""
    import torch

    return (1 / (len(counts) * torch.tensor(counts, dtype=torch.float32))).to(y.device)[y]
