"""Differentiable augmentation: the same random change for every image it is applied to, in model space.

Source: Zhao and Bilen, Dataset Condensation with Differentiable Siamese Augmentation, 2021,
https://arxiv.org/abs/2102.08259; constants as in the authors' code. Nothing is clamped: model space has no
bounds, and clamping would kill the gradient. What is moved in from outside is 0, the mean of normalised data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from dcviz.errors import Refused, unknown

if TYPE_CHECKING:
    import torch
    from torch import Tensor

OPS = {
    "color": "brightness, saturation and contrast",
    "crop": "a shift by up to an eighth of the side",
    "cutout": "a square of half the side set to 0",
    "flip": "left and right exchanged, half of the time",
    "scale": "each side stretched or shrunk by up to 1.2",
    "rotate": "a turn by up to 15°",
}


@dataclass(frozen=True)
class Strength:
    """How strong each change can be."""

    brightness: float = 1.0  # x + (u - ½)·brightness, u uniform in [0, 1)
    saturation: float = 2.0  # (x - m)·u·saturation + m, m the mean over channels
    contrast: float = 0.5  # (x - m)·(u + contrast) + m, m the mean of the image
    crop: float = 0.125  # of the side
    cutout: float = 0.5  # of the side
    flip: float = 0.5  # probability
    scale: float = 1.2  # at most; at least 1/1.2
    rotate: float = 15.0  # degrees


FIELD = Strength()


def parse(strategy: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """The operations of a strategy such as ``color_crop_flip``; "" is none, and fits points of the plane too.

    >>> parse("crop_scale_rotate", (1, 28, 28))
    ('crop', 'scale', 'rotate')
    """
    ops = tuple(strategy.split("_")) if strategy else ()
    for op in ops:
        if op not in OPS:
            raise unknown("augmentation", op, OPS)
    if ops and len(shape) != 3:
        raise Refused(f"the augmentation {strategy!r} is for images, these are points of the plane: leave it empty.")
    return ops


def draw(
    strategy: str,
    shape: tuple[int, ...],
    generator: torch.Generator,
    mode: Literal["one", "all"] = "one",
    strength: Strength = FIELD,
) -> Callable[[Tensor], Tensor]:
    """One siamese augmentation ``(B, *shape) -> (B, *shape)``: its parameters are drawn now, once.

    It can be applied to any number of batches of any size, on any device, and changes every image in the same
    way. Mode "one" draws one operation of the strategy, as the field does; "all" applies them in order.
    """
    chosen = _choose(parse(strategy, shape), generator, mode)
    return _chain([DRAW[op](1, shape, generator, strength) for op in chosen])


def draw_each(
    strategy: str,
    shape: tuple[int, ...],
    count: int,
    generator: torch.Generator,
    mode: Literal["one", "all"] = "one",
) -> Callable[[Tensor], Tensor]:
    """One augmentation for a batch of ``count`` images in which every image has its own parameters.

    In mode "one" the operation is common to the batch, as in the field's evaluation.
    """
    chosen = _choose(parse(strategy, shape), generator, mode)
    return _chain([DRAW[op](count, shape, generator, FIELD) for op in chosen])


def _choose(ops: tuple[str, ...], generator: torch.Generator, mode: str) -> tuple[str, ...]:
    import torch

    if mode not in ("one", "all"):
        raise unknown("mode of augmentation", mode, ("one", "all"))
    if mode == "all" or not ops:
        return ops
    return (ops[int(torch.randint(len(ops), (1,), generator=generator))],)


def _chain(steps: list[Callable[[Tensor], Tensor]]) -> Callable[[Tensor], Tensor]:
    def augment(x: Tensor) -> Tensor:
        for step in steps:
            x = step(x)
        return x

    return augment


# Each _op(n, shape, generator, strength) draws parameters for n images (1: shared by all) and returns the change.


def _uniform(n: int, generator: torch.Generator) -> Tensor:
    import torch

    return torch.rand(n, 1, 1, 1, generator=generator)


def _color(n: int, shape: tuple[int, ...], generator: torch.Generator, s: Strength) -> Callable[[Tensor], Tensor]:
    bright, saturate, contrast = (_uniform(n, generator) for _ in range(3))  # (n, 1, 1, 1) each
    grey = shape[0] == 1

    def change(x: Tensor) -> Tensor:
        x = x + (bright.to(x) - 0.5) * s.brightness
        if not grey:  # one channel is its own mean
            m = x.mean(1, keepdim=True)
            x = (x - m) * (saturate.to(x) * s.saturation) + m
        m = x.mean((1, 2, 3), keepdim=True)
        return (x - m) * (contrast.to(x) + s.contrast) + m

    return change


def _crop(n: int, shape: tuple[int, ...], generator: torch.Generator, s: Strength) -> Callable[[Tensor], Tensor]:
    import torch

    most = [int(side * s.crop + 0.5) for side in shape[1:]]
    shift = torch.stack([torch.randint(-m, m + 1, (n,), generator=generator) for m in most], 1)  # (n, 2)
    return partial(_shift, shift=shift) if n > 1 else partial(_shift_all, shift=(int(shift[0, 0]), int(shift[0, 1])))


def _shift_all(x: Tensor, shift: tuple[int, int]) -> Tensor:
    from torch.nn.functional import pad

    down, right = shift
    return pad(x, (right, -right, down, -down))


def _shift(x: Tensor, shift: Tensor) -> Tensor:
    """Move each image ``x (n, c, h, w)`` by its own ``shift (n, 2)`` rows and columns."""
    import torch
    from torch.nn.functional import pad

    n, _, h, w = x.shape
    ph, pw = (int(v) for v in shift.abs().max(0).values)  # on the CPU, where they were drawn
    shift = shift.to(x.device)
    wide = pad(x, (pw, pw, ph, ph))
    rows = torch.arange(h, device=x.device) - shift[:, :1] + ph  # (n, h)
    columns = torch.arange(w, device=x.device) - shift[:, 1:] + pw  # (n, w)
    image = torch.arange(n, device=x.device)[:, None, None]
    return wide.movedim(1, -1)[image, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def _cutout(n: int, shape: tuple[int, ...], generator: torch.Generator, s: Strength) -> Callable[[Tensor], Tensor]:
    import torch

    inside = []
    for side in shape[1:]:
        size = int(side * s.cutout + 0.5)
        centre = torch.randint(0, side + (1 - size % 2), (n, 1), generator=generator)
        at = torch.arange(side) - (centre - size // 2)  # (n, side)
        inside.append((at >= 0) & (at < size))
    kept = ~(inside[0][:, :, None] & inside[1][:, None, :])  # (n, h, w)
    return lambda x: x * kept[:, None].to(x)


def _flip(n: int, shape: tuple[int, ...], generator: torch.Generator, s: Strength) -> Callable[[Tensor], Tensor]:
    turned = _uniform(n, generator) < s.flip  # (n, 1, 1, 1)
    if n == 1:
        return (lambda x: x.flip(3)) if bool(turned) else (lambda x: x)
    return lambda x: x.flip(3).where(turned.to(x.device), x)


def _scale(n: int, shape: tuple[int, ...], generator: torch.Generator, s: Strength) -> Callable[[Tensor], Tensor]:
    return partial(warp, theta=stretches(n, generator, s))


def _rotate(n: int, shape: tuple[int, ...], generator: torch.Generator, s: Strength) -> Callable[[Tensor], Tensor]:
    return partial(warp, theta=turns(n, generator, s))


def stretches(n: int, generator: torch.Generator, s: Strength) -> Tensor:
    """Maps ``(n, 2, 3)`` that stretch or shrink each side by itself."""
    import torch

    low = 1 / s.scale
    by = torch.rand(n, 2, generator=generator) * (s.scale - low) + low  # (n, 2): columns, rows
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = by[:, 0], by[:, 1]
    return theta


def turns(n: int, generator: torch.Generator, s: Strength) -> Tensor:
    """Maps ``(n, 2, 3)`` that turn."""
    import torch

    angle = (torch.rand(n, generator=generator) - 0.5) * (2 * s.rotate * math.pi / 180)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros(n)
    return torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)  # (n, 2, 3)


def warp(x: Tensor, theta: Tensor) -> Tensor:
    """Resample bilinearly at the affine map ``theta (n or 1, 2, 3)`` of the pixel positions; 0 outside.

    A map takes a position in the result, -1 to 1 from left to right and from top to bottom, to one in ``x``.
    """
    from torch.nn.functional import affine_grid, grid_sample

    grid = affine_grid(theta.to(x), [len(theta), *x.shape[1:]], align_corners=False)  # (n or 1, h, w, 2)
    return grid_sample(x, grid.expand(len(x), -1, -1, -1), padding_mode="zeros", align_corners=False)


DRAW = {"color": _color, "crop": _crop, "cutout": _cutout, "flip": _flip, "scale": _scale, "rotate": _rotate}
