"""How the network whose gradients are matched is trained between updates of S."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.gradients.mixing import cutmix
from dcviz.types import RealSampler, SyntheticSet

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    Weights = dict[str, Tensor]


def losses(net: nn.Module, weights: Weights, x: Tensor, y: Tensor) -> Tensor:
    """The cross-entropy of each sample ``(B,)`` with classes ``(B,)`` or mixtures ``(B, C)`` at the given weights."""
    from torch.func import functional_call
    from torch.nn.functional import cross_entropy

    return cross_entropy(functional_call(net, weights, (x,)), y, reduction="none")


@dataclass(frozen=True, eq=False)
class Descent:
    """SGD over weights that are values, as torch has it: v ← m·v + g + decay·w, w ← w - rate·v."""

    net: nn.Module
    rate: float
    momentum: float
    decay: float

    def step(self, weights: Weights, velocity: Weights | None, x: Tensor, y: Tensor) -> tuple[Weights, Weights]:
        """Weights and velocity after one step; no velocity before the first."""
        import torch

        live = {k: v.detach().requires_grad_() for k, v in weights.items()}
        found = torch.autograd.grad(losses(self.net, live, x, y).mean(), list(live.values()))
        pulls = {k: g + self.decay * v.detach() for (k, v), g in zip(live.items(), found, strict=True)}
        velocity = pulls if velocity is None else {k: self.momentum * velocity[k] + g for k, g in pulls.items()}
        return {k: v.detach() - self.rate * velocity[k] for k, v in live.items()}, velocity


def from_fake(
    synthetic: SyntheticSet, steps: int, size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of S with its classes."""
    import torch

    x, y = synthetic.decode().x, synthetic.decoded_classes()
    for _ in range(steps):
        picked = torch.randperm(len(y), generator=generator)[:size].to(y.device)
        yield x[picked], y[picked]


def from_real(
    real: RealSampler, steps: int, size: int, mixed: float, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of T; with a probability of ``mixed`` by CutMix."""
    import torch

    for _ in range(steps):
        batch = real.shuffled(size)
        mix = mixed > 0 and bool(torch.rand((), generator=generator) < mixed)
        yield cutmix(batch.x, batch.y, len(real.counts), generator) if mix else (batch.x, batch.y)
