"""Planar sets: figures of radius 1 around the origin, drawn from a generator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dcviz.data.catalogue import TOY_SIZE, TOY_TEST, catalogue
from dcviz.data.scores import score_of
from dcviz.data.splits import HELD_OUT, Source, make_split
from dcviz.errors import Refused
from dcviz.randomness import generator
from dcviz.records import DataConfig
from dcviz.types import Progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LARGEST = 200_000
GRID = 2.0**20  # coordinates are whole multiples of 2⁻²⁰: no machine's cosine changes the fingerprint


def source(config: DataConfig, progress: Progress) -> Source:
    """``config.size`` real points (2,000 by default) in equal classes; a tenth as many more held out; 1,000 to test.

    Raises:
        Refused: a size or a noise out of range.
    """
    info = next(i for i in catalogue() if i.name == config.name)
    classes = len(info.classes)
    size = TOY_SIZE if config.size is None else config.size
    if not 2 * classes <= size <= LARGEST:
        raise Refused(f"{size} points of {info.name} are out of range: choose from {2 * classes} to {LARGEST:,}.")
    noise = NOISE[info.name] if config.noise is None else config.noise
    if not 0 <= noise <= 1:
        raise Refused(f"a noise of {noise:g} is out of range: it is a fraction of the figure's radius, from 0 to 1.")
    held = max(round(size / HELD_OUT), classes)
    first, parts = 0, []
    for purpose, n in (("train", size), ("held out", held), ("test", TOY_TEST)):
        x, y = draw(info.name, n, classes, noise, generator(config.seed, f"{info.name} {purpose}"))
        parts.append(make_split(x, y, first))
        first += n
    score = score_of(info.name, noise)
    return Source(info.name, info.title, info.classes, parts[0], parts[2], parts[1], score)


def draw(name: str, n: int, classes: int, noise: float, at: torch.Generator) -> tuple[Tensor, Tensor]:
    """Points ``(n, 2)`` of a figure and their classes ``(n,)``, the classes taking turns.

    ``noise`` is the standard deviation of what is added to each coordinate.
    """
    import torch

    y = torch.arange(n) % classes
    x = FIGURES[name](y, torch.rand(n, 2, generator=at, dtype=torch.float64))
    x = x + noise * torch.randn(n, 2, generator=at, dtype=torch.float64)
    return ((x * GRID).round() / GRID).float(), y


def moons(y: Tensor, u: Tensor) -> Tensor:
    """Two half circles, the second turned and moved into the first; 3 wide at radius 1, scaled by 2/3."""
    turn = math.pi * u[:, 0]
    sign = 1 - 2 * y.double()
    return _stack(sign * turn.cos() - 0.5 * sign, sign * turn.sin() - 0.25 * sign) / 1.5


def rings(y: Tensor, u: Tensor) -> Tensor:
    """Circles of radius 1 and 1/2 around the origin."""
    turn = 2 * math.pi * u[:, 0]
    return _stack(turn.cos(), turn.sin()) / (1 + y.double())[:, None]


def eight_gaussians(y: Tensor, u: Tensor) -> Tensor:
    """The centres of eight modes on the unit circle, even ones of class 0, odd ones of class 1."""
    turn = math.pi / 4 * (2 * (4 * u[:, 0]).floor() + y)
    return _stack(turn.cos(), turn.sin())


def spirals(y: Tensor, u: Tensor) -> Tensor:
    """Two arms of one and a half turns, evenly dense along their length."""
    radius = 0.1 + 0.9 * u[:, 0].sqrt()
    turn = 3 * math.pi * radius + math.pi * y
    return _stack(turn.cos(), turn.sin()) * radius[:, None]


def checkerboard(y: Tensor, u: Tensor) -> Tensor:
    """The 4×4 fields of the square [-1, 1]², light and dark in turn."""
    row = (4 * u[:, 0]).floor()
    column = 2 * (2 * u[:, 1]).floor() + (row + y) % 2
    within = _stack((4 * u[:, 0]) % 1, (2 * u[:, 1]) % 1)
    return (_stack(row, column) + within) / 2 - 1


def _stack(a: Tensor, b: Tensor) -> Tensor:
    import torch

    return torch.stack([a, b], 1)


FIGURES = {
    "moons": moons,
    "rings": rings,
    "eight-gaussians": eight_gaussians,
    "spirals": spirals,
    "checkerboard": checkerboard,
}
NOISE = {"moons": 0.08, "rings": 0.05, "eight-gaussians": 0.07, "spirals": 0.02, "checkerboard": 0.01}
