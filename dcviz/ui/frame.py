"""The frame of every page: links, the device and whether it is busy, tokens, and a dozen lines of CSS."""

from __future__ import annotations

import html
import os
from pathlib import Path

import streamlit as st

from dcviz.errors import Refused
from dcviz.figures import Theme, tokens
from dcviz.runs.store import Store
from dcviz.ui import address, glossary, stage, teach, tour
from dcviz.ui.plain import plain
from dcviz.ui.reader import Reader
from dcviz.ui.why import why

PAGES = {
    "Lab": "app.py",
    "Atlas": "pages/1_Atlas.py",
    "Playground": "pages/2_Playground.py",
    "Compare": "pages/3_Compare.py",
    "Objectives": "pages/4_Objectives.py",
    "Inspect": "pages/5_Inspect.py",
    "Runs": "pages/6_Runs.py",
    "Learn": "pages/7_Learn.py",
}  # those that exist
DEVICE_SECONDS = 5.0  # between looks at the device; a page is drawn anew where its own run begins or ends
ICON = Path(__file__).parent / "icon.png"  # our own: streamlit fetches its symbols for tabs from elsewhere
CSS = "".join((Path(__file__).parent / f"{name}.css").read_text(encoding="utf-8") for name in ("style", "help"))


def open_page(name: str) -> Reader:
    """Set up the page, draw its frame, and open the store; a store that cannot be opened ends the page in words."""
    st.set_page_config(page_title=f"{name} · dcviz", page_icon=str(ICON), layout="wide")
    st.html(f"<style>{_variables(theme())}{CSS}</style>")
    try:
        stage.ready()
        reader = reader_of(os.environ.get("DCVIZ_HOME", ""))
    except Refused as refusal:
        st.error(plain(str(refusal)), icon=":material/error:")
        st.stop()
    teach.opened(name)
    left, right = st.columns([2.2, 1], vertical_alignment="center", gap="small")
    with left, st.container(horizontal=True, vertical_alignment="center", gap="medium", key="dc-pages"):
        st.html('<span class="dc-name">dcviz</span>', width="content")
        for page, path in PAGES.items():
            with st.container(key=f"dc-link-{'here' if page == name else page}", width="content"):
                st.page_link(path, label=page, query_params=address.taught())
    with right, st.container(horizontal=True, vertical_alignment="center", gap="small", key="dc-right"):
        _help(name)
        _device(reader.store)
    teach.refusals()
    return reader


def _help(page: str) -> None:
    """The tour, the glossary, and a link for a class."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", width="content", key="dc-help"):
        tour.draw(page)
        if st.button("Glossary", icon=":material/menu_book:", type="tertiary", help="Glossary", key="dc-words"):
            glossary.dialog()
        why = "A link for a class: controls hidden, large type"
        if st.button(
            "Link for a class", icon=":material/cast_for_education:", type="tertiary", help=why, key="dc-teach"
        ):
            teach.dialog(page)


def theme() -> Theme:
    """The theme of the window, by name."""
    return "dark" if st.context.theme.type == "dark" else "light"


@st.cache_resource
def reader_of(home: str) -> Reader:
    """One store for all windows of this process, with its background worker on.

    ``home`` is only the key: another ``DCVIZ_HOME`` is another store.
    """
    from dcviz.runs import service

    store = Store(home or None)
    service.worker(store)
    return Reader(store)


@st.fragment(run_every=DEVICE_SECONDS)
def _device(store: Store) -> None:
    busy = store.runs(status="running", limit=1)
    cores = os.cpu_count() or 1
    device = busy[0].device if busy and busy[0].device != "auto" else ""
    where = " · ".join(filter(None, [device, "busy" if busy else "idle"]))
    waiting = len(store.waiting())
    queue = f" · {waiting} waiting" if waiting else ""
    sentence = "Where runs are worked on, and whether one is."
    text = f"{cores} cores · {html.escape(where)}{queue}"
    st.html(f'<div class="dc-device">{why(text, sentence, name="device")}</div>')


def _variables(name: Theme) -> str:
    token = tokens(name)
    values = {
        "ink": token.ink,
        "muted": token.muted,
        "line": token.hairline,
        "accent": token.accent,
        "ground": token.background,
    }
    return ":root{" + "".join(f"--dc-{key}:{value};" for key, value in values.items()) + "}"
