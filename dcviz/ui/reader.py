"""Reads the store for the live view: everything is encoded once, whoever watches, and nothing is computed anew."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dcviz.errors import Refused
from dcviz.figures import Theme, film, frame_scene
from dcviz.runs.store import Run, Store
from dcviz.ui.audience import Audience
from dcviz.yardsticks import BAND, BY_GROUP, LIKE, LIKE_BAND, PREFIX

FILM = 7  # images of the selected one's history
RUNS = 50  # whose numbers are kept
POINTS = ("labels", "ids", "pca", "points", "neighbours", "weights", "off")


@dataclass(frozen=True)
class Room:
    """What one message may cost."""

    bytes: int  # of frames
    seconds: float  # spent on frames that are asked for ahead


LIVE = Room(160_000, 0.03)  # while the run needs the processor
ENDED = Room(900_000, 0.15)  # nothing waits: the whole run is fetched ahead, to be played without asking


class Kept:
    """The newest few results of a function, by key; one thread computes each."""

    def __init__(self, size: int) -> None:
        self.size, self._found, self._lock = size, OrderedDict[Any, Any](), threading.RLock()

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """What is kept under ``key``, made if need be."""
        with self._lock:
            if key not in self._found:
                self._found[key] = make()
            self._found.move_to_end(key)
            while len(self._found) > self.size:
                self._found.popitem(last=False)
            return self._found[key]

    def forget(self, belongs: Callable[[Any], bool]) -> None:
        """Drop what is kept under keys for which ``belongs`` is true."""
        with self._lock:
            for key in [key for key in self._found if belongs(key)]:
                del self._found[key]


@dataclass
class Numbers:
    """The curves of a run, as they were at one of its changes; and when it was how far."""

    changes: int = -1
    curves: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    pace: list[tuple[float, int]] = field(default_factory=list)  # seconds of work, step


class Reader:
    """One per store and process, shared by all windows: what has not changed since another one looked is not read."""

    def __init__(self, store: Store) -> None:
        self.store, self.audience = store, Audience()
        self._scenes, self._frames, self._points, self._films = Kept(200), Kept(12), Kept(400), Kept(40)
        self.answers = Kept(20)  # of the feed
        self._reading = threading.Lock()
        self._latest, self._kept, self._rates, self._numbers = Kept(RUNS), Kept(RUNS), Kept(RUNS), Kept(RUNS)

    # ------------------------------------------------------------------------------------------------- frames

    def newest(self, run: Run) -> int | None:
        """The newest step that can be shown; read where a picture was saved since another window asked."""
        step: int | None = self._latest.get((run.id, run.pictures), lambda: self.latest(run.id))
        return step

    def kept(self, run: Run) -> list[int]:
        """The steps whose frames are kept."""
        steps: list[int] = self._kept.get((run.id, run.changes), lambda: self.store.frames(run.id))
        return steps

    def latest(self, run: str) -> int | None:
        """The newest step that can be shown; None before the first picture."""
        try:
            step, arrays = self.store.frame(run)
        except Refused:
            return None
        if not _alike(self._frames.get((run, step), lambda: arrays), arrays):
            # Written again: the reference came after a short run's last step, or finishing has changed S.
            for kept in (self._frames, self._points, self._scenes):
                kept.forget(lambda key: key[:2] == (run, step))
            self._films.forget(lambda key: key[0] == run)
            self._frames.get((run, step), lambda: arrays)
        return step

    def frame(self, run: str, step: int) -> Mapping[str, np.ndarray]:
        """The arrays of a step."""
        return self._frames.get((run, step), lambda: self.store.frame(run, step)[1])

    def points(self, run: str, step: int) -> Mapping[str, np.ndarray]:
        """The arrays of a step without its images."""
        return self._points.get((run, step), lambda: {k: v for k, v in self.frame(run, step).items() if k in POINTS})

    def scene(self, run: str, step: int, real: Mapping[str, Any] | None, look: tuple[str, Theme]) -> Any:
        """One frame as it travels; ``look`` is the key of the real layer and the theme."""

        def make() -> Any:
            return frame_scene(step, self.frame(run, step), real, look[1])

        return self._scenes.get((run, step, look), make)

    def scenes(
        self,
        run: str,
        steps: Sequence[int],
        real: Mapping[str, Any] | None,
        look: tuple[str, Theme],
        room: Room = LIVE,
    ) -> list[Any]:
        """Frames in the order asked for, as many as fit into one message and a moment; at least the first."""
        began, size = time.monotonic(), 0
        found: list[Any] = []
        for step in dict.fromkeys(steps):
            if found and (time.monotonic() - began > room.seconds or size > room.bytes):
                break
            try:
                scene = self.scene(run, step, real, look)
            except Refused:  # thinned out since the browser learned of it
                continue
            size += len((scene["sheet"] or {}).get("src", "")) + 100 * len(scene["maps"])
            found.append(scene)
        return found

    def film(self, run: str, id: int, kept: Sequence[int], real: Mapping[str, Any] | None, theme: Theme) -> Any:
        """One image at a few kept steps, evenly spread, the last among them."""
        at = np.unique(np.linspace(0, len(kept) - 1, FILM).round().astype(int)).tolist() if len(kept) else []
        steps = tuple(kept[i] for i in at)

        def make() -> Any:
            frames = []
            for step in steps:
                try:
                    frames.append((step, self.frame(run, step)))
                except Refused:
                    continue
            return film(frames, id, real, theme) if frames else None

        return self._films.get((run, id, steps, theme), make)

    # ------------------------------------------------------------------------------------------------ numbers

    def metrics(self, run: Run) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """All curves of a run; only what is new is read."""
        numbers: Numbers = self._numbers.get(run.id, Numbers)
        with self._reading:  # what two windows read at once must not be joined twice
            if numbers.changes >= run.changes:
                return dict(numbers.curves)
            held = numbers.curves
            if any(len(steps) and steps[-1] > run.step for steps, _ in held.values()):
                held.clear()  # it went back to a checkpoint
            since = {name: int(steps[-1]) for name, (steps, _) in held.items() if len(steps) and not _filled(name)}
            for name, (steps, values) in self.store.metrics(run.id, since=since).items():
                old = (steps[:0], values[:0]) if _filled(name) else held.get(name, (steps[:0], values[:0]))
                held[name] = (np.concatenate([old[0], steps]), np.concatenate([old[1], values]))
            numbers.changes = run.changes
            return dict(held)

    def rates(self, run: Run) -> dict[int, float]:
        """The learning rates that were set while the run went on, by the step they follow."""
        rates: dict[int, float] = self._rates.get((run.id, run.changes), lambda: self.store.rates(run.id))
        return rates

    def pace(self, run: Run) -> float | None:
        """Steps per second of work, over the last few seconds; None before it is known."""
        seen = self._numbers.get(run.id, Numbers).pace
        with self._reading:
            if seen and run.step < seen[-1][1]:
                seen.clear()
            if not seen or run.step > seen[-1][1]:
                seen.append((run.seconds, run.step))
            while len(seen) > 2 and seen[-1][0] - seen[1][0] > 5:
                seen.pop(0)
            (t0, s0), (t1, s1) = seen[0], seen[-1]
        if t1 - t0 > 0.5:
            return float(s1 - s0) / (t1 - t0)
        return run.step / run.seconds if run.seconds > 0 and run.step else None


def _alike(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> bool:
    return a is b or (a.keys() == b.keys() and all(a[key].tobytes() == b[key].tobytes() for key in b))


def _filled(name: str) -> bool:
    """Whether a curve has few points that do not come in the order of steps, so that all are read each time."""
    return name.startswith((PREFIX, LIKE, BY_GROUP)) or name in BAND + LIKE_BAND
