"""How the robust objectives change the terms of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from dcviz import registry
from dcviz.discrepancies.predictions.ridge import Regressing
from dcviz.discrepancies.predictions.ridge import Ridge as Usual
from dcviz.errors import Refused
from dcviz.records import RunConfig, TermConfig
from dcviz.types import Discrepancy, Objective

AIM = ("robustness", "attacked")
SLOPES = "Real samples at which slopes are taken in a step."


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
    _refuse_private(config, name)
    terms = [
        replace(t, discrepancy=name, params={"of": {"name": t.discrepancy, **t.params}, **params}) for t in config.terms
    ]
    return replace(config, terms=tuple(terms))


def shared(config: RunConfig, term: TermConfig, share: float) -> RunConfig:
    """A term beside the others, whose weights are ``1 - share`` of what they were; alone where the share is 1."""
    _refuse_private(config, term.discrepancy)
    plain = tuple(replace(t, weight=(1 - share) * t.weight) for t in config.terms) if share < 1 else ()
    return replace(config, terms=(*plain, replace(term, weight=share)))


def added(config: RunConfig, term: TermConfig) -> RunConfig:
    """A term beside the others."""
    _refuse_private(config, term.discrepancy)
    return replace(config, terms=(*config.terms, term))


def regression(config: RunConfig) -> dict[str, Any]:
    """The regression that a configuration solves on S, by its name and parameters; the usual one where it has none."""
    for term in config.terms:
        found: Discrepancy = registry.build("discrepancy", _layers(term)[-1])
        if isinstance(found, Regressing):
            return registry.describe(found)
    return registry.describe(Usual())


def _layers(term: TermConfig) -> list[Mapping[str, Any]]:
    """A term's discrepancy by name and parameters, and those inside of it, the innermost last."""
    found: list[Mapping[str, Any]] = [{"name": term.discrepancy, **term.params}]
    while "of" in found[-1]:
        found.append(found[-1]["of"])
    return found


def _refuse_private(config: RunConfig, name: str) -> None:
    """Refuse to read T beside terms whose reading of it is accounted for."""
    for layer in (layer for term in config.terms for layer in _layers(term)):
        if registry.find("discrepancy", layer["name"]).accounted:
            raise Refused(
                f"{name} reads the real samples beyond what {layer['name']} accounts for, so that nothing would stay "
                "private: leave out one of the two objectives."
            )
