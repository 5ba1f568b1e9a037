"""The Lab: pick data, a discrepancy and a budget; condense; watch."""

from __future__ import annotations

import streamlit as st

from dcviz.ui import frame, lab, live

reader = frame.open_page("Lab")
held = lab.opened(reader.store)
controls, button = st.columns([7, 1.3], vertical_alignment="bottom", gap="small")
with controls:
    choices = lab.controls(reader.store, held)
with button:
    config = lab.condense(reader.store, choices)
if config is not None:
    live.watch(reader, config, lab.remember(choices), frame.theme())
