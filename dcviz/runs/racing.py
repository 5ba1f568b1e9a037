"""The budget race: the same set-up at several budgets with equal compute, as queued runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.runs import service
from dcviz.runs.store import Store
from dcviz.runs.vary import next_tag, vary

BUDGETS = (1, 10, 50)  # of the literature
MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class Equal:
    """What is held equal, and how the steps at a budget follow from it."""

    title: str
    sentence: str
    formula: str  # LaTeX


EQUAL = {
    "updates": Equal(
        "image-updates",
        "Every budget gets the same number of updates of single synthetic images: ten times the images, a tenth of "
        "the steps.",
        r"S_K = \frac{S_0\, K_0}{K}, \qquad S_K \cdot K \cdot C = \text{const.}",
    ),
    "seconds": Equal(
        "seconds",
        "Every budget gets the same time on this machine, by the seconds that a step is expected to take.",
        r"S_K = \frac{S_0\, t_0}{t_K}, \qquad S_K \cdot t_K = \text{const.}",
    ),
}


@dataclass(frozen=True)
class Lane:
    """One budget of the race."""

    config: RunConfig
    seconds: float  # expected, of one run
    basis: str  # of the expectation, in words


def lanes(store: Store, base: RunConfig, budgets: Sequence[int], equal: str) -> list[Lane]:
    """The set-up ``base`` at each budget, with steps such that the compute is equal.

    Everything but budget and steps stays as it is; where a preset's constants follow the budget, so do these.

    Raises:
        Refused: fewer than two budgets, a base without steps, more steps than a run may have, or what does not fit.
    """
    budgets = sorted(set(budgets))
    if len(budgets) < 2 or budgets[0] < 1:
        raise Refused("a race needs at least two budgets of at least 1 image per class.")
    if base.steps < 1:
        raise Refused("this set-up takes no steps, so there is no compute to share out: choose one that condenses.")
    whole = service.estimate(store, base)
    found = []
    for budget in budgets:
        config = base if budget == base.budget else replace(vary(base, budget=budget), steps=base.steps)
        if equal == "updates":
            steps = base.steps * base.budget / budget
        else:
            steps = base.steps * whole.seconds / max(service.estimate(store, config).seconds, 1e-9)
        if steps > MOST_STEPS:
            raise Refused(f"{budget} per class would take {steps:,.0f} steps: leave it out, or start from fewer steps.")
        config = replace(config, steps=max(1, round(steps)))
        guess = service.estimate(store, config)
        found.append(Lane(config, guess.seconds, guess.basis))
    return found


def race(store: Store, lanes: Sequence[Lane], repeats: int) -> list[str]:
    """Queue every lane with so many seeds, counted from that of the set-up, under a tag of their own.

    Returns the runs, lane by lane.
    """
    tag = next_tag(store, "race")
    queued = {
        (i, k): service.launch(store, replace(lane.config, seed=lane.config.seed + i), tags=(tag,))
        for i in range(repeats)  # seed by seed: all lanes are seen early
        for k, lane in enumerate(lanes)
    }
    return [queued[i, k] for k in range(len(lanes)) for i in range(repeats)]
