"""Soft labels for several views of S: what a view is, how it is drawn, and how a network trains on it.

A view moves every image by an affine map of its own, and the map is stored beside the label that a teacher gave
the moved image: whoever trains on the set sees exactly what the teacher saw, on any device and in any program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.augment import FIELD, parse, stretches, turns, warp
from dcviz.errors import Refused
from dcviz.training import Sample, shuffles
from dcviz.types import Views

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def moves(strategy: str, shape: tuple[int, ...], count: int, generator: torch.Generator) -> Tensor:
    """One map for each of ``count`` images, ``(count, 2, 3)``, for `dcviz.augment.warp`.

    Every operation of the strategy, one after another, with the strengths of the field; "" changes nothing.

    Raises:
        Refused: a strategy with colour or cutout, which no map of positions can do; points of the plane.
    """
    import torch

    if len(shape) != 3:
        raise Refused("stored views are moved images, these are points of the plane: choose 0 views.")
    ops = parse(strategy, shape)
    if any(op not in MOVES for op in ops):
        raise Refused(f"a stored view only moves pixels, {strategy!r} does more: use {', '.join(MOVES)}, joined by _.")
    maps = torch.eye(3).repeat(count, 1, 1)
    for op in ops:  # the last operation comes first on the way from the result to the source
        maps = maps @ _square(MOVES[op](count, shape, generator))
    return maps[:, :2].contiguous()


def _shifts(count: int, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """By whole pixels: a side is 2 wide."""
    import torch

    maps = torch.eye(2, 3).repeat(count, 1, 1)
    for axis, side in enumerate((shape[2], shape[1])):  # columns, rows
        most = int(side * FIELD.crop + 0.5)
        maps[:, axis, 2] = torch.randint(-most, most + 1, (count,), generator=generator) * 2 / side
    return maps


def _mirrors(count: int, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    import torch

    maps = torch.eye(2, 3).repeat(count, 1, 1)
    maps[:, 0, 0] = 1 - 2 * (torch.rand(count, generator=generator) < FIELD.flip).float()
    return maps


def _square(maps: Tensor) -> Tensor:
    """Maps ``(n, 2, 3)`` as matrices ``(n, 3, 3)``, which can be multiplied."""
    import torch

    return torch.cat([maps, torch.tensor([0.0, 0.0, 1.0]).expand(len(maps), 1, 3)], 1)


# Each draws maps (count, 2, 3): of the operations of dcviz.augment those that only move pixels.
MOVES = {
    "crop": _shifts,
    "flip": _mirrors,
    "scale": lambda count, shape, generator: stretches(count, generator, FIELD),
    "rotate": lambda count, shape, generator: turns(count, generator, FIELD),
}


def viewed(x: Tensor, views: Views) -> Sample:
    """Batches of ``x (M, *shape)``, each seen in one view drawn at random: the moved images and their labels."""
    import torch

    positions = torch.arange(len(x))
    drawn = shuffles(positions, positions)

    def sample(size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        a = int(torch.randint(len(views.labels), (), generator=generator))
        picked = drawn(size, generator)[0].to(x.device)
        return warp(x[picked], views.maps[a, picked]), views.labels[a, picked]

    return sample
