"""Lesson 3: what a bandwidth does."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, formula, source
from dcviz.types import Source

SOFT = formula("divergence", "mmd") + r",\quad k=e^{-\lVert x-y\rVert^2/2h^2}"

LESSON = Lesson(
    name="Bandwidth",
    question="What does a bandwidth do?",
    text="The maximum mean discrepancy compares two sets through a kernel, which calls points similar that are closer "
    "than about the **bandwidth** h. Far below the distance to the next real point, nothing pulls: particles stay "
    "where they are ({small.flagged} of {small.many} are off at the end). Far above the distance between groups, the "
    "groups melt into one, and only their mean is matched: the objective falls to {large.last}, and "
    "{large.flagged} are off. In between every particle finds a group.",
    control="Bandwidth, × the median distance",
    variants=(
        Variant("small", "0.03", "Too small: {small.flagged} of {small.many} are out of reach.", "plane-narrow", SOFT),
        Variant("right", "0.1", "It fits the groups: {right.flagged} of {right.many} are off.", "plane-right", SOFT),
        Variant("large", "1", "Too large: {large.flagged} of {large.many} lie between groups.", "plane-wide", SOFT),
    ),
    looks=(
        Look("Too small: these never felt a pull. See their trails.", "small", flagged=True),
        Look("It fits: all eight groups are found.", "right"),
        Look("Too large: the smallest objective of the three, the wrong places.", "large", flagged=True),
    ),
    about="h bandwidth, in units of the median distance of real points; k similarity, from 0 (far) to 1 (same place).",
    check=(
        "The median distance is the usual choice for h. Why is it too large here?",
        "In data of separate groups the median distance is that between groups, not within one. A mean over several "
        "bandwidths, or a kernel without one (energy), avoids the choice.",
    ),
    sources=(
        source("divergence", "mmd"),
        Source(
            "M. Arbel, A. Korba, A. Salim, A. Gretton", "Maximum Mean Discrepancy Gradient Flow", 2019,
            "https://arxiv.org/abs/1906.04370",
        ),
    ),
)  # fmt: skip
