"""The worst group: what is minimised is the discrepancy of the group that is served worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.fair.worst import WorstGroup as WorstOfGroups
from dcviz.objectives.fair.around import around
from dcviz.types import Objective, hyper_of

if TYPE_CHECKING:
    from dcviz.records import RunConfig


@dataclass(frozen=True)
class WorstGroup(Objective):
    """Every term becomes the largest of its groups', by weights that are learned against S."""

    name = "worst-group"
    title = "worst group (group DRO)"
    sentence = "Weighs the groups of the real data by how badly they are served, step by step."
    formula = WorstOfGroups.formula
    source = WorstOfGroups.source
    kind = "fair"
    strength = "rate"
    aims = ("fairness", "worst-group")
    caution = (
        "The worst discrepancy is not the worst accuracy. Given time, weights rest where all groups are equally far, "
        "which gives a small group half of the images and costs the large one more than it needs to: on two moons, "
        "few steps at a small rate do better than the end. A group that is merely wide or noisy draws weight, too."
    )

    rate: float = hyper_of(
        WorstOfGroups, "rate", help="How fast the weights move to the worst group; 0 leaves the natural shares."
    )

    def apply(self, config: RunConfig) -> RunConfig:
        """Around each term that groups reach."""
        return around(config, self, WorstOfGroups.name, rate=self.rate)
