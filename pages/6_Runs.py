"""The gallery of all runs."""

from __future__ import annotations

from dcviz.ui import frame, gallery

reader = frame.open_page("Runs")
gallery.draw(reader, frame.theme())
