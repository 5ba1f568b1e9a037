"""Windows without a screen: they speak streamlit's websocket protocol and answer as its browser code does.

Many real browsers on a few cores would measure the browsers. A `Window` loads a page, keeps the elements that the
server sends, runs fragments again at the pace it is told, asks the feed as the stage does, and says what a person
presses. It draws nothing. Written for streamlit 1.67: its ``web/server/starlette/starlette_websocket.py``, and its
browser code (``App.tsx``).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks._feeding import Feed

PROTOCOL = ("streamlit", "PLACEHOLDER_AUTH_TOKEN")  # what a browser without cookies asks for
EVENTS = "$$STREAMLIT_INTERNAL_KEY_{}__events"  # the widget that carries what a component says once
FINISHED = ForwardMsg.ScriptFinishedStatus
Shown = Callable[["Window", dict[str, Any]], None]


@dataclass
class Held:
    """An element on the page, and which run of which fragment has drawn it."""

    element: Element
    run: str
    fragment: str


class Window:
    """One tab. ``shown`` is called with the data of every component that arrives."""

    def __init__(self, address: str, page: str = "", query: str = "", shown: Shown = lambda window, data: None) -> None:
        self.address, self.page, self.query, self.shown = address, page, query, shown
        self.elements: dict[tuple[int, ...], Held] = {}
        self.pages: dict[str, str] = {}  # hash by the last part of a page's address
        self.exceptions: list[str] = []  # tracebacks on the screen
        self.bytes = self.scripts = 0  # received; runs of the script and of fragments that have ended
        self.opened = 0.0  # time.time() of the connection
        self._values: dict[str, WidgetState] = {}
        self._states: dict[str, dict[str, Any]] = {}  # of components
        self._timers: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._loading: asyncio.Task[None] | None = None  # the page, anew
        self.misses = 0  # messages that were only referred to, and gone here
        self._cache: dict[str, tuple[ForwardMsg, int]] = {}  # large messages, and at which run each was used last
        self._hash = self._run = ""
        self._keeps = 2  # runs of the script that a cached message outlives unused
        self._now: tuple[str, ...] = ()  # fragments of the run at hand
        self._ended = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None
        self._stage: tuple[Held, dict[str, Any]] | None = None  # with what it was told by the page
        self.feed = Feed(address, self._news, self._look)

    # --------------------------------------------------------------------------------------- opening, closing

    async def open(self) -> Window:
        """Connect, and ask for the page of the address."""
        url = f"ws://{urlsplit(self.address).netloc}/_stcore/stream"
        self._socket = await connect(
            url, subprotocols=PROTOCOL, origin=self.address, max_size=None, compression=None, open_timeout=60
        )
        self.opened = time.time()
        self._listening = asyncio.create_task(self._listen(self._socket))
        await self.rerun()
        return self

    async def close(self) -> None:
        """Close the tab."""
        self._stop_timers()
        await self.feed.close()
        if self._socket is not None:
            await self._socket.close()
        if self._listening is not None:
            await self._listening

    async def settled(self, seconds: float = 60) -> bool:
        """Wait until a run of the whole script has ended; whether one has."""
        self._ended.clear()
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except TimeoutError:
            return False
        return True

    @property
    def timers(self) -> dict[str, float]:
        """Seconds between runs of the fragments that run by themselves."""
        return {fragment: interval for fragment, (interval, _) in self._timers.items()}

    # ------------------------------------------------------------------------------------- what a person does

    async def press(self, held: Held) -> None:
        """Press a button."""
        widget = getattr(held.element, held.element.WhichOneof("type"))
        await self.rerun(held.fragment, WidgetState(id=widget.id, trigger_value=True))

    async def set(self, held: Held, **value: Any) -> None:
        """Give a field another value (one field of `WidgetState`)."""
        widget = getattr(held.element, held.element.WhichOneof("type"))
        self._values[widget.id] = WidgetState(id=widget.id, **value)
        await self.rerun(held.fragment)

    async def tell(self, held: Held, name: str, value: Any) -> None:
        """Have a component say something that stays said."""
        id = held.element.bidi_component.id
        state = self._states.setdefault(id, {})
        state[name] = value
        self._values[id] = WidgetState(id=id, json_value=json.dumps(state))
        await self.rerun(held.fragment)

    async def ask(self, held: Held, event: str, value: Any) -> None:
        """Have a component say something once."""
        said = json.dumps([{"event": event, "value": value}])
        id = EVENTS.format(held.element.bidi_component.id)
        await self.rerun(held.fragment, WidgetState(id=id, json_trigger_value=said))

    async def go(self, hash: str, query: str = "") -> None:
        """Follow a link to another page."""
        self.query = query
        if hash != self._hash:
            self._clear()
            self._values.clear()
            self._states.clear()
        self._hash = hash
        await self.rerun()

    async def rerun(self, fragment: str = "", *pressed: WidgetState, auto: bool = False) -> None:
        """Have the script run again, or one of its fragments."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.fragment_id, state.is_auto_rerun = self.query, fragment, auto
        state.page_script_hash, state.page_name = self._hash, "" if self._hash else self.page
        state.widget_states.widgets.extend([*self._values.values(), *pressed])
        state.cached_message_hashes.extend(self._cache)
        state.context_info.url = f"{self.address}/{quote(self.page)}"
        state.context_info.color_scheme = "light"
        state.context_info.timezone, state.context_info.locale = "UTC", "en-US"
        if self._socket is not None:
            await self._socket.send(message.SerializeToString())

    # ---------------------------------------------------------------------------------------- what it receives

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                assert isinstance(data, bytes)
                self.bytes += len(data)
                self._receive(self._whole(ForwardMsg.FromString(data)))
        except ConnectionClosed:
            self._stop_timers()
            self._unstage()

    def _whole(self, message: ForwardMsg) -> ForwardMsg:
        """A message that is only referred to, as it came before.

        Runs that overlap can have one dropped here that the server still takes for known: there a browser stands still
        until somebody loads the page anew, which is done here at once.
        """
        if message.WhichOneof("type") == "ref_hash":
            if message.ref_hash not in self._cache:
                self.misses += 1
                self._cache.clear()
                self._loading = asyncio.create_task(self.rerun())
                return ForwardMsg()
            known = self._cache[message.ref_hash][0]
            self._cache[message.ref_hash] = known, self.scripts
            message = ForwardMsg(metadata=message.metadata, delta=known.delta)
        elif message.metadata.cacheable:
            self._cache[message.hash] = message, self.scripts
        return message

    def _receive(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        handle = getattr(self, f"_on_{kind}", None)
        if handle is not None:
            handle(message)

    def _on_new_session(self, message: ForwardMsg) -> None:
        new, run = message.new_session, message.metadata.run
        self._run, self._now = run.script_run_id, tuple(run.fragment_ids)
        self._keeps = new.config.max_cached_message_age
        if self._now:
            return
        self._stop_timers()
        self._at(new.page_script_hash)

    def _on_navigation(self, message: ForwardMsg) -> None:
        new = message.navigation
        self.pages = {page.url_pathname or page.page_name: page.page_script_hash for page in new.app_pages}
        self._at(new.page_script_hash)

    def _at(self, hash: str) -> None:
        """It is on this page now."""
        if hash != self._hash:
            self._clear()
        self._hash = hash
        self.page = next((name for name, known in self.pages.items() if known == hash), self.page)

    def _on_delta(self, message: ForwardMsg) -> None:
        path, delta = tuple(message.metadata.delta_path), message.delta
        if delta.WhichOneof("type") != "new_element":
            self.elements.pop(path, None)
            return
        element = delta.new_element
        self.elements[path] = Held(element, self._run, delta.fragment_id)
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.exceptions.append(f"{element.exception.type}: {element.exception.message[:300]}")
        elif kind == "bidi_component" and element.bidi_component.json:
            data = json.loads(element.bidi_component.json)
            self.shown(self, data)
            if data.get("kind") == "live":
                self._stage = self.elements[path], data
                self.feed.follow(data.get("feed"))

    def _news(self, stage: dict[str, Any]) -> None:
        """What the feed says of the run on the stage."""
        if self._stage is not None:
            self.shown(self, {**self._stage[1], **stage})

    async def _look(self) -> None:
        if self._stage is not None:
            with suppress(ConnectionClosed):
                await self.ask(self._stage[0], "command", "look")

    def _clear(self) -> None:
        self.elements.clear()
        self._unstage()

    def _unstage(self) -> None:
        self._stage = None
        self.feed.follow(None)

    def _on_auto_rerun(self, message: ForwardMsg) -> None:
        fragment, interval = message.auto_rerun.fragment_id, message.auto_rerun.interval
        if self.timers.get(fragment) == interval:
            return
        self._stop_timers(fragment)
        self._timers[fragment] = interval, asyncio.create_task(self._again(fragment, interval))

    def _on_stop_auto_rerun(self, message: ForwardMsg) -> None:
        for fragment in message.stop_auto_rerun.fragment_ids:
            self._stop_timers(fragment)

    def _on_page_info_changed(self, message: ForwardMsg) -> None:
        self.query = message.page_info_changed.query_string

    def _on_script_finished(self, message: ForwardMsg) -> None:
        self.scripts += 1
        status, run = message.script_finished, message.metadata.run.script_run_id
        if status == FINISHED.Value("FINISHED_EARLY_FOR_RERUN") or run != self._run:
            return
        part = status == FINISHED.Value("FINISHED_FRAGMENT_RUN_SUCCESSFULLY")
        gone = [p for p, h in self.elements.items() if h.run != run and (not part or h.fragment in self._now)]
        for path in gone:
            del self.elements[path]
        if self._stage is not None and not any(held is self._stage[0] for held in self.elements.values()):
            self._unstage()
        for hash, (known, used) in list(self._cache.items()):
            if (not part or known.delta.fragment_id in self._now) and self.scripts - used > self._keeps:
                del self._cache[hash]
        if not part:
            self._ended.set()

    # ----------------------------------------------------------------------------------------------- timers

    async def _again(self, fragment: str, interval: float) -> None:
        """As `setInterval`: it does not wait for what it asks for, and does not drift."""
        clock = asyncio.get_running_loop()
        at = clock.time()
        try:
            while True:
                at += interval
                await asyncio.sleep(max(0.0, at - clock.time()))
                await self.rerun(fragment, auto=True)
        except ConnectionClosed:
            return

    def _stop_timers(self, *fragments: str) -> None:
        for fragment in fragments or tuple(self._timers):
            if fragment in self._timers:
                self._timers.pop(fragment)[1].cancel()

    # ----------------------------------------------------------------------------------------------- finding

    def of(self, kind: str) -> Iterator[Held]:
        """Its elements of a kind (a field of `Element`)."""
        return (held for held in list(self.elements.values()) if held.element.WhichOneof("type") == kind)

    def button(self, key: str) -> Held | None:
        """The button with a key of its own, where there is one that can be pressed."""
        found = (h for h in self.of("button") if h.element.button.id.endswith(f"-{key}"))
        return next((h for h in found if not h.element.button.disabled), None)
