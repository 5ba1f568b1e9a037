"""Many windows on one run, a queue behind it, and people who press everything: what is lost, and how slow it gets.

    python -m benchmarks.crowd [--minutes 10] [--windows 20] [--people 10] [--queued 5] [--seed 1]

Windows are clients without a screen (`_windows.py`), so that the server is measured and not twenty browsers. One
long run is watched by all windows; every minute it is paused for a while, so that the queue moves. People
(`_pressing.py`) steer every run but that one.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks._browser import Served, process_seconds, served
from benchmarks._pressing import Person
from benchmarks._report import COLUMNS, ROOT, Figure, head, quantile, told
from benchmarks._windows import Window
from benchmarks.live import Pictures
from benchmarks.load import MB, STEPS, looks

if TYPE_CHECKING:
    from dcviz.runs.store import Run, Store

AGE, GROWTH = 2.0, 1.05  # s; of memory, last fifth ÷ first (flat, within the noise of an allocator)
# Seconds: unmeasured (streamlit keeps the session of a window that was closed for two minutes, so that before it holds
# what it always will, its memory has to grow); of the watched run's work, and its pauses.
TIMES = {"warm": 150.0, "watched": 45.0, "away": 12.0}
LONG = 300.0  # seconds, below which memory says nothing
TWICE = 1.0  # seconds within which one person's two equal runs come from one double click
TROUBLE = "Traceback (most recent call last)"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Crowd:
    """What was seen of everybody."""

    watched: str
    launched: list[str]
    shown: dict[Window, list[tuple[float, int]]] = field(default_factory=dict)  # when which step came
    spans: list[tuple[float, float]] = field(default_factory=list)  # in which the watched run went on
    memory: list[float] = field(default_factory=list)  # MB, once a second
    people: list[Person] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)  # that reached a screen
    made: dict[int, float] = field(default_factory=dict)  # when which step of the watched run was saved
    measured: tuple[float, float] = (0.0, 0.0)  # seconds of wall clock and of the server's CPU

    @property
    def known(self) -> set[str]:
        """Every run that was launched, or stood in somebody's address."""
        return {*self.launched, *(run for person in self.people for run in person.seen)}

    def maker(self, run: str) -> Person | None:
        """Who made a run: in whose address it stood first."""
        some = [person for person in self.people if run in person.seen]
        return min(some, key=lambda person: person.seen[run], default=None)

    def note(self, window: Window, data: dict[str, Any]) -> None:
        """Called with all that a window is told to draw."""
        latest = data.get("latest")
        if data.get("kind") == "live" and data.get("run") == self.watched and latest is not None:
            self.shown.setdefault(window, []).append((time.time(), latest))

    def ages(self) -> Iterator[tuple[float, float]]:
        """At every 50 ms, in every window, while the run goes on: since when what it shows was out of date; its age.

        Out of date since the next picture was saved: a run that makes few pictures shows old ones to everybody.
        """
        steps = sorted(self.made)
        for seen in self.shown.values():
            for (at, step), (after, _) in zip(seen, seen[1:], strict=False):
                following = bisect_right(steps, step)
                newer = self.made[steps[following]] if following < len(steps) else float("inf")
                while at < after and step in self.made:
                    if any(begin <= at <= end for begin, end in self.spans):
                        yield max(0.0, at - newer), at - self.made[step]
                    at += 0.05


async def gather(server: Served, numbers: argparse.Namespace, times: Path) -> Crowd:
    """Everybody comes, does what he does, and goes."""
    first = await Window(server.address).open()  # the server begins to work when somebody comes
    await first.settled()
    crowd = Crowd(server.launch(steps=STEPS), [server.launch(steps=100, seed=i) for i in range(numbers.queued)])
    crowd.launched.append(crowd.watched)
    await _working(server, crowd.watched)
    await first.close()
    windows = [Window(server.address, query=f"run={crowd.watched}", shown=crowd.note) for _ in range(numbers.windows)]
    for window in windows:
        await window.open()
    spared = frozenset({crowd.watched})
    crowd.people = [Person(server.address, numbers.seed * 100 + i, spared) for i in range(numbers.people)]
    end = time.monotonic() + numbers.warm + 60 * numbers.minutes

    def over() -> bool:
        return time.monotonic() > end

    with Pictures(server.store.folder(crowd.watched)) as made:
        tasks = [asyncio.create_task(person.work(over)) for person in crowd.people]
        tasks += [asyncio.create_task(_operate(server, crowd, numbers, over))]
        tasks += [asyncio.create_task(_weigh(server, crowd, numbers.warm, over))]
        await asyncio.sleep(numbers.warm)
        times.unlink(missing_ok=True)
        began, used = time.time(), process_seconds(server.process)
        await asyncio.gather(*tasks)
        crowd.measured = time.time() - began, process_seconds(server.process) - used
        for window in windows:
            await window.close()
    crowd.made = made.at
    crowd.spans = [(max(began, a), b) for a, b in crowd.spans]
    crowd.exceptions = [text for each in (*windows, *crowd.people) for text in each.exceptions]
    return crowd


