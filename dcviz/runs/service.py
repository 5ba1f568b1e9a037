"""What a page, the command line and the library ask for: launch, watch, steer, fork, estimate."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from dcviz.runs.store import Run, Store

from dcviz.errors import Refused
from dcviz.records import FINAL, Estimate, OptimiserConfig, RunConfig

FLOPS = 2e10  # operations a second assumed before this machine has run anything (one thread of a recent CPU)
OVERHEAD = 4e-3  # seconds a step, beside the operations


def launch(store: Store, config: RunConfig, *, name: str = "") -> str:
    """Queue a run and return its id; what can be refused before it starts is refused here."""
    from dcviz.runs.problem import check

    check(config)
    return store.create(config, name=name)


def fork(store: Store, run: str, step: int, config: RunConfig, *, name: str = "") -> str:
    """A new run that starts where another was at a step, under a configuration of its own."""
    from dcviz.runs.fork import refuse_other_shape
    from dcviz.runs.problem import check

    parent = store.run(run)
    check(config)
    refuse_other_shape(parent.config, config)
    if not 0 <= step <= parent.step:
        raise Refused(f"{run} has done {parent.step} steps: fork it at a step from 0 to {parent.step}, not {step}.")
    return store.create(config, name=name, parent=run, parent_step=step)


def resume(store: Store, run: str) -> None:
    """Queue a paused or interrupted run again; it goes on from its newest checkpoint."""
    row = store.run(run)
    if row.status in FINAL:
        raise Refused(f"{run} is {row.status}: fork it to go on from one of its steps.")
    if row.status in ("paused", "interrupted"):
        store.enqueue(run, front=True)


def open_job(store: Store, run: Run) -> Any:
    """The work of a claimed run."""
    from dcviz.runs.job import RunJob

    return RunJob(store, run)


_workers: dict[tuple[str, str], Any] = {}
_guard = threading.Lock()


def worker(store: Store, device: str = "auto") -> Any:
    """The background worker of a device in this process; started once, whoever asks."""
    from dcviz.runs.worker import Worker

    with _guard:
        key = (str(store.home), device)
        if key not in _workers or not _workers[key].alive:
            _workers[key] = Worker(store, lambda run: open_job(store, run), device, threads=app_threads())
            _workers[key].start()
        return _workers[key]


def app_threads() -> int:
    """Threads for computing beside an open window: all cores but one."""
    import os

    return max(1, (os.cpu_count() or 2) - 1)


def estimate(store: Store, config: RunConfig) -> Estimate:
    """Seconds and bytes of a run before it starts: from earlier runs of its kind here, else from operations."""
    from dcviz.data import catalogue
    from dcviz.runs.problem import discrepancy_of

    learned = store.get_fact(speed_key(config))
    info = next((i for i in catalogue() if i.name == config.data.name), None)
    shape, classes = (info.shape, len(info.classes)) if info is not None else ((3, 32, 32), 10)
    if config.data.classes is not None:
        classes = len(config.data.classes)
    flops, held = discrepancy_of(config).cost(classes, config.budget * _expand(config), shape)
    if learned is not None:
        return Estimate(config.steps * learned, int(held), "measured on this machine")
    rate = store.get_fact("flops", FLOPS)
    return Estimate(config.steps * (OVERHEAD + flops / rate), int(held), "calculated")


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
