"""Finding runs: by words, status and tags, in an order, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from dcviz.errors import unknown
from dcviz.runs.home import RUN_COLUMNS, Home
from dcviz.runs.rows import STATUSES, Run

# The accuracy on the test set that came first is that of the run's own protocol; others were asked for later.
ACCURACY = (
    "(SELECT json_extract(s.score, '$.mean') FROM scores s WHERE s.run = r.number AND s.of_what = 'synthetic' "
    "AND json_extract(s.protocol, '$.split') = 'test' ORDER BY s.number LIMIT 1)"
)


def _newest(curve: str) -> str:
    return (
        "(SELECT m.value FROM curves c JOIN metrics m ON m.curve = c.id WHERE c.run = r.number "
        f"AND c.name = '{curve}' ORDER BY m.step DESC LIMIT 1)"
    )


HELD_OUT, BYTES, OFF = _newest("accuracy"), _newest("bytes"), _newest("off")
BUDGET = "CASE WHEN json_valid(r.config) THEN json_extract(r.config, '$.budget') END"
PRESET = "CASE WHEN json_valid(r.config) THEN json_extract(r.config, '$.preset') END"  # as the index has it
TITLE = "folded(CASE r.name WHEN '' THEN r.about ELSE r.name END)"


@dataclass(frozen=True)
class Order:
    """One way to sort: what it is called, by what, and which end comes first."""

    title: str
    by: str  # SQL
    falling: bool = True
    always: bool = False  # every run has it


ORDERS = {
    "newest": Order("newest", "r.created", always=True),
    "oldest": Order("oldest", "r.created", falling=False, always=True),
    "name": Order("name", TITLE, falling=False, always=True),
    "accuracy": Order("accuracy", f"COALESCE({ACCURACY}, {HELD_OUT})"),
    "budget": Order("budget", BUDGET, falling=False),
    "time": Order("time worked", "NULLIF(r.seconds, 0)", falling=False),
    "bytes": Order("bytes stored", BYTES, falling=False),
    "status": Order("status", "r.status", falling=False, always=True),
}


@dataclass(frozen=True)
class Entry:
    """A run with the numbers that a gallery shows."""

    run: Run
    accuracy: float | None  # on the test set, a fraction
    held_out: float | None  # the newest live one, a fraction
    bytes: float | None  # stored
    off: float | None  # synthetic images off the manifold


class Search(Home):
    """The gallery's questions, answered by the database: a store of thousands is not read to show a page."""

    def search(  # noqa: PLR0913  (all by keyword, all optional)
        self,
        text: str = "",
        *,
        status: Collection[str] = (),
        tags: Collection[str] = (),
        order: str = "newest",
        limit: int | None = None,
        skip: int = 0,
    ) -> tuple[int, list[Entry]]:
        """How many runs fit, and a page of them.

        Args:
            text: words that all occur in the id, the name, the note, the tags or the configuration's line.
            status: one of these; any when empty.
            tags: all of these.
            order: a name of `ORDERS`; runs without the number come last.
            limit: at most so many; None for all.
            skip: so many of the first are passed over.
        """
        if order not in ORDERS:
            raise unknown("order", order, ORDERS)
        for each in status:
            if each not in STATUSES:
                raise unknown("status", each, STATUSES)
        where, given = _where(text, status, tags)
        by = ORDERS[order]
        last = "" if by.always else f"({by.by}) IS NULL, "  # which would keep an index from being used
        down = "DESC" if by.falling else "ASC"
        query = f"SELECT r.id FROM runs r WHERE {where} ORDER BY {last}{by.by} {down}, r.number {down} LIMIT ? OFFSET ?"
        with self.db.read() as db:
            (count,) = db.execute(f"SELECT COUNT(*) FROM runs r WHERE {where}", given).fetchone()
            page = [run for (run,) in db.execute(query, (*given, -1 if limit is None else limit, skip))]
        return count, self.entries(page)

    def entries(self, runs: Sequence[str]) -> list[Entry]:
        """Runs by their ids, in that order; those that are not there are left out."""
        query = (
            f"SELECT {RUN_COLUMNS}, {ACCURACY}, {HELD_OUT}, {BYTES}, {OFF} FROM runs r "
            "LEFT JOIN leases l ON l.run = r.number "
            "WHERE r.deleted IS NULL AND r.id IN (SELECT value FROM json_each(?))"
        )
        with self.db.read() as db:
            rows = db.execute(query, (json.dumps(list(runs)),)).fetchall()
        found = {row[0]: Entry(Run(*row[:-4]), *row[-4:]) for row in rows}
        return [found[run] for run in runs if run in found]

    def of_papers(self) -> list[Run]:
        """Runs that are done at scale ``paper`` of their preset, the newest first; an index holds these alone."""
        query = (
            f"SELECT {RUN_COLUMNS} FROM runs r INDEXED BY runs_of_papers LEFT JOIN leases l ON l.run = r.number "
            f"WHERE r.deleted IS NULL AND r.status = 'done' AND {PRESET} GLOB '*/paper' "
            "ORDER BY r.created DESC, r.number DESC"
        )
        with self.db.read() as db:
            return [Run(*row) for row in db.execute(query)]

    def existing(self, configs: Sequence[str]) -> set[str]:
        """Which of these configurations, as JSON, a run has done or is about to do to its last step."""
        query = (
            "SELECT DISTINCT config FROM runs WHERE deleted IS NULL AND status NOT IN ('failed', 'cancelled') "
            "AND NOT (status = 'done' AND step < steps) AND parent IS NULL "
            "AND config IN (SELECT value FROM json_each(?))"
        )
        with self.db.read() as db:
            return {text for (text,) in db.execute(query, (json.dumps(list(configs)),)).fetchall()}


def _where(text: str, status: Collection[str], tags: Collection[str]) -> tuple[str, list[Any]]:
    """The condition, and what its marks stand for."""
    parts, given = ["r.deleted IS NULL"], []
    for word in text.casefold().replace("-", " ").split():
        among = "r.id || ' ' || r.name || ' ' || r.note || ' ' || r.about"
        tagged = "SELECT 1 FROM tags t WHERE t.run = r.number AND instr(folded(t.tag), ?)"
        parts.append(f"(instr(folded({among}), ?) OR EXISTS ({tagged}))")
        given += [word, word]
    if status:
        parts.append(f"r.status IN ({', '.join('?' * len(status))})")
        given += status
    for tag in tags:
        parts.append("EXISTS (SELECT 1 FROM tags t WHERE t.run = r.number AND t.tag = ?)")
        given.append(tag)
    return " AND ".join(parts), given
