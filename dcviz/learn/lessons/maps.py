"""Lesson 7: what the map hides."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, source
from dcviz.types import Source

PLACED = r"\text{place}(y)=\sum_{i\in\mathrm{NN}_{15}(y)}w_i\,u_i,\quad w_i\ge0,\ \sum_i w_i=1"

LESSON = Lesson(
    name="The map",
    question="What does the map hide?",
    text="UMAP draws real digits; a synthetic one is **placed** at a weighted mean of its nearest real neighbours, "
    "however far they are. PCA projects on a plane; what stands out from it is lost. These {far.many} images are "
    "noise to the eye. Yet on UMAP {far.home_umap}, on PCA {far.home_pca} lie as close to a real digit as real "
    "ones do. What both hide, the **off-manifold score** ◥ tells: the distance to the fifth nearest real image, "
    "as a percentile of what real images have; above 95 is flagged.",
    control="Images that are",
    variants=(
        Variant(
            "far", "all flagged", "{far.flagged} of {far.many} flagged; on PCA {far.home_pca} look at home.",
            "digits-trajectories", PLACED,
        ),
        Variant(
            "near", "not flagged", "{near.flagged} of {near.many} flagged; on PCA only {near.home_pca} look at home.",
            "digits-ten", PLACED,
        ),
    ),
    looks=(
        Look("Pure noise, step 0: on PCA {far.noise_pca} of {far.many} look at home.", "far", "start"),
        Look("One of the flagged: its nearest real images do not look like it.", "far", label=3),
        Look("One that is not flagged: they do.", "near", label=3),
    ),
    about="u places of the 15 nearest real digits on the map, w weights that fall with the distance in features.",
    check=(
        "Two clusters lie far apart on the UMAP. Are these digits very different?",
        "One cannot tell: sizes of clusters and gaps between them mean nothing, and another seed draws others. Of a "
        "digit's nearest neighbours in pixels, UMAP keeps {far.on_umap} near it, PCA {far.on_pca}.",
    ),
    sources=(
        Source(
            "L. McInnes, J. Healy, J. Melville",
            "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction", 2018,
            "https://arxiv.org/abs/1802.03426",
        ),
        source("discrepancy", "trajectory-matching"),
    ),
    panels=("sheet", "map", "beside"),
)  # fmt: skip
