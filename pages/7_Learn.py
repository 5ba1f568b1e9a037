"""Eleven lessons, each a prepared run that plays at once."""

from __future__ import annotations

from dcviz.ui import frame, learn

frame.open_page("Learn")
learn.draw(frame.theme())