async def _working(server: Served, run: str, seconds: float = 90) -> None:
    """Until its pictures come."""
    end = time.monotonic() + seconds
    while server.store.run(run).status != "running" or not (server.store.folder(run) / "latest.safetensors").exists():
        if time.monotonic() > end:
            raise RuntimeError(f"{run} did not begin: {server.store.run(run)}")
        await asyncio.sleep(0.1)


async def _operate(server: Served, crowd: Crowd, numbers: argparse.Namespace, over: Any) -> None:
    """Let the watched run go on and pause in turn; to go on it needs the device, so what runs meanwhile is paused."""
    from dcviz.runs import service

    store = server.store
    while not over():
        began, until = time.time(), time.monotonic() + numbers.watched
        while time.monotonic() < until and not over():
            await asyncio.sleep(0.2)
        crowd.spans.append((began + 1, time.time()))  # a picture takes a moment to be made after a pause
        if over():
            return
        store.command(crowd.watched, "pause")
        await asyncio.sleep(numbers.away)
        service.resume(store, crowd.watched)
        while store.run(crowd.watched).status != "running" and not over():
            for run in store.runs(status="running"):
                _politely(store, run.id, "pause")
            await asyncio.sleep(0.3)


def _politely(store: Store, run: str, kind: str) -> None:
    """Ask, unless it has just ended."""
    from dcviz.errors import Refused

    try:
        store.command(run, kind)
    except Refused:
        return


async def _weigh(server: Served, crowd: Crowd, warm: float, over: Any) -> None:
    await asyncio.sleep(warm)
    while not over():
        crowd.memory.append(server.process.memory_info().rss / MB)
        await asyncio.sleep(1)


# ---------------------------------------------------------------------------------------------- what is judged


