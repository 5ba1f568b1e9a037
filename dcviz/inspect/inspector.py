"""What the Inspect page asks for: every question is answered beside the page, as far as it is answered."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.inspect.desk import Answer, Desk
from dcviz.inspect.film import Film, film_of
from dcviz.inspect.labels import Label, label_of
from dcviz.inspect.leaks import leaks_of_run
from dcviz.inspect.lens import OWN, Bench, Pull, lens, move_of, own
from dcviz.inspect.snapshot import SOURCES, snapshot
from dcviz.records import FINAL
from dcviz.types import Progress

if TYPE_CHECKING:
    import numpy as np

    from dcviz.runs.store import Run, Store

PULLS = 60  # gradients of whole snapshots in memory, at most
BYTES = 2**28  # that they may take together
SHARE = 10  # times the time that a film of a live run took, before it is made anew


@dataclass(frozen=True)
class Shown:
    """What the page shows of one image beside what is on record: its film and its label."""

    name: Hashable  # the same for the same film
    film: Film
    label: Label


@dataclass(frozen=True)
class Pulls:
    """What discrepancies would do to the images of a step, by key; a sentence where one has no answer."""

    name: Hashable  # the same for the same step of the same run
    step: int
    source: str  # what S was read from, in words
    found: dict[str, Pull | str]
    moves: Callable[[np.ndarray], np.ndarray]  # a gradient of one image as a change of its pixels


class Inspector:
    """One per store and process, shared by all windows."""

    def __init__(self, store: Store) -> None:
        """Nothing is read before the first question."""
        self.store = store
        self._desk = Desk("dcviz inspect")
        self._bench: tuple[Any, Bench] | None = None  # of the run that was looked at last
        self._pulls: OrderedDict[tuple[Any, ...], Pull] = OrderedDict()
        self._films: dict[tuple[str, int], tuple[Any, float]] = {}  # of live runs: the question, and when to ask anew

    def shown(self, run: str, image: int) -> Answer:
        """A `Shown`; of a live run the film as it was a moment ago, made anew now and then."""
        row = self.store.run(run)

        def work(progress: Progress, publish: Callable[[Any], None]) -> Shown:
            began = time.monotonic()
            data = dataset(row.config.data, progress)
            label = label_of(self.store, row, data, image)

            def early(film: Film) -> None:
                publish(Shown((question, "early"), film, label))

            film = film_of(self.store, run, image, progress, early)
            now = time.monotonic()
            self._films[run, image] = question, now + SHARE * (now - began)
            return Shown(question, film, label)

        question = ("film", run, image, row.pictures)
        before, due = self._films.get((run, image), (None, 0.0))
        if before is not None and row.status not in FINAL and time.monotonic() < due:
            question = before
        answer = self._desk.ask(question, work)
        if answer.value is None and before is not None and not answer.trouble:
            old = self._desk.ask(before, work)
            return replace(answer, value=old.value)
        return answer

    def leaks(self, run: str, step: int | None = None) -> Answer:
        """The `Leaks` of all images at a kept step, the newest by default."""
        row = self.store.run(run)
        kept = self.store.frames(run)
        step = kept[-1] if step is None and kept else step
        version = row.pictures if row.status in FINAL else None
        return self._desk.ask(
            ("leaks", run, step, version), lambda progress, _: leaks_of_run(self.store, run, step, progress)
        )

    def pulls(self, run: str, step: int, keys: Sequence[str]) -> Answer:
        """The `Pulls` of a step: the run's own objective first, then those of ``keys``; each as it is found."""
        row = self.store.run(run)
        version = row.pictures if row.status in FINAL else None

        def work(progress: Progress, publish: Callable[[Any], None]) -> Pulls:
            bench = self._bench_of(row, progress)
            at = snapshot(self.store, row, bench.dataset, step)
            found: dict[str, Pull | str] = {}
            moves = partial(move_of, bench.dataset)
            pulls = Pulls((run, step, version), at.step, SOURCES[at.source], found, moves)
            publish(pulls)
            for key in (OWN, *keys):
                try:
                    of = own(row.config) if key == OWN else lens(key)
                    made = self._pulls.get((run, step, version, key)) or bench.pull(of, at, progress)
                    found[key] = self._keep((run, step, version, key), made)
                except Refused as refusal:
                    found[key] = str(refusal)
            return pulls

        return self._desk.ask(("pulls", run, step, version, tuple(keys)), work)

    def _keep(self, key: tuple[Any, ...], pull: Pull) -> Pull:
        self._pulls[key] = pull
        self._pulls.move_to_end(key)
        while len(self._pulls) > PULLS or sum(p.gradient.nbytes for p in self._pulls.values()) > BYTES:
            if len(self._pulls) == 1:
                break
            self._pulls.popitem(last=False)
        return pull

    def _bench_of(self, row: Run, progress: Progress) -> Bench:
        key = row.id, row.config
        if self._bench is None or self._bench[0] != key:
            self._bench = None  # freed before the next one is set up
            self._bench = key, Bench(self.store, row, dataset(row.config.data, progress))
        self._bench[1].run = row
        return self._bench[1]


@cache
def inspector(store: Store) -> Inspector:
    """The one of this process for a store."""
    return Inspector(store)
