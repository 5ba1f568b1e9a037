"""What privacy costs and what it buys: accuracy against ε, and whether an attacker notices a planted outlier.

    python -m benchmarks.objectives_private            # two moons and digits, about four minutes on two cores
    python -m benchmarks.objectives_private --games 96

Accuracy is that of fresh networks under the usual protocol on the test part. The canary game trains with and without
an outlier in each class and asks how many of 99 decoys lie farther from the set; ½ is blind. A low score is evidence,
never a guarantee: the guarantee is the account.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks._report import Figure, printed

EPSILONS = (0.1, 0.3, 1.0, 3.0, 10.0)
SEEDS = (0, 1, 2, 3, 4)
LEAST = 0.87  # accuracy on the moons at ε = 1
FOUND = 0.95  # AUC that k-centre gives away at least
STEPS = 300
GAMES = 48


def figures(*, quick: bool = False, games: int = GAMES, digits: bool = True) -> Iterator[Figure]:
    """Accuracy on the moons for each ε, the digits at two, and the canary game; or the game and ε = 1 alone."""
    if quick:
        values = tuple(accuracy("moons", "private-embedding", 1.0, seed) for seed in SEEDS)
        yield Figure("moons, noisy embedding, ε = 1", values, "accuracy", LEAST, at_least=True)
        yield from canary_figures(12)
        return
    for epsilon in EPSILONS:
        values = tuple(accuracy("moons", "private-embedding", epsilon, seed) for seed in SEEDS)
        limit = LEAST if epsilon == 1 else None
        yield Figure(f"moons, noisy embedding, ε = {epsilon:g}", values, "accuracy", limit, at_least=True)
    yield Figure("moons, the same without noise", tuple(plain(seed) for seed in SEEDS), "accuracy")
    if digits:
        for name in ("private-embedding", "private-means", "private-gradients"):
            for epsilon in (1.0, 10.0):
                values = tuple(accuracy("digits", name, epsilon, seed) for seed in SEEDS[:3])
                yield Figure(f"digits, {name}, ε = {epsilon:g}", values, "accuracy")
    yield from canary_figures(games)


def canary_figures(games: int) -> Iterator[Figure]:
    """The game on the moons: a private set beside one that picks the farthest real samples."""
    from dcviz.evaluation.suite.games import auc_error

    for kind, limit, least in (("noisy embedding, ε = 1", 2.0, False), ("k-centre", FOUND, True)):
        score, inside, outside = canaries(kind, games)
        error = auc_error(inside, outside)
        note = f"AUC {score:.2f}, standard error {error:.2f}, {inside} in and {outside} out"
        if least:
            yield Figure(f"moons, canary AUC of {kind}", (score,), "AUC", limit, at_least=True, note=note)
        else:
            yield Figure(f"moons, canary AUC of {kind}, off ½", (abs(score - 0.5) / error,), "s.e.", limit, note=note)


def accuracy(data: str, name: str, epsilon: float, seed: int) -> float:
    """Of one private run."""
    from dcviz.runs.configure import configure

    return judged(configure(data=data, objectives=[{"name": name, "epsilon": epsilon}], steps=STEPS, seed=seed))


def plain(seed: int) -> float:
    """Of the same embedding without noise, on open data: what noise costs."""
    from dcviz.records import TermConfig
    from dcviz.runs.configure import configure

    config = configure(data="moons", steps=STEPS, seed=seed, start="noise")
    return judged(replace(config, terms=(TermConfig("private-embedding", {"epsilon": 100.0}),)))


def judged(config: Any) -> float:
    """The mean accuracy of fresh networks on the set that a configuration gives."""
    from dcviz.evaluation import fitting, measure, run_to_end

    setup, synthetic = condensed(config)
    batch = synthetic.decode()
    protocol = replace(fitting(config.evaluation, setup.dataset.shape), seeds=1)
    return run_to_end(measure(batch.x, batch.y, setup.dataset, protocol, device=setup.device)).mean


def condensed(config: Any, data: Any = None) -> Any:
    """The problem of a configuration, and S at its end."""
    from dcviz.condensing.loop import begin, step
    from dcviz.runs.problem import build

    setup = build(config, data=data)
    state = begin(setup.problem, setup.start)
    for _ in range(config.steps):
        state = step(setup.problem, state)
    return setup, state.synthetic


def canaries(kind: str, games: int) -> tuple[float, int, int]:
    """AUC of the attacker's scores, and how many canaries were in and out; the set holds ten points a class."""
    import numpy as np

    from dcviz.data import dataset
    from dcviz.evaluation.suite.canaries import game, ranks
    from dcviz.evaluation.suite.games import auc
    from dcviz.runs.configure import configure

    data, inside, outside = dataset("moons"), [], []
    for number in range(games):
        played = game(data, number)
        if kind == "k-centre":
            config = configure(data="moons", start="k-center", steps=0, seed=number)
        else:
            config = configure(data="moons", objectives=["private-embedding"], steps=STEPS, seed=number)
        setup, synthetic = condensed(config, played.data)
        x = setup.dataset.transform.inverse(synthetic.decode().x.cpu())
        scores = ranks(played, x, synthetic.decoded_classes().cpu()).tolist()
        for score, was_in in zip(scores, played.coins.tolist(), strict=True):
            (inside if was_in else outside).append(score)
    return auc(np.array(inside), np.array(outside)), len(inside), len(outside)


def main() -> int:
    """Print the figures; the exit status is the number of limits that were missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", type=int, default=GAMES)
    parser.add_argument("--no-digits", action="store_true")
    given = parser.parse_args()
    return printed(figures(games=given.games, digits=not given.no_digits))


if __name__ == "__main__":
    sys.exit(main())
