"""One synthetic image under the magnifying glass."""

from __future__ import annotations

from dcviz.ui import frame, inspect

reader = frame.open_page("Inspect")
inspect.draw(reader, frame.theme())
