"""The torch modules that `dcviz.nets` builds from. Importing this imports torch: do it inside functions."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad


class Classifier(nn.Module):
    """Layers that make features, and one linear layer on top."""

    precision = "float32"  # of what is computed inside; weights, samples and results keep their own

    def __init__(self, layers: list[nn.Module], head: nn.Linear) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.head = head

    def embed(self, x: Tensor) -> Tensor:
        """Features before the last layer: ``(B, *shape) -> (B, D)``."""
        with computing(self.precision, x):
            return self.layers(x).to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(B, *shape) -> (B, C)``."""
        with computing(self.precision, x):
            return self.head(self.layers(x)).to(x.dtype)


def computing(precision: str, x: Tensor) -> AbstractContextManager:
    """Where products and convolutions of ``x`` are taken in a precision, float32 or bfloat16."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(x.device.type, torch.bfloat16, cache_enabled=False)  # the cache is not for torch.func


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

    On the CPU rows are added, then columns: half the time of ``avg_pool2d``, forward and backward. In bfloat16, which
    is not added well, both are added by one product with a matrix: a tenth of its time, and rounded once.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pool."""
        if x.device.type != "cpu":
            return avg_pool2d(x, 2)
        if x.dtype == torch.bfloat16:
            pairs = torch.eye(x.shape[-1] // 2, dtype=x.dtype).repeat_interleave(2, 0)  # (w, w / 2)
            two = x.unflatten(-2, (-1, 2)).flatten(-2)  # (B, channels, h, 2w): two rows, one after the other
            return two @ (0.25 * pairs).repeat(2, 1)
        upper, lower = x.unflatten(-2, (-1, 2)).unbind(-2)
        left, right = (upper + lower).unflatten(-1, (-1, 2)).unbind(-1)
        return (left + right) * 0.25


class Convolution(nn.Conv2d):
    """A 3 × 3 convolution that keeps the sides; its weights are anything until `drawn` gives them values."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__(inputs, width, 3, padding=1)

    def reset_parameters(self) -> None:
        """Draw nothing: a fresh network at every step should not cost two draws."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; one channel forward in bfloat16 as a product, three times as fast on the CPU."""
        rough = x.device.type == "cpu" and torch.is_autocast_enabled("cpu") and not torch.is_grad_enabled()
        if rough and self.in_channels == 1 and self.bias is not None:
            return _of_patches(x, self.weight, self.bias)
        return super().forward(x)


def _of_patches(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A convolution of ``x (B, 1, h, w)`` as a product of weights and bias with the 3 × 3 pixels around each, and 1."""
    n, _, h, w = x.shape
    rows = x.new_ones(n, 10, h * w)
    patches = pad(x[:, 0], (1, 1, 1, 1)).unfold(-2, 3, 1).unfold(-2, 3, 1)  # (B, h, w, 3, 3)
    rows[:, :9].unflatten(1, (3, 3)).unflatten(-1, (h, w)).copy_(patches.permute(0, 3, 4, 1, 2))
    asked = torch.cat([weight.flatten(1), bias[:, None]], 1)  # (channels, 10)
    return torch.bmm(asked.expand(n, -1, -1), rows).unflatten(-1, (h, w))


class Linear(nn.Linear):
    """A linear layer whose weights are anything until `drawn` gives them values."""

    def reset_parameters(self) -> None:
        """Draw nothing."""


def block(inputs: int, width: int, norm: str) -> list[nn.Module]:
    """Convolution, normalisation, ReLU, pooling, without values for the weights."""
    convolution = Convolution(inputs, width)
    return [*normalised(convolution, width, norm), nn.ReLU(inplace=True), AveragePool()]


def normalised(convolution: nn.Module, width: int, norm: str) -> list[nn.Module]:
    """A convolution and what normalises its channels."""
    if norm == "instance":
        return [convolution, nn.GroupNorm(width, width)]
    if norm == "batch":
        return [convolution, nn.BatchNorm2d(width)]
    return [convolution]


class Drawing(nn.Module):
    """A module with weights of its own kind, which it draws itself."""

    def draw(self, generator: torch.Generator) -> None:
        """Give the weights their values."""
        raise NotImplementedError


def drawn(net: Classifier, generator: torch.Generator) -> Classifier:
    """Give a network its weights: torch's own distributions, but from the generator."""
    if any(weight.is_meta for weight in net.parameters()):
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
