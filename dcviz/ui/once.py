"""What a press makes is made once, and is shown, even where the next press stops the script in its middle.

Whatever comes from the browser stops the script that runs, at its next call of streamlit; to write into the session is
such a call. So what must not be lost is written into an object that the session holds already.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

DOUBLE = 1.0  # seconds within which the same wish of one window is a double click
LATE = 5.0  # seconds after which a run that was not shown is no longer what the window waits for
HAND = "once.hand"  # in the session


@dataclass
class Hand:
    """What a window made last. Two of its scripts can be at work at a time: one that is being stopped, and the next."""

    lock: Any = field(default_factory=threading.Lock)
    what: Any = None
    made: Any = None
    at: float = float("-inf")
    unshown: str | None = None


def once(what: Any, make: Callable[[], Any], *, show: bool = False) -> Any:
    """What is made, or was made a moment ago in this window for the same ``what``.

    With ``show`` it is a run that the window is to show: `unshown` tells of it until `shown` is called.
    """
    hand = _hand()
    with hand.lock:
        if hand.what != what or time.monotonic() - hand.at > DOUBLE:
            hand.made = make()
            hand.what, hand.at = what, time.monotonic()
            hand.unshown = str(hand.made) if show else None
        return hand.made


def unshown() -> str | None:
    """The run that was made a moment ago, where the script was stopped before it could show it."""
    hand = _hand()
    return hand.unshown if time.monotonic() - hand.at < LATE else None


def shown() -> None:
    """It is shown now."""
    _hand().unshown = None


def _hand() -> Hand:
    if HAND not in st.session_state:
        st.session_state[HAND] = Hand()
    hand: Hand = st.session_state[HAND]
    return hand
