"""What was measured of several runs, in one table: each number with its spread, repeats as mean ± spread."""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dcviz.records import EvaluationProtocol, Score
from dcviz.runs.store import Run
from dcviz.runs.words import method
from dcviz.yardsticks import PREFIX, Parting, parted

Metrics = Mapping[str, tuple[Any, Any]]
ACCURACY = "accuracy:"  # followed by the network
NETWORKS = {"convnet": "ConvNet", "mlp": "MLP", "linear": "linear"}  # as columns are called


@dataclass(frozen=True)
class Value:
    """A number with its spread."""

    mean: float
    spread: float | None = None  # standard deviation, divided by n - 1
    n: int = 1  # networks of one run, or repeats
    protocol: int = 0  # which of the protocols in use: 0 is the one most have


@dataclass(frozen=True)
class Measure:
    """One column: what it is, and which end is good."""

    title: str
    meaning: str
    better: str  # high | low
    digits: str = ",.0f"  # as a format
    factor: float = 1.0  # from the number to what is shown
    group: str = ""  # what several columns have in common
    log: bool = False  # spans magnitudes

    def written(self, value: Value) -> str:
        """The number as it is shown."""
        return format(self.factor * value.mean, self.digits)

    def spread(self, value: Value) -> str:
        """Its spread likewise, after ±; empty where there is none."""
        if not value.spread:  # none, or the same everywhere
            return ""
        digits = ".1g" if self.digits.endswith("g") else self.digits.lstrip("+")
        return f"± {format(self.factor * value.spread, digits)}"


@dataclass(frozen=True)
class Row:
    """The numbers of one run, or of repeats together."""

    runs: tuple[Run, ...]
    values: Mapping[str, Value]  # by the name of the measure
    parting: Parting | None = None  # of a single run
    parts: int = 0  # in how many of its runs objective and yardsticks part
    made: int | None = None  # M, synthetic samples; None where that is not known, or differs


@dataclass(frozen=True)
class Table:
    """All rows, what their columns are, and under which protocols their accuracies were measured."""

    rows: tuple[Row, ...]  # one for each group
    single: tuple[tuple[Row, ...], ...]  # likewise: one for each run of the group
    measures: Mapping[str, Measure]  # those that any run has
    protocols: Mapping[str, tuple[EvaluationProtocol, ...]]  # by measure; more than one: numbers do not compare


COMMON = {
    "gain": Measure(
        "over random", "Accuracy minus that of as many random real samples, same protocol.", "high", "+.1f", 100
    ),
    "budget": Measure("images per class", "K: stored synthetic images per class.", "low", log=True),
    "bytes": Measure(
        "bytes", "What the finished set takes: images as 32-bit numbers, soft labels, stored views.", "low", log=True
    ),
    "seconds": Measure("seconds", "Seconds of condensing, evaluation not counted.", "low", ",.1f", log=True),
    "steps": Measure("steps", "Updates of the synthetic set done so far.", "low", log=True),
    "epsilon": Measure(
        "ε spent",
        "How much may have been learned of any one private row, by the account of the run's mechanism; of runs on open "
        "data nothing is promised, which is not the same as 0.",
        "low",
        ".3g",
        log=True,
    ),
    "off": Measure(
        "off-manifold, %",
        "Synthetic images farther from the real images of their class, in the features of a network trained on T, "
        "than 95 % of held-out real images are (distance to the 5th nearest), in per cent of all.",
        "low",
        ".0f",
        100,
    ),
}


def compare(
    groups: Sequence[Sequence[Run]],
    metrics: Mapping[str, Metrics],
    scores: Mapping[str, Sequence[Score]],
    made: Mapping[str, int],
    good: Mapping[str, Mapping[str, Value]] | None = None,
) -> Table:
    """The table of groups of runs.

    Args:
        groups: repeats together, as `dcviz.runs.differing.groups` finds them.
        metrics: the curves of each run by its id.
        scores: its accuracies and those of its rivals, likewise.
        made: M, its synthetic samples, by its id; runs without a picture are left out.
        good: what the evaluation suite measured of it, by its id and the keys of `good_for`.
    """
    protocols = _protocols(scores.values())
    single = tuple(
        tuple(
            _with(_row(run, metrics[run.id], scores[run.id], protocols, made.get(run.id)), (good or {}).get(run.id, {}))
            for run in group
        )
        for group in groups
    )
    rows = tuple(together(rows) for rows in single)
    present = {name for row in rows for name in row.values}
    known = {**{name: _accuracy(name) for name in protocols}, **COMMON, **(good_for() if good else {})}
    measures = {name: known[name] for name in known if name in present}
    measures |= {name: _yardstick(name) for name in sorted(present) if name.startswith(PREFIX)}
    return Table(rows, single, measures, protocols)


def good_for() -> dict[str, Measure]:
    """What objectives aim at, as measures: the numbers of the evaluation suite that stand for a property."""
    from dcviz import registry
    from dcviz.evaluation.suite.properties import PROPERTIES

    found = {}
    for name, aimed in dict.fromkeys(kind.aims for kind in registry.known("objective").values()):
        quantity = PROPERTIES[name].quantity(aimed)
        per_cent = quantity.unit == "fraction"
        title = f"{quantity.title}{', %' if per_cent else ''}"
        meaning = f"{quantity.sentence} Over several attacks or groups, their mean; quick scale."
        better = "low" if quantity.better == "lower" else "high"
        look = (".1f", 100.0) if per_cent else (".3g", 1.0)
        found[f"{name}:{aimed}"] = Measure(title, meaning, better, *look)
    return found


