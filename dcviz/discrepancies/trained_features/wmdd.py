"""WMDD: images at the points of their class's Wasserstein barycentre in a trained network, softly labelled."""

from __future__ import annotations

from dcviz.discrepancies.trained_features.places import SOURCE
from dcviz.types import Preset, Scale


def _config(width: int, updates: int, views: int, steps: int) -> dict:
    params = {"width": width, "updates": updates, "views": views, "augment": "crop_scale"}
    return {
        "terms": [{"discrepancy": "barycentre", "params": params}],
        "optimiser": {"name": "adam", "rates": {"images": 0.1}, "betas": (0.5, 0.9), "schedule": "cosine"},
        "start": "noise",
        "clamp": True,
        "steps": steps,
    }


WMDD = Preset(
    name="wmdd",
    title="WMDD",
    sentence="Puts each image at a point of its class's Wasserstein barycentre in a trained network; soft labels.",
    source=SOURCE,
    differs=(
        "The network is a ConvNet with batch norm, not a ResNet-18. The barycentre's points have equal masses and its "
        "transport plans are slightly blurred (the authors' are exact, from POT, and can learn masses). S is augmented "
        "by shift and scale, not by resized crops, flips and rolled jitter. The distance to the barycentre is one norm "
        "over all images, which the authors' code takes over a batch of 100. Labels are those of SRe2L here: "
        "probabilities for stored views."
    ),
    scales={
        "paper": Scale(
            {
                **_config(128, 10_000, 300, 1000),
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
            "Defaults of the authors' code: Adam 0.1 with betas 0.5 and 0.9, cosine, 1,000 steps, cross-entropy 1, "
            "statistics 0.05. Width, the network's updates, 300 views and the evaluation are ours.",
        ),
        "small": Scale(
            _config(32, 300, 30, 500),
            "Cut: width 128 to 32, the network's updates to 300, 1,000 steps to 500, 300 views to 30.",
        ),
    },
)
