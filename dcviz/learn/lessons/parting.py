"""Lesson 6: when the discrepancy falls and the accuracy does not."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, formula, source
from dcviz.types import Source

LESSON = Lesson(
    name="Parting",
    question="What if the discrepancy falls and the accuracy does not?",
    text="A discrepancy that is optimised is no fair judge: S may learn to please it alone. So dcviz measures "
    "**yardsticks** that nobody optimises, and flags where the two **part**. The Fisher divergence falls to the "
    "end, but the yardsticks turn at step {fisher.parting}; the accuracy is highest, {fisher.peak}, at step "
    "{fisher.peaked}, and ends at {fisher.ended}. The Stein discrepancy parts as well, at step {ksd.parting}, and "
    "its accuracy climbs on to {ksd.ended}. The flag is a question, not a verdict: the accuracy decides.",
    control="What is minimised",
    variants=(
        Variant(
            "fisher", "Fisher", "Parts at step {fisher.parting}; on the test set {fisher.accuracy}.", "digits-fisher",
            formula("divergence", "fisher"),
        ),
        Variant(
            "ksd", "Stein (KSD)", "Parts at step {ksd.parting}; on the test set {ksd.accuracy}.", "digits-ksd",
            formula("divergence", "ksd"),
        ),
        Variant(
            "energy", "energy", "Nothing parts; on the test set {energy.accuracy}.", "digits-pixels",
            formula("divergence", "energy"),
        ),
    ),
    looks=(
        Look("Fisher parts: from here on the yardsticks rise, and soon the accuracy falls.", "fisher", "parting"),
        Look("The end: the objective at its lowest, and the images of a class are all alike.", "fisher"),
        Look("Parted, and good all the same: {ksd.flagged} of {ksd.many} images are off the real data.", "ksd",
        flagged=True),
    ),
    about="Yardsticks are relative: 1 is the mean over ten random real subsets of the same size; the band shows them.",
    check=(
        "Would it help to stop at the step where they part?",
        "For Fisher, about there: the accuracy was highest at step {fisher.peaked}. For Stein it would have cost what "
        "came later. The flag names the step; what to do about it, the accuracy says.",
    ),
    sources=(
        Source(
            "D. Manheim, S. Garrabrant", "Categorizing Variants of Goodhart's Law", 2018,
            "https://arxiv.org/abs/1803.04585",
        ),
        source("divergence", "fisher"),
        source("divergence", "ksd"),
    ),
)  # fmt: skip
