"""Several runs as all views of the Compare page need them: read once, kept as long as nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dcviz.data.catalogue import announced
from dcviz.errors import Refused
from dcviz.figures import Theme
from dcviz.figures.overlay import Strand
from dcviz.figures.signs import Sign, signs
from dcviz.records import FINAL, DataConfig, Score
from dcviz.runs.clock import along
from dcviz.runs.comparing import Metrics, Table, Value, compare, good_for
from dcviz.runs.differing import groups, labels
from dcviz.runs.frontier import aimed_at
from dcviz.runs.store import Run
from dcviz.runs.suite import kept, reports
from dcviz.ui.reader import Kept, Reader
from dcviz.ui.shown import Real, real_of

_kept, _read = Kept(16), Kept(400)  # what was gathered; the scores of a run


@dataclass(frozen=True)
class Several:
    """The runs, which of them are repeats, and what is known of them."""

    reader: Reader
    groups: tuple[tuple[Run, ...], ...]
    labels: tuple[str, ...]  # one for each group
    signs: tuple[Sign, ...]  # likewise
    metrics: Mapping[str, Metrics]  # by run
    kept: Mapping[str, tuple[int, ...]]  # steps with a frame, by run
    views: Mapping[DataConfig, Real]

    @property
    def runs(self) -> list[Run]:
        """All runs, group by group."""
        return [run for group in self.groups for run in group]

    @property
    def alive(self) -> bool:
        """Whether any of them is worked on, or will be."""
        return any(run.status in ("running", "queued") for run in self.runs)

    @property
    def data(self) -> DataConfig:
        """The data that most groups are of; the first group's among equals."""
        used = [group[0].config.data for group in self.groups]
        return max(used, key=used.count)

    def key(self, group: int) -> str:
        """Under which a group goes: the id of its first run."""
        return self.groups[group][0].id

    def view(self, run: Run) -> Real:
        """The real view of a run's data."""
        return self.views[run.config.data]

    def classes(self, run: Run) -> int:
        """C, of a run's data."""
        view = self.view(run).view
        if view is not None:
            return len(view["classes"])
        data, info = run.config.data, announced(run.config.data)
        return len(data.classes or (info.classes if info else ())) or 10

    @cached_property
    def table(self) -> Table:
        """What was measured of them."""
        made = {run.id: size for run in self.runs if (size := self._made(run)) is not None}
        good = {run.id: _good(self.reader, run) for run in self.runs}
        return compare(self.groups, self.metrics, self.scores, made, good)

    @cached_property
    def scores(self) -> Mapping[str, list[Score]]:
        """Accuracies of S and of its rivals, by run."""
        return {run.id: _scores(self.reader, run) for run in self.runs}

    def strands(self, axis: str, of: Sequence[int] | None = None) -> list[Strand]:
        """The curves of the groups along an axis of `dcviz.runs.clock.AXES`."""
        chosen = range(len(self.groups)) if of is None else of
        return [
            Strand(self.key(i), self.labels[i], self.signs[i], [self._along(axis, run) for run in self.groups[i]])
            for i in chosen
        ]

    def _along(self, axis: str, run: Run) -> dict[str, tuple[Any, Any]]:
        known, classes = self.metrics[run.id], self.classes(run)
        return {name: (along(axis, run, steps, known, classes), values) for name, (steps, values) in known.items()}

    def _made(self, run: Run) -> int | None:
        """M, its synthetic samples; None before its first picture."""
        if not self.kept[run.id]:
            return None
        try:
            return len(self.reader.points(run.id, self.kept[run.id][-1])["ids"])
        except Refused:  # thinned out, or damaged
            return None


def gather(reader: Reader, ids: Sequence[str], theme: Theme) -> Several:
    """The runs of these ids, as they stand.

    Raises:
        Refused: for one that is not there (any more), or that another version wrote.
    """
    runs = [reader.store.run(run) for run in ids]
    views = {run.config.data: real_of(reader, run.config.data, theme) for run in runs}
    stamp = tuple((run.id, run.changes, views[run.config.data].key) for run in runs)
    measured = kept(reader.store)
    return _kept.get((str(reader.store.home), stamp, measured, theme), lambda: _gathered(reader, runs, views, theme))


def _gathered(reader: Reader, runs: Sequence[Run], views: Mapping[DataConfig, Real], theme: Theme) -> Several:
    found = groups(runs)
    return Several(
        reader,
        tuple(found),
        tuple(labels(found)),
        tuple(signs(len(found), theme)),
        {run.id: reader.metrics(run) for run in runs},
        {run.id: tuple(_frames(reader, run)) for run in runs},
        views,
    )


def _scores(reader: Reader, run: Run) -> list[Score]:
    """Read once for each state of the run: what others write does not matter."""
    key = str(reader.store.home), run.id, run.changes
    found: list[Score] = _read.get(key, lambda: reader.store.scores(run.id))
    return found


def _good(reader: Reader, run: Run) -> dict[str, Value]:
    """What the evaluation suite measured of what objectives aim at."""
    known = reports(reader.store, run.id)
    found = {}
    for key in good_for():
        name, _, quantity = key.partition(":")
        report = known.get((name, "quick"))
        value = None if report is None else aimed_at(report, quantity)
        if value is not None:
            found[key] = value
    return found


def _frames(reader: Reader, run: Run) -> list[int]:
    kept = reader.store.frames(run.id)
    if run.status in FINAL:
        return kept
    latest = reader.latest(run.id)
    return sorted({*kept, latest}) if latest is not None else kept
