"""Several runs beside one another: on one clock, in numbers, in their trade-offs."""

from __future__ import annotations

from dcviz.ui import compare, frame

reader = frame.open_page("Compare")
compare.draw(reader, frame.theme())
