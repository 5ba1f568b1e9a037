"""Measuring beside the runs: one thing at a time, half of the time where a run goes on, until the program ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from dcviz.leaving import stay
from dcviz.runs.store import Store

LONGEST = 1.0  # seconds that are left to a run at once

T = TypeVar("T")
R = TypeVar("R")

_one = threading.Lock()


@contextmanager
def alone() -> Iterator[None]:
    """While nothing else is measured in this process: two at once take twice as long, and twice the memory."""
    with _one:
        stay()
        yield


def politely(store: Store, work: Generator[T, None, R]) -> Generator[T, None, R]:
    """The same work; after each slice a run that goes on, in whatever process, has as much time as the slice took.

    Raises:
        Cancelled: the program ends.
    """
    began = time.monotonic()
    while True:
        try:
            said = next(work)
        except StopIteration as end:
            return end.value
        stay()
        yield said
        if store.runs(status="running", limit=1):
            time.sleep(min(LONGEST, time.monotonic() - began))
        began = time.monotonic()


def to_end(store: Store, work: Generator[Any, None, R]) -> R:
    """All of it, politely."""
    polite = politely(store, work)
    while True:
        try:
            next(polite)
        except StopIteration as end:
            return end.value
