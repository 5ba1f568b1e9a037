"""What is measured and what happens, by run and step."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from dcviz.records import Score, from_json, to_json
from dcviz.runs.home import Home, number, touch
from dcviz.runs.rows import Event


class History(Home):
    """Metrics, events and scores."""

    def record(self, run: str, rows: Iterable[tuple[int, str, float]]) -> None:
        """Write measurements ``(step, name, value)``; one of the same step and name is replaced."""
        rows = list(rows)
        if not rows:
            return
        with self.db.write() as db:
            row = number(db, run)
            names = {(row, name) for _, name, _ in rows}
            db.executemany("INSERT OR IGNORE INTO curves (run, name) VALUES (?, ?)", sorted(names))
            ids = dict(db.execute("SELECT name, id FROM curves WHERE run = ?", (row,)).fetchall())
            db.executemany(
                "INSERT OR REPLACE INTO metrics (curve, step, value) VALUES (?, ?, ?)",
                [(ids[name], int(step), float(value)) for step, name, value in rows],
            )
            touch(db, row)

    def metrics(
        self, run: str, names: Collection[str] | None = None, since: int | Mapping[str, int] = -1
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Curves by name as ``(steps, values)``, later than ``since``.

        Some numbers come late (an accuracy of step 100 is known at step 150): to miss none, give the last step seen
        of every name.
        """
        curves = {}
        with self.db.read() as db:
            found = db.execute("SELECT name, id FROM curves WHERE run = ? ORDER BY id", (number(db, run),)).fetchall()
            for name, curve in found:
                if names is not None and name not in names:
                    continue
                after = since.get(name, -1) if isinstance(since, Mapping) else since
                points = db.execute(
                    "SELECT step, value FROM metrics WHERE curve = ? AND step > ? ORDER BY step", (curve, after)
                ).fetchall()
                steps, values = zip(*points, strict=True) if points else ((), ())
                curves[name] = np.array(steps, np.int64), np.array(values, np.float64)  # (n,), (n,)
        return curves

    def rates(self, run: str) -> dict[int, float]:
        """The learning rates that were set while the run went on, by the step they follow."""
        return {event.step: event.payload["rate"] for event in self.events(run) if event.kind == "rate"}

    def log_event(self, run: str, step: int, kind: str, **payload: Any) -> None:
        """Note that something happened: a learning rate changed, a resume on another machine."""
        with self.db.write() as db:
            row = number(db, run)
            db.execute(
                "INSERT INTO events (run, step, kind, payload, at) VALUES (?, ?, ?, ?, ?)",
                (row, int(step), kind, json.dumps(payload, allow_nan=False), time.time()),
            )
            touch(db, row)

    def events(self, run: str) -> list[Event]:
        """Everything that happened, in the order of steps."""
        with self.db.read() as db:
            found = db.execute(
                "SELECT step, kind, payload, at FROM events WHERE run = ? ORDER BY step, number", (number(db, run),)
            ).fetchall()
        return [Event(step, kind, json.loads(payload), at) for step, kind, payload, at in found]

    def save_score(self, run: str, score: Score) -> None:
        """Keep an accuracy; one of the same set under the same protocol is replaced."""
        with self.db.write() as db:
            row = number(db, run)
            db.execute(
                "INSERT OR REPLACE INTO scores (run, of_what, protocol, score) VALUES (?, ?, ?, ?)",
                (row, score.of, to_json(score.protocol), to_json(score)),
            )
            touch(db, row)

    def scores(self, run: str) -> list[Score]:
        """The accuracies of S and of its rivals, as they came."""
        with self.db.read() as db:
            found = db.execute("SELECT score FROM scores WHERE run = ? ORDER BY number", (number(db, run),)).fetchall()
        return [from_json(Score, text) for (text,) in found]
