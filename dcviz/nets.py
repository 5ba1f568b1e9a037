"""Networks, drawn from a generator: the field's ConvNet, an MLP, a linear classifier, and two deeper ones.

The global random state is never read: the same generator gives the same weights, on every device.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dcviz.deep_nets import DEEP
from dcviz.errors import Refused, unknown

if TYPE_CHECKING:
    import torch

    from dcviz.layers import Classifier

NETWORKS = {
    "convnet": "ConvNet: blocks of convolution, normalisation, ReLU and pooling; the field's usual network.",
    "mlp": "MLP: two fully connected hidden layers; knows nothing of neighbouring pixels.",
    "linear": "Linear: logistic regression on the pixels or coordinates.",
    "resnet18": "ResNet-18: eight residual blocks in four stages; the usual network that S was not made for.",
    "vit": "Vision transformer: four blocks of attention between patches; knows nothing of neighbouring pixels either.",
}
TITLES = {"convnet": "ConvNet", "mlp": "MLP", "linear": "linear", "resnet18": "ResNet-18", "vit": "ViT"}
# The field's ConvNet is 128 wide and its ResNet 64: too slow for a live CPU run.
WIDTHS = {"convnet": 32, "mlp": 128, "linear": 0, "resnet18": 16, "vit": 64}
NORMS = ("instance", "batch", "none")


class Plan(NamedTuple):
    """What a ConvNet does to the sides of an image."""

    before: tuple[int, int, int, int]  # zero padding left, right, top, bottom
    side: int  # padded, a power of two
    depth: int  # blocks; each halves the side


def network(  # noqa: PLR0913  (three of them rare, by keyword only)
    name: str,
    shape: tuple[int, ...],
    classes: int,
    generator: torch.Generator,
    *,
    width: int | None = None,
    depth: int | None = None,
    norm: str = "instance",
) -> Classifier:
    """A fresh network on the CPU; ``net(x)`` gives logits ``(B, C)``, ``net.embed(x)`` features ``(B, D)``.

    Args:
        name: one of `NETWORKS`.
        shape: of one sample, ``(channels, height, width)`` or ``(2,)``.
        classes: C.
        generator: a CPU generator; weights and biases are uniform in ±1/√(fan-in), as torch draws them.
        width: channels of a ConvNet block or units of an MLP layer; by default those of `WIDTHS`.
        depth: blocks or hidden layers; by default log₂(padded side) - 2 blocks, 2 layers. A ResNet has its own.
        norm: of a ConvNet or ResNet: instance, batch or none.

    Raises:
        Refused: an unknown name or norm, a ConvNet for points of the plane, more blocks than the side allows.
    """
    from dcviz.layers import drawn

    check(name, shape, norm)
    width = WIDTHS[name] if width is None else width
    if name == "convnet":
        return drawn(_convnet(shape, classes, width, depth, norm), generator)
    if name in DEEP:
        return drawn(DEEP[name].build(shape, classes, width, depth, norm, convnet_plan(shape).before), generator)
    return drawn(_mlp(shape, classes, width, _hidden(name, depth)), generator)


def feature_size(name: str, shape: tuple[int, ...], *, width: int | None = None, depth: int | None = None) -> int:
    """D of ``embed``.

    >>> feature_size("convnet", (1, 28, 28), width=128)
    2048
    """
    check(name, shape)
    width = WIDTHS[name] if width is None else width
    if name in DEEP:
        return DEEP[name].features(width)
    if name != "convnet":
        return width if _hidden(name, depth) else math.prod(shape)
    plan = convnet_plan(shape, depth)
    return width * (plan.side >> plan.depth) ** 2


def flops(
    name: str, shape: tuple[int, ...], width: int | None = None, *, depth: int | None = None, classes: int = 10
) -> float:
    """Operations of one forward pass of one sample (convolutions and matrix products; a product-sum is two).

    Backward to the input costs as much again, to the weights too.

    >>> round(flops("convnet", (1, 28, 28), 128) / 1e6, 1)
    96.8
    """
    check(name, shape)
    width = WIDTHS[name] if width is None else width
    head = 2.0 * feature_size(name, shape, width=width, depth=depth) * classes
    if name in DEEP:
        return head + DEEP[name].flops(shape, convnet_plan(shape).side, width, depth)
    if name != "convnet":
        sizes = [math.prod(shape)] + [width] * _hidden(name, depth)
        return head + sum(2.0 * a * b for a, b in zip(sizes, sizes[1:], strict=False))
    plan = convnet_plan(shape, depth)
    blocks = range(plan.depth)
    return head + sum(18.0 * (width if i else shape[0]) * width * (plan.side >> i) ** 2 for i in blocks)


def activations(name: str, shape: tuple[int, ...], width: int | None = None, *, depth: int | None = None) -> float:
    """Numbers that one sample's forward pass leaves for the backward pass, roughly.

    Three a channel and pixel of each block (convolved, normalised, rectified) and the pooled quarter.

    >>> round(activations("convnet", (1, 8, 8), 32))
    6656
    """
    check(name, shape)
    width = WIDTHS[name] if width is None else width
    if name in DEEP:
        return DEEP[name].activations(shape, convnet_plan(shape).side, width, depth)
    if name != "convnet":
        return math.prod(shape) + 2.0 * width * _hidden(name, depth)
    plan = convnet_plan(shape, depth)
    return sum(3.25 * width * (plan.side >> i) ** 2 for i in range(plan.depth))


def weights(
    name: str, shape: tuple[int, ...], width: int | None = None, classes: int = 10, *, depth: int | None = None
) -> int:
    """P, the number of weights of a network with instance or batch normalisation.

    >>> weights("convnet", (3, 32, 32), 128)
    320010
    """
    check(name, shape)
    width = WIDTHS[name] if width is None else width
    head = (feature_size(name, shape, width=width, depth=depth) + 1) * classes
    if name in DEEP:
        return head + DEEP[name].weights(shape, convnet_plan(shape).side, width, depth)
    if name != "convnet":
        sizes = [math.prod(shape)] + [width] * _hidden(name, depth)
        return head + sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
    blocks = range(convnet_plan(shape, depth).depth)
    return head + sum((9 * (width if i else shape[0]) + 3) * width for i in blocks)


def check(name: str, shape: tuple[int, ...], norm: str = "instance") -> None:
    """Refuse a network that does not exist or does not fit the samples."""
    if name not in NETWORKS:
        raise unknown("network", name, NETWORKS)
    if norm not in NORMS:
        raise unknown("normalisation", norm, NORMS)
    if name not in ("mlp", "linear") and len(shape) != 3:
        raise Refused(f"a {TITLES[name]} needs images, these are points of the plane: choose the network mlp.")


def convnet_plan(shape: tuple[int, ...], depth: int | None = None) -> Plan:
    """Padding and depth for images of this shape: the longer side grows to a power of two, both become that.

    >>> convnet_plan((1, 28, 28))
    Plan(before=(2, 2, 2, 2), side=32, depth=3)
    >>> convnet_plan((1, 8, 8)).depth, convnet_plan((3, 64, 64)).depth
    (1, 4)
    """
    _, h, w = shape
    power = max(h, w, 2) - 1
    most = power.bit_length()
    side = 1 << most
    if depth is not None and not 1 <= depth <= most:
        raise Refused(f"{depth} blocks do not fit images of side {side}: each halves it; choose 1 to {most}.")
    left, top = (side - w) // 2, (side - h) // 2
    return Plan((left, side - w - left, top, side - h - top), side, depth or max(most - 2, 1))


def _convnet(shape: tuple[int, ...], classes: int, width: int, depth: int | None, norm: str) -> Classifier:
    from torch import nn

    from dcviz.layers import Classifier, Linear, block

    plan = convnet_plan(shape, depth)
    layers: list[nn.Module] = [nn.ZeroPad2d(plan.before)] if any(plan.before) else []
    for i in range(plan.depth):
        layers += block(width if i else shape[0], width, norm)
    size = width * (plan.side >> plan.depth) ** 2
    return Classifier([*layers, nn.Flatten()], Linear(size, classes))


def _mlp(shape: tuple[int, ...], classes: int, width: int, hidden: int) -> Classifier:
    from torch import nn

    from dcviz.layers import Classifier, Linear

    size = math.prod(shape)
    layers: list[nn.Module] = [nn.Flatten()]
    for _ in range(hidden):
        layers += [Linear(size, width), nn.ReLU(inplace=True)]
        size = width
    return Classifier(layers, Linear(size, classes))


def _hidden(name: str, depth: int | None) -> int:
    return 0 if name == "linear" else (2 if depth is None else depth)
