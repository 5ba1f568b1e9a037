"""One clock for several runs: what its axis counts, and which kept frame of each run belongs to a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcviz import registry
from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.runs.store import Run

Metrics = Mapping[str, tuple[Any, Any]]
SECONDS = "seconds"  # the curve of seconds worked, at kept steps
TICKS = 160  # moments at most: twenty seconds of play


@dataclass(frozen=True)
class Axis:
    """What a clock counts."""

    title: str
    unit: str  # beside the axis
    meaning: str
    formula: str  # LaTeX
    scale: int = 1  # ticks of the clock to one unit: the clock counts whole numbers
    said: str = "{:,.0f}"  # a position in words


AXES = {
    "step": Axis("steps", "step", "One step is one update of the synthetic set.", r"s", said="step {:,.0f}"),
    "seconds": Axis(
        "seconds",
        "seconds",
        "Seconds of condensing, evaluation not counted; on the machine where each run ran.",
        r"t(s)",
        1000,
        "{:,.1f} s",
    ),
    "images": Axis(
        "images seen",
        "images",
        "Images that went through the discrepancy so far: in each step B real ones per class (none where the real "
        "side is prepared once) and the K decoded synthetic ones.",
        r"s \cdot C \cdot (B + K)",
        said="{:,.0f} images",
    ),
    "share": Axis(
        "share of the run",
        "% of the run",
        "How much of its own steps each run has done: all begin and end together.",
        r"100 \cdot s / S",
        10,
        "{:.0f} %",
    ),
}


@dataclass(frozen=True)
class Clock:
    """Moments, as whole numbers, and the frame of every run at each."""

    ticks: np.ndarray  # (n,) ascending
    frames: dict[str, np.ndarray]  # run -> (n,) steps: the newest kept one that is not later
    total: int  # the end, as of runs that go on


def along(axis: str, run: Run, steps: Any, metrics: Metrics, classes: int) -> np.ndarray:
    """Where steps of a run stand on an axis.

    Args:
        axis: a name of `AXES`.
        run: whose steps they are.
        steps: ``(n,)``.
        metrics: the run's curves, of which seconds are read.
        classes: C, of its data.
    """
    steps = np.asarray(steps, float)
    if axis == "seconds":
        return _seconds(run, steps, metrics)
    if axis == "images":
        return steps * images_per_step(run.config, classes)
    if axis == "share":
        return 100 * steps / max(run.steps, 1)
    return steps


def images_per_step(config: RunConfig, classes: int) -> int:
    """Images that one step looks at, real and synthetic; real ones once for all terms that take as many.

    >>> images_per_step(RunConfig(budget=10), 10) >= 100
    True
    """
    from dcviz.condensing.parameterise import PARAMETERISATIONS

    batches = []
    for term in config.terms:
        try:
            needs = registry.build("discrepancy", {"name": term.discrepancy, **term.params}).needs
        except Refused:  # of a plug-in that is not here
            continue
        batches.append(needs.real_per_class)
    found = PARAMETERISATIONS.get(config.parameterisation)
    decoded = config.budget * (found.expand if found is not None else 1)
    return classes * (max(batches, default=0) + decoded)


def clock(
    kept: Mapping[str, Sequence[int]], places: Mapping[str, np.ndarray], ends: Mapping[str, float], scale: int
) -> Clock:
    """The clock of several runs.

    Args:
        kept: steps with a frame, ascending, by run.
        places: where these stand on the axis, likewise.
        ends: where each run will have ended.
        scale: ticks to one unit of the axis.
    """
    at = {run: np.round(np.asarray(places[run]) * scale).astype(np.int64) for run in kept if len(kept[run])}
    ticks = np.unique(np.concatenate(list(at.values()))) if at else np.zeros(0, np.int64)
    if len(ticks) > TICKS:
        ticks = ticks[np.unique(np.linspace(0, len(ticks) - 1, TICKS).round().astype(int))]
    frames = {}
    for run, its in at.items():
        newest = np.clip(np.searchsorted(its, ticks, side="right") - 1, 0, None)
        frames[run] = np.asarray(kept[run])[newest]
    total = max([int(ticks[-1]) if len(ticks) else 0, *(round(end * scale) for end in ends.values())])
    return Clock(ticks, frames, total)


def _seconds(run: Run, steps: np.ndarray, metrics: Metrics) -> np.ndarray:
    """From the record of kept steps; of runs without one, as if every step had taken as long."""
    known, seconds = metrics.get(SECONDS, ((), ()))
    if len(known) < 2:
        return steps * (run.seconds / max(run.step, 1))
    known, seconds = np.asarray(known, float), np.asarray(seconds, float)
    pace = (seconds[-1] - seconds[0]) / max(known[-1] - known[0], 1)
    beyond = np.clip(steps - known[-1], 0, None) * pace
    return np.interp(steps, known, seconds) + beyond
