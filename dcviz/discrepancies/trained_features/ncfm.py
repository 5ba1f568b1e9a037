"""NCFM: characteristic functions in blends of untrained and trained networks, and calibration by trained ones."""

from __future__ import annotations

from dcviz.discrepancies.random_features.dm import SIAMESE
from dcviz.types import Preset, Scale, Source

AUGMENT = "color_crop_cutout"


def _terms(width: int, pool: int, updates: int, count: int, batch: int) -> list[dict]:
    nets = {"network": "convnet", "width": width, "pool": pool, "updates": updates}
    match = {
        "divergence": {"name": "ncfm", "count": count, "amplitude": 0.5, "phase": 0.5},
        "regime": {"name": "trained-features", **nets, "spread": 0.0, "blend": True},
        "batch": batch,
        "augment": AUGMENT,
    }
    return [
        {"discrepancy": "match", "params": match, "weight": 300.0},
        {"discrepancy": "calibration", "params": {**nets, "augment": AUGMENT}},
    ]


def _evaluation(updates: int) -> dict:
    """2,000 epochs of batches of 128 over the decoded images of ten classes."""
    by = {"optimiser": "adamw", "rate": 1e-3, "decay": 0.01, "augment": SIAMESE, "seeds": 10}
    return {"evaluation": {"network": "convnet", "width": 128, "updates": updates, "batch": 128, **by}}


def _config(terms: list[dict], rate: float, steps: int) -> dict:
    return {
        "terms": terms,
        "parameterisation": "multi-formation-2",
        "optimiser": {"name": "adamw", "rates": {"images": rate}},
        "start": "real",
        "clamp": True,
        "steps": steps,
    }


NCFM_PRESET = Preset(
    name="ncfm",
    title="NCFM",
    sentence="Matches the waves of feature directions, amplitude and phase, in networks between untrained and trained.",
    source=Source(
        "S. Wang, Y. Yang, Z. Liu, C. Sun, X. Hu, C. He, L. Zhang",
        "Dataset Distillation with Neural Characteristic Function: A Minmax Perspective",
        2025,
        "https://arxiv.org/abs/2502.20653",
        "Eqs. 7-9",
    ),
    differs=(
        "Frequencies are normal, drawn at every step: the network that seeks them out is off, as in most of the "
        "authors' shipped settings and against their paper; a rate of the divergence above 0 (1e-3 there) turns it on, "
        "one network for every class, by Adam. Calibration has trained networks of its own (the authors use the "
        "end of the blend that measures), and one update serves both terms and all classes. The learning rate is in "
        "units of normalised pixels and constant; the code scales it down and halves it on plateaus."
    ),
    scales={
        "paper": Scale(
            _config(_terms(128, 20, 24_000, 4096, 1024), 0.01, 20_000),
            "Constants of the authors' settings: width 128, 20 networks, 4,096 frequencies, loss times 300, 1,024 real "
            "per class, AdamW 0.01, 20,000 steps, multi-formation. Evaluation: 2,000 epochs of AdamW at 1e-3 in "
            "batches of 128, augmented (add flip for CIFAR-10), ten networks; there with CutMix, a rate that is halved "
            "four times (here a cosine), and the best epoch on the test set (here the last). The 60 epochs of the "
            "networks that measure are 24,000 updates (CIFAR-10); their optimiser (Adam) is ours.",
            {1: _evaluation(2000), 10: _evaluation(8000), 50: _evaluation(32_000)},
        ),
        "small": Scale(
            _config(_terms(32, 5, 200, 1024, 128), 0.05, 300),
            "Cut: width 128 to 32, 20 networks to 5 of 200 updates, frequencies to 1,024, 1,024 real per class to 128, "
            "20,000 steps to 300 with the learning rate times 5.",
        ),
    },
)
