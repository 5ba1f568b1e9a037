"""Group weights: small groups count more in the discrepancy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.fair.shares import read_weights
from dcviz.discrepancies.fair.weights import WeighedGroups
from dcviz.objectives.fair.around import around
from dcviz.types import Objective, hyper_of

if TYPE_CHECKING:
    from dcviz.records import RunConfig


@dataclass(frozen=True)
class GroupWeights(Objective):
    """Every term sees T with its groups weighed."""

    name = "group-weights"
    title = "group weights"
    sentence = "Lets small groups of the real data count more than they are, up to as much as the large ones."
    formula = WeighedGroups.formula
    source = WeighedGroups.source
    kind = "fair"
    strength = "equality"
    aims = ("fairness", "worst-group")
    caution = (
        "Images that serve a small group are missing in the large one. A group of few samples is copied as it is, "
        "its noise with it; and a group that nobody has named is not helped."
    )

    equality: float = hyper_of(WeighedGroups, "equality", default=0.5)
    weights: str = hyper_of(WeighedGroups, "weights")

    def __post_init__(self) -> None:
        """Refuse weights that cannot be read."""
        super().__post_init__()
        if self.weights.strip():
            read_weights(self.weights)

    def apply(self, config: RunConfig) -> RunConfig:
        """Around each term that weights reach."""
        return around(config, self, WeighedGroups.name, equality=self.equality, weights=self.weights)
