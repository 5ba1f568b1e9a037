"""The Lab: pick data, a discrepancy and a budget; condense; watch."""

from __future__ import annotations

import streamlit as st

if __name__ != "__main__":  # `streamlit run app.py` finds this, and serves the file itself behind it
    from dcviz.runs.allocator import keep_memory
    from dcviz.ui.doors import MIDDLEWARE
    from dcviz.ui.feed import routes

    keep_memory()  # before there are many threads, each with memory of its own
    app = st.App(__file__, middleware=MIDDLEWARE, routes=routes())
else:
    from dcviz.ui import frame, lab, live
    from dcviz.ui.plain import plain

    reader = frame.open_page("Lab")
    held = lab.opened(reader.store)
    controls, button = st.columns([7, 1.3], vertical_alignment="bottom", gap="small")
    with controls:
        choices = lab.controls(reader.store, held)
    with button:
        config, refused = lab.condense(reader.store, choices)
    refused = lab.confirm(reader.store, choices, config) or refused
    if refused:
        st.error(plain(refused), icon=":material/block:")
    run, shown = lab.remember(choices), config or lab.usual(choices)
    if shown is not None:
        live.watch(reader, shown, run, frame.theme(), fits=config is not None)
