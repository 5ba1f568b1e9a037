"""The same but: configurations that differ from a run's in a few values, one by one or as a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

from dcviz import registry
from dcviz.errors import Refused, unknown
from dcviz.records import Estimate, RunConfig, to_json
from dcviz.runs import service
from dcviz.runs.choices import Choices, choices_of, config_of, methods
from dcviz.runs.configure import OBJECTIVE
from dcviz.runs.problem import check
from dcviz.runs.store import Store

MOST = 100  # runs of one sweep
FIXED = {f.name for f in fields(RunConfig)} - {"terms"}  # heads of settings that belong to no method


def others(config: RunConfig) -> dict[str, str]:
    """What may stand in the place of a configuration's method, by name with titles; empty where nothing may.

    For a preset the other presets, else whatever is defined in its regime.
    """
    if config.preset:
        return {name: preset.title for name, preset in registry.known("preset").items()}
    choices = as_choices(config)
    return {} if choices is None else methods(choices.regime)


def method_of(config: RunConfig) -> str:
    """The name of a configuration's method among `others`."""
    choices = as_choices(config)
    return "" if choices is None else choices.preset or choices.divergence


def vary(
    config: RunConfig,
    *,
    method: str | None = None,
    budget: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> RunConfig:
    """The same configuration but for what is given; where a preset's constants follow the budget, so do these.

    Args:
        config: what to begin with.
        method: one of `others`. What was set of the method before is dropped, what was set of the run stays.
        budget: images per class.
        seed: of every random number.
        settings: single values by path, as for `configure`; ``steps`` and ``start`` among them.

    Raises:
        Refused: what is given does not fit, or the configuration can only be varied by budget and seed.
    """
    budget, seed = budget if budget is not None else config.budget, seed if seed is not None else config.seed
    choices = as_choices(config)
    if choices is None:  # several terms, say, put together by hand
        if method is not None or settings:
            raise Refused(
                "no preset and no single method says this run's configuration, so only its budget and its seed can be "
                "varied here; for the rest, change a copy of its JSON and use `dcviz condense --config`."
            )
        varied = replace(config, budget=budget, seed=seed)
    else:
        if method is not None and method != (choices.preset or choices.divergence):
            choices = _with_method(config, choices, method)
        by_path = {**choices.settings, **(settings or {})}
        named = {key: by_path.pop(key) for key in ("steps", "start") if key in by_path}
        varied = config_of(replace(choices, settings=by_path, budget=budget, seed=seed, **named))
    check(varied)
    return varied


def as_choices(config: RunConfig) -> Choices | None:
    """The configuration as the Lab's controls hold it; None where they cannot say it."""
    try:
        choices = choices_of(config)
        return choices if config_of(choices) == config else None
    except Refused:  # it names what is not here, as of a plug-in
        return None


def _with_method(config: RunConfig, choices: Choices, method: str) -> Choices:
    known = others(config)
    if method not in known:
        raise unknown("method beside this one", method, known)
    alike = {choices.divergence, method} <= set(registry.known("divergence")) and not choices.preset
    kept = {
        path: value
        for path, value in choices.settings.items()
        if path.startswith(OBJECTIVE) or path.split(".")[0] in FIXED or (alike and not path.startswith("divergence."))
    }
    if choices.preset:
        return replace(choices, preset=method, settings=kept, steps=None, start=None)
    return replace(choices, divergence=method, settings=kept)


# ------------------------------------------------------------------------------------------------------- grids


@dataclass(frozen=True)
class Grid:
    """Values to combine; an empty axis keeps what the run has."""

    method: Sequence[str] = ()  # names among `others`
    budget: Sequence[int] = ()  # images per class
    seed: Sequence[int] = ()


@dataclass(frozen=True)
class Plan:
    """What a sweep would queue."""

    configs: tuple[RunConfig, ...]
    there: int  # of the grid, which other runs have done or are about to do
    refused: tuple[str, ...]  # a sentence for each cell that does not fit
    seconds: float  # of condensing in all, evaluation not counted
    measured: bool  # whether that is known from runs here, for all of them


def plan(store: Store, config: RunConfig, grid: Grid, *, time_limit: float | None = None, again: bool = False) -> Plan:
    """Every combination of a grid, as far as no run of it is there; seeds innermost.

    Args:
        store: which runs there are, and how fast they were.
        config: what to begin with, and what an empty axis keeps.
        grid: the values.
        time_limit: seconds of condensing of each run, at most.
        again: queue also what is there already.

    Raises:
        Refused: there would be more than `MOST`.
    """
    methods: list[str | None] = list(grid.method) or [None]
    budgets = list(grid.budget) or [config.budget]
    seeds = list(grid.seed) or [config.seed]
    if (count := len(methods) * len(budgets) * len(seeds)) > MOST:
        raise Refused(f"that would be {count:,} runs: leave out values until there are at most {MOST}.")
    found: dict[str, tuple[RunConfig, Estimate]] = {}  # by the configuration's JSON
    refused = []
    for method, budget in product(methods, budgets):
        try:
            cells = [vary(config, method=method, budget=budget, seed=seed) for seed in seeds]
            guess = service.estimate(store, cells[0])  # the seed changes nothing in what a step costs
            found |= {to_json(cell): (cell, guess) for cell in cells}
        except Refused as refusal:
            refused.append(f"{method or method_of(config)}, {budget} per class: {refusal}")
    there: set[str] = set() if again else store.existing(list(found))
    left = [each for text, each in found.items() if text not in there]
    seconds = sum(min(guess.seconds, time_limit or float("inf")) for _, guess in left)
    measured = all(guess.basis.startswith("measured") for _, guess in left)
    return Plan(tuple(cell for cell, _ in left), len(there), tuple(refused), seconds, measured)


def start(
    store: Store, plan: Plan, *, time_limit: float | None = None, tags: Sequence[str] = (), name: str = ""
) -> list[str]:
    """Queue the runs of a plan, in its order; returns their ids."""
    return [service.launch(store, config, name=name, time_limit=time_limit, tags=tags) for config in plan.configs]


def more_seeds(store: Store, config: RunConfig, count: int) -> list[int]:
    """The next seeds after a configuration's own under which no run of it is there.

    Raises:
        Refused: for none, or more than `MOST`.
    """
    if not 1 <= count <= MOST:
        raise Refused(f"{count} repeats are out of range: choose from 1 to {MOST}.")
    seeds: list[int] = []
    at = config.seed
    while len(seeds) < count:
        at += 1
        if not store.existing([to_json(replace(config, seed=at))]):
            seeds.append(at)
    return seeds


def next_tag(store: Store, word: str = "sweep") -> str:
    """A tag that no run has yet: sweep 1, sweep 2 and so on."""
    used = {tag.casefold() for tag in store.tags()}
    return next(tag for tag in (f"{word} {i}" for i in range(1, len(used) + 2)) if tag not in used)


def whole_numbers(text: str, what: str = "numbers") -> list[int]:
    """Whole numbers from a text: with commas between them, and from-to.

    >>> whole_numbers("1, 10, 50"), whole_numbers("0-3"), whole_numbers("")
    ([1, 10, 50], [0, 1, 2, 3], [])
    """
    found: list[int] = []
    for part in filter(None, map(str.strip, text.split(","))):
        low, dash, high = (side.strip() for side in part.partition("-"))
        if not low.isdecimal() or (dash and not high.isdecimal()):
            raise Refused(f"{part!r} among the {what} is no whole number: write them like 0-4 or 1, 10, 50.")
        first, last = int(low), int(high or low)
        if last < first or last - first > 1000 * MOST:
            raise Refused(f"{part!r} among the {what} is no short range: write the lower number first, like 0-4.")
        found += range(first, last + 1)
    return list(dict.fromkeys(found))
