"""How fair objectives put a discrepancy around the terms of a configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dcviz import registry
from dcviz.errors import Refused

if TYPE_CHECKING:
    from dcviz.records import RunConfig, TermConfig
    from dcviz.types import Objective


def around(config: RunConfig, by: Objective, name: str, *, gives_way: bool = False, **params: Any) -> RunConfig:
    """The configuration with a discrepancy ``name`` around each term that groups reach; others stay as they are.

    One that ``gives_way`` need not reach any term, and leaves to other objectives of fairness what they weigh.

    Raises:
        Refused: no term is reached; one is pursued by another objective already.
    """
    terms, reached = [], 0
    for term in map(_without_one_that_gives_way, config.terms):
        kind = registry.find("discrepancy", term.discrepancy)
        if kind.reads == "whole" or (gives_way and kind.serves == "fair"):
            terms.append(term)
            continue
        if kind.serves:
            raise Refused(
                f"{by.title} goes around a plain discrepancy, and {kind.title} is there for another objective "
                f"already: leave one of them out."
            )
        inner = {"name": term.discrepancy, **term.params}
        terms.append(replace(term, discrepancy=name, params={"inner": inner, **params}))
        reached += 1
    if not reached and not gives_way:
        raise Refused(
            f"{by.title} does not reach {registry.find('discrepancy', config.terms[0].discrepancy).title}, which reads "
            "the real data once, as a whole: choose a divergence in a regime, gradient matching or a regression such "
            "as ridge."
        )
    return replace(config, terms=tuple(terms))


def _without_one_that_gives_way(term: TermConfig) -> TermConfig:
    if not getattr(registry.find("discrepancy", term.discrepancy), "gives_way", False):
        return term
    inner = dict(term.params["inner"])
    return replace(term, discrepancy=inner.pop("name"), params=inner)
