"""Ctrl-C that lets a step finish."""

from __future__ import annotations

import _thread
import signal
import threading
from types import FrameType
from typing import Any

PATIENCE = 1.5  # seconds that a slice may still take after Ctrl-C


class Interrupts:
    """While entered, Ctrl-C is noted and found by `noticed`; a second one breaks off what is being done.

    So does the first, when nobody looks for it within ``PATIENCE``: long preparations have no steps. Outside the
    main thread, where there are no signals, it does nothing.
    """

    def __init__(self) -> None:
        self._asked = False
        self._timer: threading.Timer | None = None
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self._calm()
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def noticed(self) -> bool:
        """Whether Ctrl-C was pressed; once seen, there is time to leave in order."""
        if self._asked:
            self._calm()
        return self._asked

    def raise_if_noticed(self) -> None:
        """Go on with the interrupt that was held back."""
        if self.noticed():
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        self._timer = threading.Timer(PATIENCE, _press_again)
        self._timer.daemon = True
        self._timer.start()

    def _calm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _press_again() -> None:
    """From another thread; where the system can, so that a wait inside the main one ends, too."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()
