"""Attacked real samples in every comparison."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.discrepancies.robust.ball import MADRY, NORM, NORMS, RADIUS, STEPS
from dcviz.discrepancies.robust.victims import POOL, UPDATES
from dcviz.objectives.robust.terms import Robust, wrapped
from dcviz.records import RunConfig
from dcviz.types import hyper


@dataclass(frozen=True)
class AdversarialReal(Robust):
    """Whatever is compared with T is compared with T ∪ T', where T' misleads a network trained on T."""

    name = "adversarial-real"
    title = "attacked real samples"
    sentence = "Adds to the real samples, wherever they are compared, the same ones moved to mislead a network."
    formula = r"D\bigl((1-s)T+sT',S\bigr),\ T'=\arg\max_{\lVert x'-x\rVert\le\varepsilon}\ell(f_{\theta_T}(x'),y)"
    source = MADRY
    strength = "radius"
    caution = (
        "It may help the kind of network that is attacked and harm another kind; strong attacks harm both, and cost "
        "clean accuracy. Measure it."
    )

    radius: float = hyper(0.1, RADIUS, low=0.0, high=1.0)
    share: float = hyper(0.5, "Of the attacked samples in the comparison.", low=0.0, high=1.0)
    norm: str = hyper("linf", NORM, choices=NORMS)
    ascent: int = hyper(5, STEPS, low=1, high=100, log=True)
    pool: int = hyper(1, POOL, low=1, high=100)
    updates: int = hyper(200, UPDATES, low=1, high=100_000, log=True)

    def apply(self, config: RunConfig) -> RunConfig:
        """Every term sees T ∪ T'."""
        return config if self.off() or not self.share else wrapped(config, self.name, self.own())
