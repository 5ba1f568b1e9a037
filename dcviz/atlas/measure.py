"""Condense the bundled digits in every cell and measure what came out; what is known is not done again."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from dcviz.atlas.grid import Cell
from dcviz.caching import key_of
from dcviz.errors import Cancelled
from dcviz.records import EvaluationProtocol, RunConfig, to_json
from dcviz.types import Progress, silent
from dcviz.yardsticks import PREFIX

if TYPE_CHECKING:
    import numpy as np

    from dcviz.runs.store import Store
    from dcviz.runs.work import Progress as At

VERSION = 1  # raised when what is measured changes
NAME = "atlas: {}"  # of the runs, in the gallery


@dataclass(frozen=True)
class Result:
    """What came out of one cell."""

    cell: str  # its key
    config: Mapping[str, Any]  # that was condensed
    run: str = ""  # where it lies in the store it was made in
    refused: str = ""  # why there are no numbers
    accuracy: tuple[float, ...] = ()  # of each network, as a fraction
    seconds: float = 0.0  # of condensing
    steps: int = 0
    learners: Mapping[str, float] = field(default_factory=dict)  # accuracy by learner
    yardsticks: Mapping[str, float] = field(default_factory=dict)  # relative to random real subsets
    picture: str = ""  # PNG of the sheet, base64

    @property
    def mean(self) -> float:
        """The accuracy, as a fraction."""
        return sum(self.accuracy) / len(self.accuracy)

    @property
    def spread(self) -> float:
        """The standard deviation over networks; 0 for one."""
        import statistics

        return statistics.stdev(self.accuracy) if len(self.accuracy) > 1 else 0.0


def result_key(config: RunConfig) -> str:
    """Under which the result of a configuration is kept: all that it depends on."""
    return key_of("atlas", VERSION, to_json(config))


def known(store: Store, cell: Cell) -> Result | None:
    """The result of a cell, from the store, else from what ships with the package; None if it was never measured."""
    from dcviz.atlas.bundled import shipped

    key = result_key(cell.config)
    found = store.load_cached("atlas", key)
    return read(found[1]) if found is not None else shipped().get(key)


def read(tree: Mapping[str, Any]) -> Result:
    """A result from plain values."""
    return Result(**{**tree, "accuracy": tuple(tree["accuracy"])})


def measure_cell(
    store: Store, cell: Cell, progress: Progress = silent, device: str = "auto", *, again: bool = False
) -> Result:
    """Condense a cell as a run of the store, evaluate it, and keep the result; one that was broken off goes on.

    A method that refuses the digits, or fails on them, has its reason as the result. ``again`` starts a new run in
    any case.

    Raises:
        Cancelled: from ``progress``.
        KeyboardInterrupt: after Ctrl-C, once the run is left in order.
    """
    from dataclasses import replace

    from dcviz.runs.service import open_job
    from dcviz.runs.worker import drive

    config = cell.config
    key = result_key(config)
    run = store.get_fact(f"atlas/{key}")
    usable = any(entry.run.status not in ("failed", "cancelled") for entry in store.entries([run] if run else []))
    if again or not usable:
        run = store.create(replace(config, device=device), name=NAME.format(cell.title), queue=False)
        store.set_fact(f"atlas/{key}", run)
    watch = _Watch(cell.title, max(config.steps, 1), progress)
    row = drive(
        store, lambda claimed: open_job(store, claimed), run, on_progress=watch, should_stop=lambda: watch.cancelled
    )
    if row.status not in ("done", "failed"):  # stopped or paused, here or in a window: to be gone on with
        raise Cancelled
    tree = json.loads(to_json(config))
    if row.status == "done":
        result = Result(cell.key, tree, run, **_numbers(store, run, config, progress))
    else:
        result = Result(cell.key, tree, run, refused=row.text)
    store.save_cached("atlas", key, {}, asdict(result))
    return result


class _Watch:
    """Tells how far a run is; when that is answered by `Cancelled`, the run is to stop in order."""

    def __init__(self, title: str, steps: int, progress: Progress) -> None:
        self.title, self.steps, self.progress, self.cancelled = title, steps, progress, False

    def __call__(self, at: At) -> None:
        try:
            self.progress(f"{self.title}: {at.phase}", 0.6 * min(at.step / self.steps, 1.0))
        except Cancelled:
            self.cancelled = True


def _numbers(store: Store, run: str, config: RunConfig, progress: Progress) -> dict[str, Any]:
    from dcviz.data import dataset
    from dcviz.evaluation.learners import learned
    from dcviz.loaded import CondensedSet

    made, data = CondensedSet.of_run(store, run), dataset(config.data)
    score = next(s for s in store.scores(run) if s.of == "synthetic" and s.protocol == config.evaluation)
    work = learned(made.x, made.y, data, EvaluationProtocol(seeds=1))
    while True:
        try:
            progress("learners", 0.6 + 0.3 * next(work))
        except StopIteration as end:
            learners = end.value
            break
    row = store.run(run)
    return {
        "accuracy": score.values,
        "seconds": round(row.seconds, 3),
        "steps": row.steps,
        "learners": {name: round(value, 4) for name, value in learners.items()},
        "yardsticks": _yardsticks(store, run),
        "picture": base64.b64encode(_picture(store, run)).decode(),
    }


def _yardsticks(store: Store, run: str) -> dict[str, float]:
    """The last value of every yardstick on record."""
    found = {}
    for name, (_, values) in store.metrics(run).items():
        if name.startswith(PREFIX) and len(values):
            found[name.removeprefix(PREFIX)] = round(float(values[-1]), 4)
    return found


def _picture(store: Store, run: str) -> bytes:
    """The sheet of the last frame as PNG, a row per class, without magnification."""
    from dcviz.runs.export import png, sheet

    frame = store.frame(run)[1]
    images: np.ndarray = frame["images"]
    return png(sheet(images.astype("float32") / 255 if images.dtype == "uint8" else images, frame["labels"]))
