"""Attacked synthetic samples in every comparison."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.discrepancies.robust.adversarial_synthetic import AdversarialSynthetic as Around
from dcviz.objectives.robust.terms import Robust, wrapped
from dcviz.records import RunConfig
from dcviz.types import hyper_of


@dataclass(frozen=True)
class AdversarialSynthetic(Robust):
    """Whatever is measured of S is measured where S is worst within a ball."""

    name = "adversarial-synthetic"
    title = "attacked synthetic samples"
    sentence = "Measures every discrepancy where each synthetic sample has been moved to make it worse."
    formula = r"\max_{\lVert\delta_j\rVert\le\varepsilon}D(T,S+\delta)"
    source = Around.source
    strength = "radius"
    caution = "It makes S robust to moves of S itself; that networks trained on S bear moves of their input is a hope."

    radius: float = hyper_of(Around, "radius", high=1.0)
    against: str = hyper_of(Around, "against")
    norm: str = hyper_of(Around, "norm")
    ascent: int = hyper_of(Around, "ascent")

    def apply(self, config: RunConfig) -> RunConfig:
        """Every term is measured at the worst place."""
        return config if self.off() else wrapped(config, self.name, self.own())
