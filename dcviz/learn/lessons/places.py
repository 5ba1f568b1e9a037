"""Lesson 4: where to compare."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, formula, source

LESSON = Lesson(
    name="Where",
    question="Where should two sets be compared?",
    text="The same energy distance can be taken of pixels, or of what a network makes of them: its **features**. Where "
    "one compares is called the regime, and it decides what S may ignore. Pixels: S looks like averages. Random or "
    "trained features: only what those features see must agree, so odd pixels remain, at about the same accuracy "
    "({pixels.accuracy}, {random.accuracy}, {trained.accuracy}). A network's normalisation statistics: they can agree "
    "almost perfectly while no digit appears ({statistics.accuracy}).",
    control="The energy distance of",
    variants=(
        Variant("pixels", "pixels", "Accuracy {pixels.accuracy}.", "digits-pixels", formula("regime", "data")),
        Variant(
            "random", "random features", "Fresh random networks at every step: {random.accuracy}.", "digits-ten",
            formula("regime", "random-features"),
        ),
        Variant(
            "trained", "trained", "Of networks that learned T: {trained.accuracy}.", "digits-trained",
            formula("regime", "trained-features"),
        ),
        Variant(
            "statistics", "statistics", "Objective {statistics.times} times smaller, accuracy {statistics.accuracy}.",
            "digits-statistics", formula("regime", "batch-norm"),
        ),
    ),
    looks=(
        Look("Pixels: smooth strokes.", "pixels"),
        Look("Random features: the same digits with rough pixels that those features do not mind.", "random"),
        Look("Statistics: the objective has fallen {statistics.times}-fold, and all is still noise.", "statistics"),
    ),
    about="ψ what is compared of an image: the image itself, features of a network, or statistics of its layers.",
    check=(
        "May objectives of two regimes be compared with one another?",
        "No: each has a scale of its own. Compare what is measured in one fixed way on both: the yardsticks, the "
        "off-manifold score, the accuracy.",
    ),
    sources=(source("discrepancy", "match"), source("regime", "random-features"), source("regime", "batch-norm")),
)  # fmt: skip
