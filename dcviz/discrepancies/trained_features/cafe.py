"""CAFE: what all layers of a network see, aligned while the network learns from S."""

from __future__ import annotations

from dcviz.discrepancies.random_features.dm import FIELD_EVALUATION
from dcviz.discrepancies.trained_features.alignment import SOURCE
from dcviz.types import Preset, Scale


def _config(width: int, rate: float, steps: int) -> dict:
    return {
        "terms": [{"discrepancy": "layer-alignment", "params": {"network": "convnet", "width": width, "batch": 256}}],
        "optimiser": {"name": "sgd", "rates": {"images": rate}, "momentum": 0.5},
        "start": "noise",
        "steps": steps,
    }


CAFE = Preset(
    name="cafe",
    title="CAFE",
    sentence="Aligns the features of all layers while the network learns from S, and keeps the classes apart.",
    source=SOURCE,
    differs=(
        "The authors' inner loop trains on S until the accuracy has moved by 0.03 in ten epochs, without a limit; here "
        "it takes ten steps, the fewest that rule allows. Their learning rate of S is halved at 60, 80 and 90 per cent "
        "of the run; here it is constant. Every update of S counts as a step."
    ),
    scales={
        "paper": Scale(
            {**_config(128, 0.1, 20000), "evaluation": {**FIELD_EVALUATION, "updates": 600, "augment": ""}},
            "Constants of the authors' code: width 128, 256 real per class, SGD 0.1 with momentum 0.5, layer weights "
            "1, 1, 0.1, 0.1, discrimination 0.01, stop 0.04; 20,000 steps are what 2,000 networks take at least.",
        ),
        "small": Scale(
            _config(32, 0.1, 300),
            "Cut: width 128 to 32, 20,000 steps to 300.",
        ),
    },
)
