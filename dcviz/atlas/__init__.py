"""The map of the field: every regime with every divergence, what is published, and what was measured."""

from __future__ import annotations

from dcviz.atlas.grid import Cell, cells
from dcviz.atlas.published import PUBLISHED, Published

__all__ = ["PUBLISHED", "Cell", "Published", "cells"]
