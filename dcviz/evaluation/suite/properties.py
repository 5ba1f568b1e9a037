"""The properties, in the order of tables and menus."""

from __future__ import annotations

from dcviz.evaluation.suite.backdoor import Backdoor
from dcviz.evaluation.suite.cost import Cost
from dcviz.evaluation.suite.declared import Property
from dcviz.evaluation.suite.fair_scores import FairScores
from dcviz.evaluation.suite.fairness import Fairness
from dcviz.evaluation.suite.generalisation import Generalisation
from dcviz.evaluation.suite.privacy import Privacy
from dcviz.evaluation.suite.robustness import Robustness

ALL: tuple[type[Property], ...] = (Generalisation, FairScores, Robustness, Privacy, Fairness, Backdoor, Cost)
PROPERTIES: dict[str, type[Property]] = {p.name: p for p in ALL}
