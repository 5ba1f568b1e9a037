"""A run in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.records import ObjectiveConfig, RunConfig, TermConfig, from_json
from dcviz.registry import find

if TYPE_CHECKING:
    from dcviz.runs.rows import Run


def method(config: RunConfig, link: str = " × ") -> str:
    """What was minimised, by its names.

    >>> method(RunConfig())
    'ridge'
    >>> params = {"divergence": {"name": "energy"}, "regime": {"name": "data"}}
    >>> method(RunConfig(terms=(TermConfig("match", params),)), " in ")
    'energy in data'
    """
    return ", ".join([*_plain(config, link), *(one.name for one in config.objectives)])


def about(config: RunConfig) -> str:
    """A configuration in a line, objectives with their strength as the command line has it.

    >>> about(RunConfig())
    'ridge · digits · 10 per class · seed 0'
    >>> about(RunConfig(objectives=(ObjectiveConfig("adversarial-ridge", {"radius": 0.1}),)))
    'ridge, adversarial-ridge=0.1 · digits · 10 per class · seed 0'
    """
    plain = [name if config.preset else name.replace("-", " ") for name in _plain(config, " in ")]
    what = ", ".join([*plain, *map(_pursued, config.objectives)])
    return f"{what} · {config.data.name} · {config.budget} per class · seed {config.seed}"


def words_of(text: str) -> str:
    """A configuration's JSON in a line; empty where another version wrote it."""
    try:
        return about(from_json(RunConfig, text))
    except Refused:
        return ""


def describe(row: Run) -> str:
    """What a run is called: its name, else its configuration in a line, else its id."""
    return row.title


def _plain(config: RunConfig, link: str) -> list[str]:
    """What is minimised beside the objectives; nothing where a private mechanism takes its place."""
    if config.data.private and config.objectives:
        return []
    return [config.preset or " + ".join(_term(term, link) for term in config.terms)]


def _pursued(one: ObjectiveConfig) -> str:
    try:
        strength = one.params.get(find("objective", one.name).strength)
    except Refused:  # of a file that is not here now
        strength = None
    return f"{one.name}={strength:g}" if isinstance(strength, (int, float)) else one.name


def _term(term: TermConfig, link: str) -> str:
    if term.discrepancy != "match":
        return term.discrepancy
    return link.join(filter(None, (_name(term.params.get(key)) for key in ("divergence", "regime"))))


def _name(part: Any) -> str:
    return str(part["name"] if isinstance(part, Mapping) else part or "")
