"""How the robust objectives change the terms of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from dcviz import registry
from dcviz.discrepancies.predictions.ridge import Regressing
from dcviz.discrepancies.predictions.ridge import Ridge as Usual
from dcviz.records import RunConfig, TermConfig
from dcviz.types import Discrepancy, Objective

AIM = ("robustness", "attacked")


class Robust(Objective):
    """What the robust objectives have in common; a strength of 0 leaves a configuration as it is."""

    kind: ClassVar[str] = "robust"
    aims = AIM

    def off(self) -> bool:
        """Whether nothing is asked for."""
        return getattr(self, self.strength) == 0

    def own(self, *left: str) -> dict[str, Any]:
        """Its parameters, but for some: those of the discrepancy of the same name."""
        return {key: getattr(self, key) for key in self.hypers() if key not in left}


def wrapped(config: RunConfig, name: str, params: Mapping[str, Any]) -> RunConfig:
    """Every term inside a discrepancy of this name."""
    terms = [
        replace(t, discrepancy=name, params={"of": {"name": t.discrepancy, **t.params}, **params}) for t in config.terms
    ]
    return replace(config, terms=tuple(terms))


def shared(config: RunConfig, term: TermConfig, share: float) -> RunConfig:
    """A term beside the others, whose weights are ``1 - share`` of what they were; alone where the share is 1."""
    plain = tuple(replace(t, weight=(1 - share) * t.weight) for t in config.terms) if share < 1 else ()
    return replace(config, terms=(*plain, replace(term, weight=share)))


def added(config: RunConfig, term: TermConfig) -> RunConfig:
    """A term beside the others."""
    return replace(config, terms=(*config.terms, term))


def regression(config: RunConfig) -> dict[str, Any]:
    """The regression that a configuration solves on S, by its name and parameters; the usual one where it has none."""
    for term in config.terms:
        params: Mapping[str, Any] = {"name": term.discrepancy, **term.params}
        while "of" in params:  # inside of another objective's
            params = params["of"]
        found: Discrepancy = registry.build("discrepancy", params)
        if isinstance(found, Regressing):
            return registry.describe(found)
    return registry.describe(Usual())
