"""A run under the magnifying glass: one image's film, neighbours and label, the leak check, the discrepancy lens.

Everything is computed from what the store keeps, through the same declarations that the run used.
"""

from __future__ import annotations

from dcviz.inspect.film import Film, film_of
from dcviz.inspect.inspector import Inspector, Pulls, Shown, inspector
from dcviz.inspect.labels import KINDS, Label, label_of
from dcviz.inspect.leaks import SPACES, Leaks, leaks_of_run
from dcviz.inspect.lens import OWN, Bench, Lens, Pull, lens, lenses, panel
from dcviz.inspect.snapshot import SOURCES, Snapshot, snapshot

__all__ = [
    "KINDS",
    "OWN",
    "SOURCES",
    "SPACES",
    "Bench",
    "Film",
    "Inspector",
    "Label",
    "Leaks",
    "Lens",
    "Pull",
    "Pulls",
    "Shown",
    "Snapshot",
    "film_of",
    "inspector",
    "label_of",
    "leaks_of_run",
    "lens",
    "lenses",
    "panel",
    "snapshot",
]
