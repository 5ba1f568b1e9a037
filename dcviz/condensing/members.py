"""The real samples of each class that a selection looks at: all, or a stated part where a class is large.

Read in pieces: those of the disk in one pass over the file for several classes, in the order in which they lie there.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from dcviz.data.splits import hashed
from dcviz.data.transforms import pixels
from dcviz.types import Dataset

if TYPE_CHECKING:
    from torch import Tensor

LOOKED_AT = 2**26  # bytes of a class as float32: of a larger one, as many samples as these are looked at
READ = 2**27  # bytes of stored samples that are held at a time, of several classes
ROWS = 64  # samples of the disk in a piece: each may lie apart, a look at the disk of some milliseconds
PIECE = 2**23  # bytes in it
TURNED = 256  # samples turned to model space in a piece: whitening multiplies each by a matrix


def most(dataset: Dataset, budget: int) -> int:
    """How many samples of a class are looked at, at most: 64 MB as float32, but never fewer than the budget.

    >>> from dcviz.data import dataset
    >>> most(dataset("digits"), 10)
    262144
    """
    return max(LOOKED_AT // (4 * math.prod(dataset.shape)), budget)


def large(dataset: Dataset, budget: int) -> bool:
    """Whether a class has more samples than are looked at."""
    return int(dataset.train.y.bincount().max()) > most(dataset, budget)


def by_class(dataset: Dataset) -> list[Tensor]:
    """The positions of all training samples, class by class, in the order of the source."""
    y = dataset.train.y
    return list(y.argsort(stable=True).split(y.bincount(minlength=len(dataset.classes)).tolist()))


def part(own: Tensor, ids: Tensor, count: int) -> Tensor:
    """Of the positions ``own (n,)`` of a class, ``count`` by the hash of their ids ``(n,)``; all where there are fewer.

    The same part for each budget and seed, in the order of the source.
    """
    import torch

    if len(own) <= count:
        return own
    chosen = torch.from_numpy(hashed(ids.numpy(), seed=0).argpartition(count)[:count])
    return own[chosen].sort().values


def stored(dataset: Dataset, wanted: list[Tensor]) -> Generator[None, None, list[Tensor]]:
    """Stored training samples ``(n, *shape)`` for each list of positions; those of the disk in one pass."""
    import torch

    x = dataset.train.x
    if isinstance(x, torch.Tensor):
        found = []
        for own in wanted:
            found.append(x[own])
            yield
        return found
    at = torch.cat(wanted)
    rows = torch.empty(len(at), *x.shape[1:], dtype=x.dtype)
    for some in at.argsort().split(max(1, min(ROWS, PIECE // x.shape[1:].numel()))):
        rows[some] = x[at[some]]
        yield
    return list(rows.split([len(own) for own in wanted]))


def together(dataset: Dataset, wanted: list[Tensor]) -> Iterator[list[Tensor]]:
    """The classes in groups that are read in one pass: as many as are held at a time, one at least."""
    import torch

    x = dataset.train.x
    held: list[Tensor] = []
    rows = 0 if isinstance(x, torch.Tensor) else READ // x.shape[1:].numel()  # in memory nothing is gained
    for own in wanted:
        if held and sum(map(len, [*held, own])) > rows:
            yield held
            held = []
        held.append(own)
    yield held


def in_model_space(dataset: Dataset, x: Tensor) -> Generator[None, None, Tensor]:
    """Stored samples ``(n, *shape)`` transformed.

    The parts are of equal size, so that a product of matrices has the bits of one of all at once, which one of a few
    rows has not.
    """
    import torch

    made = torch.empty(x.shape, dtype=x.dtype if x.is_floating_point() else torch.float32)
    parts = max(1, math.ceil(len(x) / TURNED))
    for some, place in zip(x.tensor_split(parts), made.tensor_split(parts), strict=True):
        place.copy_(dataset.transform.forward(pixels(some)))
        yield
    return made
