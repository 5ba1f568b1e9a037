"""Random feature approximation of the infinite network's kernel (RFAD)."""

from __future__ import annotations

from dcviz.discrepancies.predictions.ensemble import RidgeEnsemble
from dcviz.types import Preset, Scale


def _term(**params: object) -> dict:
    return {"discrepancy": "ridge-ensemble", "params": {"network": "convnet", "error": "platt", **params}}


RFAD = Preset(
    name="rfad",
    title="RFAD",
    sentence="KIP with the infinite network's kernel estimated from several fresh finite networks at every step.",
    source=RidgeEnsemble.source,
    differs=(
        "The random-feature kernel, the calibrated (Platt) cross-entropy and the learned labels are those of the "
        "authors' code. There one linear map of all images is learned with them and 0.01 added to the kernel; the "
        "small scale moves by Adam, from a temperature of 7.4. Beside plain ridge regression in fresh features (the "
        "discrepancy ridge): several networks a step instead of one, no instance norm, this loss."
    ),
    scales={
        "paper": Scale(
            {
                "terms": [_term(networks=8, width=256, batch=5120, ridge=5e-3, temperature=0.0)],
                "optimiser": {"name": "adabelief", "rates": {"images": 1e-3, "labels": 1e-3, "temperature": 0.01}},
                "start": "real",
                "steps": 10000,
            },
            "Constants of the authors' code: eight networks 256 wide a step, four batches of 1,280 real samples, ridge "
            "5e-3, AdaBelief at 1e-3, a temperature that starts at 1 and is learned at 0.01. The code stops when the "
            "loss on a validation set has not fallen for 1,000 steps, after 100,000 at the latest; here 10,000.",
        ),
        "small": Scale(
            {
                "terms": [_term(networks=4, width=32, batch=256, ridge=0.01)],
                "optimiser": {
                    "name": "adam",
                    "rates": {"images": 0.05, "labels": 0.01, "temperature": 0.01},
                    "schedule": "cosine",
                },
                "start": "real",
                "steps": 400,
            },
            "Cut: four networks 32 wide, 256 real samples a step, 400 steps.",
        ),
    },
)
