"""Trajectory matching on the digits: how soon experts are ready, and what inner steps cost in memory and time.

    python -m benchmarks.trajectories

Experts are those of the preset MTT at scale small; they are trained into a cache of their own, then read from it.
Memory is what autograd holds for the backward pass at its highest, counted as it is kept (`benchmarks._memory`), with
40 inner steps and with 10: by the reverse sweep, with and without the inner weights that it stores itself, and by
autograd through all steps.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks._report import Figure, printed

BUDGET = 10


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """All rows of the table; there is no shorter way."""
    from dcviz.runs.configure import configure
    from dcviz.runs.problem import build
    from dcviz.runs.store import Store

    config = configure(preset="mtt", data="digits", budget=BUDGET, live=None)
    with tempfile.TemporaryDirectory() as home:
        for name, limit in (("experts ready, digits", 60.0), ("experts from the cache", 1.0)):
            began, busy = time.perf_counter(), time.process_time()
            setup = build(config, cache=Store(Path(home)))
            seconds, cpu = time.perf_counter() - began, time.process_time() - busy
            yield Figure(name, (seconds,), "s", limit, note=f"{cpu:.1f} s of processor time")
    yield from _memory(setup)


def _memory(setup: Any) -> Iterator[Figure]:
    from dcviz.types import Discrepancy

    (d,), context = setup.problem.discrepancy.parts, setup.problem.context[0]
    inner_weights = 4 * len(context["weights"][0][0])
    swept = {n: _gradient(replace(d, inner=n), context, setup, type(d).gradient) for n in (10, 40)}
    through = {n: _gradient(replace(d, inner=n), context, setup, Discrepancy.gradient) for n in (10, 40)}
    held = {n: swept[n][0] + n * inner_weights for n in swept}
    note = f"{swept[10][0] / 2**20:.1f} MiB with 10"
    yield Figure(
        f"activations, 40 inner steps over 10, {BUDGET} per class", (swept[40][0] / swept[10][0],), "×", 1.3, note=note
    )
    yield Figure("the same with the inner weights that are stored", (held[40] / held[10],), "×")
    yield Figure("the same by autograd through all steps", (through[40][0] / through[10][0],), "×")
    yield Figure(
        "autograd over sweep, 40 inner steps", (through[40][0] / held[40],), "×", note="memory, weights included"
    )
    yield Figure("sweep, 10 inner steps", (swept[10][1],), "s")
    yield Figure(
        "sweep over autograd, time, 40 inner steps", (swept[40][1] / through[40][1],), "×", note="3/2 in theory"
    )


def _gradient(d: Any, context: Any, setup: Any, gradient: Any) -> tuple[int, float]:
    """Bytes held at most, and seconds, of one gradient."""
    from benchmarks._memory import counted
    from dcviz.randomness import generator

    state, real = d.begin(context, setup.start, generator(0, "begin")), setup.problem.real.at(1)
    with counted() as kept:
        gradient(d, context, state, real, setup.start, generator(0, "loss"))
    began = time.perf_counter()
    gradient(d, context, state, real, setup.start, generator(0, "loss"))
    return kept.peak, time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(printed(figures()))
