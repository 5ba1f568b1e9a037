"""Beside the gallery: what one chosen run is, what is written on it, and all that can be done with one or several."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Sequence
from urllib.parse import urljoin

import streamlit as st

from dcviz.data.catalogue import is_planar
from dcviz.errors import Refused
from dcviz.records import FINAL
from dcviz.runs import service
from dcviz.runs.labels import MOST_TAGS
from dcviz.runs.store import Entry, Run, Store
from dcviz.ui import again, binned, cards, notices
from dcviz.ui.frame import PAGES
from dcviz.ui.reader import Reader
from dcviz.ui.share import export
from dcviz.ui.status import duration, final_of
from dcviz.ui.told import say


def panel(reader: Reader, runs: Sequence[str]) -> None:
    """One run with everything about it, or several with what can be done to all."""
    entries = reader.store.entries(runs)
    if len(entries) == 1:
        _one(reader, entries[0])
    elif entries:
        _several(reader.store, [entry.run for entry in entries])


# ------------------------------------------------------------------------------------------------------- one


def _one(reader: Reader, entry: Entry) -> None:
    store, run = reader.store, entry.run
    st.html(_facts(store, entry))
    readable = _readable(run)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="dc-runs-acts"):
        if readable:
            st.page_link("app.py", label="Open", icon=":material/open_in_new:", query_params={"run": run.id})
            st.page_link(PAGES["Inspect"], label="Inspect", icon=":material/search:", query_params={"run": run.id})
        _steering(store, run)
        if readable:
            export(store, run, is_planar(run.config.data), f"runs.export.{run.id}", address=_address(run))
        if _icon("delete", "Delete: it lies in the bin for seven days (Delete key).", off=run.status == "running"):
            binned.delete(store, [run.id])
            st.rerun()
        _let_go()
    _written(store, run)
    if readable and run.config.terms:  # a set from a file has no method to run again
        again.buttons(store, run)


def _facts(store: Store, entry: Entry) -> str:
    """The run in figures, as HTML."""
    run = entry.run
    lines = [f"<b>{html.escape(run.title)}</b>"]
    if run.name and run.about:
        lines.append(html.escape(run.about))
    final = final_of(store.scores(run.id))
    if final is not None:
        beside = final.rivals.get("random")
        rival = f" · random {100 * beside.mean:.1f}" if beside is not None else ""
        lines.append(f"<b>{100 * final.score.mean:.1f} ± {100 * final.score.std:.1f} %</b> on the test set{rival}")
    elif entry.held_out is not None:
        lines.append(f"<b>{100 * entry.held_out:.1f} %</b> held-out accuracy")
    worked = f"{run.step:,} of {run.steps:,} steps" + (f" in {duration(run.seconds)}" if run.seconds else "")
    limit = f", at most {duration(run.time_limit)}" if run.time_limit and run.status not in FINAL else ""
    lines.append(f'<span class="dc-state dc-{run.status}"><i></i>{run.status}</span> · {worked}{limit}')
    size = f"{cards.size(entry.bytes)} · " if entry.bytes is not None else ""
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created))
    origin = f" · fork of {html.escape(run.parent)} at {run.parent_step:,}" if run.parent else ""
    lines.append(f'{size}{made}{origin} · <span class="dc-id">{run.id}</span>')
    if run.text and run.status in ("done", "failed", "interrupted"):
        lines.append(html.escape(run.text))
    if not _readable(run):
        lines.append(html.escape(_why_not(run)))
    return f'<div class="dc-card">{"<br>".join(lines)}</div>'


def _readable(run: Run) -> bool:
    return not _why_not(run)


def _why_not(run: Run) -> str:
    """Why a run can only be named, tagged and deleted here; empty where it is of this version."""
    try:
        run.config  # noqa: B018
    except Refused as refusal:
        return str(refusal)
    return ""


def _address(run: Run) -> str:
    """Where the Lab shows a run."""
    return f"{urljoin(st.context.url or '', './')}?run={run.id}"


def _steering(store: Store, run: Run) -> None:
    """Pause and stop, or resume; and the time limit."""
    if run.status in ("queued", "running"):
        if _icon("pause", "Pause: it can go on later, bit for bit."):
            _act(lambda: store.command(run.id, "pause"))
        if _icon("stop", "Stop for good; what was condensed so far is kept."):
            _act(lambda: store.command(run.id, "stop"))
    if run.resumable and _icon("play_arrow", "Resume: go on from the last checkpoint, to the last step."):
        _act(lambda: service.resume(store, run.id))
    if run.status not in FINAL or run.cut_short:
        _limit(store, run)


def _limit(store: Store, run: Run) -> None:
    """A popover for the seconds after which it stops."""
    with st.popover("", icon=":material/timer:", help="Stop after a time"), st.container(key="dc-narrow-limit"):
        st.caption(
            "Seconds of condensing, counted from the first step; the final test is not counted. When they are over the "
            "run is judged as it is, and can go on later, bit for bit."
        )
        with st.form(f"runs.limit.{run.id}", border=False):
            now = None if run.cut_short else run.time_limit
            seconds = st.number_input("stop after (s)", min_value=0.001, value=now, placeholder="no limit")
            if st.form_submit_button("Go on" if run.cut_short else "Set", icon=":material/timer:"):
                if run.cut_short:
                    _act(lambda: service.resume(store, run.id, seconds))
                else:
                    _act(lambda: store.limit(run.id, seconds))


def _written(store: Store, run: Run) -> None:
    """Name, tags and note: written when a field is left; another window's words are never lost unsaid."""
    name, tags, note = (_synced(f"runs.{what}.{run.id}", now) for what, now in _texts(run).items())
    st.text_input(
        "Name", max_chars=120, placeholder=run.about, key=name, on_change=_rewrite, args=(store, run.id, "name", name),
        help="Of your own; without one a run is called by what it does.",
    )  # fmt: skip
    offered = list(dict.fromkeys([*run.tags, *store.tags()]))
    st.multiselect(
        "Tags", offered, key=tags, accept_new_options=True, max_selections=MOST_TAGS, on_change=_retag,
        args=(store, run.id, tags), placeholder="a word, Enter", help="To find it again, and to keep a sweep together.",
    )  # fmt: skip
    st.text_area(
        "Note", key=note, height=68, on_change=_rewrite, args=(store, run.id, "note", note), help="Words to find it by."
    )


