"""How alike the sets are: precision, recall, density, coverage, and whether a classifier tells them apart.

Measured beside the yardsticks, on the same real sample and scale; but more is better, so that they stand by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dcviz.types import ClassBatch, Source
from dcviz.yardsticks.neighbours import SOURCE as NEIGHBOURS
from dcviz.yardsticks.neighbours import K, radii
from dcviz.yardsticks.two_samples import two_sample_accuracy

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LIKE = "likeness:"  # of a curve in the record of a run, followed by the name
LIKE_BAND = ("random like:low", "random like:high")  # the lowest and highest of the ten random subsets, at step 0
APART = "told apart"
CHANCE = 0.5  # the accuracy of a classifier for which there is nothing to tell, however many samples there are
TOLD_FROM = 400  # real samples of all classes, at most, that the classifier tells S from: it is the costly one
ALIKE = (
    "How alike S and the real sample are, class by class, in the features of the network trained once on the real data "
    "(points: in the plane). Each is divided by its mean over ten random real subsets of the same budget; the band "
    "holds all ten. **More is better**, but for the last. Precision and density ask whether S lies where real samples "
    "lie; recall and coverage, whether it lies everywhere they do."
)


@dataclass(frozen=True)
class Likeness:
    """One way of being alike."""

    name: str
    sentence: str
    formula: str
    source: Source = NEIGHBOURS
    more: bool = True  # whether more is better

    @property
    def label(self) -> str:
        """Of its curve: the arrow points to where better is."""
        return f"{self.name} {'↑' if self.more else '↓'}"


LIKENESS = (
    Likeness(
        "precision",
        "The share of synthetic samples within the ball of a real one, which reaches to its 5th real neighbour.",
        r"\frac1M\sum_j\mathbf{1}\bigl[\exists i:\lVert x_i-y_j\rVert<r_5(x_i)\bigr]",
    ),
    Likeness(
        "recall",
        "The share of real samples within the ball of a synthetic one; from six synthetic samples of each class up.",
        r"\frac1N\sum_i\mathbf{1}\bigl[\exists j:\lVert x_i-y_j\rVert<r_5(y_j)\bigr]",
    ),
    Likeness(
        "density",
        "The mean number of real balls around a synthetic sample, over 5: high in the midst of many.",
        r"\frac1{5M}\sum_j\sum_i\mathbf{1}\bigl[\lVert x_i-y_j\rVert<r_5(x_i)\bigr]",
    ),
    Likeness(
        "coverage",
        "The share of real balls that hold a synthetic sample: one minus the yardstick uncovered.",
        r"\frac1N\sum_i\mathbf{1}\bigl[\exists j:\lVert x_i-y_j\rVert<r_5(x_i)\bigr]",
    ),
    Likeness(
        APART,
        "How often logistic regression that learned to tell halves of both sets apart is right about the other halves, "
        "over a half: 1 is chance, as between random real subsets, and 2 always right. Once, on the last step.",
        r"2\cdot\tfrac12\bigl(\Pr[h(x)=T]+\Pr[h(y)=S]\bigr)",
        Source(
            "D. Lopez-Paz, M. Oquab",
            "Revisiting Classifier Two-Sample Tests",
            2017,
            "https://arxiv.org/abs/1610.06545",
            "section 3",
        ),
        more=False,
    ),
)


class Balls(NamedTuple):
    """The real side."""

    x: Tensor  # (C, N, D)
    reach: Tensor  # (C, N): to the 5th neighbour
    weights: Tensor  # (C, N): 0 where a class has fewer


def balls(real: ClassBatch) -> Balls:
    """Fit the real side."""
    return Balls(real.x, radii(real.x, K, real.weights), real.weights)


def shares(real: Balls, fake: ClassBatch) -> dict[str, float]:
    """Precision, recall, density and coverage, each the mean over classes; those that have no balls are left out.

    As `prdc`, for all classes at once; the real side's balls are there already. Cost O(C(NMD + M²D)).
    """
    import torch

    if not bool(real.reach[real.weights > 0].isfinite().all()):
        return {}
    within = torch.cdist(real.x, fake.x)  # (C, N, M)
    within = within.masked_fill((real.weights == 0)[:, :, None] | (fake.weights == 0)[:, None], torch.inf)
    hit = (within < real.reach[:, :, None]).to(real.x.dtype)
    found = {
        "precision": (hit.amax(1) * fake.weights).sum(1),
        "density": (hit.sum(1) * fake.weights).sum(1) / K,
        "coverage": (hit.amax(2) * real.weights).sum(1),
    }
    own = radii(fake.x, K, fake.weights)
    if bool(own[fake.weights > 0].isfinite().all()):
        reached = (within < own[:, None]).to(real.x.dtype)
        found["recall"] = (reached.amax(2) * real.weights).sum(1)
    means = torch.stack(list(found.values())).mean(1).tolist()
    by_name = dict(zip(found, means, strict=True))
    return {one.name: by_name[one.name] for one in LIKENESS if one.name in by_name}


def apart(real: Balls, y: Tensor, generator: torch.Generator) -> float | None:
    """The two-sample accuracy of ``y (M, D)`` and some of the real samples of each class, over that of chance."""
    some = max(1, TOLD_FROM // len(real.x))
    x = real.x[:, :some][real.weights[:, :some] > 0]  # (n, D)
    found = two_sample_accuracy(x, y, generator)
    return None if found is None else found / CHANCE
