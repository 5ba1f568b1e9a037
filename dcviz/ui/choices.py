"""What is chosen in the Lab, and what its menus offer."""

from __future__ import annotations

from dcviz.runs.choices import OWN, Choices, choices_of, config_of, declared, flat, methods, regimes

__all__ = [
    "BUDGETS",
    "OWN",
    "SCALES",
    "Choices",
    "choices_of",
    "config_of",
    "declared",
    "flat",
    "methods",
    "regimes",
]

SCALES = {"small": "small", "paper": "paper"}
BUDGETS = (1, 2, 3, 5, 10, 20, 30, 50, 100)  # images per class offered by the slider; the URL takes any from 1 to 100
