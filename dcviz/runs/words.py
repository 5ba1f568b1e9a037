"""A run in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dcviz.records import RunConfig, TermConfig


def method(config: RunConfig, link: str = " × ") -> str:
    """What was minimised, by its names.

    >>> method(RunConfig())
    'ridge'
    >>> params = {"divergence": {"name": "energy"}, "regime": {"name": "data"}}
    >>> method(RunConfig(terms=(TermConfig("match", params),)), " in ")
    'energy in data'
    """
    return config.preset or " + ".join(_term(term, link) for term in config.terms)


def _term(term: TermConfig, link: str) -> str:
    if term.discrepancy != "match":
        return term.discrepancy
    return link.join(filter(None, (_name(term.params.get(key)) for key in ("divergence", "regime"))))


def _name(part: Any) -> str:
    return str(part["name"] if isinstance(part, Mapping) else part or "")
