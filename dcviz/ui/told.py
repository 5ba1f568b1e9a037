"""What is to be said once the page is drawn anew: a toast of a run that ends with a rerun would be lost."""

from __future__ import annotations

import streamlit as st

from dcviz.ui.plain import plain

KEY = "told.words"


def say(text: str, icon: str = ":material/info:") -> None:
    """Say something in a toast, now or after the rerun that follows."""
    st.session_state.setdefault(KEY, []).append((text, icon))


def said() -> None:
    """Show what was to be said."""
    for text, icon in st.session_state.pop(KEY, []):
        st.toast(plain(text), icon=icon)
