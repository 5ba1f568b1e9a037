"""Matching training trajectories (MTT), and what its descendants share with it."""

from __future__ import annotations

from typing import Any

from dcviz.discrepancies.random_features.dm import FIELD_EVALUATION, SIAMESE
from dcviz.types import Preset, Scale, Source

# The authors' experts: a hundred networks, fifty epochs, SGD 0.01 in batches of 256.
PAPER = {
    **{"network": "convnet", "width": 128, "experts": 100, "epochs": 50, "expert_batch": 256, "expert_rate": 0.01},
    **{"rate": 0.01, "augment": SIAMESE},
}
SMALL = {"network": "convnet", "width": 32, "experts": 5, "epochs": 20, "expert_batch": 32, "expert_rate": 0.02}
STEPS = {1: 200, 5: 100}  # of the small scales, from these budgets up
CUT = (
    "Cut: 100 experts to 5 of 20 epochs, width 128 to 32, no augmentation; experts train in batches of 32 at rate "
    "0.02, as small data has few batches; S moves by Adam; 200 updates, 100 from 5 images per class up"
)
SHARED = (
    "Expert and start epoch are drawn independently at each step (the code goes through shuffled experts). The learned "
    "step size does not fall below 0. Choose the transform zca for CIFAR-10, and add flip to the augmentation, as the "
    "authors do."
)


def term(params: dict[str, Any]) -> dict[str, Any]:
    """The terms of a configuration."""
    return {"terms": [{"discrepancy": "trajectory-matching", "params": params}]}


def sgd(images: float, rate: float, **labels: float) -> dict[str, Any]:
    """The authors' optimiser: SGD with momentum 0.5."""
    return {"optimiser": {"name": "sgd", "rates": {"images": images, "rate": rate, **labels}, "momentum": 0.5}}


def adam(**labels: float) -> dict[str, Any]:
    """The optimiser of the small scales."""
    return {"optimiser": {"name": "adam", "rates": {"images": 0.05, "rate": 1e-3, **labels}, "schedule": "cosine"}}


MTT = Preset(
    name="mtt",
    title="MTT",
    sentence="Makes a few steps of training on the synthetic set do what epochs of training on the real one did.",
    source=Source(
        "G. Cazenavette, T. Wang, A. Torralba, A. A. Efros, J.-Y. Zhu",
        "Dataset Distillation by Matching Training Trajectories",
        2022,
        "https://arxiv.org/abs/2203.11932",
        "Alg. 1",
    ),
    differs=f"The gradient is the same, taken by a reverse sweep over stored weights. {SHARED}",
    scales={
        "paper": Scale(
            {
                **term({**PAPER, "span": 3, "inner": 20, "latest": 25}),
                **sgd(1000.0, 1e-5),
                "start": "real",
                "steps": 5000,
                "evaluation": FIELD_EVALUATION,
            },
            "Defaults of the authors' code: 100 experts of 50 epochs, 20 steps for 3 of them, 5,000 updates.",
        ),
        "small": Scale(
            {**term({**SMALL, "span": 2, "inner": 10, "latest": 10}), **adam(), "start": "real"},
            f"{CUT}; 20 steps for 3 epochs to 10 for 2, starts before epoch 10 instead of 25.",
            {budget: {"steps": steps} for budget, steps in STEPS.items()},
        ),
    },
)
