"""What the Inspect page asks for: every question is answered beside the page, as far as it is answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.inspect.desk import Answer, Desk, Work
from dcviz.inspect.film import Film, film_of
from dcviz.inspect.following import Following
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
        self._live = Following(self._desk)

    def shown(self, run: str, image: int) -> Answer:
        """A `Shown`; of a live run the film as it was a moment ago, made anew now and then."""
        row = self.store.run(run)
        question = ("film", run, image, row.pictures)

        def work(progress: Progress, publish: Callable[[Any], None]) -> Shown:
            data = dataset(row.config.data, progress)
            label = label_of(self.store, row, data, image)

            def early(film: Film) -> None:
                publish(Shown((question, "early"), film, label))

            return Shown(question, film_of(self.store, run, image, progress, early), label)

        return self._ask(("film", run, image), question, work, row)

    def leaks(self, run: str, step: int) -> Answer:
        """The `Leaks` of all images at a kept step."""
        row = self.store.run(run)
        question = ("leaks", run, step, row.pictures if row.status in FINAL else None)
        return self._ask(question[:2], question, lambda progress, _: leaks_of_run(self.store, run, step, progress), row)

    def pulls(self, run: str, step: int, keys: Sequence[str], *, follow: bool = False) -> Answer:
        """The `Pulls` of a kept step: the run's own objective first, then those of ``keys``; each as it is found.

        Who follows a live run sees those of a step before until they are all found.
        """
        row = self.store.run(run)
        version = row.pictures if row.status in FINAL else None
        question = ("pulls", run, step, version, tuple(keys))

        def work(progress: Progress, publish: Callable[[Any], None]) -> Pulls:
            bench = self._bench_of(row, progress)
            at = snapshot(self.store, row, bench.dataset, step)
            found: dict[str, Pull | str] = {}
            pulls = Pulls(question[:4], at.step, SOURCES[at.source], found, partial(move_of, bench.dataset))
            publish(pulls)
            for key in (OWN, *keys) if row.config.terms else keys:  # a set from a file has no objective
                try:
                    of = own(row.config) if key == OWN else lens(key)
                    made = self._pulls.get((*question[:4], key)) or bench.pull(of, at, progress)
                    found[key] = self._keep((*question[:4], key), made)
                except Refused as refusal:
                    found[key] = str(refusal)
            return pulls

        if not follow:
            return self._desk.ask(question, work)
        return self._ask(("pulls", run, tuple(keys)), question, work, row)

    def _ask(self, where: Hashable, question: Hashable, work: Work, row: Run) -> Answer:
        """At once; of a live run, which changes faster than questions are answered, one after the other."""
        if row.status in FINAL:
            return self._desk.ask(question, work)
        return self._live.ask(where, question, work)

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
