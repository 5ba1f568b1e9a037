"""Distribution matching (DM): class means in the features of fresh random networks."""

from __future__ import annotations

from dcviz.types import Preset, Scale, Source

SIAMESE = "color_crop_cutout_scale_rotate"  # the authors' strategy for MNIST and SVHN; CIFAR-10 and Fashion add flip

# The field's protocol: SGD 0.01, momentum 0.9, decay 5e-4, ×0.1 at half time, 1,000 epochs of one batch of 256.
FIELD_EVALUATION = {
    "network": "convnet",
    "width": 128,
    "updates": 1000,
    "optimiser": "sgd",
    "rate": 0.01,
    "schedule": "step",
    "augment": SIAMESE,
    "seeds": 5,
}


def _term(width: int, batch: int) -> dict:
    return {
        "discrepancy": "match",
        "params": {
            "divergence": {"name": "mean"},
            "regime": {"name": "random-features", "network": "convnet", "width": width},
            "batch": batch,
            "augment": SIAMESE,
        },
    }


DM = Preset(
    name="dm",
    title="DM",
    sentence="Matches the class means of features from a fresh random network at every step.",
    source=Source(
        "B. Zhao, H. Bilen",
        "Dataset Condensation with Distribution Matching",
        2023,
        "https://arxiv.org/abs/2110.04181",
        "Eq. 4",
    ),
    differs=(
        "One draw of the siamese augmentation serves all classes of a step (the authors draw one per class; the law of "
        "each class is the same). Every class goes through the network in one pass. The learning rate of 10 that the "
        "code uses from 100 images per class up is kept. Add flip to the augmentation for CIFAR-10 and Fashion-MNIST."
    ),
    scales={
        "paper": Scale(
            {
                "terms": [_term(128, 256)],
                "optimiser": {"name": "sgd", "rates": {"images": 1.0}, "momentum": 0.5},
                "start": "real",
                "steps": 20000,
                "evaluation": FIELD_EVALUATION,
            },
            "Constants of the authors' code: width 128, 256 real per class, 20,000 steps, SGD 1.0 with momentum 0.5.",
            {100: {"optimiser": {"name": "sgd", "rates": {"images": 10.0}, "momentum": 0.5}}},
        ),
        "small": Scale(
            {
                "terms": [_term(32, 128)],
                "optimiser": {"name": "sgd", "rates": {"images": 10.0}, "momentum": 0.5},
                "start": "real",
                "steps": 400,
            },
            "Cut: width 128 to 32, 256 real per class to 128, 20,000 steps to 400 with the learning rate times 10.",
        ),
    },
)
