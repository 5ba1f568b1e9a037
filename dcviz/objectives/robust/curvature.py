"""A penalty of the curvature of what S teaches, after GUARD."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.discrepancies.robust.curvature import Curvature as Term
from dcviz.objectives.robust.terms import SLOPES, Robust, added, regression
from dcviz.records import RunConfig, TermConfig
from dcviz.types import hyper, hyper_of

BATCH = 128  # the authors take slopes of the mean over so many samples: each is so many times as small as its own


@dataclass(frozen=True)
class Curvature(Robust):
    """The slope of the loss of a regression solved on S shall not change along an attack's way."""

    name = "curvature"
    title = Term.title
    sentence = Term.sentence
    formula = r"D+\tfrac{\lambda}{128}\,\tfrac1B\sum_i\lVert\nabla_x\ell(x_i+hz_i)-\nabla_x\ell(x_i)\rVert"
    source = Term.source
    strength = "weight"
    caution = "A small curvature along one step bounds what one step can do; attacks of many steps are measured apart."

    weight: float = hyper(100.0, "λ; in the unit of the authors, whose batches are of 128.", low=0.0, high=10_000.0)
    step: float = hyper_of(Term, "step")
    samples: int = hyper_of(Term, "samples", help=SLOPES)

    def apply(self, config: RunConfig) -> RunConfig:
        """The penalty beside the terms."""
        if self.off():
            return config
        term = TermConfig(self.name, {"of": regression(config), **self.own("weight")}, self.weight / BATCH)
        return added(config, term)
