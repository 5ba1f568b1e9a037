"""What the store hands out: runs, their owners, commands and events; and which status may follow which."""

from __future__ import annotations

import json
import os
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from secrets import token_hex
from typing import Any, get_args

from dcviz.errors import Refused
from dcviz.records import FINAL, RunConfig, Status, from_json

STALE_SECONDS = 10.0  # without a heartbeat, when the clock cannot tell whose process it is
STATUSES: tuple[str, ...] = get_args(Status)
BIN_SECONDS = 7 * 86_400.0  # that a deleted run and its files are kept
FOREIGN_SECONDS = 60.0  # without a heartbeat from another machine, whose processes cannot be seen
EPOCH = 1_735_689_600  # 2025-01-01: from where the time in an id counts
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")
STEERING = ("pause", "resume", "stop", "step")  # commands about going on; the others change the work itself

FOLLOWS: Mapping[str, frozenset[str]] = {
    "queued": frozenset({"running", "paused", "cancelled"}),
    "running": frozenset({"paused", "done", "failed", "cancelled", "interrupted"}),
    "paused": frozenset({"queued", "running", "cancelled"}),
    "interrupted": frozenset({"queued", "running", "cancelled"}),
}


class Deleted(Refused):
    """The run is in the bin, from where it can be had back until its time is over."""

    def __init__(self, run: str, name: str, at: float) -> None:
        self.run, self.name, self.at = run, name, at  # ``at``: when, in seconds since 1970
        days = max(0.0, at + BIN_SECONDS - time.time()) / 86_400
        left = f"{days:.0f} days" if days >= 2 else f"{24 * days:.0f} hours"
        super().__init__(
            f"{run}{f' ({name})' if name else ''} was deleted and is in the bin for another {left}: "
            f"restore it there, or with `dcviz restore {run}`."
        )


def check_follows(run: str, now: str, then: str) -> None:
    """Refuse a change of status that makes no sense."""
    if then in FOLLOWS.get(now, ()):
        return
    cure = "fork it, or start a new run." if now in FINAL else "wait, or look at it again."
    raise Refused(f"{run} is {now} and cannot become {then}: {cure}")


def check_id(run: str) -> str:
    """The id, or a refusal: it becomes a path, so nothing else may pass."""
    if not isinstance(run, str) or not ID.fullmatch(run):
        raise Refused(f"{str(run)[:60]!r} is not the id of a run; ids look like 0q3k9f-energy (see: dcviz runs).")
    return run


def new_id(config: RunConfig, now: float) -> str:
    """An id that sorts by time and tells the method: seconds since 2025 in base 36, and a word.

    >>> new_id(RunConfig(preset="m3d/small"), EPOCH + 36**4)
    '010000-m3d'
    """
    seconds, digits = int(now - EPOCH), ""
    for _ in range(6):
        seconds, digit = divmod(seconds, 36)
        digits = DIGITS[digit] + digits
    word = re.sub("[^a-z0-9]+", "-", _method(config).lower()).strip("-")[:24].strip("-")
    return f"{digits}-{word}" if word else digits


def _method(config: RunConfig) -> str:
    if config.data.private and config.objectives:
        return config.objectives[0].name
    if config.preset:
        return config.preset.split("/")[0]
    if not config.terms:
        return ""
    term = config.terms[0]
    divergence = term.params.get("divergence")
    name = divergence.get("name") if isinstance(divergence, Mapping) else divergence
    return str(name or term.discrepancy)


