"""What private runs have told of their rows, each by itself and all of them together."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dcviz.records import DataConfig
from dcviz.runs.home import Home

EPSILON = "epsilon"  # the curve of what a private run has spent
GUARANTEE = "guarantee"  # the event that says what it promises
REMOVED = "released/"  # how the facts begin that tell what runs had released that were deleted for good
RULE = (
    "By basic composition: ε and δ of all releases are added up, and runs that share a release count once. Runs count "
    "whether they ended or not, also deleted ones; data count as the same by their name or path, whichever part of "
    "them is taken. Other stores and other programs are not known here."
)


@dataclass(frozen=True)
class Release:
    """What one run has released so far."""

    run: str
    data: str  # the source of its rows
    mark: str  # equal where two runs share a release
    epsilon: float
    delta: float
    neighbours: str  # in words, what may differ between two data sets that cannot be told apart


@dataclass(frozen=True)
class Spent:
    """What all runs on the same private data have told of any one row together, at most."""

    data: str
    epsilon: float
    delta: float
    releases: int
    neighbours: tuple[str, ...]

    def __str__(self) -> str:
        """In one line."""
        count = f"{self.releases} release{'s' if self.releases > 1 else ''}"
        return f"ε ≤ {self.epsilon:.3g}, δ ≤ {self.delta:.1g} in {count}"


class Ledger(Home):
    """What is released is released: neither a bin nor a deletion takes it back."""

    def releases(self) -> list[Release]:
        """What each run has released, by data and time; runs that have released nothing yet are left out."""
        with self.db.read() as db:
            rows = db.execute(f"{_RELEASES} ORDER BY r.number").fetchall()
            kept = db.execute("SELECT value FROM facts WHERE key GLOB ?", (f"{REMOVED}*",)).fetchall()
        found = [Release(**json.loads(text)) for (text,) in kept] + list(_read(rows))
        return sorted(found, key=lambda release: release.data)

    def spent_together(self) -> dict[str, Spent]:
        """What is spent of each private data set, by the source of its rows."""
        by_data: dict[str, list[Release]] = {}
        for release in self.releases():
            by_data.setdefault(release.data, []).append(release)
        return {data: composed(of) for data, of in by_data.items()}


def source_of(data: DataConfig) -> str:
    """Whose rows a run reads: a name, or the path of a file or folder."""
    return _source(asdict(data))


def composed(releases: Iterable[Release]) -> Spent:
    """Several releases about the same rows as one promise: (Σε, Σδ)-private.

    Source: Dwork and Roth, The Algorithmic Foundations of Differential Privacy, 2014,
    https://doi.org/10.1561/0400000042, Theorem 3.16, and appendix B where what is asked follows from what was told.
    Of the mechanisms here a promise about one row replaced holds for one row left out with N as before, too (which
    moves less): both are added up, for the weaker of the two.

    >>> promise = "moons", "the first", 1.0, 1e-5, "one row"
    >>> spent = composed([Release("a", *promise), Release("b", *promise), Release("c", "moons", "c", 0.5, 1e-6, "")])
    >>> spent.epsilon, spent.releases, round(spent.delta, 8)
    (1.5, 2, 1.1e-05)
    """
    largest: dict[str, Release] = {}
    for release in releases:
        held = largest.setdefault(release.mark, release)
        if release.epsilon > held.epsilon:
            largest[release.mark] = release
    apart = list(largest.values())
    return Spent(
        apart[0].data,
        sum(release.epsilon for release in apart),
        min(1.0, sum(release.delta for release in apart)),
        len(apart),
        tuple(sorted({release.neighbours for release in apart})),
    )


def keep_released(db: sqlite3.Connection, run: str) -> None:
    """Remember what a run has released, before it is removed for good."""
    for release in _read(db.execute(f"{_RELEASES} AND r.id = ?", (run,)).fetchall()):
        fact = f"{REMOVED}{run}", json.dumps(asdict(release), allow_nan=False)
        db.execute("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", fact)


_RELEASES = f"""
    SELECT r.id, r.config, e.payload, (
        SELECT max(m.value) FROM metrics m JOIN curves c ON m.curve = c.id
        WHERE c.run = r.number AND c.name = '{EPSILON}'
    ) FROM runs r JOIN events e ON e.run = r.number WHERE e.kind = '{GUARANTEE}'
"""


def _read(rows: Iterable[tuple[str, str, str, float | None]]) -> Iterable[Release]:
    for run, config, text, epsilon in rows:
        if not epsilon:  # nothing yet
            continue
        promise = json.loads(text)
        mark = str(promise.get("release", run))  # of an older run it is not known: nothing is shared with it
        data = _source(json.loads(config).get("data", {}))
        yield Release(run, data, mark, float(epsilon), float(promise["delta"]), str(promise.get("neighbours", "")))


def _source(data: dict[str, Any]) -> str:
    path = data.get("path")
    return str(Path(path).expanduser().absolute()) if path else str(data.get("name", "digits"))
