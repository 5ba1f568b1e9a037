"""The rivals of a condensed set under the same protocol: random and chosen samples, and the whole real set.

Each is measured once per (data, kind, budget, protocol, seed) and then taken from the cache; those of the bundled
digits come with the package. Of large classes all but the random samples are chosen from a part, and the score says of
how many samples (`dcviz.condensing.start.chosen_from`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache as once
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from dcviz.caching import Cache
from dcviz.condensing.start import chosen_from, starting
from dcviz.errors import unknown
from dcviz.evaluation.measure import Work, measure_each, whole
from dcviz.randomness import generator
from dcviz.records import EvaluationProtocol, Score, from_dict, to_json
from dcviz.training import Sample, shuffles
from dcviz.types import Dataset

if TYPE_CHECKING:
    import torch
    from torch import Tensor

BASELINES = {
    "random": ("real", "Real samples drawn at random, anew for every network."),
    "herding": ("herding", "Real samples whose mean stays nearest to the mean of their class."),
    "medoids": ("medoids", "The real samples nearest to the centres of k-means in each class."),
    "centroids": ("centroids", "The centres of k-means in each class."),
    "kernel herding": (
        "kernel-herding",
        "Real samples, each picked where the class is denser than those before.",
    ),
    "k-centre": ("k-center", "Real samples, each picked farthest from those before: outliers too."),
    "support points": ("support", "Points moved until their energy distance to the class is smallest."),
    "whole set": ("", "All real training samples: what no smaller set is expected to exceed."),
}
FURTHER = ("kernel herding", "k-centre", "support points")  # no run waits for them: they are shown where known
VERSION = 1  # raised when selection or training changes, so that older cached numbers are not taken


def baseline(  # noqa: PLR0913  (three of them rare, by keyword only)
    kind: str,
    dataset: Dataset,
    budget: int,
    protocol: EvaluationProtocol,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    cache: Cache | None = None,
) -> Work[Score | None]:
    """The score of one rival, as work that can be done in slices; at once where it is known.

    None where there is none: a class has fewer real samples than the budget. Spread is over networks, and for
    random over subsets too.
    """
    if kind not in BASELINES:
        raise unknown("baseline", kind, BASELINES)
    smallest = int(dataset.train.y.bincount(minlength=len(dataset.classes)).min())
    if kind != "whole set" and budget > smallest:
        return None
    key = key_of(kind, dataset.fingerprint, budget, protocol, seed)
    found = known(key, cache)
    if found is not None:
        return found
    score = yield from afresh(kind, dataset, budget, protocol, seed=seed, device=device)
    if cache is not None:
        cache.save_cached("baseline", key, {}, json.loads(to_json(score)))
    return score


def afresh(
    kind: str,
    dataset: Dataset,
    budget: int,
    protocol: EvaluationProtocol,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Work[Score]:
    """A baseline measured now, whatever is known."""
    samples = yield from _samples(kind, dataset, budget, protocol.seeds, seed, device)
    score = yield from measure_each(lambda i: samples[i], dataset, protocol, seed=seed, device=device, of=kind)
    among = None if kind == "whole set" else chosen_from(BASELINES[kind][0], dataset, budget)
    return replace(score, among=among)


def key_of(kind: str, fingerprint: str, budget: int, protocol: EvaluationProtocol, seed: int = 0) -> str:
    """The key of a baseline in caches; the whole set has no budget."""
    budget = 0 if kind == "whole set" else budget
    text = json.dumps([VERSION, fingerprint, kind, budget, seed, to_json(protocol)])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def known(key: str, cache: Cache | None = None) -> Score | None:
    """A baseline that was measured before, from the cache or from those that come with the package."""
    held = cache.load_cached("baseline", key) if cache is not None else None
    if held is not None:
        return from_dict(Score, held[1])
    return from_dict(Score, bundled()[key]) if key in bundled() else None


@once
def bundled() -> dict[str, Any]:
    """The baselines that come with the package, by key; made by ``python -m dcviz.evaluation.bundle``."""
    file = files("dcviz.evaluation") / "bundled.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _samples(
    kind: str, dataset: Dataset, budget: int, networks: int, seed: int, device: torch.device | str
) -> Work[list[Sample]]:
    """What each network trains on: a random subset of its own, or all the same."""
    if kind == "whole set":
        return [whole(dataset, device) for _ in range(networks)]
    made = []
    for i in range(networks if kind == "random" else 1):
        chosen = yield from selected(kind, dataset, budget, seed, i)
        made.append(chosen)
    return [shuffles(*(t.to(device) for t in made[i % len(made)])) for i in range(networks)]


def selected(kind: str, dataset: Dataset, budget: int, seed: int, number: int = 0) -> Work[tuple[Tensor, Tensor]]:
    """The samples ``(C·K, *shape)`` of a rival in model space and their classes, class by class.

    ``number`` tells the random subsets apart, one for each network.
    """
    work = starting(BASELINES[kind][0], dataset, budget, generator(seed, f"baseline {kind}", number))
    return (yield from work)
