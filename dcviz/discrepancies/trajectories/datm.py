"""DATM: trajectory matching whose start epochs fit the budget, with learned soft labels."""

from __future__ import annotations

from typing import Any

from dcviz.discrepancies.random_features.dm import FIELD_EVALUATION
from dcviz.discrepancies.trajectories.mtt import CUT, PAPER, SHARED, SMALL, STEPS, adam, sgd, term
from dcviz.types import Preset, Scale, Source

LIMIT = {"threshold": 1.0}  # of a value with which S still moves; 1.1 at one image per class


def _paper(images: float, rate: float, labels: float, **window: float) -> dict[str, Any]:
    params = {**PAPER, **LIMIT, "epochs": 100, "labels": "learned", "span": 2, "inner": 80, "inner_batch": 1000}
    params |= window
    return {**term(params), **sgd(images, rate, labels=labels)}


def _small(steps: int, **window: float) -> dict[str, Any]:
    params = {**SMALL, **LIMIT, "labels": "learned", "span": 2, "inner": 10, "growth": 50, **window}
    return {**term(params), **adam(labels=0.05), "steps": steps}


DATM = Preset(
    name="datm",
    title="DATM",
    sentence="MTT that starts early for few images and later for more, as their difficulty asks; it learns labels too.",
    source=Source(
        "Z. Guo, K. Wang, G. Cazenavette, H. Li, K. Zhang, Y. You",
        "Towards Lossless Dataset Distillation via Difficulty-Aligned Trajectory Matching",
        2024,
        "https://arxiv.org/abs/2310.05773",
    ),
    differs=(
        "The code starts from images that an expert gets right; here any image starts, and where no expert is right "
        "the largest mean logit and that of the class change places. Labels move with the momentum of the images, 0.5 "
        f"(code: 0.9). Experts are plain ones, not flattened as by FTD. {SHARED}"
    ),
    scales={
        "paper": Scale(
            {"start": "real", "steps": 10000, "evaluation": FIELD_EVALUATION},
            "Constants of the authors' code for CIFAR-10: 100 experts of 100 epochs, 80 steps for 2 of them, learning "
            "rates and start epochs by budget, 10,000 updates but for those with a value above 1 (1.1 at 1 per class).",
            {
                1: _paper(100.0, 1e-7, 5.0, latest=4, threshold=1.1),
                10: _paper(100.0, 1e-5, 2.0, latest=20, opening=10, growth=1000),
                50: _paper(1000.0, 1e-5, 2.0, latest=40, opening=20, growth=2000),
            },
        ),
        "small": Scale(
            {"start": "real"},
            f"{CUT}; 80 steps to 10; starts before epoch 4 at 1 per class, 5 growing to 10 from 5 per class, 10 "
            "growing to 18 from 50.",
            {
                1: _small(STEPS[1], latest=4, threshold=1.1),
                5: _small(STEPS[5], latest=10, opening=5),
                50: _small(STEPS[5], latest=18, opening=10),
            },
        ),
    },
)
