"""Questions about a run that goes on: each is answered, and the desk rests, before the next one is asked."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

from dcviz.inspect.desk import Answer, Desk, Work
from dcviz.types import Progress

REST = 10  # times as long as an answer took, before it is made anew: the run needs the same processor
KEPT = 24  # places


@dataclass
class _Place:
    question: Hashable
    work: Work
    due: float = float("inf")  # when the next question may be asked; not before this one is answered
    last: Any = None  # the last whole answer


class Following:
    """Asks a desk on behalf of places where the question changes faster than it can be answered."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is followed yet."""
        self._desk = desk
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()

    def ask(self, where: Hashable, question: Hashable, work: Work) -> Answer:
        """The answer at a place: to this question, or to the one before while that is newer than it could be.

        Until an answer is whole, the last whole one stands in its place.
        """
        place = self._places.get(where)
        if place is None or (place.question != question and time.monotonic() > place.due):
            last = None if place is None else place.last
            place = self._places[where] = _Place(question, work, last=last)
        self._places.move_to_end(where)
        while len(self._places) > KEPT:
            self._places.popitem(last=False)
        answer = self._desk.ask(place.question, _timed(place))
        if not answer.whole:
            return answer if place.last is None else replace(answer, value=place.last)
        place.last = answer.value if answer.value is not None else place.last
        if place.due == float("inf"):  # answered for another window
            place.due = time.monotonic()
        return answer


def _timed(place: _Place) -> Work:
    """Its work, which notes when the next may begin."""

    def work(progress: Progress, publish: Callable[[Any], None]) -> Any:
        began = time.monotonic()
        try:
            return place.work(progress, publish)
        finally:
            now = time.monotonic()
            place.due = now + REST * (now - began)

    return work