@cache
def place() -> str:
    """This machine since it was started, down to the process namespace: within it, everyone means the same by an id."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # not Linux
        return platform.node()
    return f"{platform.node()} {namespace} {boot}"


def _restarted(host: str) -> bool:
    """Whether a place is this machine before it was last started: nothing of then is alive."""
    return host.count(" ") == place().count(" ") == 2 and host.rpartition(" ")[0] == place().rpartition(" ")[0]


def _started(pid: int) -> float | None:
    """When a process of this machine started, in seconds; None when there is none (any more).

    On Linux since the machine started, which nobody can set; elsewhere since 1970.
    """
    import psutil

    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return None if told[0] in "ZX" else int(told[19]) / os.sysconf("SC_CLK_TCK")  # state and starttime, man proc(5)
    except OSError:  # no such process, or no such folder
        pass
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:  # it lives, and is another user's: its start stays unknown
        return float("nan")


@dataclass(frozen=True)
class Owner:
    """Who works on a run: one worker of one process."""

    pid: int
    started: float
    host: str
    token: str  # tells two workers of one process apart

    @classmethod
    def here(cls) -> Owner:
        """A new worker of this process."""
        pid = os.getpid()
        return cls(pid, _started(pid) or 0.0, place(), token_hex(8))


def dead(pid: int, started: float, host: str, beat: float) -> bool:
    """Whether the process that holds a lease is gone, as far as can be known from here."""
    silence = abs(time.time() - beat)  # a sign of life from the future was given before the clock was set back
    if host != place():
        return _restarted(host) or silence > FOREIGN_SECONDS
    found = _started(pid)
    if found is None:
        return True
    # Another process may have got the same id; but start times can shift when the clock is set: so silence counts, too.
    return abs(found - started) > 2 and silence > STALE_SECONDS


@lru_cache(maxsize=1024)
def _config(text: str) -> RunConfig:
    return from_json(RunConfig, text)


@cache
def versions() -> dict[str, Any]:
    """What a result may depend on, found without importing torch."""
    from importlib import metadata

    from dcviz import __version__

    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:
        torch = ""
    return {
        "python": platform.python_version(),
        "torch": torch,
        "dcviz": __version__,
        "platform": platform.platform(),
        "cpus": os.cpu_count() or 1,
    }


@dataclass(frozen=True)
class Run:
    """One run as it stood when it was read."""

    id: str
    name: str
    note: str
    created: float  # seconds since 1970
    status: Status
    text: str  # how it ended, in a sentence
    config_text: str = field(repr=False)  # JSON
    step: int  # the last done
    steps: int  # of condensing, in all
    seconds: float  # worked so far
    parent: str | None
    parent_step: int | None
    device: str  # where it runs or ran last; before that, where it was asked to
    versions_text: str = field(repr=False)  # JSON
    phase: str  # what is being done, in words, while it runs
    until: int | None  # pause again at this step
    changes: int  # grows with everything written about it
    pictures: int  # grows with every picture saved
    pid: int | None = None  # of the process that works on it
    started: float | None = None  # when that process started
    host: str | None = None
    heartbeat: float | None = None  # its last sign of life, seconds since 1970
    about: str = ""  # its configuration in a line; empty where another version wrote it
    time_limit: float | None = None  # seconds of condensing after which it stops
    deleted: float | None = None  # when it was put into the bin, seconds since 1970
    tags_text: str | None = field(default=None, repr=False)  # a line each

    @property
    def title(self) -> str:
        """What it is called: its name, else what it does."""
        return self.name or self.about or self.id

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags, by the alphabet."""
        return tuple(sorted((self.tags_text or "").splitlines(), key=str.casefold))

    @property
    def cut_short(self) -> bool:
        """Whether it is done because its time was up, with steps left to do."""
        return self.status == "done" and self.time_limit is not None and self.step < self.steps

    @property
    def resumable(self) -> bool:
        """Whether it can go on from its newest checkpoint."""
        return self.status in ("paused", "interrupted") or self.cut_short

    @property
    def config(self) -> RunConfig:
        """Its configuration, shared by all who read it."""
        return _config(self.config_text)

    @property
    def versions(self) -> dict[str, Any]:
        """Under which versions it was made."""
        found: dict[str, Any] = json.loads(self.versions_text)
        return found

    @property
    def alive(self) -> bool:
        """Whether a living process works on it."""
        if self.status != "running" or self.pid is None:
            return False
        return not dead(self.pid, self.started or 0.0, self.host or "", self.heartbeat or 0.0)


@dataclass(frozen=True)
class Command:
    """What a window or another process asks of a run."""

    kind: str  # pause | resume | stop | step | rate | …
    payload: dict[str, Any]


@dataclass(frozen=True)
class Event:
    """What happened to a run, at which step."""

    step: int
    kind: str
    payload: dict[str, Any]
    at: float  # seconds since 1970
