"""Squeeze, recover and relabel (SRe2L): images from a trained network's statistics, labels from its opinion."""

from __future__ import annotations

from dcviz.types import Preset, Scale, Source

ADAM = {"name": "adam", "rates": {"images": 0.25}, "betas": (0.5, 0.9), "schedule": "cosine"}


def _term(width: int, updates: int, views: int) -> dict:
    params = {"strength": 0.01, "first": 10.0, "group": 100, "augment": "crop", "moves": "crop_scale_rotate"}
    return {"discrepancy": "batch-norm", "params": {**params, "width": width, "updates": updates, "views": views}}


SRE2L = Preset(
    name="sre2l",
    title="SRe2L",
    sentence=(
        "Recovers images that a trained network names rightly and whose batch norm statistics are usual, then "
        "stores the network's soft labels for many views of them."
    ),
    source=Source(
        "Z. Yin, E. Xing, Z. Shen",
        "Squeeze, Recover and Relabel: Dataset Condensation at ImageNet Scale From A New Perspective",
        2023,
        "https://arxiv.org/abs/2306.13092",
    ),
    differs=(
        "The teacher is a ConvNet with batch norm, not a ResNet-18, and learns in updates of 256, not in 200 epochs; "
        "the jitter fills with the mean where the authors roll images round; views are moved by shift, scale and "
        "turn, not by resized crops, flips and CutMix; each batch is seen in one stored view drawn at random, where "
        "the authors store one view an epoch; labels are probabilities at temperature 1. A batch of the authors is "
        "one image of each class with its own optimiser state; ours is updated together with the others, which is "
        "the same to Adam."
    ),
    scales={
        "paper": Scale(
            {
                "terms": [_term(128, 10000, 300)],
                "optimiser": ADAM,
                "start": "noise",
                "clamp": True,
                "steps": 4000,
                "evaluation": {
                    "network": "convnet",
                    "width": 128,
                    "updates": 3000,
                    "batch": 128,
                    "optimiser": "adamw",
                    "rate": 1e-3,
                    "decay": 0.01,
                    "seeds": 3,
                },
            },
            "Constants of the authors' code: Adam 0.25 with betas 0.5 and 0.9, cosine, weight 0.01, first layer times "
            "10, batches of 100, 4,000 steps. Width, the teacher's updates, 300 views and the evaluation (AdamW, "
            "cosine) are ours.",
        ),
        "small": Scale(
            {
                "terms": [_term(32, 300, 30)],
                "optimiser": ADAM,
                "start": "noise",
                "clamp": True,
                "steps": 500,
            },
            "Cut: width 128 to 32, the teacher's updates to 300, 4,000 steps to 500, 300 views to 30.",
        ),
    },
)
