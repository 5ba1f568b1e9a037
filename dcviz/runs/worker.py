"""Who works: a background thread per device, or the caller's own thread. Both leave every run in a true status."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from dcviz.leaving import beside, leaving
from dcviz.records import FINAL, Status
from dcviz.runs.database import Trouble
from dcviz.runs.interrupts import Interrupts
from dcviz.runs.queue import device_name
from dcviz.runs.store import Owner, Run, Store
from dcviz.runs.work import SWEEP_SECONDS, Job, OnProgress, OpenJob, Progress, Verdict, work

__all__ = ["Job", "Progress", "Worker", "background", "drive"]

log = logging.getLogger(__name__)

EXPIRE_SECONDS = 3600.0  # between looks for what has been in the bin for long enough, and for litter
IDLE_SECONDS = 0.1  # between looks at the queue
RETRY_SECONDS = 2.0  # after trouble with the store
EXIT_SECONDS = 5.0  # that is waited for the checkpoint of a worker that is stopped

CLOSED = "dcviz was closed while it ran: resume it to go on from its newest checkpoint."


class Worker:
    """A thread that takes the queued runs of one device, one after the other."""

    def __init__(self, store: Store, open_job: OpenJob, device: str, threads: int | None = None) -> None:
        self.store, self.open_job, self.device, self.threads = store, open_job, device_name(device), threads
        self._guard = threading.Lock()
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; nothing happens when it has begun already."""
        with self._guard:
            if self.alive:
                return
            self._halt.clear()
            self._thread = beside(f"dcviz worker on {self.device}", self._loop)

    def stop(self, timeout: float = EXIT_SECONDS) -> bool:
        """Leave the run at hand as interrupted, with a checkpoint; whether that was done in time (seconds)."""
        self._halt.set()
        if self._thread is not None:
            self._thread.join(timeout)
        return not self.alive

    @property
    def alive(self) -> bool:
        """Whether the thread is there."""
        return self._thread is not None and self._thread.is_alive()

    def _loop(self) -> None:
        if self.threads is not None:
            import torch

            torch.set_num_threads(self.threads)
        owner, swept, expired = Owner.here(), float("-inf"), float("-inf")
        while not self._ending():
            try:
                if time.monotonic() - swept > SWEEP_SECONDS:
                    swept = time.monotonic()
                    self.store.sweep()
                if time.monotonic() - expired > EXPIRE_SECONDS:
                    expired = time.monotonic()
                    self.store.expire()
                    self.store.tidy()
                if not self._take_one(owner):
                    self._halt.wait(IDLE_SECONDS)
            except Exception:  # the thread must outlive trouble with the store: nobody would start it again
                log.exception("the worker on %s cannot go on at the moment", self.device)
                self._halt.wait(RETRY_SECONDS)

    def _take_one(self, owner: Owner) -> bool:
        run = self.store.claim(owner, self.device)
        if run is None:
            return False
        verdict = work(self.store, run, owner, self.open_job, self._halted, _silent)
        if verdict is not None:
            self._release(run, owner, *verdict)
        return True

    def _release(self, run: Run, owner: Owner, status: Status, text: str) -> None:
        while True:
            try:
                self.store.release(run.id, status, text, owner)
                return
            except Trouble as error:  # a full disk, say: the status must become true as soon as it can
                log.warning("%s is %s, but that cannot be written: %s", run.id, status, error)
                self._halt.wait(RETRY_SECONDS)
                if self._ending():
                    raise

    def _halted(self) -> str:
        return CLOSED if self._ending() else ""

    def _ending(self) -> bool:
        """Whether it was stopped, or the program ends: then runs are left with a checkpoint, and not cut off."""
        return self._halt.is_set() or leaving()


_by_place: dict[tuple[str, str], Worker] = {}
_guard = threading.Lock()


def background(store: Store, open_job: OpenJob, device: str, threads: int | None = None) -> Worker:
    """The one worker of this process for a store and a device, started by whoever asks first."""
    key = str(store.home), device_name(device)
    with _guard:
        found = _by_place.get(key)
        if found is None or not found.alive:
            found = _by_place[key] = Worker(store, open_job, device, threads)
            found.start()
        return found


def _silent(at: Progress) -> None:
    """The callback that says nothing."""


# ---------------------------------------------------------------------------------------- in the foreground


def drive(
    store: Store,
    open_job: OpenJob,
    run: str,
    *,
    device: str = "",
    on_progress: OnProgress = _silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Run:
    """Work on one run in the caller's thread until it ends, and return it.

    While the device is taken, it waits; where another process takes the run, it follows. Ctrl-C, or
    ``should_stop``, leaves it interrupted with a checkpoint.

    Raises:
        KeyboardInterrupt: after Ctrl-C, once the run is left in order.
    """
    owner, followed = Owner.here(), False
    reason = f"interrupted: go on with `dcviz resume {run}`."
    with Interrupts() as interrupts:

        def halted() -> str:
            return reason if interrupts.noticed() or should_stop() else ""

        while True:
            store.sweep()
            now = store.run(run)
            if now.status in FINAL or (followed and now.status in ("paused", "interrupted")):
                return now
            followed = followed or now.status == "running"
            claimed = store.claim(owner, device or now.device, run)
            if claimed is not None:
                if _work_and_release(store, claimed, owner, open_job, halted, on_progress):
                    interrupts.raise_if_noticed()
                    return store.run(run)
            elif halted():
                _leave_queue(store, run, reason)
                interrupts.raise_if_noticed()
                return store.run(run)
            else:
                on_progress(now)
                time.sleep(IDLE_SECONDS)


def _work_and_release(
    store: Store, run: Run, owner: Owner, open_job: OpenJob, halted: Callable[[], str], on_progress: OnProgress
) -> bool:
    """Whether the run was ours to the end."""
    verdict: Verdict | None = "interrupted", f"interrupted: go on with `dcviz resume {run.id}`."
    try:
        verdict = work(store, run, owner, open_job, halted, on_progress)
    finally:  # where even leaving was broken off, what was saved before must do
        if verdict is not None:
            store.release(run.id, *verdict, owner)
    return verdict is not None


def _leave_queue(store: Store, run: str, reason: str) -> None:
    """A run that waits is not to start when its caller has gone; one that others work on stays theirs."""
    if store.run(run).status == "queued":
        store.release(run, "paused", reason)
