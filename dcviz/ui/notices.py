"""What was refused stays on the page, in words, until it is dismissed."""

from __future__ import annotations

import streamlit as st

from dcviz.ui.plain import plain

KEPT = "dc.refused"  # in the session: sentences


def keep(*sentences: str) -> None:
    """Add sentences, each once; the page shows them where it calls `draw`, from its next run on at the latest."""
    held = st.session_state.setdefault(KEPT, [])
    st.session_state[KEPT] = list(dict.fromkeys([*held, *sentences]))


def forget() -> None:
    """Another address, other sentences."""
    st.session_state[KEPT] = []


def draw() -> None:
    """The sentences as one warning with a button that dismisses them; nothing where there are none."""
    held = st.session_state.get(KEPT)
    if not held:
        return
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", key="dc-refused"):
        st.warning("  \n".join(map(plain, held)), icon=":material/info:")
        if st.button("Dismiss", icon=":material/close:", type="tertiary", help="Dismiss", key="dc.dismiss"):
            forget()
            st.rerun()
