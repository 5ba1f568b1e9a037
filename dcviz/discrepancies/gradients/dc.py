"""Dataset condensation with gradient matching (DC), and with siamese augmentation (DSA)."""

from __future__ import annotations

from dcviz.discrepancies.random_features.dm import FIELD_EVALUATION, SIAMESE
from dcviz.types import Preset, Scale, Source

# Updates of S per network and network updates between them, by images per class: the authors' loops, where an
# epoch over more than 256 images is two updates.
LOOPS = {1: (1, 1), 10: (10, 50), 20: (20, 25), 30: (30, 40), 40: (40, 30), 50: (50, 20)}
NETWORKS = 1000  # random networks in turn; a network serves `outer` updates of S


def _term(width: int, batch: int, loops: tuple[int, int], augment: str) -> dict:
    params = {"distance": "rows", "network": "convnet", "width": width, "batch": batch, "augment": augment}
    return {
        "discrepancy": "gradient-matching",
        "params": {**params, "outer": loops[0], "inner": loops[1], "rate": 0.01},
    }


def _scales(augment: str, start: str, evaluation: dict) -> dict[str, Scale]:
    optimiser = {"name": "sgd", "rates": {"images": 0.1}, "momentum": 0.5}
    by_budget = {
        budget: {"terms": [_term(128, 256, loops, augment)], "steps": NETWORKS * loops[0]}
        for budget, loops in LOOPS.items()
    }
    return {
        "paper": Scale(
            {"optimiser": optimiser, "start": start, "evaluation": evaluation},
            "Constants of the authors' code: width 128, 256 real per class, 1,000 networks, loops by budget "
            "(a budget that the code does not list takes the loops of the next lower one).",
            by_budget,
        ),
        "small": Scale(
            {"optimiser": {**optimiser, "rates": {"images": 1.0}}, "start": start, "steps": 150},
            "Cut: width 128 to 32, 256 real per class to 128, 150 updates with the learning rate times 10.",
            {
                1: {"terms": [_term(32, 128, (1, 1), augment)]},
                2: {"terms": [_term(32, 128, (10, 10), augment)]},
            },
        ),
    }


DC = Preset(
    name="dc",
    title="DC",
    sentence="Matches, class by class, the gradients that real and synthetic images give a network.",
    source=Source(
        "B. Zhao, K. R. Mopuri, H. Bilen",
        "Dataset Condensation with Gradient Matching",
        2021,
        "https://arxiv.org/abs/2006.05929",
        "Alg. 1",
    ),
    differs="Every update of S counts as a step; the network is drawn from the run's seed, not from the clock.",
    scales=_scales("", "noise", {**FIELD_EVALUATION, "updates": 300, "augment": ""}),
)

DSA = Preset(
    name="dsa",
    title="DSA",
    sentence="DC with the same random augmentation on both sides, so that augmented training works on S.",
    source=Source(
        "B. Zhao, H. Bilen",
        "Dataset Condensation with Differentiable Siamese Augmentation",
        2021,
        "https://arxiv.org/abs/2102.08259",
        "Eq. 4",
    ),
    differs=(
        "One draw of the augmentation serves all classes of a step. Add flip to it for CIFAR-10 and Fashion-MNIST, as "
        "the authors do."
    ),
    scales=_scales(SIAMESE, "real", FIELD_EVALUATION),
)