def report(server: Served, crowd: Crowd, times: Path, work: Path) -> Iterator[Figure]:
    """The figures."""
    seconds, used = crowd.measured
    yield from looks(times, seconds)
    yield Figure("  the whole server's CPU, runs included", (used / seconds,), "cores")
    late, ages = zip(*crowd.ages(), strict=True)
    saved = sum(begin <= at <= end for at in crowd.made.values() for begin, end in crowd.spans)
    pace = saved / sum(end - begin for begin, end in crowd.spans)
    note = f"median {median(late):.2f}, longest {max(late):.2f}; since it was saved {quantile(ages, 0.95):.2f}, "
    note += f"with {pace:.1f} pictures a second; {len(crowd.shown)} windows"
    yield Figure("out of date what is shown, 95 % of the time below", (quantile(late, 0.95),), "s", AGE, note=note)
    fifth = max(1, len(crowd.memory) // 5)
    fifths = [median(crowd.memory[i * fifth : (i + 1) * fifth]) for i in range(5)]
    note = " → ".join(f"{held:.0f}" for held in fifths) + " MB"
    limit = GROWTH if seconds > LONG else None
    yield Figure("memory of the server, last fifth ÷ first", (fifths[-1] / fifths[0],), "×", limit, note=note)
    yield from _runs(server.store, crowd, work)
    ours, theirs = tracebacks((server.home / "server.log").read_text(errors="replace"))
    note = " | ".join(sorted(set(ours)))[:500]
    yield Figure("exceptions of dcviz in the server's log", (len(ours),), "", 0, note=note)
    yield Figure(
        "  of streamlit alone, as when a window closes", (len(theirs),), "", note=" | ".join(set(theirs))[:200]
    )
    note = " | ".join(sorted(set(crowd.exceptions)))[:500]
    yield Figure("tracebacks on a screen", (len(crowd.exceptions),), "", 0, note=note)
    lacking = sum(window.misses for window in (*crowd.shown, *(person.window for person in crowd.people)))
    yield Figure("  messages that streamlit took for known and were not", (lacking,), "")
    pressed = sum((person.done for person in crowd.people), Counter[str]())
    note = ", ".join(f"{name} {count}" for name, count in pressed.most_common(12))
    yield Figure("  presses", (pressed.total(),), "", note=f"{len(pressed)} different: {note} …")


def _runs(store: Store, crowd: Crowd, work: Path) -> Iterator[Figure]:
    """Whether every run is there, with a true status, and was worked on by one at a time."""
    there = {run.id: run for run in [*store.runs(), *store.bin()]}
    known = crowd.known | set(there)
    lost = lost_of(store, known)
    statuses = Counter(run.status for run in there.values())
    note = "; ".join(lost)[:500] or ", ".join(f"{n} {status}" for status, n in statuses.most_common())
    yield Figure(f"runs lost, of {len(known)}", (len(lost),), "", 0, note=note)
    twice, began = started_twice(work.read_text().splitlines() if work.exists() else [])
    yield Figure("runs at work twice at a time", (len(twice),), "", 0, note=", ".join(twice) or f"of {began} starts")
    double = list(doubled(there.values(), crowd.maker))
    yield Figure("runs made by the second half of a double click", (len(double),), "", 0, note=", ".join(double)[:300])


def lost_of(store: Store, known: Iterable[str]) -> list[str]:
    """Of runs that somebody began: those that are not as the store says, and why."""
    there = {run.id: run for run in [*store.runs(), *store.bin()]}
    return [f"{run}: {why}" for run in sorted(known) if (why := wrong_with(store, there.get(run)))]


def wrong_with(store: Store, run: Run | None) -> str:
    """Why what the store says of a run cannot be true; empty where all is in order."""
    if run is None:
        return "it is nowhere"
    if (store.folder(run.id) / "error.txt").exists():
        return f"failed by an exception: {run.text[:200]}"
    if run.deleted is not None:
        return ""
    if run.status == "running" and not run.alive:
        return "it is said to run, and nobody works on it"
    if run.status == "queued" and run.id not in store.waiting():
        return "it is said to wait, and has no place in the queue"
    return _unreadable(store, run)


def _unreadable(store: Store, run: Run) -> str:
    """Which of its files are missing or damaged."""
    from dcviz.errors import Refused

    try:
        for step in store.frames(run.id):
            store.frame(run.id, step)
        if run.status == "done" and store.final(run.id) is None:
            return "it is done, and its set is missing"
    except Refused as refusal:
        return str(refusal)
    going_on = run.status != "paused" or run.step <= 0 or store.load_checkpoint(run.id) is not None
    return "" if going_on else "it is paused, and cannot go on"


def tracebacks(log: str) -> tuple[list[str], list[str]]:
    """Those that pass through a file of this project, and the others: the last file and the error of each."""
    ours, theirs = [], []
    for part in COLOURS.sub("", log).split(TROUBLE)[1:]:
        lines = part.splitlines()
        error = next((line for line in lines if re.match(r"[A-Za-z_][\w.]*:( |$)", line)), "")
        place = [line.strip() for line in lines if str(ROOT) in line]
        (ours if place else theirs).append(f"{place[-1] if place else ''} {error}".strip()[:200])
    return ours, theirs


def started_twice(lines: list[str]) -> tuple[list[str], int]:
    """From a server's record of its work: who was begun while he or the device was at work; and how many starts.

    >>> started_twice(["begins a t1 0", "begins b t1 1", "leaves a t1 2", "leaves b t1 3", "begins a t1 4"])
    (['b'], 3)
    """
    at_work: set[str] = set()
    twice, starts = [], 0
    for word, run, *_ in map(str.split, lines):
        if word == "leaves":
            at_work.discard(run)
            continue
        starts += 1
        if at_work:
            twice.append(run)
        at_work.add(run)
    return twice, starts


def doubled(runs: Iterable[Run], maker: Callable[[str], Any]) -> Iterator[str]:
    """Runs that equal one of the same moment, unless somebody else made that one: all begin with the same set-up."""
    last: dict[tuple[Any, ...], Run] = {}
    for run in sorted(runs, key=lambda run: run.created):
        key = run.config_text, run.parent, run.parent_step
        before = last.get(key)
        if before is not None and run.created - before.created < TWICE:
            who, other = maker(run.id), maker(before.id)
            if who is None or other is None or who is other:
                yield run.id
        last[key] = run


def crowded(numbers: argparse.Namespace) -> Iterator[Figure]:
    """All of it, on a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        times, work = Path(folder) / "times.txt", Path(folder) / "work.txt"
        noted = {"DCVIZ_BENCH_TIMES": str(times), "DCVIZ_BENCH_WORK": str(work)}
        with served(("-m", "benchmarks._timed_server"), **noted) as server:
            crowd = asyncio.run(gather(server, numbers, times))
            yield from report(server, crowd, times, work)


def parsed(words: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    options = argparse.ArgumentParser(description="Many windows and people on one server.")
    options.add_argument("--minutes", type=float, default=10.0)
    for name, default in {"windows": 20, "people": 10, "queued": 5, "seed": 1}.items():
        options.add_argument(f"--{name}", type=int, default=default)
    for name, seconds in TIMES.items():
        options.add_argument(f"--{name}", type=float, default=seconds)
    return options.parse_args(words)


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """Ten minutes, or one."""
    yield from crowded(parsed(["--minutes", "1", "--warm", "20"] if quick else []))


def main() -> int:
    """Only these figures."""
    numbers = parsed()
    print(
        f"{head()}\n{numbers.windows} windows, {numbers.people} people, {numbers.minutes:g} min, seed {numbers.seed}\n"
    )
    print(COLUMNS)
    return told(crowded(numbers))


if __name__ == "__main__":
    sys.exit(main())
