"""DataDAM: class means of attention maps and features of fresh random networks."""

from __future__ import annotations

from dcviz.discrepancies.random_features.dm import FIELD_EVALUATION, SIAMESE
from dcviz.types import Preset, Scale, Source


def _term(width: int, batch: int, norm: str) -> dict:
    return {
        "discrepancy": "match",
        "params": {
            "divergence": {"name": "mean"},
            "regime": {"name": "attention", "width": width, "power": 1.0, "features": 0.01, "norm": norm},
            "batch": batch,
            "augment": SIAMESE,
        },
        "weight": 100.0,
    }


DATADAM = Preset(
    name="datadam",
    title="DataDAM",
    sentence="Matches where fresh random networks look in each class, and on the average what they see.",
    source=Source(
        "A. Sajedi, S. Khaki, E. Amjadian, L. Z. Liu, Y. A. Lawryshyn, K. N. Plataniotis",
        "DataDAM: Efficient Dataset Distillation with Attention Matching",
        2023,
        "https://arxiv.org/abs/2310.00093",
        "Eq. 6",
    ),
    differs=(
        "Paper and code differ, and the code is followed: power 1 (paper 4), 20,000 steps (paper 8,000), losses times "
        "100, batch norm in the network. One draw of the augmentation serves all classes of a step. The start is "
        "random real images, not the authors' own selection; images are not whitened unless the data is. Evaluation "
        "uses instance norm. Images of eight pixels a side get a network of two blocks. Add flip to the augmentation "
        "for CIFAR-10 and Fashion-MNIST."
    ),
    scales={
        "paper": Scale(
            {
                "terms": [_term(128, 64, "batch")],
                "optimiser": {"name": "sgd", "rates": {"images": 1.0}, "momentum": 0.5},
                "start": "real",
                "steps": 20000,
                "evaluation": {**FIELD_EVALUATION, "updates": 1800, "batch": 64},
            },
            "Constants of the authors' code: width 128, 64 real per class, power 1, weight 0.01 of the features, "
            "losses times 100, 20,000 steps, SGD 1.0 with momentum 0.5.",
            {100: {"optimiser": {"name": "sgd", "rates": {"images": 10.0}, "momentum": 0.5}}},
        ),
        "small": Scale(
            {
                "terms": [_term(32, 64, "instance")],
                "optimiser": {"name": "sgd", "rates": {"images": 1.0}, "momentum": 0.5},
                "start": "real",
                "steps": 400,
            },
            "Cut: width 128 to 32, instance norm instead of batch norm, 20,000 steps to 400.",
        ),
    },
)
