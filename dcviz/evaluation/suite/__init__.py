"""The evaluation suite: what a set is good for, property by property, beside its simple rivals.

Each property is one file with one declaration; tables, flags, tests and pages are made from them. Work comes in
slices, and every set's figures are cached under its content and the protocol, so that what was measured is at hand.
"""

from __future__ import annotations

from dcviz.evaluation.suite.assess import assess, chosen
from dcviz.evaluation.suite.declared import Figure, Property, Quantity, Report
from dcviz.evaluation.suite.judge import Judge
from dcviz.evaluation.suite.properties import PROPERTIES
from dcviz.evaluation.suite.subject import Subject, rivals, synthetic

__all__ = [
    "PROPERTIES",
    "Figure",
    "Judge",
    "Property",
    "Quantity",
    "Report",
    "Subject",
    "assess",
    "chosen",
    "rivals",
    "synthetic",
]
