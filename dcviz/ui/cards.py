"""The gallery's two components, cards and queue: what they are told of runs, and what they say."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from dcviz.errors import Refused
from dcviz.figures import Theme
from dcviz.figures.thumbs import thumb
from dcviz.records import FINAL
from dcviz.runs.store import Entry, Run, Store
from dcviz.ui.status import duration

LIVE_SECONDS = 2.0  # between pictures of a run that goes on
OTHER_VERSION = "written by another version"


@dataclass(frozen=True)
class Said:
    """What the cards say: which runs are chosen now, and what was asked for."""

    chosen: tuple[str, ...]
    turn: int  # grows with every choice made in the browser
    act: Mapping[str, Any] | None


@cache
def _component() -> Any:
    from streamlit.errors import StreamlitAPIException

    try:
        return st.components.v2.component("dcviz.runs", js="runs.js", css="runs.css", isolate_styles=False)
    except StreamlitAPIException as error:
        raise Refused(
            "streamlit cannot find the browser code of the gallery, which it learns from the installed package; run "
            "once in the folder of pyproject.toml: pip install -e ."
        ) from error


def cards(data: Mapping[str, Any], *, key: str) -> Said:
    """Draw the cards; before the browser has said anything, what is chosen is what it was told."""
    result = _component()(key=key, data={"kind": "cards", **data}, on_chosen_change=_nothing, on_act_change=_nothing)
    told = result.chosen if isinstance(result.chosen, Mapping) else {}
    ids, turn = told.get("ids"), told.get("turn")
    if not isinstance(ids, list) or not isinstance(turn, int) or turn <= data["turn"]:
        ids, turn = data["chosen"], data["turn"]
    return Said(tuple(str(run) for run in ids), turn, _act(result.act))


def line(data: Mapping[str, Any], *, key: str) -> Mapping[str, Any] | None:
    """Draw the queue; returns what was asked for."""
    return _act(_component()(key=key, data={"kind": "line", **data}, on_act_change=_nothing).act)


def _act(sent: Any) -> Mapping[str, Any] | None:
    return sent if isinstance(sent, Mapping) and isinstance(sent.get("kind"), str) else None


def _nothing() -> None:
    """A state of a component is only readable where it has a callback."""


# ------------------------------------------------------------------------------------------- what they are told


def card(store: Store, entry: Entry, theme: Theme, now: float) -> dict[str, Any]:
    """One run as a card."""
    run = entry.run
    title, about = _called(run)
    lines = [{"text": about}, _status(run, now), *_cost(entry)]
    return {
        "id": run.id,
        "title": title,
        "score": _score(entry),
        "hint": "\n".join(filter(None, [run.title, run.about if run.name else "", run.text, run.note])),
        "href": f"./?run={run.id}" if run.about and run.deleted is None else "",
        "src": _picture(store, run, theme, now),
        "blank": OTHER_VERSION if not run.about else "no picture" if run.status in FINAL else "no picture yet",
        "progress": run.step / run.steps if run.steps and run.status in ("running", "paused", "interrupted") else None,
        "lines": lines,
        "tags": list(run.tags),
    }


def _status(run: Run, now: float) -> dict[str, Any]:
    """How it is doing, in words."""
    if run.deleted is not None:
        return {"text": f"deleted {ago(now - run.deleted)}", "state": "cancelled"}
    words: str = run.status
    if run.status == "running" and run.phase not in ("", "condensing"):
        words = run.phase
    elif run.status in ("running", "paused", "interrupted"):
        words = f"{run.status} · {run.step:,} / {run.steps:,}"
    elif run.cut_short:
        words = f"time up · {run.step:,} / {run.steps:,}"
    return {"text": words, "state": run.status, "title": run.text or f"{run.step:,} of {run.steps:,} steps."}


def _score(entry: Entry) -> dict[str, str] | None:
    """The accuracy, as far as it is known."""
    if entry.accuracy is not None:
        return {"text": f"{100 * entry.accuracy:.1f} %", "title": "Accuracy on the test set."}
    if entry.held_out is None:
        return None
    why = "Newest accuracy on the held-out tenth of the real data; the test set is used at the end."
    return {"text": f"≈ {100 * entry.held_out:.1f} %", "title": why}


def _cost(entry: Entry) -> list[dict[str, Any]]:
    """Time and bytes."""
    cost = []
    if entry.run.seconds:
        cost.append(duration(entry.run.seconds))
    if entry.bytes is not None:
        cost.append(size(entry.bytes))
    return [{"text": " · ".join(cost), "title": "Time worked on it, and bytes that the set takes."}] if cost else []


def size(count: float) -> str:
    """Bytes of a synthetic set as people say them.

    >>> size(800), size(25_600), size(3.1e6)
    ('800 B', '26 kB', '3.1 MB')
    """
    if count < 1000:
        return f"{count:.0f} B"
    return f"{count / 1e3:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def ago(seconds: float) -> str:
    """How long ago, as people say it.

    >>> ago(4), ago(200), ago(7300), ago(200_000)
    ('just now', '3 min ago', '2 h ago', '2 days ago')
    """
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    return f"{seconds // 3600:.0f} h ago" if seconds < 2 * 86_400 else f"{seconds // 86_400:.0f} days ago"


def _picture(store: Store, run: Run, theme: Theme, now: float) -> str:
    if not run.pictures:
        return ""
    version = run.pictures if run.status in FINAL or run.deleted is not None else int(now // LIVE_SECONDS)
    return _drawn(store, run.id, run.deleted is not None, version, theme)


@st.cache_data(max_entries=500, show_spinner=False)
def _drawn(_store: Store, run: str, deleted: bool, version: int, theme: Theme) -> str:
    try:
        return thumb(_store.look(run) if deleted else _store.frame(run)[1], theme)
    except Refused:  # removed meanwhile, or its file is damaged
        return ""


def waiting(store: Store) -> list[dict[str, Any]]:
    """The queue as it is told: what is worked on, then who waits, by place."""
    items = []
    for run in store.runs(status="running", newest_first=False):
        words = f"{run.step:,} / {run.steps:,}" if run.phase in ("", "condensing") else run.phase
        items.append(_item(run, words, run.step / run.steps if run.steps else None))
    rows = {run.id: run for run in store.runs(status="queued")}
    order: Sequence[str] = [run for run in store.waiting() if run in rows]
    for place, id in enumerate(order, 1):
        limit = rows[id].time_limit
        words = f"{rows[id].steps - rows[id].step:,} steps" + (f", at most {duration(limit)}" if limit else "")
        items.append({**_item(rows[id], words, None), "place": place})
    return items


def _item(run: Run, words: str, progress: float | None) -> dict[str, Any]:
    title, about = _called(run)
    return {
        "id": run.id,
        "title": title,
        "hint": f"{run.title}\n{run.about}",
        "href": f"./?run={run.id}",
        "state": run.status,
        "words": f"{words} · {about}" if run.status == "running" else f"{about} · {words}",
        "progress": progress,
        "place": None,
    }


def _called(run: Run) -> tuple[str, str]:
    """Its name and what it does in a line; where it has none, its method stands for it."""
    method, _, rest = run.about.partition(" · ")
    return (run.name, run.about) if run.name else (method or run.id, rest)


def pause(store: Store) -> float:
    """Seconds between looks at the store: short while something is going on."""
    return LIVE_SECONDS if store.runs(status=("running", "queued"), limit=1) else 2.5 * LIVE_SECONDS


def now() -> float:
    """Seconds since 1970."""
    return time.time()
