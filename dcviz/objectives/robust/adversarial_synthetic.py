"""Attacked synthetic samples in every comparison."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.discrepancies.robust.ball import MADRY, NORM, NORMS, RADIUS, STEPS
from dcviz.objectives.robust.terms import Robust, wrapped
from dcviz.records import RunConfig
from dcviz.types import hyper


@dataclass(frozen=True)
class AdversarialSynthetic(Robust):
    """Whatever is measured of S is measured where S is worst within a ball."""

    name = "adversarial-synthetic"
    title = "attacked synthetic samples"
    sentence = "Measures every discrepancy where each synthetic sample has been moved to make it worse."
    formula = r"\max_{\lVert\delta_j\rVert\le\varepsilon}D(T,S+\delta)"
    source = MADRY
    strength = "radius"
    caution = "It makes S robust to moves of S itself; that networks trained on S bear moves of their input is a hope."

    radius: float = hyper(0.05, RADIUS, low=0.0, high=1.0)
    against: str = hyper(
        "discrepancy",
        "What is to be made worse: the discrepancy, or how networks trained on T see S.",
        choices=("discrepancy", "networks"),
    )
    norm: str = hyper("linf", NORM, choices=NORMS)
    ascent: int = hyper(3, STEPS, low=1, high=100, log=True)

    def apply(self, config: RunConfig) -> RunConfig:
        """Every term is measured at the worst place."""
        return config if self.off() else wrapped(config, self.name, self.own())
