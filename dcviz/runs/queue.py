"""The queue: who works on which run, on which device, and what is asked of them meanwhile."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from typing import Any, Literal

from dcviz.errors import Refused
from dcviz.records import FINAL, Status
from dcviz.runs.files import remove_temporaries
from dcviz.runs.home import Home, number, touch
from dcviz.runs.rows import STEERING, Command, Owner, Run, check_follows, dead

log = logging.getLogger(__name__)

DIED = "the process that worked on it ended unexpectedly: resume it to go on from its newest checkpoint."


class Queue(Home):
    """Statuses, leases and commands. Every change is one transaction, so that two can never win."""

    def waiting(self) -> list[str]:
        """The queued runs, the next one first."""
        with self.db.read() as db:
            return _line(db)

    def move(self, run: str, before: str | None) -> None:
        """Let a queued run wait before another one; at the end of the line without one, first if that has begun."""
        with self.db.write() as db:
            row, status = status_of(db, run)
            if status != "queued":
                raise Refused(f"{run} is {status}: only a run that waits in the queue can be moved there.")
            line = [each for each in _line(db) if each != run]
            at = len(line) if before is None else line.index(before) if before in line else 0
            line.insert(at, run)
            db.executemany("UPDATE runs SET place = ? WHERE id = ?", list(enumerate(line)))
            touch(db, row)

    def enqueue(self, run: str, *, front: bool = False, until: int | None = None) -> None:
        """Queue a new, paused or interrupted run, or move a queued one; ``until``: pause again at that step."""
        with self.db.write() as db:
            row, status = status_of(db, run)
            if status != "queued":
                check_follows(run, status, "queued")
            _enqueue(db, row, front=front, until=until)

    def claim(self, owner: Owner, device: str, run: str | None = None) -> Run | None:
        """Take the next queued run for a device, or just ``run`` (queued, paused or interrupted); None without one.

        None also when the device, or the run, is taken. A run that asked for another device is left to others; the
        claimer ``auto`` takes any.
        """
        device = device_name(device)
        if not self._open_to(device, run):  # most calls end here, without a lock
            return None
        with self.db.write() as db:
            if _busy(db, owner.host, device):
                return None
            found = _next(db, device, run)
            if found is None:
                return None
            row, name = found
            db.execute(
                "INSERT INTO leases (host, device, run, token, pid, started, beat) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (owner.host, device, row, owner.token, owner.pid, owner.started, time.time()),
            )
            db.execute(
                "UPDATE runs SET status = 'running', text = '', phase = '', place = NULL, device = ? WHERE number = ?",
                (device, row),
            )
            _forget_steering(db, row)
            touch(db, row)
        remove_temporaries(self.folder(name))  # of a worker that was killed; nobody else writes there now
        return self.run(name)

    def _open_to(self, device: str, run: str | None) -> bool:
        with self.db.read() as db:
            return _next(db, device, run) is not None

    def release(self, run: str, status: Status, text: str = "", owner: Owner | None = None) -> Status:
        """End the lease, or change the status of a run that nobody works on; returns the status it got.

        That is another one when something was asked for in the meantime: a stop, or to go on after all. With
        ``owner``, nothing happens unless the lease is still his.
        """
        with self.db.write() as db:
            row, now = status_of(db, run)
            if owner is not None and not _holds(db, row, owner):
                return now
            if now == status:
                return now
            check_follows(run, now, status)
            return settle(db, row, status, text)

    def beat(self, run: str, owner: Owner, *, step: int, seconds: float, phase: str = "") -> bool:
        """A sign of life with the progress; False when the lease is no longer the owner's."""
        with self.db.write() as db:
            row = number(db, run)
            if not _holds(db, row, owner):
                return False
            db.execute("UPDATE leases SET beat = ? WHERE run = ?", (time.time(), row))
            db.execute("UPDATE runs SET step = ?, seconds = ?, phase = ? WHERE number = ?", (step, seconds, phase, row))
            touch(db, row)
            return True

    def settle_device(self, run: str, device: str) -> None:
        """Write down which device ``auto`` turned out to be."""
        with self.db.write() as db:
            row = number(db, run)
            db.execute("UPDATE runs SET device = ? WHERE number = ?", (device_name(device), row))
            touch(db, row)

    def sweep(self) -> list[str]:
        """Turn runs whose process is gone into interrupted ones; returns their ids."""
        query = (
            "SELECT r.id, r.number, l.token, l.pid, l.started, l.host, l.beat "
            "FROM runs r LEFT JOIN leases l ON l.run = r.number WHERE r.status = 'running'"
        )
        with self.db.read() as db:
            gone = [row for row in db.execute(query).fetchall() if row[2] is None or dead(*row[3:])]
        swept = []
        for run, row, token, *_, beat in gone:
            with self.db.write() as db:
                now = db.execute("SELECT token, beat FROM leases WHERE run = ?", (row,)).fetchone()
                still = db.execute("SELECT 1 FROM runs WHERE number = ? AND status = 'running'", (row,)).fetchone()
                if still and (now or (None, None)) == (token, beat):  # nobody was quicker
                    settle(db, row, "interrupted", DIED)
                    swept.append(run)
        if swept:
            log.info("interrupted, because their process is gone: %s", ", ".join(swept))
        return swept

    def command(self, run: str, kind: str, **payload: Any) -> None:
        """Ask something of a run: pause, resume, stop, step (``steps``: how many), rate and so on.

        Whoever works on it finds it between two steps. Where nobody does, it takes effect at once: a queued run is
        paused or cancelled, a paused one goes on.
        """
        with self.db.write() as db:
            row, status = status_of(db, run)
            if status in FINAL:
                raise Refused(f"{run} is {status}: to {kind} is too late; fork it, or start a new run.")
            if status == "running" or kind not in STEERING:
                text = json.dumps(payload, allow_nan=False)
                db.execute("INSERT INTO commands (run, kind, payload) VALUES (?, ?, ?)", (row, kind, text))
                touch(db, row)
            elif kind == "stop":
                settle(db, row, "cancelled", "stopped before it was done.")
            elif kind in ("resume", "step"):
                _go_on(db, row, kind, payload)
            elif status == "queued":
                settle(db, row, "paused", "")

    def take_commands(self, run: str) -> list[Command]:
        """What was asked since the last call, in order; each command is handed out once."""
        if not self._waiting(run):
            return []
        with self.db.write() as db:
            row = number(db, run)
            found = db.execute("SELECT kind, payload FROM commands WHERE run = ? ORDER BY number", (row,)).fetchall()
            db.execute("DELETE FROM commands WHERE run = ?", (row,))
        return [Command(kind, json.loads(payload)) for kind, payload in found]

    def asked(self, run: str) -> Literal["", "stop", "pause"]:
        """Whether to leave off, for long work that has no steps: it raises `Cancelled` then."""
        steering = [kind for kind in self._waiting(run) if kind in STEERING]
        if "stop" in steering:
            return "stop"
        return "pause" if steering and steering[-1] == "pause" else ""

    def _waiting(self, run: str) -> list[str]:
        query = "SELECT kind FROM commands WHERE run = ? ORDER BY number"
        with self.db.read() as db:
            return [kind for (kind,) in db.execute(query, (number(db, run),))]


