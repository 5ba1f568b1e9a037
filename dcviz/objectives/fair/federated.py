"""Federated clients: T is spread over clients that keep their samples and send class-wise sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.discrepancies.fair.federated import Federated as ClassMeans
from dcviz.errors import Refused
from dcviz.types import Objective, hyper

if TYPE_CHECKING:
    from dcviz.records import RunConfig


@dataclass(frozen=True)
class Federated(Objective):
    """The terms are replaced by class means from clients, and S starts from noise: the server has no real sample."""

    name = "federated"
    title = "federated clients"
    sentence = "Condenses data that lie with several unlike clients, each of which sends class sums of features, once."
    formula = ClassMeans.formula
    source = ClassMeans.source
    kind = "fair"
    strength = "alpha"
    more = "lower"
    aims = ("fairness", "worst-group")
    caution = (
        "Sums are not private: of a class with one sample, the sum is that sample's features. When all clients take "
        "part, how unlike they are changes nothing; when some stay away, classes that only they hold are lost. The "
        "normalisation of the data and the screens still see all of T."
    )

    alpha: float = hyper(
        0.1, "How alike clients are (α): 0.01 one class each, 100 all the same.", low=0.01, high=1000.0, log=True
    )
    clients: int = hyper(10, "Among how many T is split.", low=1, high=1000, log=True)
    part: float = hyper(1.0, "The share of clients that take part, at least one.", low=0.0, high=1.0)
    pool: int = hyper(20, "Fixed untrained networks in whose features sums are taken.", low=1, high=100)

    def apply(self, config: RunConfig) -> RunConfig:
        """Class means from clients in the place of all terms; noise in the place of a start from T."""
        from dcviz.records import TermConfig
        from dcviz.registry import find

        for term in config.terms:
            if find("discrepancy", term.discrepancy).serves:
                raise Refused(
                    f"{self.title} replace what is minimised, and {term.discrepancy} is there for another objective "
                    "already: leave one of them out."
                )
        regime = {"name": "random-features", "pool": self.pool}
        params = {"alpha": self.alpha, "clients": self.clients, "part": self.part, "regime": regime}
        return replace(config, terms=(TermConfig(ClassMeans.name, params),), start="noise")
