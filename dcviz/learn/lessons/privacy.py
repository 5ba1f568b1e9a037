"""Lesson 10: what privacy costs, and what is not private."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, formula, source

LESSON = Lesson(
    name="Privacy",
    question="Is a condensed set private?",
    text="An attacker reads from S who was in T; a score of one half is guessing. A narrow kernel, begun at outlying "
    "points, gives planted outliers away: **{kernel.canary}**. The energy distance hides them ({open.canary}), but "
    "another attack finds ordinary points, a little: {open.membership}. A promise needs noise: **private** sets see T "
    "only through noisy means of features, released once. It costs accuracy: {open.accuracy} before, "
    "{private.accuracy} at ε\u00a0=\u00a0{private.epsilon}, {more.accuracy} at ε\u00a0=\u00a0{more.epsilon}.",
    control="S knows T by",
    variants=(
        Variant(
            "kernel", "kernel", "Outliers {kernel.canary}: rules out any promise of ε below {kernel.refuted}. Accuracy "
            "{kernel.accuracy}.", "moons-kernel", formula("divergence", "mmd"),
        ),
        Variant(
            "open", "energy", "Outliers {open.canary}, ordinary points {open.membership}; accuracy {open.accuracy}.",
            "moons-open", formula("divergence", "energy"),
        ),
        Variant(
            "private", "ε = {private.epsilon}",
            "Outliers {private.canary}, ordinary points {private.membership}; accuracy {private.accuracy}.",
            "moons-private", formula("objective", "private-embedding"),
        ),
        Variant(
            "more", "ε = {more.epsilon}",
            "Outliers {more.canary}, ordinary points {more.membership}; accuracy {more.accuracy}.",
            "moons-more-private", formula("objective", "private-embedding"),
        ),
    ),
    looks=(
        Look("The kernel begins at outlying points; a planted one is out of its reach, and stays.", "kernel", "start"),
        Look("Private: even the map shows only real points that were declared public.", "private"),
        Look("The smaller ε: noise has moved these points off the data.", "more", flagged=True),
    ),
    about="T, T′ differ in one row; M(T) is all that S may see of T; ε, δ bound what anyone may learn of that row.",
    check=(
        "No attack here finds anything in the private sets. Is that the proof?",
        "No. A low score is evidence, never a guarantee: another attack may find more, as it did for the energy "
        "distance. What promises is the noise and its account, for any attacker, one run and one row. The price "
        "varies: other noise gives another accuracy.",
    ),
    sources=(source("objective", "private-embedding"), source("divergence", "energy")),
)  # fmt: skip
