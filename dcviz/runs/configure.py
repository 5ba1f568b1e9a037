"""From everyday choices to a frozen configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from dcviz import registry
from dcviz.errors import Refused, unknown
from dcviz.objectives.applying import built_term, completed, refuse_unfit
from dcviz.objectives.asking import asked
from dcviz.records import DataConfig, ObjectiveConfig, RunConfig, TermConfig, from_dict

OBJECTIVE = "objective."  # how the paths of their settings begin


def configure(  # noqa: PLR0913  (all by keyword, all optional)
    *,
    data: DataConfig | str = "digits",
    divergence: str | Mapping[str, Any] | None = None,
    regime: str | Mapping[str, Any] | None = None,
    discrepancy: str | Mapping[str, Any] | None = None,
    preset: str | None = None,
    scale: str = "small",
    settings: Mapping[str, Any] | None = None,
    objectives: Iterable[ObjectiveConfig | Mapping[str, Any] | str] = (),
    **other: Any,
) -> RunConfig:
    """A configuration from everyday choices; the rest by the names of `RunConfig`.

    A divergence and a regime make a cell of the grid; a discrepancy (``gradient-matching``, ``ridge``) brings its
    own distance; a preset is a published method at a scale. What is given beside a preset overrides it.
    ``settings`` are single values by path: ``divergence.bandwidth``, ``regime.width``, ``batch`` reach into the
    first term, ``optimiser.rates.images`` and the like into the configuration, ``objective.NAME.PARAMETER`` into an
    objective, which is added where it is not given. Objectives are names, or ``{"name": …, parameter: value}``; what
    they ask of the rest comes with them: one of privacy declares the data private, and lets S start from noise unless
    a start is given.

    >>> configure(divergence="energy", regime="data", budget=1).terms[0].params["divergence"]
    {'name': 'energy'}
    """
    tree: dict[str, Any] = {}
    budget = other.get("budget", RunConfig.budget)
    if preset is not None:
        tree |= preset_config(preset, scale, budget)
    elif discrepancy is not None:
        given = _named(discrepancy)
        tree["terms"] = [{"discrepancy": given.pop("name"), "params": given}]
    if divergence is not None or regime is not None:
        if preset is not None or discrepancy is not None:
            raise Refused("choose a divergence and a regime, or a discrepancy, or a preset: not several of them.")
        parts = {"divergence": divergence, "regime": regime}
        tree["terms"] = [{"discrepancy": "match", "params": {k: _named(v) for k, v in parts.items() if v is not None}}]
    tree["data"] = {"name": data} if isinstance(data, str) else data
    tree = _plain({**tree, **other})
    pursued = {o["name"]: o for o in map(_objective, objectives)}
    for path, value in (settings or {}).items():
        if path.startswith(OBJECTIVE):
            _put_objective(pursued, path, value)
        else:
            _put(tree, path, value)
    config = replace(from_dict(RunConfig, tree), objectives=completed(pursued.values()))
    for name in pursued:
        config = asked(config, registry.find("objective", name), {*other, *(settings or {})})
    rates = {k: v for t in config.terms for k, v in built_term(t).rates.items()}
    optimiser = replace(config.optimiser, rates={**rates, **config.optimiser.rates})
    whole = replace(config, terms=tuple(_completed(t) for t in config.terms), optimiser=optimiser)
    refuse_unfit(whole)
    return whole


def preset_config(name: str, scale: str, budget: int) -> dict[str, Any]:
    """The keys that a preset fixes at a scale and a budget."""
    preset = registry.find("preset", name)
    if scale not in preset.scales:
        raise unknown(f"scale of {name}", scale, preset.scales)
    return {**preset.scales[scale].at(budget), "preset": f"{name}/{scale}"}


def _objective(given: ObjectiveConfig | Mapping[str, Any] | str) -> dict[str, Any]:
    """Name and parameters side by side, from any form."""
    if isinstance(given, ObjectiveConfig):
        return {"name": given.name, **given.params}
    named = _named(given)
    params = named.pop("params", {})
    return {**named, **params}


def _put_objective(pursued: dict[str, dict[str, Any]], path: str, value: Any) -> None:
    """Set a parameter of an objective by ``objective.NAME.PARAMETER``; the objective is pursued from then on."""
    name, _, key = path.removeprefix(OBJECTIVE).partition(".")
    known = registry.find("objective", name).hypers()
    if key not in known:
        raise unknown("setting", path, [f"{OBJECTIVE}{name}.{k}" for k in known])
    pursued.setdefault(name, {"name": name})[key] = value


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set one value by its path, in the first term when the path is not one of the configuration's."""
    head, *rest = path.split(".")
    fields = {f.name for f in dataclasses.fields(RunConfig)} - {"objectives"}
    if head not in fields:
        grid = head in ("divergence", "regime")
        default = {"discrepancy": "match", "params": {}} if grid else _plain(RunConfig().terms[0])
        terms = tree.setdefault("terms", [default])
        if not isinstance(terms, list) or not terms or not isinstance(terms[0], Mapping):
            raise Refused(f"{path} is set in the first term, but terms is no list with a term: set that first.")
        first: dict[str, Any] = dict(terms[0])
        terms[0] = first
        at = first["params"] = dict(_named_values(path, first.get("params", {})))
        defaults = registry.find("discrepancy", first.get("discrepancy", "match"))
        if head not in defaults.hypers():
            known = [*defaults.hypers(), *sorted(fields)]
            raise unknown("setting", path, known)
        if rest and defaults.hypers()[head].part:
            now = at.get(head) or registry.describe(defaults.default(head))
            at[head] = {"name": now} if isinstance(now, str) else {**_named_values(path, now)}
    else:
        at = tree
        if rest:
            at[head] = dict(_named_values(path, at.get(head) or _plain(getattr(RunConfig(), head))))
    for key in [head, *rest][: len(rest)]:
        at[key] = dict(at[key]) if isinstance(at.get(key), Mapping) else {}
        at = at[key]
    at[[head, *rest][-1]] = value


def _named_values(path: str, found: Any) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise Refused(f"there is no {path}: {path.partition('.')[0]} is one value, without parts.")
    return found


def _named(given: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"name": given} if isinstance(given, str) else dict(given)


def _plain(value: Any) -> Any:
    """Records inside a tree as plain values."""
    import dataclasses

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _completed(term: TermConfig) -> TermConfig:
    """The term checked and with every parameter written out, so that later defaults do not change old runs."""
    whole = registry.describe(built_term(term))
    return replace(term, discrepancy=whole.pop("name"), params=whole)
