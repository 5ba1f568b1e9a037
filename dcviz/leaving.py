"""Threads beside the program, which waits for them when it ends.

A daemon thread that is inside torch when the interpreter is taken down is cut off there: the process aborts, with all
work done. So threads are told that the program ends, leave off at their next slice, and are waited for. That is done
before handlers of `atexit` run, since those of torch take away what the threads still use.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar
from weakref import WeakSet

from dcviz.errors import Cancelled

PATIENCE = 10.0  # seconds that a program which ends waits for all of them; slices take well under one

R = TypeVar("R")

_leaving = threading.Event()
_threads: WeakSet[threading.Thread] = WeakSet()
_guard: threading.Thread | None = None
_lock = threading.Lock()


def beside(name: str, work: Callable[..., None], *given: Any) -> threading.Thread:
    """Start a thread that the program waits for at its end; its work must look at `leaving`, or use `slices`."""
    thread = threading.Thread(target=_alongside, args=(work, *given), name=name, daemon=True)  # patience has an end
    _threads.add(thread)
    _watch()
    thread.start()
    return thread


def leaving() -> bool:
    """Whether the program ends: what is not done by now is not waited for."""
    return _leaving.is_set()


def stay() -> None:
    """Go on, unless the program ends.

    Raises:
        Cancelled: it does.
    """
    if leaving():
        raise Cancelled


def slices(work: Generator[Any, None, R]) -> R:
    """All slices of a piece of work and its result, as long as the program goes on.

    Raises:
        Cancelled: it ends.
    """
    while True:
        stay()
        try:
            next(work)
        except StopIteration as end:
            return end.value


def _alongside(work: Callable[..., None], *given: Any) -> None:
    try:
        work(*given)
    except Exception:
        if not leaving():  # what fails now, fails because the program ends: Python begins no imports of torch any more
            raise


def _watch() -> None:
    """See to it that one thread waits for the main one: the interpreter is not taken down before that is done."""
    global _guard
    with _lock:
        if _guard is None or not _guard.is_alive():  # it does not live on in a forked process
            _guard = threading.Thread(target=_wait, name="dcviz leaving", daemon=False)
            _guard.start()


def _wait() -> None:
    threading.main_thread().join()
    _leaving.set()
    end = time.monotonic() + PATIENCE
    for thread in list(_threads):
        thread.join(max(0.0, end - time.monotonic()))
