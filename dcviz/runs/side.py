"""Work done between steps, within a share of the time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Any


class SideWork:
    """A queue of generators that may use at most ``share`` of the time that they and the main work use together.

    >>> side = SideWork(0.5)
    >>> side.add(iter([1, 2]))
    >>> [bool(side) for _ in side.to_end()]
    [True, True]
    >>> bool(side)
    False
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self._queue: deque[Iterator[Any]] = deque()
        self._main = self._side = 0.0  # seconds

    def __bool__(self) -> bool:
        """Whether anything is left to do."""
        return bool(self._queue)

    def add(self, work: Iterator[Any]) -> None:
        """Queue a generator; each of its steps should take well under 0.3 s."""
        self._queue.append(work)

    def turn(self, main_seconds: float) -> Iterator[None]:
        """After ``main_seconds`` of main work: slices of what is queued, while the share allows."""
        self._main += main_seconds
        while self._queue and self._side < self.share * (self._main + self._side):
            yield from self._slice()

    def to_end(self) -> Iterator[None]:
        """All that is queued."""
        while self._queue:
            yield from self._slice()

    def _slice(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            next(self._queue[0])
        except StopIteration:
            self._queue.popleft()
            return
        finally:
            self._side += time.monotonic() - began
        yield
