"""Divergences between two clouds of vectors: one file each, one import line each."""

from __future__ import annotations

from dcviz.divergences.energy import Energy

DECLARATIONS = (Energy,)
