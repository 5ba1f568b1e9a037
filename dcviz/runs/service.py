"""What a page, the command line and the library ask for: launch, watch, steer, fork, estimate."""

from __future__ import annotations

from collections.abc import Collection, Generator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from dcviz.errors import Refused
from dcviz.leaving import beside, stay
from dcviz.records import FINAL, DataConfig, Estimate, EvaluationProtocol, OptimiserConfig, RunConfig, Score
from dcviz.runs.store import Run, Store
from dcviz.runs.view import known_baselines as baselines
from dcviz.runs.view import real_view, seen_view, view_phase

__all__ = [
    "baselines",
    "estimate",
    "evaluate_run",
    "evaluating",
    "fork",
    "launch",
    "open_job",
    "real_view",
    "refuse_missing",
    "reopen",
    "resume",
    "rivalling",
    "view_phase",
    "worker",
]
from dcviz.runs.worker import Worker, background

FLOPS = 4e10  # operations a second assumed before this machine has run anything (one thread of a recent CPU)
OVERHEAD = 6e-3  # seconds a step, beside the operations


def launch(  # noqa: PLR0913  (all but two by keyword)
    store: Store,
    config: RunConfig,
    *,
    name: str = "",
    time_limit: float | None = None,
    tags: Collection[str] = (),
    trust: bool = False,
) -> str:
    """Queue a run and return its id; what can be refused before it starts is refused here.

    ``trust`` lets it run code that no run started here has named yet (`dcviz.runs.foreign`).
    """
    from dcviz.data.groups import refuse_absent
    from dcviz.runs.foreign import refuse_foreign
    from dcviz.runs.problem import check

    check(config)
    classes, _, count = _size(store, config.data)
    _refuse_scarce(config, classes, count)
    if config.data.groups is not None:
        refuse_absent(Path(config.data.groups).expanduser())
    if not trust:
        refuse_foreign(store, config)
    return store.create(config, name=name, time_limit=time_limit, tags=tags)


def fork(store: Store, run: str, step: int, config: RunConfig, *, name: str = "") -> str:
    """A new run that starts where another was at a step, under a configuration of its own."""
    from dcviz.runs.foreign import refuse_foreign
    from dcviz.runs.fork import refuse_other_shape
    from dcviz.runs.problem import check

    parent = store.run(run)
    check(config)
    refuse_foreign(store, config)
    refuse_missing(parent)  # the parent is built again to reach the step
    refuse_other_shape(parent.config, config)
    if not 0 <= step <= parent.step:
        raise Refused(f"{run} has done {parent.step} steps: fork it at a step from 0 to {parent.step}, not {step}.")
    return store.create(config, name=name, parent=run, parent_step=step)


def resume(store: Store, run: str, time_limit: float | None = None) -> None:
    """Queue a run that was left, or whose time was up, again; it goes on from its newest checkpoint.

    ``time_limit`` is the new one of a run whose time was up (seconds of condensing, counted from its first step).
    """
    if reopen(store, run, time_limit).resumable:
        store.enqueue(run, front=True)


def reopen(store: Store, run: str, time_limit: float | None = None) -> Run:
    """The run, ready to go on where it can; one whose time was up is paused now, without a limit or with another."""
    row = store.run(run)
    if row.status in FINAL and not row.cut_short:
        raise Refused(f"{run} is {row.status}: fork it to go on from one of its steps.")
    if row.resumable:
        refuse_missing(row, store)
    if row.cut_short:
        store.reopen(run, time_limit)
    elif time_limit is not None:
        store.limit(run, time_limit)
    return store.run(run)


def refuse_missing(row: Run, store: Store | None = None) -> None:
    """Refuse to go on with a run that names what is not here, as of a plug-in: it would fail for good.

    With its store also one that names code which nobody has started there (`dcviz.runs.foreign`).
    """
    from dcviz.runs.foreign import refuse_foreign
    from dcviz.runs.kept import IMPORTED
    from dcviz.runs.problem import check

    if row.config.start == IMPORTED:
        return
    try:
        check(row.config)
    except Refused as refusal:
        raise Refused(
            f"{row.id} cannot go on here: {refusal} If a plug-in declared it, install that plug-in."
        ) from None
    if store is not None:
        refuse_foreign(store, row.config)


def evaluate_run(store: Store, run: str, protocol: EvaluationProtocol | None = None, *, device: str = "auto") -> Score:
    """Train fresh networks on a run's final set, test them on its real data, and keep the score with the run."""
    from dcviz.evaluation import run_to_end

    return run_to_end(evaluating(store, run, protocol, device=device))


def evaluating(
    store: Store, run: str, protocol: EvaluationProtocol | None = None, *, device: str = "auto"
) -> Generator[Any, None, Score]:
    """`evaluate_run` in slices."""
    from dcviz.data import dataset
    from dcviz.evaluation import fitting, measure
    from dcviz.loaded import CondensedSet
    from dcviz.runs.problem import device_of

    config, made = store.run(run).config, CondensedSet.of_run(store, run)
    data = dataset(config.data)
    protocol = fitting(protocol or config.evaluation, data.shape)
    score: Score = yield from measure(
        made.x,
        made.y,
        data,
        protocol,
        device=device_of(device),
        label_kind=made.recipe.labels,
        views=made.views,
        step_size=made.recipe.step_size,
    )
    store.save_score(run, score)
    return score


