"""One claimed run, taken forward in slices; commands are obeyed between them, and every error becomes a sentence."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from typing import Protocol

from dcviz.errors import Cancelled, Refused
from dcviz.records import Status
from dcviz.runs.database import Trouble
from dcviz.runs.store import Command, Owner, Run, Store

log = logging.getLogger(__name__)

SLICE_SECONDS = 0.2  # between two looks at the commands, where a step is not longer
ONE_PIECE = 1e-6  # seconds: the shortest slice, for stepping
BEAT_SECONDS = 1.0  # between signs of life during a long slice
SWEEP_SECONDS = 5.0  # between looks for runs whose process is gone

STOPPED = "stopped before it was done."

Verdict = tuple[Status, str]  # how a run is left, and why in words


class Job(Protocol):
    """The work of one claimed run, which a service builds."""

    step: int  # the last done
    seconds: float  # worked so far
    phase: str  # what is being done, in words
    remark: str  # what is to be said of the run when it is done, such as that nothing moved; empty as a rule

    def advance(self, seconds: float) -> bool:
        """Work for about that long, at least one piece (at most one step); True when nothing is left."""

    def apply(self, command: Command) -> None:
        """Change something while it runs, such as the learning rate."""

    def close(self, status: Status, text: str) -> None:
        """Write what going on needs, and free the device. After ``failed`` nothing is worth keeping."""


class Progress(Protocol):
    """Where a run is: a job at hand, or a run that another process works on."""

    @property
    def step(self) -> int:
        """The last done."""

    @property
    def seconds(self) -> float:
        """Worked so far."""

    @property
    def phase(self) -> str:
        """What is being done."""


OpenJob = Callable[[Run], Job]
OnProgress = Callable[[Progress], None]


class _Lost(Exception):
    """The lease went to somebody else: after a long sleep of this machine, say."""


def work(
    store: Store, run: Run, owner: Owner, open_job: OpenJob, halted: Callable[[], str], on_progress: OnProgress
) -> Verdict | None:
    """Work on a claimed run until it ends, or until ``halted()`` gives a reason to leave it for now.

    Returns how it is to be released; None when the lease was lost, so that there is nothing to release.
    """
    job: Job | None = None
    with _Pulse(store, run, owner) as pulse:
        try:
            pulse.job = job = open_job(run)
            verdict = _advance_to_end(store, run, owner, job, halted, on_progress)
        except _Lost:
            log.warning("%s was taken over by another process", run.id)
            _close(store, run, job, ("failed", ""))
            return None
        except KeyboardInterrupt:  # a slice was broken off: the job still holds its last whole step
            verdict = "interrupted", halted()
        except Cancelled:  # long work looked at the commands itself, and left off
            verdict = _wish(store, run, job, halted) or ("paused", "")  # a resume may just have come too late
        except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever a method does wrong ends its run, in words)
            verdict = _failure(store, run, error)
        verdict = _close(store, run, job, verdict)
    if job is not None:
        _note_step(store, run, owner, job)
    return verdict


def _note_step(store: Store, run: Run, owner: Owner, job: Job) -> None:
    """The step at which the job was left: the last sign of life may be older."""
    try:
        store.beat(run.id, owner, step=job.step, seconds=job.seconds)
    except Trouble as error:
        log.warning("%s was left at step %d, but that cannot be written: %s", run.id, job.step, error)


def _advance_to_end(
    store: Store, run: Run, owner: Owner, job: Job, halted: Callable[[], str], on_progress: OnProgress
) -> Verdict:
    until = run.until
    while True:
        wish, until = _obey(store, run, job, until)
        if wish is None and (reason := halted()):
            wish = "interrupted", reason
        if wish is None and until is not None and job.step >= until:
            wish = "paused", ""
        if wish is not None:
            return wish
        done = job.advance(SLICE_SECONDS if until is None else ONE_PIECE)
        if not store.beat(run.id, owner, step=job.step, seconds=job.seconds, phase=job.phase):
            raise _Lost
        on_progress(job)
        if done:
            return "done", job.remark


def _obey(store: Store, run: Run, job: Job | None, until: int | None) -> tuple[Verdict | None, int | None]:
    """Carry out what was asked: whether to leave off, and at which step to pause."""
    wish: Verdict | None = None
    for command in store.take_commands(run.id):
        if command.kind == "stop":
            return ("cancelled", STOPPED), until
        elif command.kind == "pause":
            wish = "paused", ""
        elif command.kind == "resume":
            wish = until = None
        elif command.kind == "step":
            wish, until = None, (job.step if job else run.step) + int(command.payload.get("steps", 1))
        elif job is not None:
            _apply(store, run, job, command)
    return wish, until


def _apply(store: Store, run: Run, job: Job, command: Command) -> None:
    try:
        job.apply(command)
    except Refused as error:  # a bad wish is no reason to end the run
        store.log_event(run.id, job.step, "refused", command=command.kind, text=str(error))


def _wish(store: Store, run: Run, job: Job | None, halted: Callable[[], str]) -> Verdict | None:
    wish, _ = _obey(store, run, job, None)
    reason = halted()
    return wish or (("interrupted", reason) if reason else None)


def _close(store: Store, run: Run, job: Job | None, verdict: Verdict) -> Verdict:
    if job is None:
        return verdict
    status, text = verdict
    try:
        job.close(status, text)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (as above)
        failure, words = _failure(store, run, error)
        if status in ("done", "paused"):  # neither is true now
            return failure, words
        return status, f"{text} {words}".strip()
    return verdict


def _failure(store: Store, run: Run, error: BaseException) -> Verdict:
    """How a run is left after an error: with the cure where one is known, else with all that is known."""
    if isinstance(error, Trouble):  # of the disk, not of the run
        log.warning("%s is interrupted: %s", run.id, error)
        return "interrupted", f"{error} Then resume the run."
    if isinstance(error, Refused):
        return "failed", str(error)
    if _out_of_memory(error):
        where = run.device or "the device"
        text = f"{where} has too little memory for this run: lower the budget or the batch, or take a smaller network."
        return "failed", text
    log.error("%s failed", run.id, exc_info=error)
    path = store.folder(run.id) / "error.txt"
    try:
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError as trouble:
        log.warning("cannot write %s: %s", path, trouble)
    return "failed", f"{type(error).__name__}: {error} (the whole traceback is in {path})"


def _out_of_memory(error: BaseException) -> bool:
    """By name and text: asking torch would mean importing it."""
    if isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    told = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in told)


class _Pulse:
    """Signs of life from the side, for slices that take long; and a look at whether others have died."""

    def __init__(self, store: Store, run: Run, owner: Owner) -> None:
        self.store, self.run, self.owner = store, run, owner
        self.job: Job | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"pulse of {run.id}", daemon=True)

    def __enter__(self) -> _Pulse:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        swept = time.monotonic()
        while not self._over.wait(BEAT_SECONDS):
            at = self.run if self.job is None else self.job
            try:
                self.store.beat(self.run.id, self.owner, step=at.step, seconds=at.seconds, phase=at.phase)
                if time.monotonic() - swept > SWEEP_SECONDS:
                    swept = time.monotonic()
                    self.store.sweep()
            except Refused as error:  # the work itself will meet it, and say so
                log.warning("no sign of life for %s: %s", self.run.id, error)
