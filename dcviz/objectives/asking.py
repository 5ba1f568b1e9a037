"""What an objective asks of the rest of a configuration, put there and taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from dcviz import registry
from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.types import Objective

R = TypeVar("R")


def asked(config: RunConfig, kind: type[Objective], chosen: Collection[str] = ()) -> RunConfig:
    """The configuration with what an objective requires, and what it prefers where nothing else was chosen.

    Args:
        config: what to change.
        kind: the objective.
        chosen: paths that somebody has set, or heads of such: ``start``, ``evaluation``, ``evaluation.network``.
    """
    wished = {path: value for path, value in kind.prefers.items() if not _is_chosen(path, chosen)}
    for path, value in {**wished, **kind.requires}.items():
        config = _with(config, path, value)
    return config


def left(config: RunConfig, name: str) -> RunConfig:
    """The configuration without an objective; what it alone required goes back to the default, the rest stays."""
    kept = tuple(o for o in config.objectives if o.name != name)
    if kept == config.objectives:
        return config
    still = {path for o in kept for path in registry.find("objective", o.name).requires}
    config = replace(config, objectives=kept)
    for path in registry.find("objective", name).requires:
        if path not in still:
            config = _with(config, path, _at(RunConfig(), path))
    return config


def refuse_unmet(config: RunConfig) -> None:
    """Refuse a configuration in which something stands against what its objectives require."""
    for one in config.objectives:
        for path, value in registry.find("objective", one.name).requires.items():
            if _at(config, path) != value:
                raise Refused(
                    f"{one.name} requires {path} = {value!r}, and it is {_at(config, path)!r}: set it, or leave out "
                    "the objective."
                )


def _is_chosen(path: str, chosen: Collection[str]) -> bool:
    return any(path == c or path.startswith(f"{c}.") or c.startswith(f"{path}.") for c in chosen)


def _at(record: Any, path: str) -> Any:
    for key in path.split("."):
        record = record.get(key) if isinstance(record, Mapping) else getattr(record, key)
    return record


def _with(record: R, path: str, value: Any) -> R:
    """A record with the value at a path changed; its parts are records or mappings."""
    key, _, rest = path.partition(".")
    new = _with(_at(record, key), rest, value) if rest else value
    if isinstance(record, Mapping):
        return {**record, key: new}  # type: ignore[return-value]
    return replace(record, **{key: new})  # type: ignore[type-var]
