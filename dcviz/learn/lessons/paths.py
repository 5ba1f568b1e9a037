"""Lesson 5: gradients and trajectories."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, formula, source

LESSON = Lesson(
    name="Training",
    question="What do gradients and trajectories compare?",
    text="Not the sets, but what training on them does to a network. **Gradient matching** asks that both sets push "
    "its weights in the same direction. **Trajectory matching** trains a network on S for some updates and asks that "
    "it arrive where an expert arrived on T. From the same noise, the first draws digits; the second leaves images "
    "that no person can read: {trajectories.flagged} of {trajectories.many} lie off the real data, and networks still "
    "learn from them: {trajectories.accuracy}, with gradients {gradients.accuracy}.",
    control="What is matched",
    variants=(
        Variant(
            "gradients", "gradients (DC)", "{gradients.flagged} of {gradients.many} flagged; {gradients.accuracy}.",
            "digits-gradients", formula("discrepancy", "gradient-matching"),
        ),
        Variant(
            "trajectories", "trajectories (MTT)",
            "{trajectories.flagged} of {trajectories.many} flagged; {trajectories.accuracy}.",
            "digits-trajectories", formula("discrepancy", "trajectory-matching"),
        ),
    ),
    looks=(
        Look("Gradients: the digits come out of the noise.", "gradients", "arrived"),
        Look("Trajectories: all flagged ◥ as unlike real digits.", "trajectories", flagged=True),
        Look("… and yet the accuracy has risen from {trajectories.began} to {trajectories.ended}.", "trajectories"),
    ),
    about="g gradient of the loss in the weights θ; θ* the expert's weights, θ̂ those of a network that trains on S.",
    check=(
        "Why is the curve of the objective so uneven here?",
        "Each step compares with another network, or at another place of the expert's path: the yardstick moves. Judge "
        "progress by the yardsticks and the accuracy, whose contexts are fixed.",
    ),
    sources=(source("discrepancy", "gradient-matching"), source("discrepancy", "trajectory-matching")),
)  # fmt: skip
