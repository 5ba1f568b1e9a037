"""A person who presses everything there is on a page, at random from a seed, and never waits for long."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed

from benchmarks._windows import Held, Window

PAUSE = 0.1, 2.5  # seconds between two presses: some come before the page has answered
SHORT = "steps=20&budget=1&seed={}"  # runs that end soon; the seed of a person tells whose they are
WORDS = ("", "energy", "m3d", "first try", "<b>bold</b>", "ridge 10", "ünïcode ☃")
OFTEN = {"lab.condense": 12.0, "steer.": 4.0, "again.": 4.0, "runs.": 2.0, "dc-": 0.2, "lab.set.": 0.1, "lab.w.": 0.5}
NEVER = (
    "lab.own.",  # files and paths of the machine
    "lab.trust",
    "device",
    "bin.empty",  # what is removed for good could not be counted afterwards
    "steps",
    "seed",
)

Act = tuple[str, float, Callable[[], Coroutine[Any, Any, None]]]  # what it is, how often, and how


class Person:
    """One user with one window. Runs named in ``spared`` are looked at, but not steered."""

    def __init__(self, address: str, seed: int, spared: frozenset[str] = frozenset()) -> None:
        self.chance = random.Random(seed)
        self.spared = spared
        self.own = SHORT.format(1009 * seed)
        self.window = Window(address, query=self.own)
        self.done: Counter[str] = Counter()  # what was pressed, by kind and key
        self.exceptions: list[str] = []
        self.seen: dict[str, float] = {}  # since when a run stood in its address, by the clock of the process

    async def work(self, until: Callable[[], bool]) -> None:
        """Press until told to stop."""
        await self.window.open()
        while not until():
            await asyncio.sleep(self.chance.uniform(*PAUSE))
            try:
                await self._one()
            except ConnectionClosed:
                await self._anew()
        await self._note()
        await self.window.close()

    async def _one(self) -> None:
        await self._note()
        acts = list(self._acts())
        if not acts:  # the page is not there yet
            await self.window.settled(5)
            return
        if self.chance.random() < 0.02:
            await self._anew()
            return
        name, _, act = self.chance.choices(acts, [often for _, often, _ in acts])[0]
        self.done[name] += 1
        await act()
        if self.chance.random() < 0.1:  # a double click
            await asyncio.sleep(0.15)
            await act()

    async def _anew(self) -> None:
        """Reload: a new session with the same address."""
        self.done["reload"] += 1
        await self._note()
        old = self.window
        await old.close()
        self.window = await Window(old.address, old.page, old.query).open()
        await self.window.settled(20)

    async def _note(self) -> None:
        self.exceptions += self.window.exceptions
        self.window.exceptions = []
        if self.window.query.startswith("run=") or "&run=" in self.window.query:
            self.seen.setdefault(self.window.query.partition("run=")[2].partition("&")[0], time.monotonic())

    @property
    def _spares(self) -> bool:
        """Whether what is shown is not to be steered."""
        return any(run in self.window.query for run in self.spared)

    # ------------------------------------------------------------------------------------------- what there is

    def _acts(self) -> Iterator[Act]:
        for held in list(self.window.elements.values()):
            kind = held.element.WhichOneof("type")
            widget = getattr(held.element, kind)
            offers = getattr(self, f"_of_{kind}", None)
            key = getattr(widget, "id", "").partition("-")[2].partition("-")[2]
            if offers is None or getattr(widget, "disabled", False) or any(word in key for word in NEVER):
                continue
            often = next((much for start, much in OFTEN.items() if key.startswith(start)), 1.0)
            for name, act in offers(held, widget, key):
                yield f"{kind} {name}", often, act

    def _of_page_link(self, held: Held, link: Any, key: str) -> Iterator[tuple[str, Any]]:
        if not link.external:
            query = self.own if link.label == "Lab" else link.query_string
            yield link.label or link.page, lambda: self.window.go(link.page_script_hash, query)

    def _of_button(self, held: Held, button: Any, key: str) -> Iterator[tuple[str, Any]]:
        if not (self._spares and key.startswith(("steer.", "runs.", "again.", "lab.rate"))):
            yield key or button.label, lambda: self.window.press(held)

    def _of_selectbox(self, held: Held, box: Any, key: str) -> Iterator[tuple[str, Any]]:
        if box.options:
            yield key, lambda: self.window.set(held, string_value=self.chance.choice(list(box.options)))

    def _of_checkbox(self, held: Held, box: Any, key: str) -> Iterator[tuple[str, Any]]:
        yield key, lambda: self.window.set(held, bool_value=self.chance.random() < 0.5)

    def _of_slider(self, held: Held, slider: Any, key: str) -> Iterator[tuple[str, Any]]:
        async def slide() -> None:
            if slider.options:  # small budgets, that is: many runs are to end
                await self.window.set(held, string_array_value={"data": [self.chance.choice(slider.options[:4])]})
                return
            step = slider.step or 1
            at = slider.min + step * self.chance.randrange(int((slider.max - slider.min) / step) + 1)
            await self.window.set(held, double_array_value={"data": [at] * max(1, len(slider.default))})

        yield key, slide

    def _of_number_input(self, held: Held, field: Any, key: str) -> Iterator[tuple[str, Any]]:
        async def write() -> None:
            low = field.min if field.has_min else 0.0
            value = max(low, field.default * self.chance.choice((0.5, 1.0, 2.0)) if field.HasField("default") else 5.0)
            value = min(value, field.max) if field.has_max else value
            if field.data_type == field.INT:
                await self.window.set(held, int_value=int(value))
            else:
                await self.window.set(held, double_value=float(value))

        yield key, write

    def _of_text_input(self, held: Held, field: Any, key: str) -> Iterator[tuple[str, Any]]:
        yield key, lambda: self.window.set(held, string_value=self.chance.choice(WORDS))

    _of_text_area = _of_text_input

    def _of_button_group(self, held: Held, group: Any, key: str) -> Iterator[tuple[str, Any]]:
        names = [option.content for option in group.options]
        if names:
            yield key, lambda: self.window.set(held, string_array_value={"data": [self.chance.choice(names)]})

    def _of_multiselect(self, held: Held, box: Any, key: str) -> Iterator[tuple[str, Any]]:
        options = list(box.options)

        async def choose() -> None:
            some = self.chance.sample(options, min(len(options), self.chance.choice((0, 1, 2))))
            await self.window.set(held, string_array_value={"data": some})

        if options:
            yield key, choose

    # ---------------------------------------------------------------------------------------------- components

    def _of_bidi_component(self, held: Held, component: Any, key: str) -> Iterator[tuple[str, Any]]:
        data = json.loads(component.json) if component.json else {}
        offers = getattr(self, f"_on_{data.get('kind')}", None)
        return offers(held, data) if offers is not None else iter(())

    def _on_live(self, held: Held, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        steps, ids = data.get("steps") or [], list(range(10))

        async def look() -> None:
            step = self.chance.choice([None, *steps])
            film = self.chance.choice([None, *ids])
            await self.window.tell(
                held, "view", {"step": step, "want": [step] if step is not None else [], "film": film}
            )

        if data.get("run"):
            yield "scrub", look
            if not self._spares:
                yield "space", lambda: self.window.ask(held, "command", "toggle")

    def _on_cards(self, held: Held, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        ids = [card["id"] for card in data["cards"] if card["id"] not in self.spared]

        async def choose() -> None:
            some = self.chance.sample(ids, min(len(ids), self.chance.choice((1, 1, 1, 2, 3))))
            await self.window.tell(held, "chosen", {"ids": some, "turn": data["turn"] + 1})

        if ids:
            yield "choose", choose
            yield "open", lambda: self.window.ask(held, "act", {"kind": "open", "run": self.chance.choice(ids)})
            yield "delete", lambda: self.window.ask(held, "act", {"kind": "delete", "runs": [self.chance.choice(ids)]})

    def _on_line(self, held: Held, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for item in data["items"]:
            if item["id"] in self.spared:
                continue
            for kind in ("cancel", "move") if item["place"] else ("pause", "stop"):
                act = {"kind": kind, "run": item["id"], **({"before": None} if kind == "move" else {})}
                yield kind, lambda act=act: self.window.ask(held, "act", act)

    def _on_grid(self, held: Held, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        cells = [part["key"] for cell in data["cells"] for part in cell["parts"] if part.get("key")]
        if cells:
            yield "cell", lambda: self.window.tell(held, "cell", self.chance.choice(cells))

    def _on_tiles(self, held: Held, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        names = [tile["name"] for tile in data["tiles"]]
        if names:
            yield "tile", lambda: self.window.ask(held, "tile", self.chance.choice(names))