def _texts(run: Run) -> dict[str, str | list[str]]:
    return {"name": run.name, "tags": list(run.tags), "note": run.note}


def _synced(key: str, stored: str | list[str]) -> str:
    """The key of a field that shows what is stored, also after another window has changed it."""
    if st.session_state.get(f"{key}.seen") != stored or key not in st.session_state:
        st.session_state[key] = st.session_state[f"{key}.seen"] = stored
    return key


def _rewrite(store: Store, run: str, what: str, key: str) -> None:
    """Write a text; where it replaces one that this window has not shown, say which."""
    text, seen = st.session_state[key], st.session_state[f"{key}.seen"]
    try:
        before = store.rename(run, text) if what == "name" else store.annotate(run, text)
    except Refused as refusal:
        notices.keep(str(refusal))
        return
    st.session_state[f"{key}.seen"] = text
    if before not in (seen, text.strip()):
        say(f"Another window had changed the {what} meanwhile, to “{before}”. Now it is yours: “{text.strip()}”.")


def _retag(store: Store, run: str, key: str) -> None:
    """Add and take off what was changed here; tags that another window gave meanwhile stay."""
    now, seen = set(st.session_state[key]), set(st.session_state[f"{key}.seen"])
    try:
        store.tag(run, *(now - seen))
        store.untag(run, *(seen - now))
    except Refused as refusal:
        notices.keep(str(refusal))
    st.session_state[f"{key}.seen"] = st.session_state[key]  # where other tags are stored, they are shown next


# --------------------------------------------------------------------------------------------------- several


def _several(store: Store, runs: list[Run]) -> None:
    ids = [run.id for run in runs]
    st.html(f'<div class="dc-card"><b>{len(runs)} runs chosen</b></div>')
    if "Compare" in PAGES:
        st.page_link(
            PAGES["Compare"], label=f"Compare {len(runs)} runs", icon=":material/compare_arrows:",
            query_params={"runs": ",".join(ids)},
        )  # fmt: skip
    resumable = [run for run in runs if run.resumable]
    going = [run for run in runs if run.status in ("queued", "running")]
    with st.container(horizontal=True, gap="xsmall", key="dc-runs-acts"):
        if _icon("play_arrow", f"Resume {len(resumable)} that were left.", off=not resumable):
            _each(resumable, lambda run: service.resume(store, run))
        if _icon("pause", f"Pause {len(going)}, or take them out of the queue.", off=not going):
            _each(going, lambda run: store.command(run, "pause"))
        if _icon("delete", "Delete all: they lie in the bin for seven days (Delete key)."):
            binned.delete(store, ids)
            st.rerun()
        _let_go()
    with st.form("runs.tags.all", border=False, clear_on_submit=True):
        offered = list(store.tags())
        tags = st.multiselect("Tag all of them", offered, accept_new_options=True, placeholder="a word, Enter")
        left, right = st.columns(2)
        add = left.form_submit_button("Add", icon=":material/label:", width="stretch")
        off = right.form_submit_button("Take off", icon=":material/label_off:", width="stretch")
    if tags and (add or off):
        _each(runs, lambda run: store.tag(run, *tags) if add else store.untag(run, *tags))


def _each(runs: Sequence[Run], what: Callable[[str], None]) -> None:
    for run in runs:
        try:
            what(run.id)
        except Refused as refusal:
            notices.keep(str(refusal))
    st.rerun()


def _let_go() -> None:
    if _icon("close", "Choose nothing (Escape)."):
        binned.let_go()


def _icon(icon: str, why: str, *, off: bool = False) -> bool:
    return st.button("", icon=f":material/{icon}:", help=why, disabled=off, key=f"runs.do.{icon}")


def _act(what: Callable[[], None]) -> None:
    try:
        what()
    except Refused as refusal:
        notices.keep(str(refusal))
    st.rerun()
