"""IDC: gradient matching with several images in each stored one, measured by networks that learn from T."""

from __future__ import annotations

from typing import Any

from dcviz.discrepancies.random_features.dm import FIELD_EVALUATION
from dcviz.types import Preset, Scale, Source

PIXEL_RATE = 1e-4  # of the authors' code for MNIST and Fashion-MNIST at 10 images per class, in pixels of [0, 1]
MNIST_STD = 0.3081
BUDGETS = range(1, 101)


def _term(width: int, outer: int, inner: int) -> dict[str, Any]:
    return {
        "discrepancy": "gradient-matching",
        "params": {
            "distance": "l1",
            "counted": "hidden",
            "network": "convnet",
            "width": width,
            "batch": 64,
            "outer": outer,
            "inner": inner,
            "trained_on": "real",
            "inner_batch": 64,
            "rate": 0.01,
            "momentum": 0.9,
            "decay": 5e-4,
            "augment": "color_crop",
        },
    }


def _optimiser(rate: float) -> dict[str, Any]:
    return {"name": "sgd", "rates": {"images": rate}, "momentum": 0.5}


FIXED = {"parameterisation": "multi-formation-2", "start": "real", "clamp": True}

IDC = Preset(
    name="idc",
    title="IDC",
    sentence="Stores four small images in the place of one, and matches gradients in networks that train on real data.",
    source=Source(
        "J.-H. Kim, J. Kim, S. J. Oh, S. Yun, H. Song, J. Jeong, J.-W. Ha, H. O. Song",
        "Dataset Condensation via Efficient Synthetic-Data Parameterization",
        2022,
        "https://arxiv.org/abs/2205.14959",
        "Alg. 1",
    ),
    differs=(
        "S lies in normalised space, so the learning rate is the code's divided by the squared standard deviation of "
        "MNIST's pixels. All classes move at once under one draw of the augmentation, with all of their synthetic "
        "images (the code takes at most 128 per class). For other data give what the code gives: for Fashion-MNIST "
        "augmentation color_crop_cutout and cutmix 0.5; for SVHN and CIFAR-10 these, the distance mse and 50 times the "
        "learning rate in pixels; for CIFAR-10 also 32 steps of the network between updates."
    ),
    scales={
        "paper": Scale(
            {
                **FIXED,
                "terms": [_term(128, outer=100, inner=8)],
                "steps": 2000 * 100,  # networks in turn, and updates of S for each
                "evaluation": {**FIELD_EVALUATION, "batch": 64, "augment": "color_crop_scale_rotate"},
            },
            "Constants of the authors' code for MNIST: width 128, 64 real per class, 2,000 networks of 100 updates, 8 "
            "steps of the network between them, L1 over hidden weights, the learning rate in proportion to the budget.",
            {b: {"optimiser": _optimiser(PIXEL_RATE * b / 10 / MNIST_STD**2)} for b in BUDGETS},
        ),
        "small": Scale(
            {**FIXED, "terms": [_term(32, outer=20, inner=4)], "steps": 300},
            "Cut: width 128 to 32, 2,000 networks of 100 updates to 15 of 20, 8 steps of the network between updates "
            "to 4, with the learning rate times 100.",
            {b: {"optimiser": _optimiser(100 * PIXEL_RATE * b / 10 / MNIST_STD**2)} for b in BUDGETS},
        ),
    },
)
