"""Which run to look into: the cards of the Inspect page while none is chosen."""

from __future__ import annotations

import streamlit as st

from dcviz.errors import Refused
from dcviz.figures import Theme, thumbnail
from dcviz.runs.store import Run
from dcviz.runs.words import describe
from dcviz.ui.inspected import planar
from dcviz.ui.reader import Reader

CARDS = 24  # runs to choose from; all others are in the list of any of them


def choose_run(reader: Reader, theme: Theme) -> None:
    """Without a run: those that there are, to choose from."""
    runs = reader.store.runs(limit=CARDS)
    if not runs:
        st.info("No runs yet: start one in the Lab, then look into its images here.", icon=":material/info:")
        st.page_link("app.py", label="To the Lab", icon=":material/science:")
        return
    st.markdown("**Choose a run**, then one of its images: its film, its nearest real images, and what pulls at it.")
    columns = st.columns(6, gap="small")
    for i, run in enumerate(runs):
        with columns[i % 6], st.container(border=True, key=f"dc-card-inspect-{run.id}"):
            _card(reader, run, theme)


def _card(reader: Reader, run: Run, theme: Theme) -> None:
    try:
        name = describe(run)
        picture = _thumbnail(reader, run.id, run.pictures, theme)
    except Refused as refusal:
        st.caption(str(refusal))
        return
    if picture:
        st.image(picture, width="stretch")
    else:
        st.html(f'<div class="dc-blank">{"points of the plane" if planar(run) else "no picture yet"}</div>')
    if st.button(name, key=f"inspect.run.{run.id}", icon=":material/search:", type="tertiary", help=run.status):
        st.session_state["inspect.run"] = run.id
        st.query_params.from_dict({"run": run.id})
        st.rerun()


@st.cache_data(max_entries=200, show_spinner=False)
def _thumbnail(_reader: Reader, run: str, version: int, theme: Theme) -> bytes | None:
    try:
        _, frame = _reader.store.frame(run)
    except Refused:
        return None
    return thumbnail(frame, theme) if "images" in frame else None