def device_name(name: str) -> str:
    """One name per device: ``cuda`` and ``cuda:0`` are the same.

    >>> device_name("cuda"), device_name("cuda:1"), device_name("cpu")
    ('cuda:0', 'cuda:1', 'cpu')
    """
    return f"{name}:0" if name in ("cuda", "mps", "xpu") else name


def _line(db: sqlite3.Connection) -> list[str]:
    query = "SELECT id FROM runs WHERE status = 'queued' AND deleted IS NULL ORDER BY place"
    return [run for (run,) in db.execute(query)]


def status_of(db: sqlite3.Connection, run: str) -> tuple[int, Status]:
    """The row and the status of a run, or a refusal."""
    row = number(db, run)
    return row, db.execute("SELECT status FROM runs WHERE number = ?", (row,)).fetchone()[0]


def _holds(db: sqlite3.Connection, row: int, owner: Owner) -> bool:
    found = db.execute("SELECT token FROM leases WHERE run = ?", (row,)).fetchone()
    return found is not None and found[0] == owner.token


def _busy(db: sqlite3.Connection, host: str, device: str) -> bool:
    """Whether the device has a worker; ``auto`` may be any device, so it is taken when any is."""
    query = "SELECT 1 FROM leases WHERE host = ? AND (device IN (?, 'auto') OR ? = 'auto')"
    return db.execute(query, (host, device, device)).fetchone() is not None


def _next(db: sqlite3.Connection, device: str, run: str | None) -> tuple[int, str] | None:
    if run is not None:
        row, status = status_of(db, run)
        return (row, run) if status in ("queued", "paused", "interrupted") else None
    found = db.execute(
        "SELECT number, id FROM runs WHERE status = 'queued' AND deleted IS NULL "
        "AND (wanted IN (?, 'auto') OR ? = 'auto') ORDER BY place LIMIT 1",
        (device, device),
    ).fetchone()
    return None if found is None else (found[0], found[1])


def _enqueue(db: sqlite3.Connection, row: int, *, front: bool, until: int | None) -> None:
    edge = "MIN(place) - 1" if front else "MAX(place) + 1"
    place = db.execute(f"SELECT COALESCE({edge}, 0) FROM runs WHERE status = 'queued'").fetchone()[0]
    db.execute(
        "UPDATE runs SET status = 'queued', text = '', place = ?, until = ? WHERE number = ?", (place, until, row)
    )
    touch(db, row)


def _go_on(db: sqlite3.Connection, row: int, kind: str, payload: dict[str, Any]) -> None:
    """Queue a run first in line; after ``step``, only for so many steps."""
    step = db.execute("SELECT step FROM runs WHERE number = ?", (row,)).fetchone()[0]
    until = step + int(payload.get("steps", 1)) if kind == "step" else None
    _enqueue(db, row, front=True, until=until)


def settle(db: sqlite3.Connection, row: int, status: Status, text: str) -> Status:
    """Write how a run was left, and do what was asked for too late for its worker to see."""
    waiting = [
        (kind, json.loads(payload))
        for kind, payload in db.execute("SELECT kind, payload FROM commands WHERE run = ? ORDER BY number", (row,))
    ]
    _forget_steering(db, row)
    if status in ("paused", "interrupted") and any(kind == "stop" for kind, _ in waiting):
        status, text = "cancelled", "stopped before it was done."
    db.execute("DELETE FROM leases WHERE run = ?", (row,))
    db.execute(
        "UPDATE runs SET status = ?, text = ?, phase = '', until = NULL, place = NULL WHERE number = ?",
        (status, text, row),
    )
    touch(db, row)
    onward = [each for each in waiting if each[0] in ("pause", "resume", "step")]
    if status == "paused" and onward and onward[-1][0] != "pause":
        _go_on(db, row, *onward[-1])
        return "queued"
    return status


def _forget_steering(db: sqlite3.Connection, row: int) -> None:
    marks = ", ".join("?" * len(STEERING))
    db.execute(f"DELETE FROM commands WHERE run = ? AND kind IN ({marks})", (row, *STEERING))
