"""The torch modules of ResNet-18 and of the vision transformer. Importing this imports torch: do it in functions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from dcviz.layers import Drawing, normalised


class Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut: ``(B, inputs, h, w) -> (B, width, h/stride, w/stride)``.

    Where sides or channels change, the shortcut is a normalised 1×1 convolution.
    """

    def __init__(self, inputs: int, width: int, stride: int, norm: str) -> None:
        super().__init__()
        self.main = nn.Sequential(
            *normalised(_convolution(inputs, width, 3, stride), width, norm),
            nn.ReLU(),
            *normalised(_convolution(width, width, 3, 1), width, norm),
        )
        changes = stride > 1 or inputs != width
        self.shortcut = nn.Sequential(
            *(normalised(_convolution(inputs, width, 1, stride), width, norm) if changes else [])
        )

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both ways, rectified."""
        return (self.main(x) + self.shortcut(x)).relu()


def stem(inputs: int, width: int, norm: str) -> list[nn.Module]:
    """What comes before the residual blocks of a ResNet for small images: no stride, no pooling."""
    return [*normalised(_convolution(inputs, width, 3, 1), width, norm), nn.ReLU()]


def _convolution(inputs: int, width: int, size: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, width, size, stride=stride, padding=size // 2, bias=False, device="meta")


class MeanPixel(nn.Module):
    """The mean over all pixels: ``(B, channels, h, w) -> (B, channels)``."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool."""
        return x.mean((2, 3))


class Tokens(Drawing):
    """Images as a row of patches, each with its place added: ``(B, c, h, w) -> (B, tokens, width)``."""

    def __init__(self, inputs: int, width: int, patch: int, count: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(inputs, width, patch, stride=patch, device="meta")
        self.place = nn.Parameter(torch.empty(count, width, device="meta"))

    def draw(self, generator: torch.Generator) -> None:
        """Standard normal places: with ViT's own 0.02, a few hundred updates on a small set learn no places at all."""
        with torch.no_grad():
            self.place.normal_(generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Cut, embed, and add the place."""
        return self.embed(x).flatten(2).transpose(1, 2) + self.place


class Attention(nn.Module):
    """Every token takes a mean of all others, weighted by likeness, in several heads: ``(B, T, D) -> (B, T, D)``."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inputs = nn.Linear(width, 3 * width, device="meta")
        self.output = nn.Linear(width, width, device="meta")

    def forward(self, x: Tensor) -> Tensor:
        """Attend. Written out, so that it has second derivatives everywhere."""
        q, k, v = self.inputs(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, T, D/heads)
        weights = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(-1)  # (B, heads, T, T)
        return self.output((weights @ v).transpose(1, 2).flatten(2))


class Transformer(nn.Module):
    """Attention, then a small network for each token, each normalised before and added: ``(B, T, D) -> (B, T, D)``."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.first, self.second = (nn.LayerNorm(width, device="meta") for _ in range(2))
        self.attention = Attention(width, heads)
        self.each = nn.Sequential(
            nn.Linear(width, hidden, device="meta"), nn.GELU(), nn.Linear(hidden, width, device="meta")
        )

    def forward(self, x: Tensor) -> Tensor:
        """Both steps."""
        x = x + self.attention(self.first(x))
        return x + self.each(self.second(x))


class MeanToken(nn.Module):
    """The normalised mean over tokens: ``(B, T, D) -> (B, D)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, device="meta")

    def forward(self, x: Tensor) -> Tensor:
        """Pool."""
        return self.norm(x).mean(1)
