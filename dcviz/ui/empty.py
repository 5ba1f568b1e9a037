"""Where there are no runs yet: what this page will do, and the two ways to see one."""

from __future__ import annotations

import streamlit as st

from dcviz.ui import address
from dcviz.ui.frame import PAGES


def no_runs(text: str) -> None:
    """The sentence, a way to the Lab, and one to runs that are there at once."""
    st.info(text, icon=":material/info:")
    with st.container(horizontal=True, gap="small", key="dc-no-runs"):
        st.page_link("app.py", label="To the Lab", icon=":material/science:", query_params=address.taught())
        st.page_link(
            PAGES["Learn"], label="Finished ones in Learn", icon=":material/school:", query_params=address.taught()
        )
