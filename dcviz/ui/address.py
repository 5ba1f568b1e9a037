"""The address of a page: what the page keeps in it, beside what a teacher's link keeps in that of every page."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

TAUGHT = ("hide", "big")  # see dcviz.ui.teach
STATE = "teach.query"  # in the session: these keys as the address had them


def read() -> dict[str, str]:
    """What the address says to the page."""
    return {key: value for key, value in st.query_params.to_dict().items() if key not in TAUGHT}


def write(wanted: Mapping[str, str]) -> None:
    """Have the address say this; what a teacher's link says stays in it."""
    whole = {**wanted, **taught()}
    if st.query_params.to_dict() != whole:
        st.query_params.from_dict(whole)


def taught() -> dict[str, str]:
    """What a teacher's link says, and every address within the app carries along."""
    found: dict[str, str] = st.session_state.get(STATE, {})
    return found


def whole(text: str, low: int, high: int) -> int | None:
    """A whole number of an address, where it is one within these; digits without end are none.

    >>> whole("7", 0, 9), whole("10", 0, 9), whole("9" * 5000, 0, 9), whole("-1", 0, 9)
    (7, None, None, None)
    """
    number = int(text) if text.isdecimal() and len(text) < 12 else low - 1
    return number if low <= number <= high else None
