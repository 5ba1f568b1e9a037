"""Where runs live: one folder with a database, and a folder for each run."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes, token_hex

from dcviz.errors import Refused
from dcviz.runs.database import Database, in_words
from dcviz.runs.rows import Deleted, Run, check_id

RUN_COLUMNS = (
    "r.id, r.name, r.note, r.created, r.status, r.text, r.config, r.step, r.steps, r.seconds, r.parent, r.parent_step, "
    "CASE r.device WHEN '' THEN r.wanted ELSE r.device END, r.versions, r.phase, r.until, r.changes, r.pictures, "
    "l.pid, l.started, l.host, l.beat, r.about, r.time_limit, r.deleted, "
    "(SELECT group_concat(t.tag, char(10)) FROM tags t WHERE t.run = r.number)"
)


KEY = "noise.key"


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

    def noise_key(self) -> bytes:
        """32 random bytes from which the noise that hides private rows is drawn; never exported.

        Made once, readable by this user only. Without it no run that released something goes on.
        """
        path = self.home / KEY
        with in_words(self.home):
            if not path.exists():
                _write_once(path, token_bytes(32))
            key = path.read_bytes()
        if len(key) != 32:
            raise Refused(
                f"{path} is damaged: delete it; runs of private data then begin anew, with an ε of their own."
            )
        return key

    def folder(self, run: str) -> Path:
        """The folder of a run."""
        return self.home / "runs" / check_id(run)

    def run(self, run: str) -> Run:
        """One run as it stands.

        Raises:
            Deleted: it is in the bin.
            Refused: there is none.
        """
        query = f"SELECT {RUN_COLUMNS} FROM runs r LEFT JOIN leases l ON l.run = r.number WHERE r.id = ?"
        with self.db.read() as db:
            found = db.execute(query, (check_id(run),)).fetchone()
            row = Run(*found) if found else None
            if row is None or row.deleted is not None:
                raise absent(db, run)
        return row


def _write_once(path: Path, content: bytes) -> None:
    """Write a file for this user only, whole; where another process was first, its content stays."""
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def number(db: sqlite3.Connection, run: str) -> int:
    """The row of a run, or a refusal."""
    found = db.execute("SELECT number FROM runs WHERE id = ? AND deleted IS NULL", (check_id(run),)).fetchone()
    if found is None:
        raise absent(db, run)
    return int(found[0])


def absent(db: sqlite3.Connection, run: str) -> Refused:
    """Why a run is not there: in the bin, deleted for good, or never seen."""
    binned = db.execute("SELECT name, deleted FROM runs WHERE id = ? AND deleted IS NOT NULL", (run,)).fetchone()
    if binned is not None:
        return Deleted(run, *binned)
    gone = db.execute("SELECT name, at FROM gone WHERE id = ?", (run,)).fetchone()
    if gone is not None:
        name = f"{run} ({gone[0]})" if gone[0] else run
        return Refused(f"{name} was deleted for good on {time.strftime('%Y-%m-%d', time.localtime(gone[1]))}.")
    return Refused(f"there is no run {run}; `dcviz runs` lists those there are.")


def touch(db: sqlite3.Connection, row: int, *, pictures: int = 0) -> None:
    """Count a change, so that those who watch know that there is something to read."""
    db.execute("UPDATE runs SET changes = changes + 1, pictures = pictures + ? WHERE number = ?", (pictures, row))
    db.execute("UPDATE stamp SET changes = changes + 1")
