"""Which run to look into: the cards of the Inspect page while none is chosen."""

from __future__ import annotations

import html

import streamlit as st

from dcviz.errors import Refused
from dcviz.figures import Theme
from dcviz.figures.thumbs import thumb
from dcviz.runs.store import Run
from dcviz.runs.words import describe
from dcviz.ui import address, notices
from dcviz.ui.empty import no_runs
from dcviz.ui.plain import plain
from dcviz.ui.reader import Reader

CARDS = 24  # runs to choose from; the list above an opened one has the others
COLUMNS = 6


def choose_run(reader: Reader, theme: Theme) -> None:
    """Without a run: those that there are, to choose from."""
    runs = reader.store.runs(limit=CARDS)
    if not runs:
        no_runs("No runs yet: start one in the Lab, then look into its images here.")
        return
    st.markdown("**Choose a run**, then one of its images: its film, its nearest real images, and what pulls at it.")
    for first in range(0, len(runs), COLUMNS):
        for column, run in zip(st.columns(COLUMNS, gap="small"), runs[first : first + COLUMNS], strict=False):
            with column, st.container(border=True, height="stretch", key=f"dc-card-inspect-{run.id}"):
                _card(reader, run, theme)


def _card(reader: Reader, run: Run, theme: Theme) -> None:
    try:
        name = describe(run)
        _ = run.config  # one written by another version is refused
    except Refused as refusal:
        st.caption(plain(str(refusal)))
        return
    src = _thumb(reader, run.id, run.pictures, theme)
    blank = '<div class="dc-blank">no picture yet</div>'
    st.html(f'<img class="dc-square" alt="{html.escape(name)}" src="{src}">' if src else blank)
    if st.button(plain(name), key=f"inspect.run.{run.id}", icon=":material/search:", type="tertiary", help=run.status):
        notices.forget()
        st.session_state["inspect.run"] = run.id
        address.write({"run": run.id})
        st.rerun()


@st.cache_data(max_entries=200, show_spinner=False)
def _thumb(_reader: Reader, run: str, version: int, theme: Theme) -> str:
    try:
        _, frame = _reader.store.frame(run)
    except Refused:
        return ""
    return thumb(frame, theme)
