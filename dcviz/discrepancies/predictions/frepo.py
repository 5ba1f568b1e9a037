"""Neural feature regression with pooling (FRePo)."""

from __future__ import annotations

from dcviz.discrepancies.predictions.online import OnlineRidge
from dcviz.types import Preset, Scale


def _term(**params: object) -> dict:
    fixed = {"network": "convnet", "norm": "batch", "pool": 10, "updates": 100, "ridge": 1e-6, "labels": "learned"}
    return {"discrepancy": "online-ridge", "params": {**fixed, **params}}


FREPO = Preset(
    name="frepo",
    title="FRePo",
    sentence="A regression on S in the features of networks that S trains: it must predict the real labels.",
    source=OnlineRidge.source,
    differs=(
        "The margin (the largest label 1/C above the next) is the code's, plus 1/C so that it is never negative; the "
        "pool trains as there (squared error, Adam at 3e-4, spread ages). The code adds mirrored images of S for "
        "colour data and shrinks labels of more than ten classes; here neither. Batch norm always uses the statistics "
        "of the batch at hand, so that nothing is remembered. Choose the transform zca but for MNIST and Fashion."
    ),
    scales={
        "paper": Scale(
            {
                "terms": [_term(width=128, batch=1024)],
                "optimiser": {"name": "lamb", "rates": {"images": 3e-4, "labels": 3e-4}, "schedule": "cosine-tenth"},
                "start": "real",
                "steps": 500_000,
                "evaluation": {
                    "network": "convnet",
                    "width": 128,
                    "updates": 1000,
                    "batch": 500,
                    "rate": 3e-4,
                    "decay": 0.0,
                    "schedule": "constant",
                    "augment": "color_crop_cutout_rotate",
                    "seeds": 5,
                },
            },
            "The authors' code: pool of 10, 100 updates, ridge 1e-6, batch 1,024, LAMB at 3e-4 that falls to a tenth, "
            "500,000 steps; ConvNet 128 wide with batch norm. Evaluation: 1,000 updates of 500 by Adam at 3e-4, "
            "augmented (add flip for CIFAR-10); there the network has no norm and its weights are averaged.",
        ),
        "small": Scale(
            {
                "terms": [_term(width=32, batch=256)],
                "optimiser": {"name": "adam", "rates": {"images": 0.05, "labels": 0.01}, "schedule": "cosine"},
                "start": "real",
                "steps": 500,
            },
            "Cut: width 128 to 32, 1,024 real samples a step to 256, 500,000 steps of LAMB to 500 of Adam with larger "
            "learning rates.",
        ),
    },
)
