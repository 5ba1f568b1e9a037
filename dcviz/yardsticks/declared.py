"""What the panel measures: each yardstick is a distance, and the fixed space it is measured in."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.divergences.energy import Energy
from dcviz.divergences.mmd import MMD
from dcviz.divergences.moments import Mean
from dcviz.divergences.sliced import Sliced
from dcviz.types import Declaration, Divergence
from dcviz.yardsticks.gradients import GradientAngle
from dcviz.yardsticks.neighbours import Uncovered

PREFIX = "yardstick:"  # of a yardstick's curve in the record of a run, followed by its name
BAND = ("random:low", "random:high")  # the curves of the lowest and highest of the ten random subsets, at step 0

SPACES = {
    "pixels": "in the pixels themselves, as networks get them",
    "plane": "in the plane",
    "random": "in the features of two fixed untrained networks",
    "trained": "in the features of the network trained once on the real data, which also makes the map",
}
RELATIVE = (
    "Each is measured, not optimised, at every kept step, class by class on a fixed real sample, and divided by its "
    "mean over ten random real subsets of the same budget: below 1 is closer to the real data than a random subset. "
    "The band holds all ten subsets. A run spends at most a twentieth of its time on it: short of time, some steps "
    "are left out."
)


@dataclass(frozen=True)
class Yardstick:
    """A discrepancy that is measured on every kept snapshot, whatever is optimised."""

    label: str  # of its curve; {} stands for the space
    distance: Divergence | GradientAngle
    space: str  # a key of SPACES
    planar: bool = True  # measured for points of the plane too

    @property
    def facts(self) -> type[Declaration] | type[GradientAngle]:
        """Where title, sentence, formula and source stand."""
        return type(self.distance)

    def where(self, planar: bool) -> str:
        """The space for images or for points: a plane has neither pixels nor a trained reference."""
        return "plane" if planar and self.space in ("pixels", "trained") else self.space

    def name(self, planar: bool) -> str:
        """What its curve is called."""
        return self.label.format(self.where(planar))


YARDSTICKS = (
    Yardstick("energy, {}", Energy(), "pixels"),
    Yardstick("sliced, {}", Sliced(directions=64), "pixels"),
    Yardstick("mean, {}", Mean(), "random"),
    Yardstick("MMD, {}", MMD(), "random"),
    Yardstick("gradient", GradientAngle(), "random"),
    Yardstick("energy, {}", Energy(), "trained", planar=False),
    Yardstick("uncovered", Uncovered(), "trained"),
)
