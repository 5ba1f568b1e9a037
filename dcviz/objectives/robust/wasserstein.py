"""The worst distribution in a Wasserstein ball around T, for what S teaches."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.discrepancies.robust.wasserstein import WassersteinBall as Term
from dcviz.objectives.robust.terms import Robust, regression, shared
from dcviz.records import RunConfig, TermConfig
from dcviz.types import hyper, hyper_of


@dataclass(frozen=True)
class WassersteinBall(Robust):
    """A regression solved on S must predict the worst distribution near T, where each move has a price.

    No finite price is the plain method: as it rises, the term becomes the plain error of the regression, which stays
    beside the configuration's own terms. A share of 0 is the plain method.
    """

    name = "wasserstein-ball"
    title = Term.title
    sentence = Term.sentence
    formula = r"(1-s)D+s\,\tfrac1B\sum_i\sup_z\ \ell(f_S(z),y_i)-\tfrac\gamma2\lVert z-x_i\rVert^2"
    source = Term.source
    strength = "gamma"
    more = "lower"
    caution = (
        "A price below the curvature of the loss asks for the impossible and ruins the run, clean accuracy and all: "
        "come down slowly."
    )

    gamma: float = hyper_of(Term, "gamma", low=0.1, high=1e4)
    share: float = hyper(0.5, "Of this term; the others have the rest.", low=0.0, high=1.0)
    samples: int = hyper_of(Term, "samples", help="Real samples that are moved in a step.")
    ascent: int = hyper_of(Term, "ascent")

    def apply(self, config: RunConfig) -> RunConfig:
        """The term beside the others."""
        if not self.share:
            return config
        return shared(config, TermConfig(self.name, {"of": regression(config), **self.own("share")}), self.share)
