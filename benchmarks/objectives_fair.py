"""What fair objectives do: two moons with a small group, a long tail of digits, and clients unlike each other.

python -m benchmarks.objectives_fair [moons digits clients] [--seeds 3]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._report import Figure, printed

SEEDS = 3
MOONS = {"data": "moons-minority", "divergence": "energy", "regime": "data", "budget": 10, "steps": 300}
WAYS: dict[str, list[Any]] = {
    "natural": [],
    "weights 70/30": [{"name": "group-weights", "weights": "majority=70, minority=30"}],
    "weights, half way to equal": ["group-weights"],
    "group DRO": ["worst-group"],
    "group DRO, at rest (η = 0.1)": [{"name": "worst-group", "rate": 0.1}],
}
LIFTED, LOST = 93.0, 2.0  # per cent: what the small group must reach, and what the large one may lose
MUST = ("weights 70/30", "group DRO")  # reach both
TAIL = 20.0  # times as large as the last is the first class
TAILED: dict[str, list[Any]] = {
    "equal budgets": [],
    "budgets in proportion": [{"name": "group-budgets", "evenness": 0.0}],
    "budgets half way": ["group-budgets"],
    "equal budgets, equal weights": [{"name": "group-weights", "equality": 1.0}],
    "equal budgets, group DRO (η = 0.1)": [{"name": "worst-group", "rate": 0.1}],
}
CLIENTS = {"data": "digits", "divergence": "mean", "regime": "random-features", "budget": 10, "steps": 300}


def moons(seeds: Sequence[int]) -> Iterator[Figure]:
    """Accuracy in both groups of two moons of which 3 % lie elsewhere, 20 points."""
    natural: list[float] = []
    for way, objectives in WAYS.items():
        every = [accuracies({**MOONS, "seed": seed}, objectives) for seed in seeds]
        large, small = ([100 * each[g] for each in every] for g in (0, 1))
        natural = natural or large
        must = way in MUST
        lost = [a - b for a, b in zip(natural, large, strict=True)]
        yield Figure(f"moons, {way}: majority", tuple(large), "%")
        yield Figure(f"moons, {way}: minority (3 %)", tuple(small), "%", LIFTED if must else None, at_least=True)
        if objectives:
            yield Figure(f"moons, {way}: majority loses", tuple(lost), "points", LOST if must else None)


def digits(seeds: Sequence[int]) -> Iterator[Figure]:
    """Digits of which 0 is twenty times as frequent as 9, 50 images, by ridge: all classes, and the worst."""
    from dcviz.records import DataConfig

    data = DataConfig(imbalance=TAIL)
    for way, objectives in TAILED.items():
        config = {"data": data, "budget": 5, "steps": 300, "start": "noise"}
        every = [accuracies({**config, "seed": seed}, objectives) for seed in seeds]
        yield Figure(f"digits, 20 : 1, {way}: mean of classes", tuple(100 * sum(e) / len(e) for e in every), "%")
        yield Figure(f"digits, 20 : 1, {way}: worst class", tuple(100 * min(e) for e in every), "%")


def clients(seeds: Sequence[int]) -> Iterator[Figure]:
    """Ten clients of digits that are alike or not, all or three of them there."""
    for alpha, part in ((100.0, 1.0), (0.1, 1.0), (0.1, 0.3)):
        objectives = [{"name": "federated", "alpha": alpha, "part": part}]
        every = [accuracies({**CLIENTS, "seed": seed}, objectives) for seed in seeds]
        name = f"digits, clients at α = {alpha:g}, {part:.0%} take part"
        yield Figure(f"{name}: mean of classes", tuple(100 * sum(e) / len(e) for e in every), "%")
        yield Figure(f"{name}: worst class", tuple(100 * min(e) for e in every), "%")


PARTS = {"moons": moons, "digits": digits, "clients": clients}


def figures(parts: Sequence[str] = tuple(PARTS), *, quick: bool = False, seeds: int = SEEDS) -> Iterator[Figure]:
    """Every figure of fairness, as it is measured; the short way is the moons with one seed."""
    for part in ("moons",) if quick else parts:
        yield from PARTS[part](range(1 if quick else seeds))


def accuracies(config: dict[str, Any], objectives: list[Any]) -> list[float]:
    """The test accuracy in each group, as a mean over the networks of the usual protocol."""
    from dcviz.condensing.loop import begin, finish, step
    from dcviz.evaluation import fitting, run_to_end
    from dcviz.evaluation.suite import Judge, synthetic
    from dcviz.evaluation.suite.fairness import group_accuracies
    from dcviz.runs.configure import configure
    from dcviz.runs.problem import build

    made = configure(**config, objectives=objectives)
    setup = build(made)
    state = begin(setup.problem, setup.start)
    while state.step < made.steps:
        state = step(setup.problem, state)
    batch = finish(setup.problem, state).synthetic.map(lambda t: t.detach()).decode()
    data = setup.dataset
    judge = Judge(data, fitting(made.evaluation, data.shape), made.budget, device=setup.device)
    subject, groups = synthetic(batch.x, batch.y, setup.device), data.groups
    every = []
    for i in range(made.evaluation.seeds):
        logits = run_to_end(judge.logits(subject, judge.protocol, i))
        every.append(group_accuracies(logits.argmax(1), data.test.y, groups.test, len(groups.names)))
    return [sum(of) / len(of) for of in zip(*every, strict=True)]


def main() -> int:
    """Print the figures; the exit status is the number of limits that were missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args()
    return printed(figures(given.parts, seeds=given.seeds))


if __name__ == "__main__":
    sys.exit(main())
