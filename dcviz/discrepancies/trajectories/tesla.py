"""TESLA: trajectory matching with a gradient that takes every inner step by itself."""

from __future__ import annotations

from dcviz.discrepancies.random_features.dm import FIELD_EVALUATION
from dcviz.discrepancies.trajectories.mtt import CUT, PAPER, SHARED, SMALL, STEPS, adam, sgd, term
from dcviz.types import Preset, Scale, Source

OWN = {"held": True, "labels": "hard"}

TESLA = Preset(
    name="tesla",
    title="TESLA",
    sentence="MTT with a cheaper gradient, which takes every inner step by itself, at a weight that is held constant.",
    source=Source(
        "J. Cui, R. Wang, S. Si, C.-J. Hsieh",
        "Scaling Up Dataset Distillation to ImageNet-1K with Constant Memory",
        2023,
        "https://arxiv.org/abs/2211.10586",
    ),
    differs=(
        "As in the released code, each step is differentiated at a constant inner weight: this is not MTT's gradient. "
        "That code loses a factor of 2 of it (it doubles a tuple), so its learning rate of 1,000 is 500 here. Labels "
        "are hard, as in its example for CIFAR-10; for ImageNet it assigns what the target says of S, anew at each "
        f"step (labels assigned), with which S loses its classes on small data. {SHARED}"
    ),
    scales={
        "paper": Scale(
            {
                **term({**PAPER, **OWN, "span": 2, "inner": 50, "latest": 5}),
                **sgd(500.0, 1e-7),
                "start": "real",
                "steps": 10000,
                "evaluation": FIELD_EVALUATION,
            },
            "Constants of the authors' code, those of its example for CIFAR-10 at 1 per class: 50 steps for 2 epochs, "
            "starts before epoch 5, 10,000 updates; MTT's experts.",
        ),
        "small": Scale(
            {**term({**SMALL, **OWN, "span": 2, "inner": 10, "latest": 5}), **adam(), "start": "real"},
            f"{CUT}; 50 steps to 10.",
            {budget: {"steps": steps} for budget, steps in STEPS.items()},
        ),
    },
)
