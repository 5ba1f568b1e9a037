"""Experts: networks trained on T, with their weights kept after every epoch, as flat vectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dcviz.caching import kept, key_of
from dcviz.discrepancies.teachers import Teacher, everything
from dcviz.errors import Refused
from dcviz.training import Training
from dcviz.types import Progress, RealSampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from dcviz.layers import Classifier


@dataclass(frozen=True)
class Experts:
    """How experts are trained: plain SGD with a constant rate, as trajectory matching presupposes.

    Source: Cazenavette et al., Dataset Distillation by Matching Training Trajectories, 2022,
    https://arxiv.org/abs/2203.11932, section 3.1; without momentum as in the authors' code.
    """

    network: str
    width: int
    count: int
    epochs: int
    batch: int
    rate: float
    augment: str = ""

    def trained(self, real: RealSampler, generator: torch.Generator, progress: Progress) -> list[Tensor]:
        """The trajectories, ``count`` tensors ``(epochs + 1, P)``; each from the cache where it lies there.

        One seed is drawn from ``generator``, whatever is cached; the first experts are the same whatever their count.
        """
        import torch

        seed = int(torch.randint(2**62, (), generator=generator))
        own = torch.randint(2**62, (self.count,), generator=torch.Generator().manual_seed(seed)).tolist()
        per_epoch = -(-int(real.counts.sum()) // self.batch)
        training = Training(
            self.epochs * per_epoch, self.batch, "sgd", self.rate, 0.0, schedule="constant", augment=self.augment
        )
        recipe = Teacher(self.network, self.width, training)
        found = []
        for i, expert in enumerate(own):
            make = partial(_one, real, recipe, per_epoch, expert, _Part(progress, i, self.count))
            key = key_of(real.fingerprint, recipe, self.epochs, expert)
            found.append(kept(real.cache, "expert", key, make, real.device)["weights"])
        return found

    def untrained(self, real: RealSampler, generator: torch.Generator) -> Classifier:
        """A network to put their weights into."""
        return Teacher(self.network, self.width, Training()).untrained(real, generator)


@dataclass(frozen=True)
class _Part:
    """The progress of one of several experts as that of all."""

    progress: Progress
    part: int
    parts: int

    def __call__(self, fraction: float) -> None:
        self.progress("training experts", (self.part + fraction) / self.parts)


def _one(real: RealSampler, recipe: Teacher, per_epoch: int, seed: int, progress: _Part) -> dict[str, Tensor]:
    """The trajectory of one expert ``(epochs + 1, P)``.

    Raises:
        Refused: where its weights do not stay finite.
    """
    import torch

    from dcviz.training import fit

    at = torch.Generator().manual_seed(seed)
    net = recipe.untrained(real, at)
    points = [flat(net)]
    for done in fit(net, everything(real), recipe.training, at):
        if done % per_epoch == 0:
            points.append(flat(net))
        progress(done / recipe.training.updates)
    if not points[-1].is_meta and not bool(torch.isfinite(points[-1]).all()):
        raise Refused(f"an expert diverged at a learning rate of {recipe.training.rate:g}: lower expert_rate.")
    return {"weights": torch.stack(points)}


def flat(net: nn.Module) -> Tensor:
    """All weights of a network in one vector ``(P,)``, a copy."""
    import torch

    return torch.cat([p.detach().flatten() for p in net.parameters()])


def logits(net: nn.Module, weights: Tensor, x: Tensor) -> Tensor:
    """Logits ``(B, C)`` of a network whose weights are those of a vector ``(P,)``, differentiable in it."""
    from torch.func import functional_call

    names, shapes = zip(*((name, p.shape) for name, p in net.named_parameters()), strict=True)
    parts = weights.split([shape.numel() for shape in shapes])
    return functional_call(
        net, {name: part.view(shape) for name, part, shape in zip(names, parts, shapes, strict=True)}, (x,)
    )
