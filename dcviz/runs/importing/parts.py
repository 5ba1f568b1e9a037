"""What an import puts into a store: everything checked before, written in one go or not at all."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import numpy as np

from dcviz.records import Recipe, RunConfig, Score, Status, to_json
from dcviz.runs.database import in_words
from dcviz.runs.files import Arrays, packed, write_whole
from dcviz.runs.litter import COMING, MARK
from dcviz.runs.rows import Event, new_id, versions

if TYPE_CHECKING:
    from dcviz.runs.store import Store


@dataclass(frozen=True)
class Row:
    """A run's own row, as an archive holds it; the defaults are those of a run that begins to exist here."""

    id: str = ""  # the one that is asked for
    name: str = ""
    note: str = ""
    created: float = 0.0  # seconds since 1970; 0: now
    status: Status = "done"
    text: str = ""
    step: int = 0
    seconds: float = 0.0
    parent: str | None = None
    parent_step: int | None = None
    device: str = "auto"
    time_limit: float | None = None
    tags: tuple[str, ...] = ()
    versions: Mapping[str, Any] = field(default_factory=versions)


@dataclass(frozen=True)
class Parts:
    """A run with all that belongs to it."""

    config: RunConfig
    row: Row
    final: tuple[Arrays, Recipe] | None = None
    checkpoint: tuple[int, Arrays, dict[str, Any]] | None = None
    frames: Mapping[int, bytes] = field(default_factory=dict)  # npz by step
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    scores: Sequence[Score] = ()
    events: Sequence[Event] = ()


def adopt(store: Store, parts: Parts) -> str:
    """Write a run into a store and return its id there: the one asked for, or another where that is taken.

    The files come first, out of sight; the rows and the files' new name follow in one transaction.
    """
    made = store.home / "trash" / f"{COMING}{token_hex(4)}"
    placed: Path | None = None
    with in_words(store.home):
        try:
            _write_files(made, parts)
            with store.db.write() as db:
                run = _free_id(store, db, parts)
                placed = store.folder(run)
                made.rename(placed)
                _write_rows(db, run, parts)
            (placed / MARK).unlink()
        except BaseException:
            shutil.rmtree(placed if placed is not None and placed.exists() else made, ignore_errors=True)
            raise
    return run


def _write_files(folder: Path, parts: Parts) -> None:
    for part in ("frames", "checkpoints"):
        (folder / part).mkdir(parents=True)
    (folder / MARK).touch()  # should this end before the rows are written, it is known for what it is
    for step, data in parts.frames.items():
        (folder / "frames" / f"{step:08d}.npz").write_bytes(data)
    if parts.final is not None:
        write_whole(folder / "final.safetensors", packed(parts.final[0], to_json(parts.final[1])))
    if parts.checkpoint is not None:
        step, arrays, meta = parts.checkpoint
        write_whole(folder / "checkpoints" / f"{step:08d}.safetensors", packed(arrays, meta))


def _free_id(store: Store, db: sqlite3.Connection, parts: Parts) -> str:
    run, at = parts.row.id, parts.row.created or time.time()
    run = run or new_id(parts.config, at)
    while db.execute("SELECT 1 FROM runs WHERE id = ?", (run,)).fetchone() or store.folder(run).exists():
        at += 1
        run = new_id(parts.config, at)
    return run


def _write_rows(db: sqlite3.Connection, run: str, parts: Parts) -> None:
    row, text = parts.row, to_json(parts.config)
    place = None
    if row.status == "queued":
        query = "SELECT COALESCE(MAX(place) + 1, 0) FROM runs WHERE status = 'queued'"
        place = db.execute(query).fetchone()[0]
    wanted = row.device or "auto"
    written = db.execute(
        "INSERT INTO runs (id, name, note, created, status, text, config, about, step, steps, seconds, parent, "
        "parent_step, wanted, device, versions, time_limit, place, changes, pictures) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, words_of(?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1)",
        (run, row.name, row.note, row.created or time.time(), row.status, row.text, text, text, row.step)
        + (parts.config.steps, row.seconds, row.parent, row.parent_step, wanted, "" if place is not None else wanted)
        + (json.dumps(dict(row.versions)), row.time_limit, place),
    )
    number = written.lastrowid
    for name, (steps, values) in parts.curves.items():
        curve = db.execute("INSERT INTO curves (run, name) VALUES (?, ?)", (number, name)).lastrowid
        points = zip([curve] * len(steps), steps.tolist(), values.tolist(), strict=True)
        db.executemany("INSERT INTO metrics (curve, step, value) VALUES (?, ?, ?)", points)
    db.executemany("INSERT INTO frames (run, step) VALUES (?, ?)", [(number, step) for step in parts.frames])
    db.executemany("INSERT INTO tags (run, tag) VALUES (?, ?)", [(number, tag) for tag in row.tags])
    db.executemany(
        "INSERT INTO events (run, step, kind, payload, at) VALUES (?, ?, ?, ?, ?)",
        [(number, e.step, e.kind, json.dumps(e.payload, allow_nan=False), e.at) for e in parts.events],
    )
    db.executemany(
        "INSERT OR REPLACE INTO scores (run, of_what, protocol, score) VALUES (?, ?, ?, ?)",
        [(number, score.of, to_json(score.protocol), to_json(score)) for score in parts.scores],
    )
    db.execute("UPDATE stamp SET changes = changes + 1")
