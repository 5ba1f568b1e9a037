"""An objective of its own for tests of what is made from declarations, whichever are built in."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from dcviz import registry
from dcviz.records import TermConfig
from dcviz.types import Objective, Source, hyper


@dataclass(frozen=True)
class Beside(Objective):
    """An energy distance in the data beside the run's own terms."""

    name = "energy-beside"
    title = "an energy distance beside"
    sentence = "Adds an energy distance between the samples themselves."
    formula = r"D + \lambda E"
    source = Source("the dcviz authors", "dcviz", 2026, "https://arxiv.org/abs/2509.10367")
    kind: ClassVar[str] = "fair"
    strength = "weight"
    aims = ("fairness", "worst-group")
    caution = "It may do nothing at all."

    weight: float = hyper(1.0, "Of the second term.", low=0.0, high=1000.0)
    rest: bool = hyper(True, "Whether the run's own terms stay.")

    def apply(self, config):
        if not self.weight:
            return config
        parts = {"divergence": {"name": "energy"}, "regime": {"name": "data"}}
        own = config.terms if self.rest else ()
        return replace(config, terms=(*own, TermConfig("match", parts, self.weight)))


@pytest.fixture
def beside(monkeypatch):
    """The objective, registered for one test."""
    monkeypatch.setattr(registry, "_added", {kind: dict(held) for kind, held in registry._added.items()})
    registry.register(Beside)
    return Beside
