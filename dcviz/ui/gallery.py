"""All runs: a picture, how each is doing, its numbers; open, rename, note, resume, delete."""

from __future__ import annotations

import time
from urllib.parse import urljoin

import streamlit as st

from dcviz.data.catalogue import catalogue
from dcviz.errors import Refused
from dcviz.figures import Theme, thumbnail
from dcviz.records import FINAL
from dcviz.runs import service
from dcviz.runs.store import Run, Store
from dcviz.runs.words import describe
from dcviz.ui.reader import Reader
from dcviz.ui.share import export
from dcviz.ui.status import duration, newest

PAGE = 24  # runs drawn at once
STATUSES = ("queued", "running", "paused", "done", "failed", "cancelled", "interrupted")


def draw(reader: Reader, theme: Theme) -> None:
    """The filter and the cards, newest first; they refresh while a run is going."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Find", placeholder="name, method, data or note", key="runs.find", width=320)
        status = st.multiselect("Status", STATUSES, key="runs.status", placeholder="any", width=420)
    going = reader.store.runs(status=("running", "queued"), limit=1)
    st.fragment(_cards, run_every=2.0 if going else 5.0)(reader, theme, text, tuple(status))


def _cards(reader: Reader, theme: Theme, text: str, status: tuple[str, ...]) -> None:
    every = reader.store.runs(status=status or None)
    found = [run for run in every if text.lower() in f"{run.id} {describe(run)} {run.note}".lower()]
    if not found:
        words = "No run fits: clear the filter." if every or status else "No runs yet: start one in the Lab."
        st.info(words, icon=":material/info:")
        return
    shown = st.session_state.setdefault("runs.shown", PAGE)
    columns = st.columns(4, gap="small")
    for i, run in enumerate(found[:shown]):
        with columns[i % 4], st.container(border=True, key=f"dc-card-{run.id}"):
            _card(reader, run, theme)
    if len(found) > shown and st.button(f"Show more ({len(found) - shown} left)", icon=":material/expand_more:"):
        st.session_state["runs.shown"] = shown + PAGE
        st.rerun(scope="fragment")


def _card(reader: Reader, run: Run, theme: Theme) -> None:
    try:
        run.config  # noqa: B018
    except Refused as refusal:
        st.html(
            f'<div class="dc-blank">written by another version</div><div class="dc-card"><b>{_safe(run.id)}</b></div>'
        )
        st.caption(str(refusal))
        return
    picture = _picture(reader, run.id, run.pictures if run.status in FINAL else int(time.time() // 2), theme)
    if picture:
        st.image(picture, width="stretch")
    else:
        st.html('<div class="dc-blank">no picture</div>')
    st.html(f'<div class="dc-card"><b>{_safe(describe(run))}</b><br>{_numbers(reader, run)}</div>')
    if run.text and run.status in ("done", "failed", "interrupted"):
        st.caption(run.text)
    if run.note:
        st.caption(run.note)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.page_link("app.py", label="Open", icon=":material/open_in_new:", query_params={"run": run.id})
        if run.status in ("paused", "interrupted") and _button("play_arrow", "Resume", run):
            _act(lambda: service.resume(reader.store, run.id))
        export(reader.store, run, _planar(run), f"runs.export.{run.id}", address=_address(run))
        _more(reader.store, run)


def _address(run: Run) -> str:
    """Where the Lab shows a run."""
    return f"{urljoin(st.context.url or '', './')}?run={run.id}"


def _planar(run: Run) -> bool:
    return any(info.planar for info in catalogue() if info.name == run.config.data.name)


def _more(store: Store, run: Run) -> None:
    with st.popover("", icon=":material/more_horiz:", help="Rename, note, delete"):
        name = st.text_input("Name", run.name, max_chars=120, placeholder=describe(run), key=f"runs.name.{run.id}")
        note = st.text_area("Note", run.note, key=f"runs.note.{run.id}")
        if name != run.name:
            _act(lambda: store.rename(run.id, name))
        if note != run.note:
            _act(lambda: store.annotate(run.id, note))
        sure = st.checkbox("Delete this run and all its files", key=f"runs.sure.{run.id}")
        if st.button("Delete", icon=":material/delete:", disabled=not sure, key=f"runs.delete.{run.id}"):
            _act(lambda: store.delete(run.id))


def _button(icon: str, help: str, run: Run) -> bool:
    return st.button("", icon=f":material/{icon}:", help=help, key=f"runs.{icon}.{run.id}")


def _act(what) -> None:  # noqa: ANN001
    try:
        what()
    except Refused as refusal:
        st.toast(str(refusal), icon=":material/info:")
        return
    st.rerun()


def _numbers(reader: Reader, run: Run) -> str:
    parts = [
        f'<span class="dc-state dc-{run.status}"><i></i>{run.status}</span>',
        f"{run.step:,} / {run.steps:,} steps",
    ]
    accuracy = final_accuracy(reader, run)
    if accuracy is not None:
        parts.append(f"accuracy {100 * accuracy:.1f} %")
    if run.seconds:
        parts.append(duration(run.seconds))
    return " · ".join(parts)


def final_accuracy(reader: Reader, run: Run) -> float | None:
    """The accuracy of the finished set, else the newest live one."""
    of_set = [score.mean for score in reader.store.scores(run.id) if score.of == "synthetic"]
    return of_set[-1] if of_set else newest(reader.store.metrics(run.id, names=("accuracy",)), "accuracy")


@st.cache_data(max_entries=500, show_spinner=False)
def _picture(_reader: Reader, run: str, version: int, theme: Theme) -> bytes | None:
    try:
        _, frame = _reader.store.frame(run)
    except Refused:
        return None
    return thumbnail(frame, theme) if "images" in frame else None


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
