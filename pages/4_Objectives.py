"""What a set should be good for besides, how much of it, and what that costs."""

from __future__ import annotations

from dcviz.ui import frame, objectives

reader = frame.open_page("Objectives")
objectives.draw(reader, frame.theme())
