"""A penalty of the input gradient of what S teaches."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.discrepancies.robust.input_gradient import InputGradient as Term
from dcviz.objectives.robust.terms import SLOPES, Robust, added, regression
from dcviz.records import RunConfig, TermConfig
from dcviz.types import hyper, hyper_of


@dataclass(frozen=True)
class InputGradient(Robust):
    """The loss of a regression solved on S shall be flat at real samples."""

    name = "input-gradient"
    title = Term.title
    sentence = Term.sentence
    formula = r"D+\rho\,\tfrac1B\sum_i\lVert\nabla_x\ell(f_S(x_i),y_i)\rVert_*"
    source = Term.source
    strength = "weight"
    caution = "Flat at the samples is not flat around them: an attack of many steps may still find its way."

    weight: float = hyper(
        0.1, "ρ, of the penalty; to first order, the size of the moves it guards against.", low=0.0, high=10.0
    )
    samples: int = hyper_of(Term, "samples", help=SLOPES)
    norm: str = hyper_of(Term, "norm")

    def apply(self, config: RunConfig) -> RunConfig:
        """The penalty beside the terms."""
        if self.off():
            return config
        return added(config, TermConfig(self.name, {"of": regression(config), **self.own("weight")}, self.weight))
