"""Where runs live: one folder with a database, and a folder for each run."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from dcviz.errors import Refused
from dcviz.runs.database import Database, in_words
from dcviz.runs.rows import Run, check_id

RUN_COLUMNS = (
    "r.id, r.name, r.note, r.created, r.status, r.text, r.config, r.step, r.steps, r.seconds, r.parent, r.parent_step, "
    "CASE r.device WHEN '' THEN r.wanted ELSE r.device END, r.versions, r.phase, r.until, r.changes, r.pictures, "
    "l.pid, l.started, l.host, l.beat"
)


def default_home() -> Path:
    """``DCVIZ_HOME``, or the user's data directory."""
    import platformdirs

    given = os.environ.get("DCVIZ_HOME")
    return Path(given).expanduser() if given else Path(platformdirs.user_data_dir("dcviz"))


class Home:
    """The folder and the database, and how a run is found in both."""

    def __init__(self, home: Path | str | None = None) -> None:
        """Open the store in a folder, made when missing.

        Raises:
            Refused: it cannot be written, is full, damaged, or from a newer dcviz.
        """
        self.home = (Path(home) if home is not None else default_home()).absolute()
        with in_words(self.home):
            for part in ("runs", "cache", "trash"):
                (self.home / part).mkdir(parents=True, exist_ok=True)
        self.db = Database(self.home / "dcviz.sqlite")

    def folder(self, run: str) -> Path:
        """The folder of a run."""
        return self.home / "runs" / check_id(run)

    def run(self, run: str) -> Run:
        """One run as it stands."""
        query = f"SELECT {RUN_COLUMNS} FROM runs r LEFT JOIN leases l ON l.run = r.number WHERE r.id = ?"
        with self.db.read() as db:
            found = db.execute(query, (check_id(run),)).fetchone()
        if found is None:
            raise Refused(f"there is no run {run}; `dcviz runs` lists those there are.")
        return Run(*found)


def number(db: sqlite3.Connection, run: str) -> int:
    """The row of a run, or a refusal."""
    found = db.execute("SELECT number FROM runs WHERE id = ?", (check_id(run),)).fetchone()
    if found is None:
        raise Refused(f"there is no run {run}; `dcviz runs` lists those there are.")
    return int(found[0])


def touch(db: sqlite3.Connection, row: int, *, pictures: int = 0) -> None:
    """Count a change, so that those who watch know that there is something to read."""
    db.execute("UPDATE runs SET changes = changes + 1, pictures = pictures + ? WHERE number = ?", (pictures, row))
    db.execute("UPDATE stamp SET changes = changes + 1")
