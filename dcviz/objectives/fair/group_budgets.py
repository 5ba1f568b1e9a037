"""Budgets of the groups: how many images are stored for each, at the same total."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.discrepancies.fair.weights import AllottedGroups
from dcviz.objectives.fair.around import around
from dcviz.types import Objective, Source, hyper

if TYPE_CHECKING:
    from dcviz.records import RunConfig


@dataclass(frozen=True)
class GroupBudgets(Objective):
    r"""Stored images by a rule between proportional and equal.

    .. math:: K_c=KC\sum_g w_g\frac{N_{cg}}{N_g},\qquad w_g=(1-s)\frac{N_g}{N}+\frac sG

    to whole numbers by largest remainders, at least one for each class. Without a column of groups the classes are
    the groups. Within a class its groups weigh as their images are allotted, so that these go where they are meant.
    """

    name = "group-budgets"
    title = "budgets of the groups"
    sentence = (
        "Shares the stored images out among classes by the size of their groups, between in proportion and equal."
    )
    formula = r"K_c=KC\sum_gw_g\tfrac{N_{cg}}{N_g},\quad w_g=(1-s)\tfrac{N_g}{N}+\tfrac sG"
    source = Source("the dcviz authors", "dcviz", 2026, "https://arxiv.org/abs/2509.10367")
    kind = "fair"
    strength = "evenness"
    aims = ("fairness", "worst-group")
    caution = (
        "A class with many images counts for more where networks train on all of them alike, and one with few holds "
        "less; with equal budgets every class has K images already, as in a plain run."
    )

    evenness: float = hyper(0.5, "Of the budgets: from in proportion to the data, 0, to equal, 1.", low=0.0, high=1.0)

    def apply(self, config: RunConfig) -> RunConfig:
        """The stored counts follow the rule, and so does what is weighed within a class."""
        weighed = around(config, self, AllottedGroups.name, gives_way=True, equality=self.evenness)
        return replace(weighed, evenness=self.evenness)
