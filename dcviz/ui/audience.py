"""Who looks at runs that go on, in all windows of this process, and how often each may."""

from __future__ import annotations

import threading
import time

QUICK, SLOW = 0.47, 1.0  # seconds between two looks of one window
CROWD, COMPANY = 10, 7  # windows: above the one all look slowly, down to the other they do so still
AWAY = 20.0  # seconds without a look after which a window is taken for closed; on a busy machine looks come late


class Audience:
    """Counts the windows that look. Above ten of them each looks once a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}  # by window: when it looked last
        self._crowded = False

    def pace(self, window: str, now: float | None = None) -> float:
        """Seconds until the next look of a window, which looks now."""
        now = time.monotonic() if now is None else now
        with self._lock:
            self._seen = {name: at for name, at in self._seen.items() if now - at < AWAY}
            self._seen[window] = now
            count = len(self._seen)
            self._crowded = count > CROWD or (self._crowded and count > COMPANY)
            return SLOW if self._crowded else QUICK
