"""Attacked real samples in every comparison."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.discrepancies.robust.adversarial_real import AdversarialReal as Around
from dcviz.objectives.robust.terms import Robust, wrapped
from dcviz.records import RunConfig
from dcviz.types import hyper_of


@dataclass(frozen=True)
class AdversarialReal(Robust):
    """Whatever is compared with T is compared with T ∪ T', where T' misleads a network trained on T."""

    name = "adversarial-real"
    title = "attacked real samples"
    sentence = "Adds to the real samples, wherever they are compared, the same ones moved to mislead a network."
    formula = Around.formula
    source = Around.source
    strength = "radius"
    caution = (
        "It may help the kind of network that is attacked and harm another kind; strong attacks harm both, and cost "
        "clean accuracy. Measure it."
    )

    radius: float = hyper_of(Around, "radius", high=1.0)
    share: float = hyper_of(Around, "share")
    norm: str = hyper_of(Around, "norm")
    ascent: int = hyper_of(Around, "ascent")
    pool: int = hyper_of(Around, "pool")
    updates: int = hyper_of(Around, "updates")

    def apply(self, config: RunConfig) -> RunConfig:
        """Every term sees T ∪ T'."""
        return config if self.off() or not self.share else wrapped(config, self.name, self.own())
