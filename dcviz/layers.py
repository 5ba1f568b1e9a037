"""The torch modules that `dcviz.nets` builds from. Importing this imports torch: do it inside functions."""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d


class Classifier(nn.Module):
    """Layers that make features, and one linear layer on top."""

    def __init__(self, layers: list[nn.Module], head: nn.Linear) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.head = head

    def embed(self, x: Tensor) -> Tensor:
        """Features before the last layer: ``(B, *shape) -> (B, D)``."""
        return self.layers(x)

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(B, *shape) -> (B, C)``."""
        return self.head(self.layers(x))


class Stages(nn.Module):
    """What a classifier makes of its input on the way: the map after every ReLU, the features, the logits."""

    def __init__(self, net: Classifier) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """Maps ``(B, …)`` after each ReLU, features ``(B, D)``, logits ``(B, C)``."""
        maps = []
        for layer in self.net.layers:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                maps.append(x)
        return maps, x, self.net.head(x)


class AveragePool(nn.Module):
    """The mean of 2 × 2 pixels: ``(B, channels, 2h, 2w) -> (B, channels, h, w)``.

    On the CPU rows are added, then columns: half the time of ``avg_pool2d``, forward and backward.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pool."""
        if x.device.type != "cpu":
            return avg_pool2d(x, 2)
        upper, lower = x.unflatten(-2, (-1, 2)).unbind(-2)
        left, right = (upper + lower).unflatten(-1, (-1, 2)).unbind(-1)
        return (left + right) * 0.25


def block(inputs: int, width: int, norm: str) -> list[nn.Module]:
    """Convolution, normalisation, ReLU, pooling, without weights (on the meta device)."""
    convolution = nn.Conv2d(inputs, width, 3, padding=1, device="meta")
    return [*normalised(convolution, width, norm), nn.ReLU(), AveragePool()]


def normalised(convolution: nn.Module, width: int, norm: str) -> list[nn.Module]:
    """A convolution and what normalises its channels."""
    if norm == "instance":
        return [convolution, nn.GroupNorm(width, width, device="meta")]
    if norm == "batch":
        return [convolution, nn.BatchNorm2d(width, device="meta")]
    return [convolution]


@runtime_checkable
class Drawing(Protocol):
    """A module with weights of its own kind, which it draws itself."""

    def draw(self, generator: torch.Generator) -> None:
        """Give the weights their values."""


def drawn(net: Classifier, generator: torch.Generator) -> Classifier:
    """Give a network made on the meta device its weights: torch's own distributions, but from the generator."""
    net = net.to_empty(device="cpu")
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            bound = 1 / math.sqrt(math.prod(module.weight.shape[1:]))  # Kaiming with a = √5: 1/√(fan-in)
            with torch.no_grad():
                module.weight.uniform_(-bound, bound, generator=generator)
                if module.bias is not None:
                    module.bias.uniform_(-bound, bound, generator=generator)
        elif isinstance(module, (nn.GroupNorm, nn.LayerNorm, nn.BatchNorm2d)):
            module.reset_parameters()  # ones and zeros: draws nothing
        elif isinstance(module, Drawing):
            module.draw(generator)
    return net
