"""Ridge regression in fresh ConvNets and in fresh MLPs at once, so that both can be trained on S."""

from __future__ import annotations

from dcviz.types import Preset, Scale, Source


def _terms(convnet: int, mlp: int, batch: int) -> list[dict]:
    """Plain ridge regression twice; the second costs next to nothing beside the first."""
    return [
        {"discrepancy": "ridge", "params": {"network": "auto", "width": convnet, "batch": batch}},
        {"discrepancy": "ridge", "params": {"network": "mlp", "width": mlp, "batch": 2 * batch}},
    ]


def _config(rate: float, steps: int, terms: list[dict]) -> dict:
    optimiser = {"name": "adam", "rates": {"images": rate}, "schedule": "cosine"}
    return {"terms": terms, "optimiser": optimiser, "start": "medoids", "steps": steps}


TWO_NETWORKS = Preset(
    name="two-networks",
    published=False,
    title="ridge in two networks",
    sentence="Asks regressions in fresh ConvNets and in fresh MLPs, both solved on S, to predict the real labels.",
    source=Source(
        "the dcviz authors",
        "dcviz: ridge regression in two kinds of networks (ours, not published)",
        2026,
        "https://arxiv.org/abs/2011.00050",
        "after Eq. 7",
    ),
    differs=(
        "There is no paper: this is dcviz's own. It adds two ridge regressions as KIP's, with fresh finite networks in "
        "place of the infinite one, so that S is not made for one kind of network alone."
    ),
    scales={
        "paper": Scale(
            _config(0.02, 2000, _terms(128, 512, 1024)),
            "No paper: wider networks, larger batches and more steps than small, for an accelerator; not measured.",
        ),
        "small": Scale(
            _config(0.05, 300, _terms(32, 256, 256)),
            "Cut: 300 steps of 256 real samples in a ConvNet 32 wide and of 512 in an MLP 256 wide. At one per class "
            "of a part of Fashion-MNIST (3,252 training, 1,000 test images), default protocol, five seeds, mean and "
            "its standard error: ConvNet 71.9 ± 0.4 %, MLP 66.3 ± 0.6 %.",
        ),
    },
)
