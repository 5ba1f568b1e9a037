"""The yardsticks of a run: measured on its kept frames, within a share of its time."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from dcviz.runs.frames import Framer
from dcviz.runs.store import Run, Store
from dcviz.types import SyntheticSet
from dcviz.yardsticks import BAND, BY_GROUP, LIKE, LIKE_BAND, PREFIX, Panel, panel

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Waiting = tuple[Tensor, Tensor]  # samples in model space, classes

SHARE = 0.05  # of the run's time so far, at most, that measuring takes
EVERY = 3  # how many measured frames there are for one whose likeness is measured too; the first and last have it
KEEP = 0.2  # of that share is kept for the end, where a classifier is trained, which takes longer than a frame
GRACE = 0.25  # seconds that a run of any length may spend on it: the share of one of 5 seconds
RECORD_SECONDS = 0.25  # between entries in the record
LEAVING = 0.5  # seconds spent on what still waits when a run is paused; the rest waits in memory
HELD = 2**28  # bytes of frames that wait to be measured; beyond, every second of them is left out
KEPT = 2  # panels in memory, and paused runs with frames that wait

_ready: dict[tuple[str, int, str], Panel | None] = {}  # by fingerprint, budget and device; the last few
_left: dict[tuple[str, str], dict[int, Waiting]] = {}  # frames of paused runs, by home and run; the last few


class Measuring:
    """Measures frames, the newest first and then those farthest from any measured one, while the share allows.

    A frame waits in full precision: what is measured is S itself, not its 8-bit picture. Frames that still wait when
    the time is up are left out, and the curve passes over them. Time is that of the processor in this thread: other
    programs that hold up the run change nothing in what is measured.
    """

    def __init__(self, store: Store, run: Run, framer: Framer, device: torch.device) -> None:
        """Nothing is made yet; `prepare` is work for later."""
        self.store, self.run, self.framer, self.device = store, run.id, framer, device
        self.budget = run.config.budget
        self.spent, self._began = 0.0, time.thread_time()  # seconds
        self._rows: list[tuple[int, str, float]] = []  # not yet on record
        self._recorded = 0.0  # when
        self._waiting: dict[int, Waiting] = _left.pop((str(store.home), run.id), {})  # by step
        self._measured: set[int] = set()
        self._alike: set[int] = set()  # those whose likeness is measured too
        last = max(self._waiting, default=None)
        self._newest = None if last is None else (last, self._waiting[last])  # what a classifier is asked about
        self._panel: Panel | None = None
        self._settled = False  # whether it is known if there is a panel

    def prepare(self) -> Generator[float, None, None]:
        """Make the panel, or read it; after the framer's reference."""
        data, reference = self.framer.dataset, self.framer.reference
        if self._settled or reference is None:
            return
        key = data.fingerprint, self.budget, str(self.device)
        if key not in _ready:
            made = yield from panel(data, self.budget, reference, cache=self.store, device=self.device)
            while len(_ready) >= KEPT:
                _ready.pop(next(iter(_ready)), None)
            _ready[key] = made
        self._panel, self._settled = _ready[key], True
        if self._panel is None:
            self._waiting.clear()
        else:
            names, ends = BAND + LIKE_BAND, self._panel.band + self._panel.like_band  # the latter may be missing
            self.store.record(self.run, [(0, name, end) for name, end in zip(names, ends, strict=False)])

    def add(self, step: int, synthetic: SyntheticSet) -> None:
        """Note a frame to be measured."""
        import torch

        if self._settled and self._panel is None:
            return
        with torch.no_grad():
            x = synthetic.map(torch.detach).decode().x.clone()
        self._waiting[step] = x, synthetic.decoded_classes()
        self._newest = step, self._waiting[step]
        self._measured.discard(step)  # finishing has changed S
        self._alike.discard(step)
        while len(self._waiting) > 2 and sum(x.numel() * x.element_size() for x, _ in self._waiting.values()) > HELD:
            for at in sorted(self._waiting)[1:-1:2]:
                del self._waiting[at]

    def turn(self) -> Iterator[None]:
        """Between steps: frames that wait, while the share allows."""
        while self.spent < (1 - KEEP) * SHARE * self._worked() and self._measure():
            yield
        if time.monotonic() - self._recorded > RECORD_SECONDS:
            self._record()

    def to_end(self) -> Iterator[None]:
        """The last frame; then, as share or grace allow, whether it is told apart, and all that still wait."""
        newest = max(self._waiting, default=0) > max(self._measured, default=0)
        while newest:
            newest = not self._measured  # the first step comes before the last
            if not self._measure(alike=True):
                break
            yield
        if self._newest is not None and self._newest[0] in self._measured - self._alike:  # it was not known to be last
            began = time.thread_time()
            self._like(*self._newest)
            self.spent += time.thread_time() - began
            yield
        while self.spent < max(GRACE, SHARE * self._worked()) and (self._tell_apart() or self._measure()):
            yield
        self._record()

    def leave(self) -> None:
        """Measure what waits, for a moment at most; the rest waits for a resume in this process."""
        end = time.monotonic() + LEAVING
        for _ in self.prepare():
            if time.monotonic() > end:
                break
        while time.monotonic() < end and self._measure():
            pass
        self._record()
        while len(_left) >= KEPT:
            _left.pop(next(iter(_left)), None)
        if self._waiting:
            _left[str(self.store.home), self.run] = self._waiting

    def forget(self, since: int) -> None:
        """Leave out what waits from later than a step: the run has gone back to it."""
        self._waiting = {step: frame for step, frame in self._waiting.items() if step <= since}
        self._newest = self._newest if self._newest is not None and self._newest[0] <= since else None

    def _next(self) -> int | None:
        """The step to be measured now: the first of all, then the newest, then the one in the widest gap."""
        if self._panel is None or not self._waiting:
            return None
        if not self._measured:
            return min(self._waiting)
        newest = max(self._waiting)
        if newest > max(self._measured):
            return newest
        order = sorted(self._waiting.keys() | self._measured)
        done = [i for i, step in enumerate(order) if step in self._measured]
        left = [i for i, step in enumerate(order) if step in self._waiting]
        return order[max(left, key=lambda i: min(abs(i - j) for j in done))]

    def _measure(self, *, alike: bool = False) -> bool:
        """Measure one frame, its likeness if it is told to or due; whether there was one."""
        began = time.thread_time()
        step = self._next()
        if step is None or self._panel is None:
            return False
        frame, due = self._waiting.pop(step), alike or len(self._measured) % EVERY == 0
        found = {PREFIX + name: value for name, value in self._panel.measure(*frame).items()}
        self._rows += [(step, name, value) for name, value in found.items()]
        if due:
            self._like(step, frame)
        self._measured.add(step)
        self.spent += time.thread_time() - began
        return True

    def _like(self, step: int, frame: Waiting) -> None:
        """Measure the likeness of a frame, and its groups."""
        if self._panel is None:
            return
        found = {LIKE + name: value for name, value in self._panel.likeness(*frame).items()}
        found |= {BY_GROUP + name: value for name, value in self._panel.by_group(*frame).items()}
        self._alike.add(step)
        self._rows += [(step, name, value) for name, value in found.items()]

    def _tell_apart(self) -> bool:
        """Ask a classifier about the newest frame, once; whether it was asked."""
        began = time.thread_time()
        if self._panel is None or self._newest is None:
            return False
        step, frame = self._newest
        self._rows += [(step, LIKE + name, value) for name, value in self._panel.told_apart(*frame).items()]
        self._newest = None
        self.spent += time.thread_time() - began
        return True

    def _record(self) -> None:
        began = time.thread_time()
        self.store.record(self.run, self._rows)
        self._rows, self._recorded = [], time.monotonic()
        self.spent += time.thread_time() - began

    def _worked(self) -> float:
        """Seconds since the run was taken up."""
        return time.thread_time() - self._began
