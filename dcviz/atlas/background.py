"""Measuring the atlas beside an open window: one thread in this process, which waits for the device like any run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from dcviz.atlas.grid import Cell
from dcviz.atlas.measure import known, measure_cell
from dcviz.errors import Cancelled, Refused
from dcviz.leaving import beside, leaving
from dcviz.runs.store import Store

log = logging.getLogger(__name__)


@dataclass
class Progress:
    """How far the measuring is."""

    total: int
    done: int = 0
    part: float = 0.0  # of the cell at hand
    what: str = ""
    trouble: str = ""
    stopping: bool = False

    @property
    def fraction(self) -> float:
        """Of all cells."""
        return (self.done + self.part) / max(self.total, 1)


_going: dict[str, tuple[threading.Thread, Progress]] = {}
_lock = threading.Lock()


def progress(store: Store) -> Progress | None:
    """How far it is; None while nothing is measured."""
    thread, at = _going.get(str(store.home), (None, None))
    return at if thread is not None and thread.is_alive() else None


def trouble(store: Store) -> str:
    """Why the last measuring ended before its end, in words; empty where it did not, or goes on."""
    thread, at = _going.get(str(store.home), (None, None))
    return at.trouble if at is not None and thread is not None and not thread.is_alive() else ""


def start(store: Store, cells: Sequence[Cell]) -> None:
    """Measure the cells that are not known yet, one after another; nothing happens while that is already going on."""
    with _lock:
        if progress(store) is not None:
            return
        at = Progress(len(cells))
        _going[str(store.home)] = beside("dcviz atlas", _work, store, cells, at), at


def stop(store: Store) -> None:
    """Leave off at the next opportunity; what is done is kept, and the run at hand can go on later."""
    at = progress(store)
    if at is not None:
        at.stopping = True


def _work(store: Store, cells: Sequence[Cell], at: Progress) -> None:
    def move(what: str, part: float) -> None:
        at.what, at.part = what, part
        if at.stopping or leaving():
            raise Cancelled

    try:
        _leave_a_core()
        for i, cell in enumerate(cells):
            at.done, at.part, at.what = i, 0.0, cell.title
            if known(store, cell) is None:
                measure_cell(store, cell, move)
    except Cancelled:
        log.info("the atlas was stopped at %s of %s cells", at.done, at.total)
    except Refused as error:
        at.trouble = str(error)
    except Exception as error:
        log.exception("the atlas cannot be measured")
        at.trouble = f"{type(error).__name__}: {error}"


def _leave_a_core() -> None:
    """Compute with as many threads as the worker beside an open window does."""
    import torch

    from dcviz.runs.service import app_threads

    torch.set_num_threads(app_threads())
