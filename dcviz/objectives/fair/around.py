"""How fair objectives put a discrepancy around the terms of a configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dcviz import registry
from dcviz.errors import Refused

if TYPE_CHECKING:
    from dcviz.records import RunConfig
    from dcviz.types import Objective


def around(config: RunConfig, by: Objective, name: str, *, must: bool = True, **params: Any) -> RunConfig:
    """The configuration with a discrepancy ``name`` around each term that groups reach; others stay as they are.

    ``must`` says whether one has to be reached.

    Raises:
        Refused: no term is reached; one is pursued by another objective already.
    """
    terms, reached = [], 0
    for term in config.terms:
        kind = registry.find("discrepancy", term.discrepancy)
        if kind.serves:
            raise Refused(
                f"{by.title} goes around a plain discrepancy, and {kind.title} is there for another objective "
                f"already: leave one of them out."
            )
        if kind.reads == "whole":
            terms.append(term)
            continue
        inner = {"name": term.discrepancy, **term.params}
        terms.append(replace(term, discrepancy=name, params={"inner": inner, **params}))
        reached += 1
    if must and not reached:
        raise Refused(
            f"{by.title} does not reach {registry.find('discrepancy', config.terms[0].discrepancy).title}, which reads "
            "the real data once, as a whole: choose a divergence in a regime, gradient matching or a regression such "
            "as ridge."
        )
    return replace(config, terms=tuple(terms))
