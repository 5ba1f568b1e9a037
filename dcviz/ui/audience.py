"""Who looks at runs that go on, in all windows of this process, and how often each may."""

from __future__ import annotations

import threading
import time

QUICK, SLOW = 0.47, 1.0  # seconds between two looks of one window
CROWD, COMPANY = 10, 7  # windows: above the one all look slowly, down to the other they do so still
AWAY = 20.0  # seconds without a look after which a window is taken for closed; on a busy machine looks come late
TURN = 0.25  # seconds between two windows that change their pace: each has to run the whole page again


class Audience:
    """Counts the windows that look. Above ten of them each looks once a second.

    One thread of the server begins every look and sends what it has drawn, message by message, in competition with all
    others. Where it cannot follow, streamlit drops what was not sent yet as soon as the window looks again: windows
    that look too often see nothing at all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, float]] = {}  # by window: when it looked last, and its pace
        self._crowded, self._changed = False, float("-inf")

    def pace(self, window: str, now: float | None = None) -> float:
        """Seconds until the next look of a window, which looks now."""
        now = time.monotonic() if now is None else now
        with self._lock:
            self._seen = {name: seen for name, seen in self._seen.items() if now - seen[0] < AWAY}
            known = self._seen.get(window)
            count = len(self._seen) + (known is None)
            self._crowded = count > CROWD or (self._crowded and count > COMPANY)
            pace = SLOW if self._crowded else QUICK
            if known is not None and pace != known[1]:
                if now - self._changed < TURN:
                    pace = known[1]  # not all at once
                else:
                    self._changed = now
            self._seen[window] = now, pace
            return pace
