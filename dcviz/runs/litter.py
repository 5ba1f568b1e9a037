"""What killed processes leave: halves of imports and deletions, and temporary files. Nothing of a run is among it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

from dcviz.runs.database import in_words
from dcviz.runs.home import Home

LITTER_SECONDS = 86_400.0  # for so long somebody may still be writing it
MARK = ".importing"  # in the folder of a run whose rows are not written yet
COMING = "import-"  # how a folder in the trash begins that is to become a run


class Litter(Home):
    """Tidying up.

    A folder that no row names may be all that is left of a store whose database was moved away: it is removed only
    where it says itself that it never was a run, or the database that it was deleted for good.
    """

    def tidy(self, *, older_than: float = LITTER_SECONDS) -> None:
        """Remove what was left lying for so many seconds, and at once what nobody can still be writing."""
        with in_words(self.home):
            if any(self._strays()):
                with self.db.write() as db:  # whoever makes the folder of a run holds off others until its row is there
                    for stray in list(self._strays(db)):
                        stray.rename(self.home / "trash" / f"{stray.name}-{token_hex(4)}")
            for path in (self.home / "trash").iterdir():
                if not path.name.startswith(COMING) or _age(path) >= older_than:
                    shutil.rmtree(path, ignore_errors=True)
            for folder, look in ((self.home, "glob"), (self.home / "cache", "rglob"), (self.home / "uploads", "glob")):
                for path in list(getattr(folder, look)(".*.tmp*")):
                    if _age(path) >= older_than:
                        path.unlink(missing_ok=True)

    def _strays(self, db: sqlite3.Connection | None = None) -> Iterator[Path]:
        if db is None:
            with self.db.read() as reading:
                yield from self._strays(reading)
            return
        known = {id for (id,) in db.execute("SELECT id FROM runs").fetchall()}
        gone = {id for (id,) in db.execute("SELECT id FROM gone").fetchall()}
        for folder in (self.home / "runs").iterdir():
            if folder.name not in known and (folder.name in gone or (folder / MARK).exists() or _is_empty(folder)):
                yield folder


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(path.is_file() for path in folder.rglob("*"))


def _age(path: Path) -> float:
    """Seconds since it was changed; none for what has just gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
