"""A fork starts where its parent was at a step, in full precision."""

from __future__ import annotations

from collections.abc import Generator

from dcviz.condensing.loop import begin, finish, step
from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.runs import problem as building
from dcviz.runs.kept import setup_of
from dcviz.runs.problem import discrepancy_of
from dcviz.runs.store import Run, Store
from dcviz.types import SyntheticSet

KEPT = ("data", "budget", "parameterisation")  # what a fork shares with its parent


def refuse_other_shape(parent: RunConfig, config: RunConfig) -> None:
    """A fork continues the same images: what fixes their number and shape cannot change."""
    for key in KEPT:
        if getattr(parent, key) != getattr(config, key):
            raise Refused(f"a fork keeps the {key} of its run; to change the {key}, start a new run.")
    if parent.data.private:
        refuse_spending(parent, config)


def refuse_spending(parent: RunConfig, config: RunConfig) -> None:
    """A fork of a private run is free where it goes on with the same release; all else would spend beyond its ε."""
    if discrepancy_of(parent).asks_each_step:
        raise Refused(
            "each step of this run releases something of the private rows, and a fork would do that beside it: start a "
            "new run, whose ε adds to this one's, or fork a run of private-embedding or private-means."
        )
    if (parent.objectives, parent.seed) != (config.objectives, config.seed):
        raise Refused(
            "a fork of a private run keeps its objective and seed, with which it shares the release: to change them, "
            "start a new run, whose ε adds to this one's."
        )


def inherited(store: Store, run: Run) -> Generator[None, None, SyntheticSet]:
    """S of the parent at the forked step: from its checkpoint there, or re-run from the one before."""
    from dcviz.runs.continuing import rate_changes
    from dcviz.runs.states import unpack_state

    if run.parent is None or run.parent_step is None:
        raise Refused(f"{run.id} is not a fork.")
    parent = store.run(run.parent)
    refuse_other_shape(parent.config, run.config)
    setup = setup_of(store, parent)
    newest = store.load_checkpoint(parent.id)
    if newest is not None:
        setup.problem.discrepancy.refuse_stale(setup.problem.context, unpack_state(*newest[1:], setup).inner)
    yield
    earlier = [at for at in store.checkpoints(parent.id) if at <= run.parent_step]
    found = store.load_checkpoint(parent.id, max(earlier)) if earlier else None
    if found is not None:
        state = unpack_state(found[1], found[2], setup)
    else:
        origin = yield from _origin(store, parent, setup)
        state = begin(setup.problem, origin)
    changes = rate_changes(store, parent.id, state.step)
    while state.step < run.parent_step:
        for group, rate in changes.get(state.step, ()):
            state.moments["rates"][group] = rate
        state = step(setup.problem, state)
        yield
    if state.step == parent.config.steps:
        state = finish(setup.problem, state)
    return state.synthetic


def _origin(store: Store, parent: Run, setup: building.Setup) -> Generator[None, None, SyntheticSet]:
    if parent.parent is None:
        return setup.start
    return (yield from inherited(store, parent))
