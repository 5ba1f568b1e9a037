"""What an objective costs: the same set-up at several strengths of it, accuracy against what it aims at."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dcviz import registry
from dcviz.errors import Refused
from dcviz.objectives.applying import completed, refuse_unfit
from dcviz.objectives.asking import asked, left
from dcviz.records import ObjectiveConfig, RunConfig, Score, Status, from_json, to_json
from dcviz.runs import service
from dcviz.runs.assessing import Asked
from dcviz.runs.comparing import Value
from dcviz.runs.store import Run, Store
from dcviz.runs.suite import reports
from dcviz.runs.vary import MOST, Plan

if TYPE_CHECKING:
    from dcviz.evaluation.suite.assess import Scale
    from dcviz.evaluation.suite.declared import Quantity, Report
    from dcviz.types import Objective

TURNS = (1 / 16, 1 / 4, 1.0, 4.0, 16.0)  # of the usual strength, where its range spans magnitudes
STEPS = 4  # strengths between the ends of a narrow range
LOOKED_AT = 2000  # runs among which those of a front are found, the newest

Strength = float | int | str


@dataclass(frozen=True)
class Point:
    """What is known at one strength."""

    strength: Strength | None  # None: without the objective
    runs: tuple[Run, ...]  # done, one for each seed, the newest of each
    accuracy: Value | None  # fraction
    aimed: Value | None  # of the quantity that the objective aims at

    @property
    def whole(self) -> bool:
        """Whether it can stand on the front."""
        return self.accuracy is not None and self.aimed is not None


def strengths(kind: type[Objective]) -> list[Strength]:
    """A few strengths that span what is usual, from little to much of it."""
    fact, usual = kind.hypers()[kind.strength], kind.default(kind.strength)
    if fact.choices:
        return list(fact.choices)
    low = -float("inf") if fact.low is None else fact.low
    high = float("inf") if fact.high is None else fact.high
    if not fact.log and low > -float("inf") and high <= 8 * abs(usual):
        found = [low + i * (high - low) / STEPS for i in range(1, STEPS + 1)]
    else:
        found = [usual * turn for turn in TURNS]
    whole = isinstance(usual, int)
    kept = {min(max(round(v) if whole else float(f"{v:.3g}"), low), high) for v in (*found, usual)}
    return sorted(kept - {0, low} if low == 0 else kept, reverse=kind.more == "lower")


def without(config: RunConfig, name: str) -> RunConfig:
    """The same configuration with this objective left out; what else is pursued stays."""
    return left(config, name)


def at(config: RunConfig, name: str, strength: Strength | None) -> RunConfig:
    """The same configuration with the objective at a strength; None leaves it out.

    Raises:
        Refused: a strength out of range, or a configuration that the objective does not fit.
    """
    if strength is None:
        return without(config, name)
    kind = registry.find("objective", name)
    held = {o.name: o for o in config.objectives}
    own = held.get(name, ObjectiveConfig(name))
    new = completed([ObjectiveConfig(name, {**own.params, kind.strength: strength})])[0]
    chosen = kind.prefers if name in held else ()  # a start that was chosen with it stays
    found = replace(config, objectives=tuple({**held, name: new}.values()))
    found = asked(found, kind, chosen)
    refuse_unfit(found)
    return found


def pursued(config: RunConfig, name: str) -> RunConfig:
    """The configuration with the objective in it: at its own strength, else at the usual one."""
    kind = registry.find("objective", name)
    own = next((o for o in config.objectives if o.name == name), None)
    return at(config, name, kind.default(kind.strength) if own is None else own.params[kind.strength])


def plan(
    store: Store, config: RunConfig, name: str, wanted: Sequence[Strength | None], seeds: Sequence[int] = ()
) -> Plan:
    """Every strength with every seed, as far as no run of it is there; seeds innermost.

    Args:
        store: which runs there are, and how fast they were.
        config: what else stays as it is.
        name: of the objective.
        wanted: strengths; None for the run without the objective.
        seeds: that of the configuration by default.
    """
    own, config = list(seeds) or [config.seed], pursued(config, name)  # the plain run starts as the others do
    if (count := len(own) * len(wanted)) > MOST:
        raise Refused(f"that would be {count:,} runs: leave out strengths or seeds until there are at most {MOST}.")
    found: dict[str, RunConfig] = {}
    guesses: dict[str, Any] = {}
    refused = []
    for strength in wanted:
        try:
            first = at(config, name, strength)
            guess = service.estimate(store, first)
        except Refused as refusal:
            refused.append(f"{said(name, strength)}: {refusal}")
            continue
        for seed in own:
            cell = replace(first, seed=seed)
            found[to_json(cell)], guesses[to_json(cell)] = cell, guess
    there = store.existing(list(found))
    left = {text: cell for text, cell in found.items() if text not in there}
    seconds = sum(guesses[text].seconds for text in left)
    measured = all(guesses[text].basis.startswith("measured") for text in left)
    return Plan(tuple(left.values()), len(there), tuple(refused), seconds, measured)


def relatives(store: Store, config: RunConfig, name: str, *status: Status) -> dict[Strength | None, dict[int, Run]]:
    """The runs like this one but for the strength and the seed, in some statuses: by strength, the newest of a seed."""
    family, others, _ = family_of(to_json(pursued(config, name)), name)
    found: dict[Strength | None, dict[int, Run]] = {}
    for run in store.runs(status=status, limit=LOOKED_AT):
        own, rest, strength = family_of(run.config_text, name)
        if own == family and rest in ("", others) and not run.cut_short and run.parent is None:
            found.setdefault(strength, {}).setdefault(run.config.seed, run)
    return found


def points(store: Store, config: RunConfig, name: str, scale: Scale = "quick") -> list[Point]:
    """What is known of the trade-off, from none of the objective to much of it."""
    kind = registry.find("objective", name)
    found = relatives(store, config, name, "done")
    order = sorted((s for s in found if s is not None), key=_order, reverse=kind.more == "lower")
    levels = [None, *order] if None in found else order
    return [_point(store, s, tuple(found[s].values()), kind, scale) for s in levels]


def number(value: Value | None, unit: str) -> str:
    """A number with its spread, as its unit is read.

    >>> number(Value(0.912, 0.004, 3), "fraction"), number(None, "fraction"), number(Value(1.25), "nats")
    ('91.2 ± 0.4 %', '–', '1.25')
    """
    if value is None:
        return "–"
    factor, digits, after = (100, ".1f", " %") if unit == "fraction" else (1, ".3g", "")
    spread = "" if value.spread is None else f" ± {factor * value.spread:{digits}}"
    return f"{factor * value.mean:{digits}}{spread}{after}"


def lacking(store: Store, known: Sequence[Point], name: str, scale: Scale = "quick") -> list[Asked]:
    """What is to be measured before all of them can stand on the front."""
    aimed = registry.find("objective", name).aims[0]
    runs = [run for point in known for run in point.runs]
    return [Asked(run.id, aimed, scale) for run in runs if (aimed, scale) not in reports(store, run.id)]


def quantity(name: str) -> Quantity:
    """What an objective aims at, as the suite measures it."""
    from dcviz.evaluation.suite.properties import PROPERTIES

    kind: type[Objective] = registry.find("objective", name)
    return PROPERTIES[kind.aims[0]].quantity(kind.aims[1])


def aimed_at(report: Report, quantity: str) -> Value | None:
    """One quantity of the set itself; over its places (attacks, groups) the mean, with its spread over seeds."""
    held = [f for f in report.figures if f.of == "synthetic" and f.quantity == quantity]
    if not held:
        return None
    by_seed = {len(f.values) for f in held}
    if len(held) == 1:
        only = held[0]
        return Value(only.mean, only.std if len(only.values) > 1 or only.std else None, len(only.values))
    if by_seed == {1} or len(by_seed) > 1:
        return Value(statistics.fmean(f.mean for f in held))
    means = [statistics.fmean(values) for values in zip(*(f.values for f in held), strict=True)]
    return Value(statistics.fmean(means), statistics.stdev(means), len(means))


def said(name: str, strength: Strength | None) -> str:
    """A strength in a word or two.

    >>> said("a", None)
    'without'
    """
    if strength is None:
        return "without"
    kind = registry.find("objective", name)
    value = f"{strength:g}" if isinstance(strength, (int, float)) else strength
    return f"{kind.strength.replace('_', ' ')} {value}"


@lru_cache(maxsize=4096)
def family_of(text: str, name: str) -> tuple[str, str, Strength | None]:
    """What runs of one front have in common: all but this objective and the seed; then the objective's own.

    Those are its other parameters as JSON and its strength, empty and None where it is not pursued. All is empty for a
    configuration of another version.
    """
    try:
        config = from_json(RunConfig, text)
        own = next((o for o in config.objectives if o.name == name), None)
        kind = registry.find("objective", name)
    except Refused:
        return "", "", None
    family = to_json(replace(without(config, name), seed=0))
    if own is None:
        return family, "", None
    others = {key: value for key, value in own.params.items() if key != kind.strength}
    return family, json.dumps(others, sort_keys=True), own.params.get(kind.strength)


def _order(strength: Strength) -> tuple[bool, float, str]:
    number = isinstance(strength, (int, float))
    return not number, float(strength) if number else 0.0, str(strength)


def _point(
    store: Store, strength: Strength | None, runs: tuple[Run, ...], kind: type[Objective], scale: Scale
) -> Point:
    accuracies, aimed = [], []
    for run in runs:
        score = _final(run, store.scores(run.id))
        if score is not None:
            accuracies.append(Value(score.mean, score.std if len(score.values) > 1 else None, len(score.values)))
        report = reports(store, run.id).get((kind.aims[0], scale))
        value = None if report is None else aimed_at(report, kind.aims[1])
        if value is not None:
            aimed.append(value)
    return Point(strength, runs, _together(accuracies), _together(aimed))


def _final(run: Run, scores: Sequence[Score]) -> Score | None:
    """The accuracy on the test set that belongs to the run: under its own protocol, else the first there is."""
    held = [s for s in scores if s.of == "synthetic" and s.protocol.split == "test"]
    return next((s for s in held if s.protocol == run.config.evaluation), held[0] if held else None)


def _together(found: Sequence[Value]) -> Value | None:
    """Repeats as one: mean, and how far they lie apart; a single one keeps its own spread."""
    if len(found) < 2:
        return found[0] if found else None
    means = [value.mean for value in found]
    return Value(statistics.fmean(means), statistics.stdev(means), len(means))
