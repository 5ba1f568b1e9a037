"""The accuracy of the regression that a set defines: nothing is trained, S is solved and asked about real data.

Protocol: kernel ridge regression on the decoded samples with the kernel, the relative ridge and the labels of the
discrepancy (classes as one-hot less 1/C; learned or solved values as they are), without augmentation; a sample
counts as correct where the largest of its C predictions is that of its class. Kernels that are drawn, from fresh
networks or from a pool, are drawn anew for each value; where nothing is random there is one value. This is the
number that kernel papers report first. It says nothing of networks trained on S: show both.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.predictions.ridge import Regressing, one_hot
from dcviz.errors import Refused
from dcviz.evaluation.measure import CHUNK, Work, in_model_space
from dcviz.randomness import generator
from dcviz.types import Dataset, Discrepancy, Space, Tree

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class RidgeScore:
    """The accuracy of a set's own regression."""

    mean: float  # fraction correct
    std: float  # over draws of the kernel
    values: tuple[float, ...]
    split: str


def own_ridge(  # noqa: PLR0913  (four of them rare, by keyword only)
    x: Tensor,
    y: Tensor,
    dataset: Dataset,
    discrepancy: Discrepancy,
    *,
    state: Tree = None,
    draws: int = 3,
    seed: int = 0,
    split: str = "test",
) -> Work[RidgeScore]:
    """The accuracy on real data of the ridge regression that a discrepancy solves on a set, as work in slices.

    Args:
        x: samples in model space ``(M, *shape)``; what is tested moves to their device.
        y: classes ``(M,)``, or values to regress on ``(M, C)``.
        dataset: tested on its split ``split``.
        discrepancy: of the prediction regime; its kernel and its ridge are used.
        state: the discrepancy's own, where its kernel is that of networks in it.
        draws: of the kernel, where it is random.
        seed: of the draws.
        split: test or held_out.

    Raises:
        Refused: a discrepancy that solves no regression.
    """
    import torch

    if not isinstance(discrepancy, Regressing):
        raise Refused(f"{discrepancy.title} solves no regression of its own; choose one of the prediction regime.")
    count = draws if discrepancy.needs.space == "fresh" else 1
    real = dataset.test if split == "test" else dataset.held_out
    space = Space(dataset.shape, len(dataset.classes), x.device)
    targets, values = one_hot(y, space.classes), []
    for i in range(count):
        predict = discrepancy.regression(space, generator(seed, "own ridge", i), state)
        hits = 0
        for first in range(0, len(real), CHUNK):
            true, classes = in_model_space(dataset, real, slice(first, first + CHUNK))
            with torch.no_grad():
                best = predict(true.to(x.device), x, targets).argmax(1)
            hits += int((best.cpu() == classes).sum())
            yield (i + min(1.0, (first + CHUNK) / len(real))) / count
        values.append(hits / len(real))
    spread = statistics.stdev(values) if count > 1 else 0.0
    return RidgeScore(statistics.fmean(values), spread, tuple(values), split)
