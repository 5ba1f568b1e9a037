"""Lesson 11: robust where, transfer where not."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, formula, source

LESSON = Lesson(
    name="Robust",
    question="Whom does a robust set make robust?",
    text="Tiny, chosen changes of pixels fool networks. Attack the **regression** that S defines while S is "
    "learned: networks trained on S withstand more. Under changes of at most 0.1, ConvNets reach {ridge.attacked} "
    "instead of {plain.attacked}, MLPs {ridge.attacked_mlp} instead of {plain.attacked_mlp}. Attack **real images** "
    "to mislead one ConvNet: ConvNets gain ({real.attacked}), MLPs do not ({real.attacked_mlp}). Robustness need not "
    "**transfer**. It is a small help: at 0.3 all fall to {ridge.attacked_hard}.",
    control="What is attacked",
    variants=(
        Variant(
            "plain", "nothing", "ConvNets {plain.clean}, attacked {plain.attacked}; MLPs attacked "
            "{plain.attacked_mlp}.", "digits-ridge", formula("discrepancy", "ridge"),
        ),
        Variant(
            "ridge", "the regression", "ConvNets {ridge.clean}, attacked {ridge.attacked}; MLPs attacked "
            "{ridge.attacked_mlp}.", "digits-ridge-attacked", formula("objective", "adversarial-ridge"),
        ),
        Variant(
            "real", "real images", "ConvNets {real.clean}, attacked {real.attacked}; MLPs attacked "
            "{real.attacked_mlp}.", "digits-real-attacked", formula("objective", "adversarial-real"),
        ),
    ),
    looks=(
        Look("All start from the same real digits …", "plain", "start"),
        Look("… and nothing attacked leaves this 8.", "plain", label=8),
        Look("The same 8 where the regression was attacked.", "ridge", label=8),
    ),
    about="K kernel of the regression solved on S; x′ real samples moved by at most ε to mislead; s their share.",
    check=(
        "Would a stronger attack on the real images help more?",
        "Not in the benchmark: moved twice as far, and without the plain ones beside them, they harm, MLPs most. And "
        "what withstands this attack may fall to another: a score is evidence, never a guarantee.",
    ),
    sources=(source("objective", "adversarial-ridge"), source("discrepancy", "ridge")),
)  # fmt: skip
