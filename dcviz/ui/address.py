"""The address of a page: what the page keeps in it, beside what a teacher's link keeps in that of every page."""

from __future__ import annotations

import time
from collections.abc import Mapping

import streamlit as st

TAUGHT = ("hide", "big")  # see dcviz.ui.teach
STATE = "teach.query"  # in the session: these keys as the address had them
WRITTEN = "address.written"  # in the session: when, on which page, and what the address was before and after
STALE = 1.5  # seconds until the browser surely has an address that was written


def read() -> dict[str, str]:
    """What the address says to the page.

    Whatever the browser asks right after `write` still carries the address from before: it is passed over, or what
    was clicked would be taken back.
    """
    at, page, before, after = st.session_state.get(WRITTEN, (-STALE, None, None, {}))
    late = time.monotonic() - at < STALE and page == st.context.url and st.query_params.to_dict() == before
    if late:
        st.query_params.from_dict(after)
    return {key: value for key, value in st.query_params.to_dict().items() if key not in TAUGHT}


def write(wanted: Mapping[str, str]) -> None:
    """Have the address say this; what a teacher's link says stays in it."""
    whole, before = {**wanted, **taught()}, st.query_params.to_dict()
    if before != whole:
        st.session_state[WRITTEN] = time.monotonic(), st.context.url, before, whole
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
