"""The glossary: every word and method with its formula, to be searched from every page."""

from __future__ import annotations

import streamlit as st

from dcviz.learn.glossary import Word, search

SHOWN = 12  # entries drawn at once: formulas take their time


@st.dialog("Glossary", icon=":material/menu_book:", width="medium")
def dialog() -> None:
    """A field to search with, and what is found."""
    text = st.text_input(
        "Search", placeholder="a word, a method, IPC, kernel, ◥ …", key="glossary.text", label_visibility="collapsed"
    )
    found = search(text)
    if not found:
        st.info("No word fits: try a shorter one.", icon=":material/info:")
    with st.container(key="dc-glossary", height=460, border=False):
        for word in found[:SHOWN]:
            _entry(word)
        if len(found) > SHOWN:
            st.caption(f"{len(found) - SHOWN} more: type what you look for.")


def _entry(word: Word) -> None:
    name = f"**{word.name[:1].upper()}{word.name[1:]}**"
    kind = f" :gray[{word.kind}]" if word.kind else ""
    source = f" [source]({word.link})" if word.link else ""
    with st.container(gap="xxsmall"):
        st.markdown(f"{name}{kind}  \n{word.meaning}{source}")
        if word.formula:
            st.latex(word.formula)
