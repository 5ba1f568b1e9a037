"""What is new of a run that goes on, for the stage in the browser, beside streamlit: no page is run for it.

A look of a fragment costs both sides most of what they do for a picture: streamlit runs the script and compares what
it drew, the browser lays out the page again. So the stage asks here for pictures, curves and the line of numbers,
twice a second, and for a look only where more has changed than these, or where nobody answers.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dcviz.errors import Refused
from dcviz.ui import doors
from dcviz.ui.address import whole

if TYPE_CHECKING:
    from dcviz.runs.store import Run
    from dcviz.ui.reader import Reader
    from dcviz.ui.shown import Look, Real

PATH = "dcviz/feed"
SOON = 0.05  # seconds until the next question, before there is a picture of a step
LONGEST = 64  # characters of a word in a question
LAST = 10**9  # no run has more steps, nor an image a higher id
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Encoding": "identity",  # to press pictures again would cost more than it saves
}
_thread = ThreadPoolExecutor(1, "dcviz-feed")  # one question after the other: what one window asked, the next one has


@dataclass(frozen=True)
class Asked:
    """A question: how a window looks at a run, and what it knows already."""

    run: str
    window: str
    status: str  # of the run, as the page says
    layer: str  # the name of its real layer
    look: Look
    mark: str = ""  # of what it was told last


def told(reader: Reader, row: Run, real: Real, look: Look, window: str) -> dict[str, Any]:
    """Where a window asks, from when what its page says is, and how soon it asks."""
    said = {
        "window": window,
        "status": row.status,
        "layer": _name(real.key),
        "theme": look.theme,
        "likeness": int(look.likeness),
    }
    at = f"{PATH}/{row.id}?{urlencode(said)}"
    return {"address": at, "at": time.monotonic(), "every": _pace(reader, row, window, soon=0)}


def read(run: str, query: Mapping[str, str]) -> Asked:
    """A question as it came; what is no word or number that can be meant is passed over."""
    from dcviz.ui.shown import Look
    from dcviz.ui.stage import View

    def word(name: str) -> str:
        return query.get(name, "")[:LONGEST]

    view = View(whole(query.get("step", ""), 0, LAST), film=whole(query.get("film", ""), 0, LAST))
    look = Look("dark" if word("theme") == "dark" else "light", view, word("likeness") == "1")
    return Asked(run, word("window"), word("status"), word("layer"), look, word("mark"))


def answer(reader: Reader, asked: Asked) -> str:
    """JSON: ``every``, seconds until the next question; ``look`` where the page has to be run; and what is new.

    Raises:
        Refused: there is no such run any more.
    """
    from dcviz.ui.shown import real_of

    row = reader.store.run(asked.run)
    real = real_of(reader, row.config.data, asked.look.theme)
    said = f'{{"every":{_pace(reader, row, asked.window)}'
    begun = (asked.status, row.status) == ("queued", "running")  # first its picture, then the page
    if asked.layer != _name(real.key) or (asked.status != row.status and not begun):
        return f'{said},"look":true}}'
    if begun and reader.newest(row):
        said += ',"look":true'
    mark = f"{row.changes}.{row.pictures}"
    if mark == asked.mark:
        return f"{said}}}"
    question = replace(asked, window="", mark=mark)
    return said + reader.answers.get(question, lambda: _new(reader, row, real, question))


def _new(reader: Reader, row: Run, real: Real, asked: Asked) -> str:
    from dcviz.ui.shown import shown

    at = time.monotonic()
    line, changing = shown(reader, row, real, asked.look)
    found = {"at": at, "mark": asked.mark, "line": line, "stage": changing}
    return "," + json.dumps(found, separators=(",", ":"))[1:]


def _pace(reader: Reader, row: Run, window: str, soon: float = SOON) -> float:
    pace = reader.audience.pace(window)
    return pace if reader.newest(row) else soon


def _name(key: str) -> str:
    """A short name of a real layer: its key is long, and says where files are."""
    return blake2b(key.encode(), digest_size=8).hexdigest()


async def _serve(request: Request) -> Response:
    if not doors.known(request.headers.get("host", "")):
        return PlainTextResponse("not under this name", 403)
    try:
        asked = read(request.path_params["run"], request.query_params)
        said = await asyncio.get_running_loop().run_in_executor(_thread, _answered, asked)
    except Refused as refusal:
        return PlainTextResponse(str(refusal), 404)
    return Response(said, media_type="application/json", headers=HEADERS)


def _answered(asked: Asked) -> str:
    from dcviz.ui.frame import reader_of

    return answer(reader_of(os.environ.get("DCVIZ_HOME", "")), asked)


def routes() -> list[Route]:
    """What the server answers beside streamlit, under the path of the app."""
    from streamlit import config

    base = "/".join(filter(None, [config.get_option("server.baseUrlPath").strip("/"), PATH]))
    return [Route(f"/{base}/{{run}}", _serve)]
