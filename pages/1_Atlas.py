"""The map of the field: regime by divergence, published and measured."""

from __future__ import annotations

from dcviz.ui import atlas, frame

reader = frame.open_page("Atlas")
atlas.draw(reader, frame.theme())
