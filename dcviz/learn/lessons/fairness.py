"""Lesson 9: fairness through weights."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, formula, source

LESSON = Lesson(
    name="Fairness",
    question="Whom does a condensed set forget?",
    text="A few real points of each class, **the minority**, lie elsewhere. The method matches the whole, where a few "
    "points hardly count: networks trained on the set name {natural.worst} of the worst-served group rightly. "
    "**Group weights** let small groups count more than they are. The same method, as many points: {weighed.worst}, "
    "and on all samples {weighed.accuracy}, with natural weights {natural.accuracy}. What serves the minority is "
    "missing elsewhere, and a group that nobody has named is not helped.",
    control="Weights of the groups",
    variants=(
        Variant(
            "natural", "natural", "Worst group {natural.worst}, all samples {natural.accuracy}.",
            "plane-minority", formula("divergence", "energy"),
        ),
        Variant(
            "weighed", "half way to equal", "Worst group {weighed.worst}, all samples {weighed.accuracy}.",
            "plane-minority-weighed", formula("objective", "group-weights"),
        ),
    ),
    looks=(
        Look("Natural weights: all points go where most of the real ones are.", "natural"),
        Look("Weighed: some of both classes stay above, with the minority.", "weighed"),
    ),
    about="T the real set, S the synthetic one; w the share of a group, between its natural one and an equal one.",
    check=(
        "Is a set fair once its worst group fares well?",
        "Only to the groups that were named. Others may fare as badly as before, and nothing here looks at them.",
    ),
    sources=(source("objective", "group-weights"), source("divergence", "energy")),
)  # fmt: skip
