"""A configuration as choices: everyday ones by name, and every other parameter as a setting by its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dcviz import registry
from dcviz.errors import Refused, unknown
from dcviz.records import DataConfig, RunConfig, to_json
from dcviz.runs.configure import OBJECTIVE

OWN = "own"  # the data set's name where a path decides
USUAL_DATA = {f"data.{key}": value for key, value in asdict(DataConfig()).items()}


@dataclass(frozen=True)
class Choices:
    """The set-up of a run as the Lab's controls hold it. ``None`` leaves a value to the method or preset."""

    data: str = "digits"
    path: str = ""  # of your own images, with data="own"
    name: str = ""  # of your own images on screen; by their path when empty
    regime: str = "predictions"
    divergence: str = "ridge"  # as `RunConfig` has it; in regimes of vectors; elsewhere the regime's own method
    preset: str = ""  # when chosen, it replaces regime and divergence
    scale: str = "small"
    budget: int = 10
    steps: int | None = None
    seed: int = 0
    start: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)  # path -> value
    time_limit: float | None = None  # seconds of condensing; no part of the configuration


def regimes() -> dict[str, str]:
    """All regimes by name with their titles: those of vectors, then those with methods of their own."""
    found = {name: regime.title for name, regime in registry.known("regime").items()}
    for method in registry.known("discrepancy").values():
        if method.where != "any" and not method.serves:
            found.setdefault(method.where, method.where.replace("-", " "))
    return found


def methods(regime: str) -> dict[str, str]:
    """What can be chosen in a regime: any divergence where there are vectors, and the regime's own methods."""
    vectors = registry.known("divergence") if regime in registry.known("regime") else {}
    own = {n: d for n, d in registry.known("discrepancy").items() if d.where == regime and not d.serves}
    return {name: declaration.title for name, declaration in {**vectors, **own}.items()}


def declared(choices: Choices) -> Any:
    """The declaration that explains the choice: a preset, a divergence or a discrepancy."""
    if choices.preset:
        return registry.find("preset", choices.preset)
    own = registry.known("discrepancy")
    return own[choices.divergence] if choices.divergence in own else registry.find("divergence", choices.divergence)


def config_of(choices: Choices) -> RunConfig:
    """The frozen configuration that the choices mean.

    Raises:
        Refused: a combination or a setting that does not fit, in words.
    """
    from dcviz.runs.configure import configure

    fitting = methods(choices.regime)
    if not choices.preset and choices.divergence not in fitting:
        known = ", ".join(fitting)
        raise Refused(f"{choices.divergence!r} is not defined in the regime {choices.regime!r}; choose one of {known}.")
    method: dict[str, Any]
    if choices.preset:
        method = {"preset": choices.preset, "scale": choices.scale}
    elif choices.divergence in registry.known("divergence"):
        method = {"divergence": choices.divergence, "regime": choices.regime}
    else:
        method = {"discrepancy": choices.divergence}
    given = {key: getattr(choices, key) for key in ("steps", "start") if getattr(choices, key) is not None}
    return configure(
        data=DataConfig(choices.name or DataConfig.name, choices.path) if choices.path else choices.data,
        budget=choices.budget,
        seed=choices.seed,
        settings=choices.settings,
        **method,
        **given,
    )


def choices_of(config: RunConfig) -> Choices:
    """The choices that mean a configuration: what a stored run is shown as, and forked from."""
    named: dict[str, Any] = (
        {"data": OWN, "path": config.data.path, "name": config.data.name} if config.data.path else {}
    )
    chosen = Choices(
        **{"data": config.data.name, **named},
        budget=config.budget,
        seed=config.seed,
        steps=config.steps,
        start=config.start,
    )
    if not config.terms:  # read from a file: what condensing could go on with
        own = {f"data.{key}": value for key, value in asdict(config.data).items() if key not in ("name", "path")}
        return replace(chosen, steps=None, start=None, settings={k: v for k, v in own.items() if v != USUAL_DATA[k]})
    term = config.terms[0]
    if config.preset:
        preset, _, scale = config.preset.partition("/")
        chosen = replace(chosen, preset=preset, scale=scale or "small")
    elif term.discrepancy == "match":
        regime, divergence = (_name(term.params.get(key)) for key in ("regime", "divergence"))
        chosen = replace(chosen, regime=regime or chosen.regime, divergence=divergence or chosen.divergence)
    else:
        chosen = replace(
            chosen, divergence=term.discrepancy, regime=registry.find("discrepancy", term.discrepancy).where
        )
    usual = config_of(replace(chosen, steps=None, start=None))
    usual = replace(usual, objectives=config.objectives)
    chosen = replace(
        chosen,
        steps=None if usual.steps == config.steps else config.steps,
        start=None if usual.start == config.start else config.start,
    )
    plain, meant = flat(usual), flat(config)
    differing = {path: value for path, value in meant.items() if path not in plain or plain[path] != value}
    return replace(chosen, settings={**differing, **objectives_of(config)})


def objectives_of(config: RunConfig) -> dict[str, Any]:
    """The settings that mean a configuration's objectives: the strength of each, and what differs from its default."""
    found = {}
    for one in config.objectives:
        kind = registry.find("objective", one.name)
        strange = set(one.params) - set(kind.hypers())
        if strange:
            raise unknown(f"parameter of {one.name}", min(strange), kind.hypers())
        for key, value in one.params.items():
            if key == kind.strength or value != kind.default(key):
                found[f"{OBJECTIVE}{one.name}.{key}"] = value
    return found


def flat(config: RunConfig) -> dict[str, Any]:
    """Every setting of a configuration by the path that `configure` takes; parameters are those of the first term."""
    import json

    tree = json.loads(to_json(config))
    params = tree.pop("terms")[0]["params"]
    for key in ("version", "preset", "budget", "seed", "steps", "start", "objectives"):
        tree.pop(key, None)
    tree["data"] = {key: value for key, value in tree["data"].items() if key not in ("name", "path")}
    return {**_leaves(tree), **{p: v for p, v in _leaves(params).items() if not p.endswith("name")}}


def _leaves(tree: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= _leaves(value, f"{at}{key}.") if isinstance(value, dict) else {f"{at}{key}": value}
    return found


def _name(value: Any) -> str:
    return value if isinstance(value, str) else (value or {}).get("name", "")
