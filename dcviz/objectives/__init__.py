"""What S should be good for beyond generalisation: <kind>/<objective>.py, one import line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.objectives.fair.federated import Federated
from dcviz.objectives.fair.group_budgets import GroupBudgets
from dcviz.objectives.fair.group_weights import GroupWeights
from dcviz.objectives.fair.worst_group import WorstGroup

if TYPE_CHECKING:
    from dcviz.types import Objective

DECLARATIONS: tuple[type[Objective], ...] = (GroupWeights, WorstGroup, GroupBudgets, Federated)