def rival_of(store: Store, run: str, kind: str, protocol: EvaluationProtocol, *, device: str = "auto") -> Score | None:
    """A baseline for a run under a protocol, kept with the run; None where a class is smaller than the budget."""
    from dcviz.evaluation import run_to_end

    return run_to_end(rivalling(store, run, kind, protocol, device=device))


def rivalling(
    store: Store, run: str, kind: str, protocol: EvaluationProtocol, *, device: str = "auto"
) -> Generator[Any, None, Score | None]:
    """`rival_of` in slices."""
    from dcviz.data import dataset
    from dcviz.evaluation import baseline
    from dcviz.runs.problem import device_of

    config = store.run(run).config
    data, where = dataset(config.data), device_of(device)
    score: Score | None = yield from baseline(kind, data, config.budget, protocol, cache=store, device=where)
    if score is not None:
        store.save_score(run, score)
    return score


def open_job(store: Store, run: Run) -> Any:
    """The work of a claimed run."""
    from dcviz.runs.job import RunJob

    return RunJob(store, run)


def worker(store: Store, device: str = "auto") -> Worker:
    """The background worker of a device in this process; started once, whoever asks, and warmed up beside it."""
    _warm(str(store.home))
    return background(store, partial(open_job, store), device, app_threads())


@cache
def _warm(home: str) -> None:
    """Do once, before anybody waits for it, what the first run of a process would: imports take seconds."""
    beside("dcviz warm-up", warm_up, Store(Path(home)))


def warm_up(store: Store) -> None:
    """A step, a frame and an evaluation in small, so that a click on Condense finds everything imported.

    What was imported lives as long as the process: Python's collector need not look through it again.
    """
    import gc

    from dcviz.condensing.loop import begin, step
    from dcviz.evaluation import measure
    from dcviz.runs.configure import configure
    from dcviz.runs.frames import Framer
    from dcviz.runs.problem import build

    stay()
    setup = build(configure(budget=1))
    framer = Framer(store, setup.dataset)
    for _ in framer.prepare():
        stay()
    batch = step(setup.problem, begin(setup.problem, setup.start)).synthetic.decode()
    stay()
    next(measure(batch.x, batch.y, setup.dataset, RunConfig().evaluation))
    gc.freeze()


def app_threads() -> int:
    """Threads for computing beside an open window: all cores but one."""
    import os

    return max(1, (os.cpu_count() or 2) - 1)


def estimate(store: Store, config: RunConfig) -> Estimate:
    """Seconds and bytes of a run before it starts: from earlier runs of its kind here, else from operations.

    Raises:
        Refused: what means nothing by the configuration alone; a discrepancy that is not there, or is not defined for
            samples of this shape.
    """
    from dcviz.runs.early import refuse_early
    from dcviz.runs.problem import discrepancy_of, refuse_shape

    learned, discrepancy = store.get_fact(speed_key(config)), discrepancy_of(config)
    refuse_early(config, discrepancy)
    classes, shape, count = _size(store, config.data)
    _refuse_scarce(config, classes, count)
    refuse_shape(discrepancy, config.data.name, shape)
    flops, held = discrepancy.cost(classes, config.budget * _expand(config), shape)
    if learned is not None:
        return Estimate(config.steps * learned, int(held), "measured on this machine")
    return Estimate(config.steps * (OVERHEAD + flops / FLOPS), int(held), "calculated")


def _refuse_scarce(config: RunConfig, classes: int, count: int | None) -> None:
    """Refuse a start from more real samples than there are, however they fall into classes."""
    from dcviz.data.catalogue import refuse_thin

    if count is None:
        return
    if config.data.size is not None:
        refuse_thin(config.data.size, classes)
    if config.start != "noise" and config.budget > (most := count // classes):
        raise Refused(
            f"{count:,} real samples are fewer than {config.budget} for each of {classes} classes: choose a budget of "
            f"at most {most}, start from noise, or take more of the data."
        )


def _size(store: Store, data: DataConfig) -> tuple[int, tuple[int, ...], int | None]:
    """Classes, shape of a sample, training samples: of the data as it was seen, else at most, as it is announced."""
    from dcviz.data.catalogue import announced

    view = seen_view(store, data)
    if view is not None:
        return len(view["classes"]), tuple(view["shape"]), view["counts"]["train"]
    info = announced(data)
    if info is None:
        return 10, (3, 32, 32), None
    return len(data.classes or info.classes), info.shape, info.train if data.size is None else data.size


def speed_key(config: RunConfig) -> str:
    """Under which the seconds a step of like runs are remembered: all that the cost of a step depends on."""
    import hashlib

    from dcviz.records import to_json

    like = replace(config, steps=0, seed=0, start="", preset="", optimiser=OptimiserConfig())
    return "step-seconds/" + hashlib.blake2b(to_json(like).encode(), digest_size=12).hexdigest()


def _expand(config: RunConfig) -> int:
    from dcviz.condensing.parameterise import PARAMETERISATIONS

    found = PARAMETERISATIONS.get(config.parameterisation)
    return found.expand if found is not None else 1
