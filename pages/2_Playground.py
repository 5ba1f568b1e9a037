"""Divergences in the plane: two of them race from the same start."""

from __future__ import annotations

from dcviz.ui import frame, playground

frame.open_page("Playground")
playground.draw(frame.theme())
