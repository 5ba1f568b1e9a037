"""Federated clients: T is spread over clients that keep their samples and send class-wise sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.discrepancies.fair.federated import POOL
from dcviz.discrepancies.fair.federated import Federated as ClassMeans
from dcviz.errors import Refused
from dcviz.types import Objective, hyper, hyper_of

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

    alpha: float = hyper_of(ClassMeans, "alpha")
    clients: int = hyper_of(ClassMeans, "clients")
    part: float = hyper_of(ClassMeans, "part")
    pool: int = hyper(POOL, "Fixed untrained networks in whose features sums are taken.", low=1, high=100)

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
