"""IDM: class means in a pool of networks that learn along, and four small images in each one stored."""

from __future__ import annotations

from dcviz.discrepancies.random_features.dm import FIELD_EVALUATION, SIAMESE
from dcviz.discrepancies.trained_features.online import SOURCE
from dcviz.types import Preset, Scale


def _term(width: int, batch: int, every: int, weight: float, **other: int) -> dict:
    params = {"network": "convnet", "width": width, "batch": batch, "every": every, "cross_entropy": weight}
    return {"discrepancy": "online-pool", "params": {**params, "augment": SIAMESE, **other}}


FIXED = {"parameterisation": "multi-formation-2", "start": "real"}

IDM = Preset(
    name="idm",
    title="IDM",
    sentence="Matches class means in networks that learn along, with four small images stored in each one.",
    source=SOURCE,
    differs=(
        "All classes move in one update of S (the authors make one update per class, in turn). A network's accuracy is "
        "that of its last ten training steps, not of all since the last report. One draw of the augmentation serves "
        "all classes of a step. Add flip to it for CIFAR-10 and Fashion-MNIST."
    ),
    scales={
        "paper": Scale(
            {
                **FIXED,
                "optimiser": {"name": "sgd", "rates": {"images": 0.2}, "momentum": 0.5},
                "steps": 20000,
                "evaluation": FIELD_EVALUATION,
            },
            "Constants of the authors' commands for CIFAR-10: width 128, up to 100 networks, a new one every 30 steps "
            "(every 5 and 5,000 real per class at one image per class), weight 0.5 (0.1 from 50 on) on percentages.",
            {
                1: {"terms": [_term(128, 5000, 5, 50.0, pool=100)]},
                2: {"terms": [_term(128, 256, 30, 50.0, pool=100)]},
                50: {"terms": [_term(128, 256, 30, 10.0, pool=100)]},
            },
        ),
        "small": Scale(
            {
                **FIXED,
                "terms": [_term(32, 128, 5, 50.0, pool=10, train=5, train_batch=128)],
                "optimiser": {"name": "sgd", "rates": {"images": 0.2}, "momentum": 0.5},
                "steps": 400,
            },
            "Cut: width 128 to 32, 100 networks to 10, their ten training steps of 256 samples to five of 128, real "
            "samples per class to 128, 20,000 steps to 400. Tiles of digits are 4 × 4 pixels: at 10 per class it stays "
            "below random images there (82.5 against 91.9, one seed).",
        ),
    },
)
