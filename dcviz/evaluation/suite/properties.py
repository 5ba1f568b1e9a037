"""The properties, in the order of tables and menus."""

from __future__ import annotations

from dcviz.evaluation.suite.declared import Property
from dcviz.evaluation.suite.fairness import Fairness
from dcviz.evaluation.suite.generalisation import Generalisation
from dcviz.evaluation.suite.privacy import Privacy
from dcviz.evaluation.suite.robustness import Robustness

PROPERTIES: dict[str, type[Property]] = {p.name: p for p in (Generalisation, Robustness, Privacy, Fairness)}
