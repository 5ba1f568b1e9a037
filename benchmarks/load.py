"""What watching costs: steps lost by the run, CPU of the browser, time of the live fragment, memory.

python -m benchmarks.load
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks._browser import (
    READY,
    SLOW,
    Served,
    browser_seconds,
    chromium,
    process_seconds,
    served,
    wait_for_step,
    window,
)
from benchmarks._report import Figure, quantile, told
from benchmarks._windows import Window

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RATIO, FRAGMENT, GROWTH = 0.95, 30.0, 1.05  # of the steps, ms, end ÷ start (flat, within the noise of an allocator)
STEPS = 1_000_000  # more than are done before the run is stopped
STEADY = 200  # steps until the kept frames are sparse and everything is warm
MB = 2**20


def tax(browser: Browser, server: Served, rounds: int = 6, seconds: float = 10) -> Iterator[Figure]:
    """One long run, on the server's own worker; it is left alone and watched in turn, so all else is the same.

    Watched by a browser, which on two cores takes from the run what it needs itself; and by a window without a screen,
    which asks the server for all the same: what the server's own work for a watcher costs.
    """
    with window(browser, server.address) as page:
        page.wait_for_function(READY, timeout=SLOW)
        server.settle()
    run = server.launch(steps=STEPS)
    watchers: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        "alone": nullcontext,
        "browser": lambda: _browser(browser, f"{server.address}/?run={run}"),
        "window": lambda: unseen(server.address, f"run={run}"),
    }
    paces: dict[str, list[float]] = {name: [] for name in watchers}
    browsing: list[float] = []
    try:
        while server.store.run(run).step < STEADY:
            time.sleep(0.2)
        for i in range(rounds):
            for name in list(watchers)[:: -1 if i % 2 else 1]:  # what gets slower in time would favour the first
                with watchers[name]():
                    time.sleep(2)
                    pace, used = _pace(server, run, seconds)
                time.sleep(1)  # until the server has noticed that nobody looks
                paces[name].append(pace)
                browsing += [used] if name == "browser" else []
    finally:
        server.stop(run)
    ratios = {name: tuple(w / a for w, a in zip(paces[name], paces["alone"], strict=True)) for name in paces}
    yield Figure("steps/s watched ÷ alone, in turn", ratios["browser"], "×", RATIO, at_least=True)
    yield Figure("  the browser's own CPU meanwhile", tuple(browsing), "cores")
    yield Figure("the same by a window without a screen", ratios["window"], "×", RATIO, at_least=True)
    yield Figure("  steps/s alone", tuple(paces["alone"]), "steps/s")


@contextmanager
def _browser(browser: Browser, address: str) -> Iterator[None]:
    with window(browser, address) as page:
        wait_for_step(page, STEADY)
        yield


@contextmanager
def unseen(address: str, query: str) -> Iterator[None]:
    """A window without a screen, in a thread of its own."""
    over = threading.Event()

    async def look() -> None:
        one = await Window(address, query=query).open()
        await one.settled()
        while not over.is_set():
            await asyncio.sleep(0.1)
        await one.close()

    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(asyncio.run, look())
        try:
            yield
        finally:
            over.set()
        looking.result()


def _pace(server: Served, run: str, seconds: float) -> tuple[float, float]:
    """Steps a second, and cores that the browser uses."""
    used, began, step = browser_seconds(), time.perf_counter(), server.store.run(run).step
    time.sleep(seconds)
    end, now = server.store.run(run).step, time.perf_counter()
    return (end - step) / (now - began), (browser_seconds() - used) / (now - began)


def fragment(browser: Browser, seconds: float = 20) -> Iterator[Figure]:
    """The same server with a stopwatch around the live fragment, and around what is answered beside it."""
    with tempfile.TemporaryDirectory() as folder:
        times = Path(folder) / "times.txt"
        with served(("-m", "benchmarks._timed_server"), DCVIZ_BENCH_TIMES=str(times)) as server:
            with window(browser, server.address) as page:
                page.wait_for_function(READY, timeout=SLOW)
                server.settle()
            run = server.launch(steps=STEPS)
            with window(browser, f"{server.address}/?run={run}") as page:
                wait_for_step(page, STEADY)
                page.wait_for_timeout(2000)
                times.unlink(missing_ok=True)
                used = process_seconds(server.process)
                page.wait_for_timeout(1000 * seconds)
                used = process_seconds(server.process) - used
            server.stop(run)
        yield from looks(times, seconds)
    yield Figure("  the whole server's CPU, run included", (used / seconds,), "cores")


def looks(times: Path, seconds: float) -> Iterator[Figure]:
    """What the looks and the answers took that a timed server wrote down within some seconds."""
    named = {"look": "one look of the live fragment", "answer": "one answer of the feed"}
    for kind, what in named.items():
        seen = [
            (1000 * float(cpu), 1000 * float(wall))
            for word, cpu, wall in map(str.split, times.read_text().splitlines())
            if word == kind
        ]
        cpu, wall = zip(*seen, strict=True)
        note = f"95 % below {quantile(cpu, 0.95):.1f}; {len(seen) / seconds:.1f} a second"
        yield Figure(f"{what}, interpreter", cpu, "ms", FRAGMENT, note=note)
        yield Figure("  wall clock, with waiting for the run's steps", wall, "ms")


def memory(browser: Browser, server: Served, minutes: float = 2) -> Iterator[Figure]:
    """The server's resident memory over a watched run: the last fifth of the time beside the first."""
    run = server.launch(steps=STEPS)
    held, shown = [], []
    try:
        with window(browser, f"{server.address}/?run={run}") as page:
            wait_for_step(page, STEADY)
            page.wait_for_timeout(10_000)  # until what is kept once is there
            end = time.monotonic() + 60 * minutes
            while time.monotonic() < end:
                held.append(server.process.memory_info().rss / MB)
                shown.append(page.evaluate("performance.memory.usedJSHeapSize") / MB)
                page.wait_for_timeout(1000)
            step = server.store.run(run).step
    finally:
        server.stop(run)
    fifth = max(1, len(held) // 5)
    first, last = median(held[:fifth]), median(held[-fifth:])
    note = f"{first:.0f} → {last:.0f} MB, at step {step:,}"
    yield Figure(f"memory of the server, {minutes:g} min: end ÷ start", (last / first,), "×", GROWTH, note=note)
    first, last = min(shown[:fifth]), min(shown[-fifth:])  # the least: before the next collection it only grows
    yield Figure("  growth of the browser's heap", (last - first,), "MB", note=f"{first:.0f} → {last:.0f} MB")


def main() -> int:
    """Only these figures."""
    with chromium() as browser:
        missed = told(fragment(browser))
        with served() as server:
            return missed + told(tax(browser, server)) + told(memory(browser, server))


if __name__ == "__main__":
    sys.exit(main())
