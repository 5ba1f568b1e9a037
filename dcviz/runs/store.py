"""The store: everything that outlives a process. Numpy only; safe for many threads and many processes.

One SQLite file (runs, queue, numbers, events) and one folder per run (frames, checkpoints, the final set), under
``DCVIZ_HOME``. A file is complete before the row that names it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection
from typing import Any

from dcviz.errors import Refused
from dcviz.records import RunConfig, to_json
from dcviz.runs.bin import Bin
from dcviz.runs.database import NoRoom, Trouble
from dcviz.runs.history import History
from dcviz.runs.home import RUN_COLUMNS, absent, number, touch
from dcviz.runs.labels import NAME_LENGTH, Labels, check_tag, short
from dcviz.runs.ledger import Ledger
from dcviz.runs.limits import Limits, check_limit
from dcviz.runs.litter import Litter
from dcviz.runs.pictures import Pictures
from dcviz.runs.queue import Queue, device_name
from dcviz.runs.rows import Command, Deleted, Event, Owner, Run, check_id, new_id, versions
from dcviz.runs.search import Entry, Search

__all__ = ["Command", "Deleted", "Entry", "Event", "NoRoom", "Owner", "Run", "Store", "Trouble"]


class Store(Queue, Limits, History, Pictures, Labels, Bin, Ledger, Litter, Search):
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
        time_limit: float | None = None,
        tags: Collection[str] = (),
    ) -> str:
        """Write down a new run and return its id. It is queued for ``device`` (default: as configured), or paused.

        After ``time_limit`` seconds of condensing it stops, and is judged as it is then.
        """
        wanted = device_name(device or config.device)
        now, text, made_with = time.time(), to_json(config), json.dumps(versions())
        name, limit = short("a name", name, NAME_LENGTH), check_limit(time_limit)
        tags = [check_tag(tag) for tag in tags]
        with self.db.write() as db:
            if parent is not None:
                number(db, parent)
            place = db.execute("SELECT COALESCE(MAX(place) + 1, 0) FROM runs WHERE status = 'queued'").fetchone()[0]
            run = _free_id(db, config, now)
            db.execute(
                "INSERT INTO runs (id, name, created, status, config, about, steps, parent, parent_step, wanted, "
                "versions, place, time_limit) VALUES (?, ?, ?, ?, ?, words_of(?), ?, ?, ?, ?, ?, ?, ?)",
                (run, name, now, "queued" if queue else "paused", text, text, config.steps, parent, parent_step)
                + (wanted, made_with, place if queue else None, limit),
            )
            row = number(db, run)
            db.executemany("INSERT OR IGNORE INTO tags (run, tag) VALUES (?, ?)", [(row, tag) for tag in tags])
            for part in ("frames", "checkpoints"):
                (self.folder(run) / part).mkdir(parents=True, exist_ok=True)
            touch(db, row)
        return run

    def runs(
        self,
        *,
        status: str | Collection[str] | None = None,
        name: str | None = None,
        limit: int | None = None,
        newest_first: bool = True,
    ) -> list[Run]:
        """Runs by time of creation, of some statuses or of all, of a name or of any."""
        wanted = [status] if isinstance(status, str) else list(status or [])
        among = f"AND r.status IN ({', '.join('?' * len(wanted))})" if status is not None else ""
        called = "AND r.name = ? AND r.name <> ''" if name is not None else ""
        given = [*wanted, *([] if name is None else [name])]
        order = "DESC" if newest_first else "ASC"
        query = (
            f"SELECT {RUN_COLUMNS} FROM runs r LEFT JOIN leases l ON l.run = r.number "
            f"WHERE r.deleted IS NULL {among} {called} ORDER BY r.created {order}, r.number {order} LIMIT ?"
        )
        with self.db.read() as db:
            found = db.execute(query, (*given, -1 if limit is None else limit)).fetchall()
        return [Run(*row) for row in found]

    def find(self, start: str) -> Run:
        """The run whose id begins like this, when there is only one."""
        check_id(start)
        with self.db.read() as db:
            query = "SELECT id FROM runs WHERE id >= ? AND id < ? AND deleted IS NULL ORDER BY id LIMIT 9"
            found = db.execute(query, (start, start + "~")).fetchall()
        ids = [run for (run,) in found]
        if len(ids) > 1 and start not in ids:
            raise Refused(f"several runs begin with {start}: {', '.join(ids)}; write more of the one you mean.")
        return self.run(start if start in ids or not ids else ids[0])

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
                raise absent(db, run)
        return int(found[0])


def _free_id(db: sqlite3.Connection, config: RunConfig, now: float) -> str:
    """An id of its own for a run of this second, or of the next free one.

    Nor one that a run names as its parent, which may be in another store: what is forked from it would be its own.
    """

    def taken(later: int) -> bool:
        run = new_id(config, now + later)
        query = "SELECT 1 FROM runs WHERE id = ? UNION ALL SELECT 1 FROM runs WHERE parent = ? LIMIT 1"
        return db.execute(query, (run, run)).fetchone() is not None

    low, high = -1, 0  # seconds: many runs of one moment fill those that follow, and a search by halves finds their end
    while taken(high):
        low, high = high, 2 * high + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if taken(middle) else (low, middle)
    return new_id(config, now + high)
