"""The map: a fixed picture of the real data in which synthetic samples are placed, and how far off the data they are.

The map is fitted once, on real samples only. At first it is the PCA of pixels, on which synthetic samples are
projected. When a reference network has been trained on the real data, its features give a UMAP; synthetic samples
are *placed* on it as weighted means of their nearest real neighbours, without chance, so that a sample that does not
change does not move. UMAP hides outliers: the off-manifold score beside it does not.
"""

from __future__ import annotations

from dcviz.embed.leaks import Nearness, leak_check
from dcviz.embed.placing import NEIGHBOURS, Placement, on_map, place
from dcviz.embed.references import Reference, features, reference
from dcviz.embed.umaps import fit_umap, known_umap, umap_of
from dcviz.embed.view import View, pixels_view

__all__ = [
    "NEIGHBOURS",
    "Nearness",
    "Placement",
    "Reference",
    "View",
    "features",
    "fit_umap",
    "known_umap",
    "leak_check",
    "on_map",
    "pixels_view",
    "place",
    "reference",
    "umap_of",
]