def _with(row: Row, further: Mapping[str, Value]) -> Row:
    return replace(row, values={**row.values, **further}) if further else row


def mixed(table: Table) -> list[str]:
    """The measures whose numbers do not compare: they were measured under different protocols."""
    found = []
    for name in table.protocols:
        used = {row.values[name].protocol for rows in table.single for row in rows if name in row.values}
        found += [name] if len(used) > 1 else []
    return found


def as_csv(table: Table, labels: Sequence[str], told: Callable[[EvaluationProtocol], str]) -> str:
    """One line for each run: what it is, then every measure with spread and n; ``told`` puts a protocol in words."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["run", "group", "data", "method", "seed", "status", "parts at step"]
    for name in table.measures:
        head += [name, f"{name} spread", f"{name} n"] + ([f"{name} protocol"] if name in table.protocols else [])
    writer.writerow(head)
    for label, rows in zip(labels, table.single, strict=True):
        for row in rows:
            run = row.runs[0]
            line: list[Any] = [run.id, label, run.config.data.name, method(run.config), run.config.seed, run.status]
            line.append(row.parting.step if row.parting is not None else "")
            for name in table.measures:
                value = row.values.get(name)
                line += ["", "", ""] if value is None else [value.mean, value.spread, value.n]
                if name in table.protocols:
                    line.append("" if value is None else told(table.protocols[name][value.protocol]))
            writer.writerow(line)
    return out.getvalue()


def together(rows: Sequence[Row]) -> Row:
    """Repeats as one: means, and how far the repeats lie apart; one run keeps the spread of its networks.

    Where repeats were measured under different protocols, those count that have the most common one.
    """
    if len(rows) == 1:
        return rows[0]
    values = {}
    for name in dict.fromkeys(name for row in rows for name in row.values):
        found = [row.values[name] for row in rows if name in row.values]
        protocol = min(value.protocol for value in found)
        means = [value.mean for value in found if value.protocol == protocol]
        spread = statistics.stdev(means) if len(means) > 1 else None
        values[name] = Value(statistics.fmean(means), spread, len(means), protocol)
    sizes = {row.made for row in rows}
    runs = tuple(run for row in rows for run in row.runs)
    return Row(runs, values, None, sum(row.parts for row in rows), sizes.pop() if len(sizes) == 1 else None)


def _protocols(scores: Iterable[Sequence[Score]]) -> dict[str, tuple[EvaluationProtocol, ...]]:
    """The test protocols in use by network, the most common first; the ConvNet before others."""
    used: dict[str, Counter[EvaluationProtocol]] = {}
    for score in (score for of_run in scores for score in of_run):
        if score.of == "synthetic" and score.protocol.split == "test":
            used.setdefault(ACCURACY + score.protocol.network, Counter())[score.protocol] += 1
    order = sorted(used, key=lambda name: (name != f"{ACCURACY}convnet", name))
    return {name: tuple(protocol for protocol, _ in used[name].most_common()) for name in order}


def _row(
    run: Run,
    metrics: Metrics,
    scores: Sequence[Score],
    protocols: Mapping[str, tuple[EvaluationProtocol, ...]],
    made: int | None,
) -> Row:
    values = {"budget": Value(run.config.budget), "steps": Value(run.step), "seconds": Value(run.seconds)}
    ends = {
        name: _last(metrics, name) for name in metrics if name.startswith(PREFIX) or name in ("bytes", "off", "epsilon")
    }
    values |= {name: Value(end) for name, end in ends.items() if end is not None}
    if "off" in values:
        values |= {"off": Value(values["off"].mean / made)} if made else {}
    for name, known in protocols.items():
        score = _score(scores, known)
        if score is None:
            continue
        at = known.index(score.protocol)
        values[name] = Value(score.mean, score.std if len(score.values) > 1 else None, len(score.values), at)
        random = next((s for s in scores if s.of == "random" and s.protocol == score.protocol), None)
        if random is not None and "gain" not in values:
            values["gain"] = Value(score.mean - random.mean, protocol=at)
    parting = parted(metrics)
    return Row((run,), values, parting, int(parting is not None), made)


def _score(scores: Sequence[Score], known: Sequence[EvaluationProtocol]) -> Score | None:
    """The accuracy of S under the most common of the protocols that the run was measured under."""
    found = [score for score in scores if score.of == "synthetic" and score.protocol in known]
    return min(found, key=lambda score: known.index(score.protocol), default=None)


def _last(metrics: Metrics, name: str) -> float | None:
    _, values = metrics[name]
    return float(values[-1]) if len(values) and values[-1] == values[-1] else None


def _accuracy(name: str) -> Measure:
    network = name.removeprefix(ACCURACY)
    title = NETWORKS.get(network, network)
    meaning = (
        f"Test accuracy in per cent of fresh networks ({title}) trained on S: mean ± standard deviation, of repeats "
        "over the repeats, of one run over its networks. The last update counts, never the best."
    )
    return Measure(f"accuracy, {title}, %", meaning, "high", ".1f", 100)


def _yardstick(name: str) -> Measure:
    meaning = "Measured on the last kept step; 1 is the mean over ten random real subsets of the same budget."
    return Measure(name.removeprefix(PREFIX), meaning, "low", ".3g", group="yardsticks, 1 = random real")
