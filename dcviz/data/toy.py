"""Planar sets: figures of radius 1 around the origin, drawn from a generator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dcviz.data.catalogue import MINORITY, TOY_SIZE, catalogue
from dcviz.data.scores import score_of
from dcviz.data.splits import HELD_OUT, Source, make_split
from dcviz.errors import Refused
from dcviz.randomness import generator
from dcviz.records import DataConfig
from dcviz.types import Progress

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

LARGEST = 200_000
GRID = 2.0**20  # coordinates are whole multiples of 2⁻²⁰: no machine's cosine changes the fingerprint


def source(config: DataConfig, progress: Progress) -> Source:
    """``config.size`` real points (2,000 by default) in equal classes; a tenth as many more held out; 1,000 to test.

    Raises:
        Refused: a size, a noise or a minority out of range.
    """
    info = next(i for i in catalogue() if i.name == config.name)
    classes = len(info.classes)
    size = TOY_SIZE if config.size is None else config.size
    if not 2 * classes <= size <= LARGEST:
        raise Refused(f"{size} points of {info.name} are out of range: choose from {2 * classes} to {LARGEST:,}.")
    noise = NOISE[info.name] if config.noise is None else config.noise
    if not 0 <= noise <= 1:
        raise Refused(f"a noise of {noise:g} is out of range: it is a fraction of the figure's radius, from 0 to 1.")
    small = MINORITY.get(info.name, 0.0) if config.minority is None else config.minority
    if config.minority is not None and info.name not in MINORITY:
        raise Refused(f"{info.title} have no small group: leave the minority out, or choose {', '.join(MINORITY)}.")
    if small and not 1 / (size // classes) <= small <= 0.5:
        raise Refused(
            f"a minority of {small:g} is out of range: it is the share of the small group in each class, at most 0.5, "
            f"and at least one of {size // classes} points."
        )
    held = max(round(size / HELD_OUT), classes)
    first, parts, groups = 0, [], []
    for purpose, n in (("train", size), ("held out", held), ("test", info.test)):
        x, y = draw(info.name, n, classes, noise, generator(config.seed, f"{info.name} {purpose}"), minority=small)
        parts.append(make_split(x, y, first))
        groups.append(minority_of(n, classes, small))
        first += n
    score = score_of(info.name, noise, small)
    column = _names(groups) if small else None
    return Source(info.name, info.title, info.classes, parts[0], parts[2], parts[1], score, column)


def _names(groups: list[Tensor]) -> np.ndarray:
    import numpy as np
    import torch

    return np.where(torch.cat(groups).numpy(), "minority", "majority")


def minority_of(n: int, classes: int, share: float) -> Tensor:
    """Which of n points ``(n,)``, the classes taking turns, are of the small group: that share of each class, evenly.

    >>> minority_of(8, 2, 0.25).long().tolist()
    [0, 0, 0, 0, 0, 0, 1, 1]
    """
    import torch

    turn = torch.arange(n) // classes  # position in its class
    before, after = (((turn + i) * share + 1e-9).floor() for i in (0, 1))  # 1e-9: of what ought to be whole
    return after > before


def draw(  # noqa: PLR0913
    name: str, n: int, classes: int, noise: float, at: torch.Generator, *, minority: float | None = None
) -> tuple[Tensor, Tensor]:
    """Points ``(n, 2)`` of a figure and their classes ``(n,)``, the classes taking turns.

    ``noise`` is the standard deviation of what is added to each coordinate; ``minority`` the share of a small group,
    as usual unless given.
    """
    import torch

    y = torch.arange(n) % classes
    u = torch.rand(n, 2, generator=at, dtype=torch.float64)
    x = FIGURES[name](y, u)
    small = MINORITY.get(name, 0.0) if minority is None else minority
    if small:
        x = torch.where(minority_of(n, classes, small)[:, None], SMALL[name](y, u), x)
    x = x + noise * torch.randn(n, 2, generator=at, dtype=torch.float64)
    return ((x * GRID).round() / GRID).float(), y


def moons(y: Tensor, u: Tensor) -> Tensor:
    """Two half circles, the second turned and moved into the first; 3 wide at radius 1, scaled by 2/3."""
    turn = math.pi * u[:, 0]
    sign = 1 - 2 * y.double()
    return _stack(sign * turn.cos() - 0.5 * sign, sign * turn.sin() - 0.25 * sign) / 1.5


def bars(y: Tensor, u: Tensor) -> Tensor:
    """Two upright lines side by side beyond the upper moon, one for each class: the moons hardly tell them apart."""
    return _stack(0.28 + 0.44 * y.double(), 0.7 + 0.3 * u[:, 0])


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
    "moons-minority": moons,
    "rings": rings,
    "eight-gaussians": eight_gaussians,
    "spirals": spirals,
    "checkerboard": checkerboard,
}
SMALL = {"moons-minority": bars}  # where the small group lies
NOISE = {
    "moons": 0.08,
    "moons-minority": 0.12,
    "rings": 0.05,
    "eight-gaussians": 0.07,
    "spirals": 0.02,
    "checkerboard": 0.01,
}
