"""`streamlit` with a stopwatch in it: the same app, and every look of the live fragment is timed into a file.

    DCVIZ_BENCH_TIMES=times.txt python -m benchmarks._timed_server run app.py

Each line: CPU seconds of the script's thread, and seconds of wall clock, of one look. Only the CPU seconds are the
interpreter's time; the rest is waiting, mostly for steps of the run.
"""

from __future__ import annotations

import functools
import os
import sys
import time

from streamlit.web import cli

from dcviz.ui import live


def _timed(look):
    @functools.wraps(look)
    def timed(*arguments):
        cpu, wall = time.thread_time(), time.perf_counter()
        try:
            return look(*arguments)
        finally:
            with open(os.environ["DCVIZ_BENCH_TIMES"], "a", encoding="utf-8") as out:
                out.write(f"{time.thread_time() - cpu} {time.perf_counter() - wall}\n")

    return timed


if __name__ == "__main__":
    live._look = _timed(live._look)
    sys.exit(cli.main())
