"""Lesson 2: why matching means is not enough."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, formula, source

LESSON = Lesson(
    name="Means",
    question="Why is matching means not enough?",
    text="{mean.many} particles S look for {mean.real} real points T in eight groups. The mean of T lies in the empty "
    "middle. Matching means asks only that the average of S lie there, too: the discrepancy falls to "
    "**{mean.last}**, and yet {mean.flagged} of {mean.many} particles are where no real point is. Very different sets "
    "share a mean, so zero says little. The **energy distance** is zero only if both distributions are equal: its "
    "particles find all eight groups.",
    control="What is matched",
    variants=(
        Variant(
            "mean", "the mean",
            "Objective {mean.last}, but {mean.flagged} of {mean.many} off: accuracy {mean.accuracy}.",
            "plane-mean", formula("divergence", "mean"),
        ),
        Variant(
            "spread", "and spread", "The right width, the wrong shape: {spread.flagged} of {spread.many} are off.",
            "plane-spread", formula("divergence", "central-moments"),
        ),
        Variant(
            "energy", "the distribution", "{energy.flagged} of {energy.many} off: accuracy {energy.accuracy}.",
            "plane-energy", formula("divergence", "energy"),
        ),
    ),
    looks=(
        Look("As good as zero, and wrong: these particles are off.", "mean", flagged=True),
        Look("With more moments the particles spread, between the groups as well.", "spread", flagged=True),
        Look("All eight groups, from the same start.", "energy"),
    ),
    about="x real, y synthetic; the second term of the energy distance is constant, the third keeps particles apart.",
    check=(
        "Could a single particle bring the mean's discrepancy to zero?",
        "Yes: one in the middle. With the energy distance a single particle keeps a positive distance, as one point is "
        "not eight groups.",
    ),
    sources=(source("divergence", "mean"), source("divergence", "energy"), source("divergence", "central-moments")),
)  # fmt: skip
