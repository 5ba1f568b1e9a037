"""What one step of trajectory matching asks: from where, over which inner steps, and to where."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dcviz.discrepancies.trajectories.sweep import Inner, Pick
from dcviz.types import Batch, RealSampler, SyntheticSet, Tree

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.discrepancies.trajectories.matching import TrajectoryMatching


class Task(NamedTuple):
    """Inner steps from somewhere, and what is asked of where they end."""

    inner: Inner
    start: Tensor  # (P,)
    y: Tensor  # (M,) classes or (M, C) soft labels
    goal: Callable[[Tensor], Tensor]


def drawn(
    d: TrajectoryMatching,
    held: tuple[Tree, Tree],
    real: RealSampler,
    synthetic: SyntheticSet,
    batch: Batch,
    generator: torch.Generator,
) -> Task:
    """An expert, a start epoch, batches and augmentation, all drawn now.

    Args:
        d: the discrepancy.
        held: its context and its state.
        real: T.
        synthetic: S.
        batch: S decoded.
        generator: of all draws.
    """
    import torch

    from dcviz import training
    from dcviz.augment import draw_each
    from dcviz.discrepancies.trajectories.experts import logits

    context, state = held
    net, path = context["net"], context["weights"][int(torch.randint(d.experts, (), generator=generator))]
    at = int(torch.randint(d.earliest, d.before(state["updates"]), (), generator=generator))
    start, target = path[at], path[at + d.span]
    y, kind = batch.y, synthetic.label_kind
    if d.labels == "assigned":
        with torch.no_grad():
            y, kind = logits(net, target, batch.x).softmax(1), "probabilities"
    indices = torch.arange(sum(synthetic.counts) * synthetic.decoder.expand)
    samples, picks = training.shuffles(indices, indices), []
    for _ in range(d.inner):
        picked, _ = samples(d.inner_batch, generator)
        picks.append(Pick(picked.to(real.device), draw_each(d.augment, real.shape, len(picked), generator)))

    def loss(weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return training.loss(logits(net, weights, x), y, kind)

    return Task(Inner(loss, picks, d.held), start, y, partial(_distance, target, (start - target).square().sum()))


def _distance(target: Tensor, scale: Tensor, end: Tensor) -> Tensor:
    return (end - target).square().sum() / scale.clamp_min(1e-30)  # an expert that did not move: 0, not NaN
