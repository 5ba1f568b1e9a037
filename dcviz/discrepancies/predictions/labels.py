"""Labels of S as regression values: learned with it, or solved for at the end."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dcviz.discrepancies.predictions.ridge import one_hot
from dcviz.types import SyntheticSet

if TYPE_CHECKING:
    from torch import Tensor


def with_values(synthetic: SyntheticSet, values: Tensor) -> SyntheticSet:
    """S with labels ``(M·expand, C)`` that a network regresses on."""
    parameters = {**synthetic.parameters, "labels": values}
    return dataclasses.replace(synthetic, parameters=parameters, label_kind="values")


def with_learned_labels(synthetic: SyntheticSet) -> SyntheticSet:
    """S with a group of labels to be learned that starts at one-hot less 1/C; as it is where it has one."""
    if "labels" in synthetic.parameters:
        return synthetic
    return with_values(synthetic, one_hot(synthetic.decoded_classes(), len(synthetic.counts)))


def solve_labels(predictor: Tensor, y: Tensor) -> Tensor:
    """The values ``(M, C)`` of least norm that minimise ‖y - predictor·values‖².

    ``predictor (N, M)`` is K_TS(K_SS + λI)⁻¹, ``y (N, C)`` the targets on T. By singular values, on the CPU; NaN
    where a predictor is not finite, which ends the run in words.
    """
    import torch

    if not bool(predictor.isfinite().all()):
        return y.new_full((predictor.shape[1], y.shape[1]), torch.nan)
    found = torch.linalg.lstsq(predictor.detach().cpu().double(), y.detach().cpu().double(), driver="gelsd")
    return found.solution.to(y)


def margin(y: Tensor) -> Tensor:
    """By how much the largest label of a sample is less than 1/C above the next, in the mean: ``y (M, C)``."""
    top = y.topk(2, dim=1).values
    return (1 / y.shape[1] - (top[:, 0] - top[:, 1])).relu().mean()
