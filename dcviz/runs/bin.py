"""Deleting with a way back: a deleted run lies in the bin, with its files, until its time is over or it is emptied."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from secrets import token_hex

from dcviz.errors import Refused
from dcviz.runs.database import in_words
from dcviz.runs.files import Arrays, Damaged, from_npz
from dcviz.runs.home import RUN_COLUMNS, Home, number, touch
from dcviz.runs.ledger import keep_released
from dcviz.runs.rows import BIN_SECONDS, Run, check_id

LOOKED = "bin-looked"  # among the facts: when `Bin.expire` last looked, in seconds since 1970


class Bin(Home):
    """Runs that were deleted. To all other parts of the store they are not there, and they say why."""

    def delete(self, run: str) -> None:
        """Put a run into the bin as it stands; one that waits in the queue keeps its place there.

        Raises:
            Refused: it is running, or a fork of it has yet to start from it.
        """
        with self.db.write() as db:
            row = number(db, run)
            (status,) = db.execute("SELECT status FROM runs WHERE number = ?", (row,)).fetchone()
            if status == "running":
                raise Refused(f"{run} is running: stop it before you delete it.")
            unborn = (
                "SELECT id FROM runs WHERE parent = ? AND deleted IS NULL "
                "AND status NOT IN ('done', 'failed', 'cancelled')"
            )
            for (child,) in db.execute(unborn, (run,)):
                if not any((self.folder(child) / "checkpoints").glob("*.safetensors")):
                    raise Refused(f"{child} is a fork that has yet to start from {run}: delete {child} first.")
            db.execute("UPDATE runs SET deleted = ? WHERE number = ?", (time.time(), row))
            touch(db, row)

    def restore(self, run: str) -> None:
        """Take a run out of the bin, as it was; a run that is not in it stays as it is."""
        with self.db.write() as db:
            binned = "SELECT number FROM runs WHERE id = ? AND deleted IS NOT NULL"
            found = db.execute(binned, (check_id(run),)).fetchone()
            row = found[0] if found else number(db, run)
            db.execute("UPDATE runs SET deleted = NULL WHERE number = ?", (row,))
            touch(db, row)

    def bin(self) -> list[Run]:
        """What is in it, the latest first."""
        query = (
            f"SELECT {RUN_COLUMNS} FROM runs r LEFT JOIN leases l ON l.run = r.number WHERE r.deleted IS NOT NULL "
            "ORDER BY r.deleted DESC, r.number DESC"
        )
        with self.db.read() as db:
            return [Run(*row) for row in db.execute(query).fetchall()]

    def look(self, run: str) -> Arrays:
        """The last kept frame of a run in the bin, to know it again by.

        Raises:
            Refused: it has none, or its file is damaged.
        """
        kept = sorted((self.folder(run) / "frames").glob("*.npz"))
        if not kept:
            raise Refused(f"{run} has no picture.")
        try:
            return from_npz(kept[-1].read_bytes())
        except (Damaged, FileNotFoundError) as error:
            raise Refused(f"the last frame of {run} is damaged ({error}).") from error

    def empty_bin(self, runs: Iterable[str] | None = None, *, older_than: float = 0.0) -> list[str]:
        """Remove deleted runs for good, with their files: some, or all that lie there for so many seconds.

        Only their ids and names are kept, so that a link to one says what became of it, and what they had released of
        private rows.
        """
        wanted = None if runs is None else {check_id(run) for run in runs}
        now = time.time()
        with self.db.read() as db:
            old = db.execute("SELECT id FROM runs WHERE deleted <= ?", (now - older_than,)).fetchall()
        removed = [run for (run,) in old if wanted is None or run in wanted]
        for run in removed:
            self._remove(run, now)
        return removed

    def expire(self) -> list[str]:
        """Remove what has been in the bin for longer than is promised, unless the clock seems to have leapt.

        Where the last look was as long ago, either nobody has worked here since or the clock is wrong: the next look
        decides.
        """
        now = time.time()
        with self.db.write() as db:
            found = db.execute("SELECT value FROM facts WHERE key = ?", (LOOKED,)).fetchone()
            db.execute("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", (LOOKED, json.dumps(now)))
        last = json.loads(found[0]) if found else now
        return self.empty_bin(older_than=BIN_SECONDS) if now - last < BIN_SECONDS else []

    def _remove(self, run: str, now: float) -> None:
        with self.db.write() as db:
            found = db.execute("SELECT name FROM runs WHERE id = ? AND deleted IS NOT NULL", (run,)).fetchone()
            if found is None:  # restored, or removed elsewhere, a moment ago
                return
            db.execute("INSERT OR REPLACE INTO gone (id, name, at) VALUES (?, ?, ?)", (run, found[0], now))
            keep_released(db, run)
            db.execute("DELETE FROM runs WHERE id = ?", (run,))
            db.execute("UPDATE stamp SET changes = changes + 1")
        away = self.home / "trash" / f"{run}-{token_hex(4)}"
        with in_words(self.home):
            if self.folder(run).exists():
                self.folder(run).rename(away)
        shutil.rmtree(away, ignore_errors=True)  # a file still open elsewhere stays in the trash, out of the way
