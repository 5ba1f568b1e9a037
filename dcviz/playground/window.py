"""What a window asks of its race, and what it still has to be told. The browser asks again what it got no answer to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dcviz.errors import Refused
from dcviz.playground.drawing import EXTENT, encode
from dcviz.playground.names import DRAWN
from dcviz.playground.race import BATCH, Race
from dcviz.playground.setup import Setup, changed

STEPPING, PAINTING = 0.035, 0.03  # seconds of one answer, for steps and for pictures
MOST_FRAMES = 240  # steps in one answer


@dataclass(frozen=True)
class Ask:
    """What the browser says, checked; the defaults are those of a window that has said nothing yet."""

    who: str = ""  # one drawing of the page; a new one has nothing
    n: int = 0
    turn: int = -1
    have: int = -1  # newest step that it has
    at: int = 0  # step shown
    pace: float = 0.0  # steps a second at which it plays
    until: int = 0  # step up to which it wants more
    look: int | None = None  # step whose forces it wants exactly
    orders: tuple[Mapping[str, Any], ...] = ()


def read_ask(sent: Any) -> Ask:
    """What was sent, with anything malformed left at its default."""
    if not isinstance(sent, Mapping):
        return Ask()
    found: dict[str, Any] = {}
    for key in ("n", "turn", "have", "at", "until"):
        if isinstance(sent.get(key), int):
            found[key] = sent[key]
    found["pace"] = float(sent["pace"]) if isinstance(sent.get("pace"), (int, float)) else 0.0
    found["look"] = sent["look"] if isinstance(sent.get("look"), int) else None
    found["who"] = str(sent.get("who", ""))
    orders = sent.get("orders")
    found["orders"] = tuple(o for o in orders if isinstance(o, Mapping)) if isinstance(orders, list) else ()
    return Ask(**found)


@dataclass(eq=False)
class Window:
    """A race with what one browser has been told of it.

    Two scripts of a browser can be at work at a time, one that is being stopped and the next: whoever answers holds
    `lock` until the answer is made, and a change waits for it.
    """

    race: Race
    ask: Ask = field(default_factory=Ask)
    heard: int = 0  # the newest order obeyed
    told: int = -1  # turn of the last answer
    turns: dict[int, int] = field(default_factory=dict)  # turn -> the step from which all was new
    asked: float = 0.0  # when the last question came
    refusals: list[str] = field(default_factory=list)
    first: int = 0  # of the steps that this answer carries
    painted: set[int] = field(default_factory=set)  # steps whose pictures this answer carries
    lock: Any = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.turns[self.race.turn] = self.race.since

    @property
    def position(self) -> int:
        """The step that the browser shows by now, as far as one can tell."""
        played = self.ask.pace * (time.monotonic() - self.asked)
        return min(self.race.head, int(self.ask.at + played))

    def answer(self, sent: Any) -> None:
        """Obey what is new in a question, compute what it wants, and note what the answer must carry."""
        race, new = self.race, read_ask(sent)
        if new.who != self.ask.who:
            self.heard = 0
        if (new.who, new.n) != (self.ask.who, self.ask.n):
            self.ask, self.asked = new, time.monotonic()
        for order in self.ask.orders:
            self._obey(order)
        known = new.have if new.turn in self.turns else -1
        renewed = [since for turn, since in self.turns.items() if turn > new.turn]
        self.first = max(0, min([known + 1, *renewed]))
        before = {side: set(lane.pictures) for side, lane in race.lanes.items()}
        begun = race.turn != self.told or not new.who
        self.told = race.turn
        until = max(new.until, race.since + BATCH if begun else 0)
        if until > race.head:
            race.advance(until, STEPPING / 2 if begun else STEPPING)  # what was changed is to be seen at once
        race.paint(PAINTING, at=new.look if new.look is not None and not begun else None)
        self.painted = {s for side, lane in race.lanes.items() for s in set(lane.pictures) - before[side]}

    @property
    def steps(self) -> range:
        """The steps that the answer carries."""
        return range(min(self.first, self.race.head + 1), min(self.race.head, self.first + MOST_FRAMES - 1) + 1)

    def apply(self, change: Callable[[Setup], Setup], at: int, *, afresh: bool = False) -> None:
        """Change the set-up at a step; what does not fit is refused in words and changes nothing."""
        with self.lock:
            try:
                wanted = change(self.race.setup)
                if wanted == self.race.setup and not afresh:
                    return
                self.race.change(wanted, at, afresh=afresh)
            except Refused as refusal:
                self.refusals = [str(refusal)]
                return
            self.refusals = []
            self.turns[self.race.turn] = self.race.since

    def set(self, key: str, value: Any) -> None:
        """One value, now; of a divergence also ``side.parameter``."""
        self.apply(lambda setup: changed(setup, key, value), self.position)

    def _obey(self, order: Mapping[str, Any]) -> None:
        id, at = order.get("id"), order.get("at")
        if not isinstance(id, int) or id <= self.heard:
            return
        self.heard = id
        at = at if isinstance(at, int) else self.position
        if order.get("reset"):
            self.apply(lambda setup: setup, 0, afresh=True)
        if isinstance(order.get("draw"), list):
            self.apply(lambda setup: _drawn(setup, order["draw"]), at)
        if isinstance(order.get("set"), Mapping):
            self.apply(lambda setup: _all(setup, order["set"]), at)
        if order.get("same") in self.race.lanes and self.race.head >= 0:
            self.race.same(min(max(at, 0), self.race.head), order["same"])
            self.turns[self.race.turn] = self.race.since


def _all(setup: Setup, values: Mapping[str, Any]) -> Setup:
    for key, value in values.items():
        setup = changed(setup, key, value)
    return setup


def _drawn(setup: Setup, points: list[Any]) -> Setup:
    """With what was drawn as the distribution; pairs of numbers inside of the plane count, the rest does not."""
    pairs = [p for p in points if isinstance(p, (list, tuple)) and len(p) == 2]
    inside = [(float(x), float(y)) for x, y in pairs if _within(x) and _within(y)]
    return replace(setup, data=DRAWN, points=encode(inside))


def _within(v: Any) -> bool:
    return isinstance(v, (int, float)) and abs(v) <= EXTENT
