"""Yardsticks: discrepancies measured on every kept snapshot, whatever is optimised, in one fixed context."""

from __future__ import annotations

from dcviz.yardsticks.declared import BAND, PREFIX, RELATIVE, SPACES, YARDSTICKS, Yardstick
from dcviz.yardsticks.groups import BY_GROUP, GROUPED
from dcviz.yardsticks.likeness import ALIKE, LIKE, LIKE_BAND, LIKENESS, Likeness
from dcviz.yardsticks.making import panel
from dcviz.yardsticks.neighbours import prdc
from dcviz.yardsticks.panels import Panel
from dcviz.yardsticks.parting import Parting, parted
from dcviz.yardsticks.two_samples import two_sample_accuracy

__all__ = [
    "ALIKE",
    "BAND",
    "BY_GROUP",
    "GROUPED",
    "LIKE",
    "LIKENESS",
    "LIKE_BAND",
    "PREFIX",
    "RELATIVE",
    "SPACES",
    "YARDSTICKS",
    "Likeness",
    "Panel",
    "Parting",
    "Yardstick",
    "panel",
    "parted",
    "prdc",
    "two_sample_accuracy",
]
