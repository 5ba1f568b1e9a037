"""What all runs on the same private rows have told of them, where one of them is shown or set up."""

from __future__ import annotations

import streamlit as st

from dcviz.records import DataConfig
from dcviz.runs.ledger import RULE, source_of
from dcviz.runs.store import Store
from dcviz.ui.plain import plain


def together(store: Store, data: DataConfig) -> str:
    """A sentence; empty where the data are open, or nothing is spent yet."""
    spent = store.spent_together().get(source_of(data)) if data.private else None
    return "" if spent is None else f"All runs on these rows together: {spent}."


def caption(store: Store, data: DataConfig) -> None:
    """The sentence, with the rule behind it; nothing where there is none."""
    said = together(store, data)
    if said:
        st.caption(f":material/functions: {plain(said)}", help=RULE)
