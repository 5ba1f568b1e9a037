"""All runs: find them, choose one or several, put the queue in order; what was deleted comes back from the bin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from dcviz.errors import Refused
from dcviz.figures import Theme
from dcviz.runs.rows import STATUSES
from dcviz.runs.search import ORDERS
from dcviz.runs.store import Entry, Store
from dcviz.ui import address, binned, cards, chosen, finding, notices
from dcviz.ui.empty import no_runs
from dcviz.ui.finding import Asked
from dcviz.ui.importing import importer
from dcviz.ui.reader import Reader
from dcviz.ui.told import said, say

PAGE = 24  # runs drawn at once
NOTHING = "No runs yet: start one in the Lab."
NO_FIT = "No run fits: clear the filter."
HINT = "Click a run to see, name, tag, repeat or export it. Ctrl or Shift with the click chooses several to compare."
IDLE = "Nothing waits. Runs from the Lab, repeats and sweeps queue up here, one after the other."


def draw(reader: Reader, theme: Theme) -> None:
    """The page."""
    asked = _there(reader.store, _opened())
    notices.draw()
    said()
    asked = _bar(reader.store, asked)
    _remember(asked)
    every = cards.pause(reader.store)
    left, right = st.columns([3.3, 1], gap="medium")
    with left:
        st.fragment(_cards, run_every=every)(reader.store, theme)
    with right, st.container(key="dc-runs-side"):
        if asked.bin:
            binned.panel(reader.store, asked.runs)
        elif asked.runs:
            chosen.panel(reader, asked.runs)
        else:
            st.caption(HINT)
        st.fragment(_line, run_every=every)(reader.store)
    binned.undo(reader.store)


# --------------------------------------------------------------------------------------------------- the view


def _opened() -> Asked:
    """What this window looks at; on its first run, and for a link, that of the address."""
    state, query = st.session_state, address.read()
    if "runs.asked" not in state or (query and query != state.get("runs.address")):
        state["runs.asked"], refusals = finding.read(query)
        notices.forget()
        notices.keep(*refusals)
        for key, value in _fields(state["runs.asked"]).items():
            state[key] = value
    asked: Asked = state["runs.asked"]
    return asked


def _fields(asked: Asked) -> dict[str, Any]:
    """What the fields above the cards hold, by their keys."""
    return {
        "runs.w.find": asked.find,
        "runs.w.status": list(asked.status),
        "runs.w.tag": list(asked.tag),
        "runs.w.sort": asked.sort,
    }


def _there(store: Store, asked: Asked) -> Asked:
    """The view without chosen runs that are not there, or no longer; each is told why, once."""
    in_bin = {run.id for run in store.bin()} if asked.bin else set()
    if not in_bin and asked.bin:
        return replace(asked, bin=False, runs=(), page=1)
    found = in_bin or {entry.run.id for entry in store.entries(asked.runs)}
    for run in asked.runs:
        if run not in found and run not in binned.just_deleted() and not asked.bin:
            try:
                store.run(run)
            except Refused as refusal:
                notices.keep(str(refusal))
    return replace(asked, runs=tuple(run for run in asked.runs if run in found))


def _remember(asked: Asked) -> None:
    st.session_state["runs.asked"] = asked
    wanted = st.session_state["runs.address"] = finding.write(asked)
    address.write(wanted)


def _bar(store: Store, asked: Asked) -> Asked:
    """Words, filters and the order; another one begins at the first page."""
    for key, value in _fields(asked).items():
        st.session_state.setdefault(key, value)  # they die when the page is left
    row = st.columns([1.5, 1.2, 1.2, 1.0, 1.4], vertical_alignment="bottom", gap="small")
    find = row[0].text_input(
        "Find", type="search", live=True, placeholder="name, method, data, tag, note", key="runs.w.find",
        disabled=asked.bin, help="All of the words must occur, in any order: in id, name, note, tags, method or data.",
    )  # fmt: skip
    status = row[1].multiselect(
        "Status", STATUSES, placeholder="any", key="runs.w.status", disabled=asked.bin,
        help="How a run is doing: any of these.",
    )  # fmt: skip
    known = list(store.tags())
    offered = [*known, *(tag for tag in asked.tag if tag not in known)]
    tags = row[2].multiselect(
        "Tags", offered, placeholder="any", key="runs.w.tag", disabled=asked.bin,
        help="Runs that have all of these tags. Tags are given to a run once it is chosen.",
    )  # fmt: skip
    sort = row[3].selectbox(
        "Sort by", list(ORDERS), format_func=lambda name: ORDERS[name].title,
        key="runs.w.sort", disabled=asked.bin, help="Runs without that number come last.",
    )  # fmt: skip
    now = replace(asked, find=find or "", status=tuple(status), tag=tuple(tags), sort=sort or "newest")
    if now != asked:
        now = replace(now, page=1)
    with row[4], st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        if brought := importer(store):
            return Asked(runs=(brought,))
        return replace(now, page=1, runs=(), bin=not now.bin) if _to_bin(store, now) else now


def _to_bin(store: Store, asked: Asked) -> bool:
    count = len(store.bin())
    if asked.bin:
        return st.button("All runs", icon=":material/arrow_back:", key="runs.bin", help="Back to the runs.")
    why = "What was deleted: it can be restored for seven days."
    label = f"Bin · {count}" if count else "Bin"
    return st.button(label, icon=":material/delete:", key="runs.bin", help=why, disabled=not count)


# -------------------------------------------------------------------------------------------------- the cards


def _cards(store: Store, theme: Theme) -> None:
    asked: Asked = st.session_state["runs.asked"]
    count, entries = _found(store, asked)
    if not count:
        if asked.find or asked.status or asked.tag:
            st.info(NO_FIT, icon=":material/info:")
        else:
            no_runs(NOTHING)
        return
    if not entries:  # fewer than there were when the page was turned
        _look(replace(asked, page=-(-count // PAGE)))
    told = cards.cards(_message(store, asked, count, entries, theme), key="runs-cards")
    if told.turn > st.session_state.get("runs.turn", 0):
        st.session_state["runs.turn"] = told.turn
        _look(replace(asked, runs=told.chosen))
    if told.act is not None:
        _act(store, asked, told.act)
    if (now := _states(store, asked)) != st.session_state.get("runs.states"):
        st.session_state["runs.states"] = now
        st.rerun()  # what can be done with the chosen ones has changed: it is drawn outside this fragment


def _found(store: Store, asked: Asked) -> tuple[int, list[Entry]]:
    """A page of the runs that fit; looked for only when something was written since the last time."""
    key = store.changed(), replace(asked, runs=())
    held = st.session_state.get("runs.found")
    if held is None or held[0] != key:
        held = st.session_state["runs.found"] = key, _page(store, asked)
    found: tuple[int, list[Entry]] = held[1]
    return found


def _page(store: Store, asked: Asked) -> tuple[int, list[Entry]]:
    skip = PAGE * (asked.page - 1)
    if asked.bin:
        binned_runs = store.bin()
        return len(binned_runs), [Entry(run, None, None, None, None) for run in binned_runs[skip : skip + PAGE]]
    return store.search(asked.find, status=asked.status, tags=asked.tag, order=asked.sort, limit=PAGE, skip=skip)


def _message(store: Store, asked: Asked, count: int, entries: list[Entry], theme: Theme) -> dict[str, Any]:
    now = cards.now()
    first = PAGE * (asked.page - 1) + 1
    shown = f"{first:,}–{first + len(entries) - 1:,} of {count:,} runs" if count > PAGE else f"{count} runs"
    among = f" · {len(asked.runs)} chosen" if len(asked.runs) > 1 else ""
    return {
        "label": "Deleted runs" if asked.bin else "Runs",
        "cards": [cards.card(store, entry, theme, now) for entry in entries],
        "chosen": list(asked.runs),
        "turn": st.session_state.get("runs.turn", 0),
        "count": ("1 run" if count == 1 else shown) + among if count else "",
        "page": asked.page,
        "pages": -(-count // PAGE),
    }


def _states(store: Store, asked: Asked) -> tuple[Any, ...]:
    """What the panel beside the cards depends on: whether runs go, and the state of those that are chosen."""
    found = () if asked.bin else tuple((e.run.id, e.run.status) for e in store.entries(asked.runs))
    return asked.bin, cards.pause(store), found


def _act(store: Store, asked: Asked, act: Any) -> None:
    kind = act["kind"]
    if kind == "open":
        st.switch_page("app.py", query_params={"run": str(act.get("run"))})
    elif kind == "page" and isinstance(act.get("page"), int):
        _look(replace(asked, page=max(1, act["page"])))
    elif kind == "delete" and not asked.bin and isinstance(act.get("runs"), list):
        binned.delete(store, [str(run) for run in act["runs"]])
        st.rerun()


def _look(asked: Asked) -> None:
    _remember(asked)
    st.rerun()


# -------------------------------------------------------------------------------------------------- the queue


def _line(store: Store) -> None:
    items = cards.waiting(store)
    count = sum(item["place"] is not None for item in items)
    st.html(f'<h3 class="dc-head">Queue <span>{f"{count} waiting" if count else ""}</span></h3>')
    if not items:
        st.caption(IDLE)
        return
    act = cards.line({"label": "Queue", "items": items}, key="runs-line")
    if act is None:
        return
    try:
        _steer(store, act["kind"], str(act.get("run")), act.get("before"))
    except Refused as refusal:
        notices.keep(str(refusal))
    st.rerun()


def _steer(store: Store, kind: str, run: str, before: Any) -> None:
    if kind == "move":
        store.move(run, str(before) if before is not None else None)
    elif kind == "cancel":
        store.command(run, "pause")
        say(f"{store.run(run).title} is out of the queue. It waits here, paused: Resume queues it again.")
    elif kind in ("pause", "stop"):
        store.command(run, kind)
