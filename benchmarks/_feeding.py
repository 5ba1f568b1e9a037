"""Asks what is new of the run on a window's stage, as the stage does in a browser (dcviz/ui/components/feed.js)."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 60.0  # seconds for one answer


class Feed:
    """Of one window: ``take`` gets what is new, ``look`` has the page run."""

    def __init__(self, address: str, take: Callable[[Any], None], look: Callable[[], Awaitable[None]]) -> None:
        self.take, self.look = take, look
        self.bytes = 0  # received
        self._said: dict[str, Any] | None = None  # what the page says: where to ask, and how soon
        self._server = http.client.HTTPConnection(urlsplit(address).netloc, timeout=TIMEOUT)
        self._asking: asyncio.Task[None] | None = None

    def follow(self, said: dict[str, Any] | None) -> None:
        """What the page says now; None: nothing goes on."""
        self._said = said
        if said and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask())

    async def close(self) -> None:
        """Ask no more."""
        self._said = None
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _ask(self) -> None:
        known, mark, pause = "", "", self._said["every"] if self._said else 0.0
        while True:
            await asyncio.sleep(pause)
            said = self._said
            if not said:
                return
            address = said["address"]
            more = f"&mark={mark}" if known == address else ""
            found = await asyncio.to_thread(self._answer, f"/{address}{more}")
            pause = found.get("every", said["every"])
            if self._said is None or address != self._said["address"]:
                continue  # it is another's by now
            if "stage" in found:
                known, mark = address, found["mark"]
                self.take(found["stage"])
            if not found or "look" in found:
                await self.look()

    def _answer(self, path: str) -> dict[str, Any]:
        """Nothing where the server does not answer."""
        try:
            self._server.request("GET", path)
            answer = self._server.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self._server.close()
            return {}
        self.bytes += len(body)
        found: dict[str, Any] = json.loads(body) if answer.status == 200 else {}
        return found
