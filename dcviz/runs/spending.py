"""What private runs have told of their rows."""

from __future__ import annotations

EPSILON = "epsilon"  # the curve of what a private run has spent
GUARANTEE = "guarantee"  # the event that says what it promises
