"""The regression solved on S must predict attacked real samples."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.discrepancies.robust.adversarial_ridge import AdversarialRidge as Term
from dcviz.objectives.robust.terms import Robust, regression, shared
from dcviz.records import RunConfig, TermConfig
from dcviz.types import hyper, hyper_of


@dataclass(frozen=True)
class AdversarialRidge(Robust):
    """Adversarial training of the regression that S defines, with S as what is trained."""

    name = "adversarial-ridge"
    title = "adversarial ridge regression"
    sentence = "Asks a regression solved on the synthetic set to predict real samples moved to mislead it."
    formula = Term.formula
    source = Term.source
    strength = "radius"
    caution = "It trains its own regression to be robust; networks trained on S may gain nothing, or lose accuracy."

    radius: float = hyper_of(Term, "radius", high=1.0)
    share: float = hyper(0.5, "Of this term; the others have the rest.", low=0.0, high=1.0)
    samples: int = hyper_of(Term, "samples", help="Real samples that are attacked in a step.")
    norm: str = hyper_of(Term, "norm")
    ascent: int = hyper_of(Term, "ascent")

    def apply(self, config: RunConfig) -> RunConfig:
        """The term beside the others; its regression is the configuration's own, where it has one."""
        if self.off() or not self.share:
            return config
        return shared(config, TermConfig(self.name, {"of": regression(config), **self.own("share")}), self.share)
