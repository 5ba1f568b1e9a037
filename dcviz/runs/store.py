"""The store: everything that outlives a process. Numpy only; safe for many threads and many processes.

One SQLite file (runs, queue, numbers, events) and one folder per run (frames, checkpoints, the final set), under
``DCVIZ_HOME``. A file is complete before the row that names it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Collection
from secrets import token_hex
from typing import Any

from dcviz.errors import Refused
from dcviz.records import RunConfig, to_json
from dcviz.runs.database import NoRoom, Trouble, in_words
from dcviz.runs.history import History
from dcviz.runs.home import RUN_COLUMNS, number, touch
from dcviz.runs.pictures import Pictures
from dcviz.runs.queue import Queue, device_name
from dcviz.runs.rows import Command, Event, Owner, Run, check_id, new_id, versions

__all__ = ["Command", "Event", "NoRoom", "Owner", "Run", "Store", "Trouble"]

NAME_LENGTH, NOTE_LENGTH = 120, 20_000  # characters, at most


class Store(Queue, History, Pictures):
    """Runs, and all that belongs to them."""

    # -------------------------------------------------------------------------------------------------- runs

    def create(  # noqa: PLR0913  (the rest by keyword)
        self,
        config: RunConfig,
        *,
        name: str = "",
        parent: str | None = None,
        parent_step: int | None = None,
        device: str = "",
        queue: bool = True,
    ) -> str:
        """Write down a new run and return its id. It is queued for ``device`` (default: as configured), or paused."""
        wanted = device_name(device or config.device)
        now, text, made_with = time.time(), to_json(config), json.dumps(versions())
        name = _short("a name", name, NAME_LENGTH)
        with self.db.write() as db:
            if parent is not None:
                number(db, parent)
            place = db.execute("SELECT COALESCE(MAX(place) + 1, 0) FROM runs WHERE status = 'queued'").fetchone()[0]
            run = _free_id(db, config, now)
            db.execute(
                "INSERT INTO runs (id, name, created, status, config, steps, parent, parent_step, wanted, versions, "
                "place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (run, name, now, "queued" if queue else "paused", text, config.steps, parent, parent_step, wanted)
                + (made_with, place if queue else None),
            )
            for part in ("frames", "checkpoints"):
                (self.folder(run) / part).mkdir(parents=True, exist_ok=True)
            touch(db, number(db, run))
        return run

    def runs(
        self, *, status: str | Collection[str] | None = None, limit: int | None = None, newest_first: bool = True
    ) -> list[Run]:
        """Runs by time of creation, of some statuses or of all."""
        wanted = [status] if isinstance(status, str) else list(status or [])
        among = f"WHERE r.status IN ({', '.join('?' * len(wanted))})" if status is not None else ""
        order = "DESC" if newest_first else "ASC"
        query = (
            f"SELECT {RUN_COLUMNS} FROM runs r LEFT JOIN leases l ON l.run = r.number {among} "
            f"ORDER BY r.created {order}, r.number {order} LIMIT ?"
        )
        with self.db.read() as db:
            found = db.execute(query, (*wanted, -1 if limit is None else limit)).fetchall()
        return [Run(*row) for row in found]

    def waiting(self) -> list[str]:
        """The queued runs, the next one first."""
        with self.db.read() as db:
            found = db.execute("SELECT id FROM runs WHERE status = 'queued' ORDER BY place").fetchall()
        return [run for (run,) in found]

    def find(self, start: str) -> Run:
        """The run whose id begins like this, when there is only one."""
        check_id(start)
        with self.db.read() as db:
            found = db.execute(
                "SELECT id FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT 9", (start, start + "~")
            ).fetchall()
        ids = [run for (run,) in found]
        if len(ids) > 1 and start not in ids:
            raise Refused(f"several runs begin with {start}: {', '.join(ids)}; write more of the one you mean.")
        return self.run(start if start in ids or not ids else ids[0])

    def rename(self, run: str, name: str) -> None:
        """Give a run a name."""
        self._set(run, "name", _short("a name", name, NAME_LENGTH))

    def annotate(self, run: str, note: str) -> None:
        """Write a note about a run."""
        self._set(run, "note", _short("a note", note, NOTE_LENGTH))

    def _set(self, run: str, column: str, value: str) -> None:
        with self.db.write() as db:
            row = number(db, run)
            db.execute(f"UPDATE runs SET {column} = ? WHERE number = ?", (value, row))
            touch(db, row)

    def delete(self, run: str) -> None:
        """Remove a run and all its files.

        Raises:
            Refused: it is running, or a fork of it has yet to start from it.
        """
        with self.db.write() as db:
            row = number(db, run)
            (status,) = db.execute("SELECT status FROM runs WHERE number = ?", (row,)).fetchone()
            if status == "running":
                raise Refused(f"{run} is running: stop it before you delete it.")
            for (child,) in db.execute(
                "SELECT id FROM runs WHERE parent = ? AND status NOT IN ('done', 'failed', 'cancelled')", (run,)
            ):
                if not self.checkpoints(child):
                    raise Refused(f"{child} is a fork that has yet to start from {run}: delete {child} first.")
            db.execute("DELETE FROM runs WHERE number = ?", (row,))
            db.execute("UPDATE stamp SET changes = changes + 1")
        with in_words(self.home):
            away = self.home / "trash" / f"{run}-{token_hex(4)}"
            if self.folder(run).exists():
                self.folder(run).rename(away)
        shutil.rmtree(away, ignore_errors=True)  # a file still open elsewhere stays in the trash, out of the way

    # ----------------------------------------------------------------------------------------------- the rest

    def get_fact(self, key: str, default: Any = None) -> Any:
        """A small remembered value."""
        with self.db.read() as db:
            found = db.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return default if found is None else json.loads(found[0])

    def set_fact(self, key: str, value: Any) -> None:
        """Remember a small value (anything that JSON holds)."""
        text = json.dumps(value, allow_nan=False)
        with self.db.write() as db:
            db.execute("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", (key, text))

    def changed(self, run: str | None = None) -> int:
        """A number that grows whenever something about a run, or any run, is written."""
        with self.db.read() as db:
            if run is None:
                return int(db.execute("SELECT changes FROM stamp").fetchone()[0])
            found = db.execute("SELECT changes FROM runs WHERE id = ?", (check_id(run),)).fetchone()
        if found is None:
            raise Refused(f"there is no run {run}; `dcviz runs` lists those there are.")
        return int(found[0])


def _free_id(db: sqlite3.Connection, config: RunConfig, now: float) -> str:
    """An id of its own for a run of this second, or of the next free one."""
    run = new_id(config, now)
    while db.execute("SELECT 1 FROM runs WHERE id = ?", (run,)).fetchone():
        now += 1
        run = new_id(config, now)
    return run


def _short(what: str, text: str, length: int) -> str:
    if len(text) > length:
        raise Refused(f"{what} of {len(text)} characters is too long: keep it to {length}.")
    return text.strip()
