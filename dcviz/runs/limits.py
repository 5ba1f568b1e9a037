"""Time limits: after so many seconds of condensing a run stops, is judged as it is then, and can go on later."""

from __future__ import annotations

import json
import time

from dcviz.errors import Refused
from dcviz.records import FINAL, SAME_LABELS
from dcviz.runs.home import Home, touch
from dcviz.runs.queue import settle, status_of


class Limits(Home):
    """The limit is no part of the configuration: what it cuts short goes on as if it had never stopped."""

    def limit(self, run: str, seconds: float | None) -> None:
        """Let a run that is not over stop after so many seconds of condensing, counted from its first step."""
        seconds = check_limit(seconds)
        with self.db.write() as db:
            row, status = status_of(db, run)
            if status in FINAL:
                raise Refused(f"{run} is {status}: a time limit is too late; resume it if its time was up, or fork it.")
            db.execute("UPDATE runs SET time_limit = ? WHERE number = ?", (seconds, row))
            if status == "running":
                text = json.dumps({"seconds": seconds})
                db.execute("INSERT INTO commands (run, kind, payload) VALUES (?, 'limit', ?)", (row, text))
            touch(db, row)

    def reopen(self, run: str, time_limit: float | None = None) -> None:
        """Make a run that is done because its time was up a paused one, with another limit or none.

        Its accuracy was that of an earlier step: it goes from the scores, and stays as an event.
        """
        limit = check_limit(time_limit)
        with self.db.write() as db:
            row, status = status_of(db, run)
            cut = "SELECT step, seconds FROM runs WHERE number = ? AND time_limit IS NOT NULL AND step < steps"
            found = db.execute(cut, (row,)).fetchone()
            if status != "done" or found is None:
                raise Refused(f"{run} is {status}: only a run whose time was up has steps left to go on with.")
            step, seconds = found
            if limit is not None and limit <= seconds:
                raise Refused(f"{run} has worked for {seconds:.0f} s already: give a time limit above that, or none.")
            scores = "SELECT json_extract(score, '$.mean') FROM scores WHERE run = ? AND of_what = 'synthetic'"
            means = [mean for (mean,) in db.execute(scores, (row,))]
            event = json.dumps({"seconds": seconds, "accuracies": means})
            db.execute(
                "INSERT INTO events (run, step, kind, payload, at) VALUES (?, ?, 'reopened', ?, ?)",
                (row, step, event, time.time()),
            )
            db.execute("DELETE FROM scores WHERE run = ? AND of_what IN ('synthetic', ?)", (row, SAME_LABELS))
            db.execute("UPDATE runs SET time_limit = ? WHERE number = ?", (limit, row))
            settle(db, row, "paused", "")


def check_limit(seconds: float | None) -> float | None:
    """A time limit in seconds, or a refusal."""
    if seconds is not None and not 0 < seconds < float("inf"):
        raise Refused(f"a time limit of {seconds:g} s cannot be kept: give seconds above 0, or none.")
    return seconds
