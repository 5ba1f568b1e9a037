"""What stands beside the runs: one set under several protocols, and ours beside published numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dcviz.learn.runs import RUNS
from dcviz.records import EvaluationProtocol, RunConfig, to_json

if TYPE_CHECKING:
    from dcviz.runs.store import Store
    from dcviz.types import Dataset, SyntheticSet

SET = "digits-ten"  # the run whose S is judged
SEEDS = 10
USUAL = EvaluationProtocol(seeds=SEEDS)
MNIST, BUDGET = "mnist", 1


@dataclass(frozen=True)
class Way:
    """One protocol, and what to call it."""

    title: str
    protocol: EvaluationProtocol


WAYS = (
    Way("as everywhere in dcviz", USUAL),
    Way("a third of the updates", replace(USUAL, updates=100)),
    Way("SGD, rate 0.01", replace(USUAL, optimiser="sgd", rate=0.01, schedule="step")),
    Way("augmented, 1,000 updates", replace(USUAL, updates=1000, augment="crop_scale_rotate")),
    Way("four times as wide", replace(USUAL, width=128)),
    Way("an MLP", replace(USUAL, network="mlp", width=128)),
)
OURS = ("dc", "dm")  # presets, at scale small


def measured(store: Store) -> dict[str, Any]:
    """All of it; MNIST must be readable.

    Returns:
        ``protocols``: per way its title, protocol, and the accuracies of networks trained on S and on random samples.
        ``mnist``: per preset its title, protocol and accuracies, and those of random samples.
    """
    return {"protocols": _protocols(store), "mnist": _ours(store)}


def _protocols(store: Store) -> list[dict[str, Any]]:
    config = RUNS[SET]()
    s, data = _condensed(config, store)
    found = []
    for way in WAYS:
        values = {"S": _judged(s, data, way.protocol), "random": _random(data, config.budget, way.protocol, store)}
        found.append({"title": way.title, "protocol": json.loads(to_json(way.protocol)), **values})
    return found


def _ours(store: Store) -> list[dict[str, Any]]:
    from dcviz.runs.configure import configure

    found = []
    for preset in OURS:
        s, data = _condensed(configure(data=MNIST, preset=preset, budget=BUDGET), store)
        found.append({"title": f"{preset.upper()}, scale small", "values": _judged(s, data, USUAL)})
    found.append({"title": "random real images", "values": _random(data, BUDGET, USUAL, store)})
    return [{**row, "protocol": json.loads(to_json(USUAL))} for row in found]


def _condensed(config: RunConfig, store: Store) -> tuple[SyntheticSet, Dataset]:
    from dcviz.condensing.loop import condense
    from dcviz.runs.problem import build

    setup = build(config, cache=store)
    *_, last = condense(setup.problem, setup.start)
    return last.state.synthetic, setup.dataset


def _judged(s: SyntheticSet, data: Dataset, protocol: EvaluationProtocol) -> list[float]:
    from dcviz.evaluation import measure, run_to_end

    batch = s.decode()
    work = measure(batch.x.detach(), batch.y.detach(), data, protocol, label_kind=s.label_kind, views=s.views)
    return [round(value, 4) for value in run_to_end(work).values]


def _random(data: Dataset, budget: int, protocol: EvaluationProtocol, store: Store) -> list[float]:
    from dcviz.evaluation import baseline, run_to_end

    score = run_to_end(baseline("random", data, budget, protocol, cache=store))
    assert score is not None
    return [round(value, 4) for value in score.values]
