"""What a run that goes on from a checkpoint, or from another run, finds and must keep."""

from __future__ import annotations

from dataclasses import replace

from dcviz.errors import Refused
from dcviz.randomness import generator
from dcviz.runs.ledger import EPSILON
from dcviz.runs.problem import Setup
from dcviz.runs.store import Store
from dcviz.types import SyntheticSet

Rates = dict[int, list[tuple[str, float]]]  # learning rates (group, rate) by the step that they follow


def started_from(parent: SyntheticSet, setup: Setup) -> Setup:
    """The set-up of a fork: S of the parent with what it lacks; what the fork does not learn stays as it is."""
    problem = setup.problem
    own = problem.discrepancy.extend(problem.context, parent, generator(problem.seed, "extend"))
    config = problem.optimiser.config
    kept = {key: 0.0 for key in own.parameters if key not in config.rates}
    optimiser = replace(problem.optimiser, config=replace(config, rates={**config.rates, **kept}))
    # Views show images as they were when they were labelled.
    return replace(setup, start=replace(own, views=None), problem=replace(problem, optimiser=optimiser))


def refuse_repeating(store: Store, run: str, at: int) -> None:
    """Refuse to go on from a step where later ones, which released something each, were shown already."""
    steps, _ = store.metrics(run).get(EPSILON, ((), ()))
    shown = max(map(int, steps), default=0)
    if shown > at:
        raise Refused(
            f"steps up to {shown} were shown, and the newest checkpoint that can be read is of step {at}: to take the "
            "steps between again would release private rows twice. Start a new run, whose ε adds to this one's."
        )


def rate_changes(store: Store, run: str, since: int = 0) -> Rates:
    """The live learning rates on record, from step ``since`` on."""
    found: Rates = {}
    for event in store.events(run):
        if event.kind == "rate" and event.step >= since:
            found.setdefault(event.step, []).append((event.payload["group"], event.payload["rate"]))
    return found
