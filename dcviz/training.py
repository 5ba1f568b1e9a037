"""The one trainer: of evaluation's networks, of the reference network, of teachers and experts.

`fit` trains in place and yields after every update, so that whoever calls it can stop, show progress, or do
something else in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dcviz.augment import draw_each
from dcviz.errors import Refused, unknown
from dcviz.records import EvaluationProtocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Sample = Callable[[int, "torch.Generator"], "tuple[Tensor, Tensor]"]  # (batch size, generator) -> x, y

OPTIMISERS = ("sgd", "adam", "adamw")
SCHEDULES = ("constant", "cosine", "step")
LABELS = ("hard", "logits", "probabilities", "values")


class Diverged(Refused):
    """A network that was trained is no network any more."""


@dataclass(frozen=True)
class Training:
    """How a network is trained."""

    updates: int = 300
    batch: int = 256
    optimiser: Literal["sgd", "adam", "adamw"] = "adam"
    rate: float = 1e-3
    momentum: float = 0.9  # SGD only
    decay: float = 0.0  # weight decay
    schedule: Literal["constant", "cosine", "step"] = "cosine"
    augment: str = ""  # a strategy of dcviz.augment; every image has its own parameters
    labels: str = "hard"  # one of LABELS

    def __post_init__(self) -> None:
        """Refuse names that do not exist and numbers that train nothing."""
        for kind, name, known in (
            ("optimiser", self.optimiser, OPTIMISERS),
            ("schedule", self.schedule, SCHEDULES),
            ("kind of label", self.labels, LABELS),
        ):
            if name not in known:
                raise unknown(kind, name, known)
        if self.updates < 1 or self.batch < 1 or not self.rate > 0:
            got = f"{self.updates} updates, batch {self.batch}, rate {self.rate:g}"
            raise Refused(f"training with {got} learns nothing: give at least 1, 1 and a rate above 0.")

    @classmethod
    def of(cls, protocol: EvaluationProtocol, labels: str = "hard") -> Training:
        """The training that an evaluation protocol fixes."""
        p = protocol
        return cls(p.updates, p.batch, p.optimiser, p.rate, p.momentum, p.decay, p.schedule, p.augment, labels)

    def factor(self, update: int) -> float:
        """What the rate is multiplied with at an update, counted from 0.

        cosine: from 1 to 0; step: 1, then a tenth from the middle on.
        """
        if self.schedule == "constant":
            return 1.0
        if self.schedule == "step":
            return 1.0 if update < self.updates / 2 else 0.1
        return 0.5 * (1 + math.cos(math.pi * update / self.updates))


def fit(
    model: nn.Module, source: Sample | tuple[Tensor, Tensor], training: Training, generator: torch.Generator
) -> Iterator[int]:
    """Train a network in place, yielding the number of updates done after each.

    Args:
        model: on the device of the samples; left in training mode.
        source: samples ``x (n, *shape)`` with labels ``y`` as `loss` wants them, drawn as `shuffles` does; or a
            function that draws such a pair.
        training: how.
        generator: of batches and augmentation.
    """
    sample = source if callable(source) else shuffles(*source)
    optimiser = make_optimiser(model, training)
    model.train()
    for update in range(training.updates):
        x, y = sample(training.batch, generator)
        if training.augment:
            x = draw_each(training.augment, tuple(x.shape[1:]), len(x), generator)(x)
        for group in optimiser.param_groups:
            group["lr"] = training.rate * training.factor(update)
        optimiser.zero_grad()
        loss(model(x), y, training.labels).backward()
        optimiser.step()
        yield update + 1


def refuse_diverged(net: nn.Module, rate: float) -> None:
    """Refuse a trained network whose weights are no numbers: what it says is the first class, whatever it sees.

    Raises:
        Diverged: with the remedy.
    """
    import torch

    if not all(bool(torch.isfinite(p).all()) for p in net.parameters() if not p.is_meta):
        raise Diverged(
            f"a network diverged while it was trained at a rate of {rate:g}: lower that rate (of the evaluation, of "
            "the teacher, or the learned step size)."
        )


def shuffles(x: Tensor, y: Tensor) -> Sample:
    """Batches of a set that is shuffled anew for each pass; the whole set where it fits into one batch."""
    import torch

    order = torch.empty(0, dtype=torch.int64)

    def sample(size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        nonlocal order
        if size >= len(x):
            return x, y
        if len(order) < size:  # a batch may straddle two passes, so that all have the same size
            order = torch.cat([order, torch.randperm(len(x), generator=generator)])
        picked, order = order[:size].to(x.device), order[size:]
        return x[picked], y[picked]

    return sample


def loss(outputs: Tensor, y: Tensor, labels: str = "hard") -> Tensor:
    """The training loss for outputs ``(B, C)``.

    hard: cross-entropy with classes ``y (B,)``; probabilities, logits ``(B, C)``: cross-entropy with y or with
    softmax(y); values ``(B, C)``: mean squared error, as kernel ridge regression labels want.
    """
    from torch.nn.functional import cross_entropy, mse_loss

    if labels == "values":
        return mse_loss(outputs, y)
    return cross_entropy(outputs, y.softmax(1) if labels == "logits" else y)


def make_optimiser(model: nn.Module, training: Training) -> torch.optim.Optimizer:
    """The optimiser over all parameters of a network."""
    import torch

    parameters, t = list(model.parameters()), training
    if t.optimiser == "sgd":
        return torch.optim.SGD(parameters, t.rate, momentum=t.momentum, weight_decay=t.decay)
    kind = torch.optim.Adam if t.optimiser == "adam" else torch.optim.AdamW
    fused = parameters[0].device.type != "meta"  # where there are no values there is no kernel either
    return kind(parameters, t.rate, weight_decay=t.decay, fused=fused)


def accuracy(model: nn.Module, x: Tensor, y: Tensor, chunk: int = 512) -> float:
    """The fraction of samples ``x (n, *shape)`` whose largest output is that of their class ``y (n,)``."""
    hits = [correct(model, x[i : i + chunk], y[i : i + chunk]) for i in range(0, len(y), chunk)]
    return sum(hits) / len(y)


def correct(model: nn.Module, x: Tensor, y: Tensor) -> int:
    """How many samples ``x (B, *shape)`` of classes ``y (B,)`` are classified correctly."""
    import torch

    model.eval()
    with torch.no_grad():
        return int((model(x).argmax(1) == y).sum())


def run(
    model: nn.Module, source: Sample | tuple[Tensor, Tensor], training: Training, generator: torch.Generator
) -> nn.Module:
    """`fit` to the end; returns the model in evaluation mode."""
    for _ in fit(model, source, training, generator):
        pass
    return model.eval()
