"""From a stored configuration with objectives to the plain one that a problem is built from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from dcviz import registry
from dcviz.data.catalogue import has_groups
from dcviz.errors import Refused
from dcviz.objectives.asking import refuse_unmet
from dcviz.records import ObjectiveConfig, RunConfig, TermConfig
from dcviz.types import Discrepancy, Objective

CHANGED = ("terms", "optimiser", "start", "parameterisation", "clamp", "evenness")  # what an objective may change


def built(config: RunConfig) -> list[Objective]:
    """The objectives of a configuration, in their order."""
    return [registry.build("objective", {"name": o.name, **o.params}) for o in config.objectives]


def effective(config: RunConfig) -> RunConfig:
    """The configuration with its objectives pursued; itself where there are none.

    Raises:
        Refused: an objective that is unknown, that is given twice, or that the configuration does not fit.
    """
    names = [o.name for o in config.objectives]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refused(f"the objective {twice} is given twice: give it once, with the strength that is meant.")
    found = replace(config, objectives=())
    for one in built(config):
        found = one.apply(found)
    beside = {key: getattr(config, key) for key in (*CHANGED, "objectives")}
    if replace(found, **beside) != config:
        raise TypeError(f"objectives may change {', '.join(CHANGED)} of a configuration, and nothing else")
    return found


def refuse_unfit(config: RunConfig) -> None:
    """Refuse, before anything is read, a configuration that its objectives do not fit, or that would leak rows.

    Raises:
        Refused: as `effective`; what an objective requires is not there; private rows would be read without an
            account; groups are asked for of data that have none.
    """
    from dcviz.objectives.private.rules import refuse_leaks

    found = effective(config)
    refuse_unmet(config)
    refuse_leaks(found)
    if not has_groups(config.data):
        for term in found.terms:
            built_term(term).fits_without_groups(config.data.name)


def built_term(term: TermConfig) -> Discrepancy:
    """The discrepancy of a term."""
    return registry.build("discrepancy", {"name": term.discrepancy, **term.params})


def completed(given: Iterable[ObjectiveConfig | Mapping[str, Any] | str]) -> tuple[ObjectiveConfig, ...]:
    """Objectives by name or as ``{"name": …, parameter: value}``, with every parameter written out."""
    found = []
    for one in given:
        params = {"name": one.name, **one.params} if isinstance(one, ObjectiveConfig) else one
        whole = registry.describe(registry.build("objective", params))
        found.append(ObjectiveConfig(whole.pop("name"), whole))
    return tuple(found)
