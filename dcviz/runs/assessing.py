"""Measuring what finished sets are good for, beside the pages: asked for once, it goes on whoever looks."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.leaving import beside, stay
from dcviz.runs.aside import alone, politely
from dcviz.runs.store import Store

if TYPE_CHECKING:
    from dcviz.evaluation.suite.assess import Scale
    from dcviz.runs.store import Run

WITHOUT_RIVALS = 0.5  # of the seconds that a set takes with its rivals, before it is known better

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """One property of one run's set."""

    run: str
    property: str
    scale: Scale = "quick"


@dataclass(frozen=True)
class Progress:
    """What is measured now, how far that is, and what waits behind it."""

    now: Asked
    fraction: float  # of the property at hand
    waiting: tuple[Asked, ...]


@dataclass
class Bench:
    """The measurements of one store."""

    waiting: deque[Asked] = field(default_factory=deque)
    now: Asked | None = None
    fraction: float = 0.0
    troubles: dict[Asked, str] = field(default_factory=dict)  # why one could not be measured, in words
    thread: threading.Thread | None = None


_benches: dict[str, Bench] = {}
_lock = threading.Lock()


def ask(store: Store, *wanted: Asked) -> None:
    """Measure these, one after another, behind what waits already; nothing is measured twice."""
    with _lock:
        bench = _bench(store)
        for one in wanted:
            bench.troubles.pop(one, None)
            if one != bench.now and one not in bench.waiting:
                bench.waiting.append(one)
        if bench.thread is None or not bench.thread.is_alive():
            bench.thread = beside("dcviz suite", _work, store, bench)


def progress(store: Store) -> Progress | None:
    """How far it is; None while nothing is measured."""
    with _lock:
        bench = _bench(store)
        if bench.now is None:
            return Progress(bench.waiting[0], 0.0, tuple(bench.waiting)[1:]) if bench.waiting else None
        return Progress(bench.now, bench.fraction, tuple(bench.waiting))


def trouble(store: Store, one: Asked) -> str:
    """Why something that was asked for could not be measured; empty where it could."""
    with _lock:
        return _bench(store).troubles.get(one, "")


def drop(store: Store) -> None:
    """Measure nothing more: what waits is forgotten, what is at hand ends at its next slice."""
    with _lock:
        bench = _bench(store)
        bench.waiting.clear()
        bench.now = None


def expected(store: Store, runs: Mapping[str, Run], wanted: Sequence[Asked]) -> tuple[float, bool]:
    """Seconds that measurements take, about; and whether all of that was measured on this machine.

    Before anything was measured here it is what the digits take on two cores, at the quick scale. Rivals are measured
    once for a data set and budget: sets after the first take less.

    Args:
        store: what was measured before.
        runs: the rows of the runs, by id.
        wanted: what is to be measured.
    """
    from dcviz.evaluation.suite import PROPERTIES
    from dcviz.runs.suite import seconds_key

    total, sure, begun = 0.0, True, set[str]()
    for one in wanted:
        key = seconds_key(runs[one.run].config, one.property, one.scale)
        first, further = store.get_fact(key, (None, None))
        sure = sure and first is not None
        whole = PROPERTIES[one.property].usual if first is None else first
        again = first is not None or key in begun
        total += (further or WITHOUT_RIVALS * whole) if again else whole
        begun.add(key)
    return total, sure


def refusal(property: str, *, planar: bool) -> str:
    """Why a property is not defined for a kind of data, known before it is asked for; empty where it is."""
    from dcviz.evaluation.suite import PROPERTIES

    kind = PROPERTIES[property]
    if not (planar and kind.images_only):
        return ""
    return f"{kind.title}: {kind.images_only}, and these are points of the plane: choose a run on images."


def _bench(store: Store) -> Bench:
    return _benches.setdefault(str(store.home), Bench())


def _work(store: Store, bench: Bench) -> None:
    import torch

    from dcviz.runs.service import app_threads

    torch.set_num_threads(app_threads())
    while True:
        with _lock:
            if not bench.waiting:
                bench.now = None
                return
            bench.now, bench.fraction = bench.waiting.popleft(), 0.0
            one = bench.now
        try:
            with alone():
                _measure(store, bench, one)
        except Refused as refusal:
            bench.troubles[one] = str(refusal)
        except Exception as error:
            stay()  # where the program ends, what is finished is in the cache
            log.exception("a set cannot be measured")
            bench.troubles[one] = f"This cannot be measured: {type(error).__name__}: {error}."


def _measure(store: Store, bench: Bench, one: Asked) -> None:
    from dcviz.evaluation.suite import chosen
    from dcviz.runs.suite import measure_suite

    work = measure_suite(store, one.run, chosen(one.property, one.scale))
    for _, bench.fraction in politely(store, work):
        if bench.now is not one:  # dropped; what is finished of it stays in the cache
            work.close()
            return
