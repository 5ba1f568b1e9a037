"""What takes longer than a look may: one thread that does what was asked for last, and leaves what nobody waits for."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from dcviz.errors import Cancelled, Refused
from dcviz.leaving import beside, leaving
from dcviz.types import Progress

log = logging.getLogger(__name__)

PATIENCE = 6.0  # seconds without a question after which an answer is no longer waited for
RETRY = 10.0  # seconds after which trouble is looked into again
KEPT = 24  # answers
LOOK = 0.5  # seconds between looks whether the program ends, while nothing is asked

Work = Callable[[Progress, Callable[[Any], None]], Any]  # (progress, publish what there is so far) -> the answer


@dataclass
class Answer:
    """As much of an answer as there is."""

    value: Any = None  # None until something is known
    phase: str = "waiting"  # what is being done for it; empty when it is whole
    trouble: str = ""  # why there is none, in words
    wanted: float = field(default_factory=time.monotonic)  # when it was last asked for

    @property
    def whole(self) -> bool:
        """Whether nothing more will come."""
        return not self.phase


class Desk:
    """Answers by key. Asking never waits; the same question finds the same answer, further each time."""

    def __init__(self, name: str) -> None:
        """Nothing runs before the first question."""
        self._name = name
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._waiting: OrderedDict[Hashable, Work] = OrderedDict()  # the last is done first
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, key: Hashable, work: Work) -> Answer:
        """The answer under a key as it stands; it is worked on while somebody asks for it now and then."""
        now = time.monotonic()
        with self._lock:
            found = self._answers.get(key)
            if found is None or (found.trouble and now - found.wanted > RETRY):
                found = self._answers[key] = Answer()
            self._answers.move_to_end(key)
            if not found.trouble:
                found.wanted = now
            if not found.whole and found.phase == "waiting":
                self._waiting[key] = work
                self._waiting.move_to_end(key)
                self._lock.notify()
                self._begin()
            while len(self._answers) > KEPT:
                self._waiting.pop(self._answers.popitem(last=False)[0], None)
            return found

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = beside(self._name, self._loop)

    def _loop(self) -> None:
        _leave_a_core()
        while not leaving():
            with self._lock:
                if not self._waiting:
                    self._lock.wait(LOOK)
                    continue
                key, work = self._waiting.popitem()
                answer = self._answers.get(key)
            if answer is not None and time.monotonic() - answer.wanted < PATIENCE:
                self._answer(answer, work)

    def _answer(self, answer: Answer, work: Work) -> None:
        def progress(what: str, fraction: float) -> None:
            if leaving() or time.monotonic() - answer.wanted > PATIENCE:
                raise Cancelled
            answer.phase = f"{what} {100 * fraction:.0f} %" if 0 < fraction < 1 else what or "working"

        def publish(value: Any) -> None:
            answer.value = value

        try:
            progress("working", 0)
            answer.value = work(progress, publish)
        except Cancelled:  # nobody looks; the next question begins anew
            answer.phase = "waiting"
            return
        except Refused as refusal:
            answer.trouble = str(refusal)
        except Exception as error:
            log.exception("a question cannot be answered")
            answer.trouble = f"This cannot be computed: {type(error).__name__}: {error}."
        answer.phase = ""


def _leave_a_core() -> None:
    """Compute with as many threads as the worker beside an open window does."""
    import torch

    from dcviz.runs.service import app_threads

    torch.set_num_threads(app_threads())
