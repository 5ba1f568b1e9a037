"""`streamlit` with a stopwatch in it: the same app; what it does is written down beside it.

    DCVIZ_BENCH_TIMES=times.txt python -m benchmarks._timed_server run app.py

``DCVIZ_BENCH_TIMES``, a line for each look of the live fragment and each answer of the feed: which of both, CPU seconds
of its thread, and seconds of wall clock. Only the CPU seconds are the interpreter's time; the rest is waiting, mostly
for steps of the run.
``DCVIZ_BENCH_WORK``, a line whenever a worker begins or leaves a run: the word, the run, the worker's token, the time.
"""

from __future__ import annotations

import functools
import os
import sys
import time

from streamlit.web import cli

from dcviz.runs import worker
from dcviz.ui import feed, live


def _timed(work, name):
    @functools.wraps(work)
    def timed(*arguments):
        cpu, wall = time.thread_time(), time.perf_counter()
        try:
            return work(*arguments)
        finally:
            _note("DCVIZ_BENCH_TIMES", f"{name} {time.thread_time() - cpu} {time.perf_counter() - wall}")

    return timed


def _noted(work):
    @functools.wraps(work)
    def noted(store, run, owner, *rest):
        _note("DCVIZ_BENCH_WORK", f"begins {run.id} {owner.token} {time.time()}")
        try:
            return work(store, run, owner, *rest)
        finally:
            _note("DCVIZ_BENCH_WORK", f"leaves {run.id} {owner.token} {time.time()}")

    return noted


def _note(where: str, line: str) -> None:
    if where in os.environ:
        with open(os.environ[where], "a", encoding="utf-8") as out:
            out.write(line + "\n")


if __name__ == "__main__":
    live._look = _timed(live._look, "look")
    feed.answer = _timed(feed.answer, "answer")
    worker.work = _noted(worker.work)
    sys.exit(cli.main())
