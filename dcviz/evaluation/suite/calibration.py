"""Per-class accuracy, confusion, and whether confidence can be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.types import Source

if TYPE_CHECKING:
    from torch import Tensor

BINS = 15  # of equal width in confidence, as in the source
SOURCE = Source(
    "C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger",
    "On Calibration of Modern Neural Networks",
    2017,
    "https://arxiv.org/abs/1706.04599",
    "Eq. 3",
)


def confusion(predicted: Tensor, y: Tensor, classes: int) -> Tensor:
    """How many samples of each class (row) were taken for which (column): ``(C, C)`` int64.

    >>> import torch
    >>> confusion(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    return (y * classes + predicted).bincount(minlength=classes**2).reshape(classes, classes)


def per_class(table: Tensor) -> list[float | None]:
    """The accuracy in each class from `confusion`; None where a class has no sample."""
    counts = table.sum(1)
    return [float(table[c, c] / n) if n else None for c, n in enumerate(counts)]


def reliability(probabilities: Tensor, y: Tensor, bins: int = BINS) -> list[dict[str, float]]:
    """Mean confidence and accuracy by confidence: one entry for each bin that holds samples.

    Args:
        probabilities: ``(n, C)``, rows sum to 1.
        y: classes ``(n,)``.
        bins: of equal width in (0, 1].
    """
    confidence, predicted = probabilities.max(1)
    right = (predicted == y).to(probabilities)
    at = (confidence * bins).ceil().long().clamp(1, bins) - 1  # (lower, upper], as in the source
    found = []
    for b in range(bins):
        inside = at == b
        if bool(inside.any()):
            share, sure, hit = (float(v.double().mean()) for v in (inside, confidence[inside], right[inside]))
            found.append({"low": b / bins, "high": (b + 1) / bins, "share": share, "confidence": sure, "accuracy": hit})
    return found


def calibration_error(table: list[dict[str, float]]) -> float:
    """The expected calibration error of `reliability`: the mean gap between confidence and accuracy of a bin.

    >>> calibration_error([{"share": 1.0, "confidence": 0.9, "accuracy": 0.6}])
    0.3
    """
    return round(sum(b["share"] * abs(b["confidence"] - b["accuracy"]) for b in table), 12)
