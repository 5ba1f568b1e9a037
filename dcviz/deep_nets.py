"""The two deeper networks that sets are tried on: ResNet-18 and a small vision transformer.

Source: He et al., Deep Residual Learning for Image Recognition, 2016, https://arxiv.org/abs/1512.03385, in the form
for small images (3×3 stem, no first pooling); Dosovitskiy et al., An Image is Worth 16x16 Words, 2021,
https://arxiv.org/abs/2010.11929, with the mean of all tokens in the place of a class token.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from dcviz.errors import Refused

if TYPE_CHECKING:
    from dcviz.layers import Classifier

LEAST_SIDE = 4  # a stage of a ResNet halves the side only where at least this is left
HEADS = 4  # of a transformer; they divide its width
DEPTH = 4  # blocks of a transformer
GROW = 2  # hidden units per unit of width in a transformer's small network


class Deep(Protocol):
    """One architecture: how it is built, and what it costs. ``side`` is that of the padded square image."""

    def build(
        self, shape: tuple[int, ...], classes: int, width: int, depth: int | None, norm: str, before: tuple[int, ...]
    ) -> Classifier:
        """The network without weights (on the meta device)."""

    def features(self, width: int) -> int:
        """D of ``embed``."""

    def flops(self, shape: tuple[int, ...], side: int, width: int, depth: int | None) -> float:
        """Operations of one forward pass of one sample, without the last layer."""

    def activations(self, shape: tuple[int, ...], side: int, width: int, depth: int | None) -> float:
        """Numbers that one sample's forward pass leaves for the backward pass, roughly."""

    def weights(self, shape: tuple[int, ...], side: int, width: int, depth: int | None) -> int:
        """The number of weights, without the last layer."""


class ResNet18:
    """Eight residual blocks in four stages, each twice as wide as the one before."""

    def build(  # noqa: PLR0913  (as `Deep` has it)
        self, shape: tuple[int, ...], classes: int, width: int, depth: int | None, norm: str, before: tuple[int, ...]
    ) -> Classifier:
        """The network without weights."""
        from torch import nn

        from dcviz.deep_layers import MeanPixel, Residual, stem
        from dcviz.layers import Classifier

        _check_depth(depth)
        side = shape[2] + before[0] + before[1]
        layers: list[nn.Module] = [nn.ZeroPad2d(before)] if any(before) else []  # type: ignore[arg-type]
        layers += stem(shape[0], width, norm)
        layers += [Residual(inputs, out, stride, norm) for inputs, out, stride, _ in _blocks(side, width)]
        return Classifier([*layers, MeanPixel()], nn.Linear(8 * width, classes, device="meta"))

    def features(self, width: int) -> int:
        """The channels of the last stage."""
        return 8 * width

    def flops(self, shape: tuple[int, ...], side: int, width: int, depth: int | None) -> float:
        """Convolutions; a product-sum is two."""
        total = 18.0 * shape[0] * width * side**2
        for inputs, out, stride, after in _blocks(side, width):
            shortcut = inputs * out if stride > 1 or inputs != out else 0
            total += 2.0 * after**2 * (9 * inputs * out + 9 * out * out + shortcut)
        return total

    def activations(self, shape: tuple[int, ...], side: int, width: int, depth: int | None) -> float:
        """Convolved, normalised, rectified, in each layer."""
        return 3.0 * width * side**2 + sum(6.0 * out * after**2 for _, out, _, after in _blocks(side, width))

    def weights(self, shape: tuple[int, ...], side: int, width: int, depth: int | None) -> int:
        """Convolutions without bias; scale and shift of each channel."""
        total = 9 * shape[0] * width + 2 * width
        for inputs, out, stride, _ in _blocks(side, width):
            shortcut = inputs * out + 2 * out if stride > 1 or inputs != out else 0
            total += 9 * inputs * out + 9 * out * out + 4 * out + shortcut
        return total


def _blocks(side: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """Each residual block: channels in and out, stride, side after it."""
    inputs = width
    for stage in range(4):
        out = width << stage
        for block in range(2):
            stride = 2 if stage and not block and side >= 2 * LEAST_SIDE else 1
            side //= stride
            yield inputs, out, stride, side
            inputs = out


class VisionTransformer:
    """Blocks of attention between the patches of an image."""

    def build(  # noqa: PLR0913  (as `Deep` has it)
        self, shape: tuple[int, ...], classes: int, width: int, depth: int | None, norm: str, before: tuple[int, ...]
    ) -> Classifier:
        """The network without weights; it has layer normalisation, whatever the norm."""
        from torch import nn

        from dcviz.deep_layers import MeanToken, Tokens, Transformer
        from dcviz.layers import Classifier

        _check_width(width)
        patch, count = _patches(shape[2] + before[0] + before[1])
        layers: list[nn.Module] = [nn.ZeroPad2d(before)] if any(before) else []  # type: ignore[arg-type]
        layers.append(Tokens(shape[0], width, patch, count))
        layers += [Transformer(width, HEADS, GROW * width) for _ in range(DEPTH if depth is None else depth)]
        return Classifier([*layers, MeanToken(width)], nn.Linear(width, classes, device="meta"))

    def features(self, width: int) -> int:
        """The width of a token."""
        return width

    def flops(self, shape: tuple[int, ...], side: int, width: int, depth: int | None) -> float:
        """Products of matrices; a product-sum is two."""
        patch, count = _patches(side)
        block = 2.0 * count * width * (4 * width + 2 * GROW * width) + 4.0 * count**2 * width
        return 2.0 * count * shape[0] * patch**2 * width + (DEPTH if depth is None else depth) * block

    def activations(self, shape: tuple[int, ...], side: int, width: int, depth: int | None) -> float:
        """Tokens in and between the parts of a block, and the weights of attention."""
        _, count = _patches(side)
        block = count * width * (10.0 + 2 * GROW) + 2.0 * HEADS * count**2
        return count * width + (DEPTH if depth is None else depth) * block

    def weights(self, shape: tuple[int, ...], side: int, width: int, depth: int | None) -> int:
        """Linear layers with bias; scale and shift of each normalisation; places."""
        patch, count = _patches(side)
        hidden = GROW * width
        block = 4 * width * (width + 1) + hidden * (width + 1) + width * (hidden + 1) + 4 * width
        tokens = (shape[0] * patch**2 + 1) * width + count * width
        return tokens + (DEPTH if depth is None else depth) * block + 2 * width


def _patches(side: int) -> tuple[int, int]:
    """The side of a patch, and how many there are: 8×8 of them, for small images 4×4."""
    patch = max(side // 8, min(2, side))
    return patch, (side // patch) ** 2


def _check_depth(depth: int | None) -> None:
    if depth is not None:
        raise Refused(f"ResNet-18 has its 18 layers, not {depth}: leave the depth out.")


def _check_width(width: int) -> None:
    if width % HEADS:
        raise Refused(f"a transformer {width} wide cannot have {HEADS} heads: choose a multiple of {HEADS}.")


DEEP: dict[str, Deep] = {"resnet18": ResNet18(), "vit": VisionTransformer()}
