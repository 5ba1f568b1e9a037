"""Networks inside a condensation, as weights by name: fresh ones, what they make of samples, and training them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.layers import Classifier

Weights = dict[str, "Tensor"]


def fresh(net: Classifier, generator: torch.Generator) -> Weights:
    """Weights of a network like this one, drawn anew, on its device."""
    from copy import deepcopy

    from dcviz.layers import drawn

    device = next(net.parameters()).device
    return {k: v.detach().to(device) for k, v in drawn(deepcopy(net), generator).named_parameters()}


def stages(net: Classifier, weights: Weights, x: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
    """The maps after every ReLU, the features and the logits of samples ``x (B, *shape)`` at these weights."""
    from torch.func import functional_call

    from dcviz.layers import Stages

    return functional_call(Stages(net), {f"net.{k}": v for k, v in weights.items()}, (x,))


def class_means(z: Tensor, masses: Tensor) -> Tensor:
    """The mean of each class ``(C, D)`` of stacked values ``z (C·n, …)`` with masses ``(C, n)``; 0 masks."""
    stacked = z.flatten(1).unflatten(0, masses.shape)  # (C, n, D)
    return (masses.unsqueeze(-2) @ stacked).squeeze(-2)


@dataclass(frozen=True)
class Sgd:
    """How an inner network is trained."""

    rate: float
    momentum: float = 0.0
    decay: float = 0.0  # weight decay


def descend(
    net: Classifier,
    weights: Weights,
    batches: Iterable[tuple[Tensor, Tensor]],
    by: Sgd,
    velocity: Weights | None = None,
) -> tuple[Weights, Weights, list[Tensor]]:
    """SGD on the cross-entropy of batches ``x (B, *shape)``, ``y (B,)``, without waiting for the device.

    Returns the weights, their velocity (for a next call), and the fraction correct of each batch before its update.
    """
    import torch
    from torch.func import functional_call
    from torch.nn.functional import cross_entropy

    velocity = velocity or {k: torch.zeros_like(v) for k, v in weights.items()}
    correct = []
    for x, y in batches:
        live = {k: v.detach().requires_grad_() for k, v in weights.items()}
        logits = functional_call(net, live, (x,))
        gradients = dict(zip(live, torch.autograd.grad(cross_entropy(logits, y), list(live.values())), strict=True))
        correct.append((logits.detach().argmax(1) == y).float().mean())
        velocity = {k: by.momentum * velocity[k] + gradients[k] + by.decay * weights[k] for k in weights}
        weights = {k: weights[k] - by.rate * velocity[k] for k in weights}
    return weights, velocity, correct
