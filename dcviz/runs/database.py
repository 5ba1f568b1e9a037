"""The SQLite file of a store: its schema, its connections, and its troubles in words."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex

from dcviz.errors import Refused
from dcviz.runs.words import words_of

BUSY_SECONDS = 15.0  # how long a writer waits for another one
SCARCE_BYTES = 2**20  # of free space
OPENINGS = 40  # attempts to switch to WAL while other processes open the same new file

# One script per version; the version of a file is how many of them it has seen. No semicolons in comments.
MIGRATIONS = (
    """
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, note TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL, status TEXT NOT NULL, text TEXT NOT NULL DEFAULT '', config TEXT NOT NULL,
        step INTEGER NOT NULL DEFAULT 0, steps INTEGER NOT NULL, seconds REAL NOT NULL DEFAULT 0,
        parent TEXT, parent_step INTEGER, wanted TEXT NOT NULL, device TEXT NOT NULL DEFAULT '',
        versions TEXT NOT NULL, phase TEXT NOT NULL DEFAULT '',
        place REAL,                           -- in the queue, ascending, or null when not queued
        until INTEGER,                        -- pause again at this step
        changes INTEGER NOT NULL DEFAULT 0,   -- grows with everything written about the run
        pictures INTEGER NOT NULL DEFAULT 0   -- grows with every picture saved
    );
    CREATE INDEX runs_by_status ON runs(status, place);
    CREATE INDEX runs_by_time ON runs(created);
    CREATE TABLE leases (  -- at most one per run and one per device of a host: the keys see to it
        host TEXT NOT NULL, device TEXT NOT NULL, run INTEGER NOT NULL UNIQUE REFERENCES runs ON DELETE CASCADE,
        token TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL, beat REAL NOT NULL,
        PRIMARY KEY (host, device)
    ) WITHOUT ROWID;
    CREATE TABLE commands (
        number INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        kind TEXT NOT NULL, payload TEXT NOT NULL
    );
    CREATE INDEX commands_by_run ON commands(run);
    CREATE TABLE events (
        number INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        step INTEGER NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL, at REAL NOT NULL
    );
    CREATE INDEX events_by_run ON events(run, step);
    CREATE TABLE curves (
        id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, name TEXT NOT NULL,
        UNIQUE (run, name)
    );
    CREATE TABLE metrics (  -- value: null is NaN, which SQLite does not have
        curve INTEGER NOT NULL REFERENCES curves ON DELETE CASCADE, step INTEGER NOT NULL, value REAL,
        PRIMARY KEY (curve, step)
    ) WITHOUT ROWID;
    CREATE TABLE frames (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, step INTEGER NOT NULL, PRIMARY KEY (run, step)
    ) WITHOUT ROWID;
    CREATE TABLE scores (
        number INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        of_what TEXT NOT NULL, protocol TEXT NOT NULL, score TEXT NOT NULL, UNIQUE (run, of_what, protocol)
    );
    CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE stamp (changes INTEGER NOT NULL);
    INSERT INTO stamp VALUES (0);
    """,
    """
    ALTER TABLE runs ADD COLUMN about TEXT NOT NULL DEFAULT '';  -- the configuration in words, to find it by
    ALTER TABLE runs ADD COLUMN time_limit REAL;                 -- seconds of condensing, or null
    ALTER TABLE runs ADD COLUMN deleted REAL;                    -- when it was put into the bin, or null
    UPDATE runs SET about = words_of(config);
    CREATE TABLE tags (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, tag TEXT NOT NULL COLLATE NOCASE,
        PRIMARY KEY (run, tag)
    ) WITHOUT ROWID;
    CREATE INDEX tags_by_name ON tags(tag);
    CREATE TABLE gone (id TEXT PRIMARY KEY, name TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;  -- deleted for good
    """,
    """
    CREATE INDEX runs_shown ON runs(created, number) WHERE deleted IS NULL;  -- to count and to page through
    CREATE INDEX runs_binned ON runs(deleted) WHERE deleted IS NOT NULL;
    CREATE INDEX runs_by_parent ON runs(parent) WHERE parent IS NOT NULL;
    CREATE INDEX runs_by_name ON runs(name) WHERE name <> '';
    """,
    """
    CREATE INDEX runs_of_papers ON runs(created, number)  -- done at scale paper: `Search.of_papers` asks like this
    WHERE deleted IS NULL AND status = 'done'
    AND CASE WHEN json_valid(config) THEN json_extract(config, '$.preset') END GLOB '*/paper';
    """,
)

KEPT = 4  # idle connections
_INHERITED: list[list[sqlite3.Connection]] = []  # of a parent process: never used again, and never closed


class Trouble(Refused):
    """The store cannot be used at the moment; what was stored before is intact, and a run can go on later."""


class NoRoom(Trouble):
    """The disk is full."""


class Database:
    """Connections to one file, each used by one thread at a time; writers wait for each other.

    Connections are lent from a pool instead of kept per thread: a window makes a new thread at every click.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._pid = os.getpid()
        self._migrate()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for single statements, which see what is committed."""
        with in_words(self.path.parent):
            connection = self._take()
            try:
                yield connection
            finally:
                if len(self._idle) < KEPT:
                    self._idle.append(connection)
                else:  # each keeps two megabytes of pages
                    connection.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or none. It holds off other writers from its first line on, so keep it short."""
        with self.read() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the idle connections; the next use opens new ones."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        if self._pid != os.getpid():  # after a fork: SQLite forbids to carry connections across
            _INHERITED.append(self._idle)
            self._idle, self._pid = [], os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> sqlite3.Connection:
        for attempt in range(OPENINGS):
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")  # in WAL: safe against crashes of the program
                connection.execute("PRAGMA foreign_keys = ON")
                connection.create_function("words_of", 1, words_of, deterministic=True)
                connection.create_function("folded", 1, str.casefold, deterministic=True)  # LIKE folds ASCII only
                return connection
            except sqlite3.OperationalError as error:
                connection.close()  # switching to WAL does not wait for others as statements do
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or attempt == OPENINGS - 1:
                    raise
                time.sleep(0.05)
        raise AssertionError("unreachable")

    def _migrate(self) -> None:
        with self.write() as db:  # also proves that the file can be written
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise Refused(
                    f"the store in {self.path.parent} was written by a newer dcviz (its version is {version}, this one "
                    f"knows {len(MIGRATIONS)}): upgrade dcviz, or set DCVIZ_HOME to another folder."
                )
            if 0 < version < len(MIGRATIONS):
                self._back_up(version)
            for script in MIGRATIONS[version:]:
                for statement in filter(str.strip, script.split(";")):  # executescript would end the transaction
                    db.execute(statement)
            if version < len(MIGRATIONS):
                db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _back_up(self, version: int) -> None:
        """Keep the file as the version before wrote it, whole or not at all, beside the one that is migrated."""
        target = self.path.with_name(f"{self.path.stem}-version-{version}.sqlite")
        temporary = target.with_name(f".{target.name}.{os.getpid()}-{token_hex(4)}.tmp")
        try:
            # Two connections of its own: the one that migrates is in its transaction, and sees what nobody else does.
            with closing(self._open()) as source, closing(sqlite3.connect(temporary)) as copy:
                source.backup(copy)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def in_words(home: Path) -> Iterator[None]:
    """What the disk or the database refuses, as one sentence with the cure."""
    try:
        yield
    except OSError as error:
        raise _of_the_disk(home, error) from error
    except sqlite3.Error as error:
        refusal = _of_the_database(home, error)
        if refusal is None:
            raise
        raise refusal from error


def _of_the_disk(home: Path, error: OSError) -> Trouble:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return no_room(home)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return read_only(home)
    what = error.strerror or str(error)
    return Trouble(f"{home} cannot hold a store ({what}): make it a folder you can write in, or set DCVIZ_HOME.")


def _of_the_database(home: Path, error: sqlite3.Error) -> Trouble | None:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return no_room(home)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return read_only(home)
    if code == sqlite3.SQLITE_IOERR and shutil.disk_usage(home).free < SCARCE_BYTES:
        return no_room(home)  # not every write tells why it failed
    if code == sqlite3.SQLITE_IOERR:
        return Trouble(f"the disk of {home} reports an error ({error}): check it, or set DCVIZ_HOME to another folder.")
    if code == sqlite3.SQLITE_BUSY:
        return Trouble(f"the store in {home} was locked for {BUSY_SECONDS:.0f} s by another program: end that program.")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return Trouble(
            f"the database in {home} is damaged or not one of dcviz ({error}): move it away to begin with an empty "
            "store; the pictures and checkpoints under runs/ stay."
        )
    return None


def no_room(home: Path) -> NoRoom:
    """The refusal of a full disk."""
    return NoRoom(
        f"there is no room left for {home}: free some space, or set DCVIZ_HOME to a folder on another disk; "
        "what was stored before is intact."
    )


def read_only(home: Path) -> Trouble:
    """The refusal of a folder that cannot be written."""
    return Trouble(f"dcviz cannot write in {home}: allow writing there, or set DCVIZ_HOME to a folder of your own.")
