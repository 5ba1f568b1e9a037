"""Samples that stay on the disk: a memory-mapped array of bytes of which only what is asked for is read.

The mapping gives back what it has brought in after every `TOUCHED` bytes, so that a pass over a file of any size, and
any number of batches drawn from it, take the same little memory. (It stays in the system's own memory while there is
room, from where the next look is quick.)
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.types import Samples

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

MAPPED_FROM = 2**26  # bytes of uint8: a smaller array is read whole, and 256 MiB as float32 at most
TOUCHED = 2**26  # bytes of the file that may lie in this process's memory at a time
CHUNK = 2**23  # bytes in one chunk of a pass over all
PAGES = 2**21  # bytes that the system may bring in around a row that is touched: a large page


class Mapping:
    """A file mapped for reading. It is refused once another program has changed it, or cut it off."""

    def __init__(self, path: Path) -> None:
        """Map the whole file."""
        self.path = path
        self._file = open(path, "rb")  # noqa: SIM115  (as long as the mapping lives)
        self._state = self._now()
        self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def array(self, offset: int, shape: tuple[int, ...]) -> np.ndarray:
        """The bytes from ``offset`` on as an array, of which nothing is read yet."""
        import math

        import numpy as np

        return np.frombuffer(self._map, np.uint8, math.prod(shape), offset).reshape(shape)

    def turn(self) -> None:
        """Before more is read: see that it is still there, and let go of what was read before."""
        if self._now() != self._state:
            raise Refused(f"{self.path} was changed while it was in use: load it again, or start anew.")
        if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows, which lets go by itself
            self._map.madvise(mmap.MADV_DONTNEED)

    def _now(self) -> tuple[int, int]:
        state = os.fstat(self._file.fileno())
        return state.st_size, state.st_mtime_ns


class Rows:
    """Samples ``(N, …)`` uint8 of a mapped file, used as a tensor is: by index, slice and chunk."""

    def __init__(self, mapping: Mapping, array: np.ndarray, chosen: Tensor | None = None) -> None:
        """Bind an array of a mapping; of its rows all, or those ``chosen (N,)``."""
        import torch

        self._mapping, self._array, self._chosen = mapping, array, chosen
        self.shape = torch.Size((len(array) if chosen is None else len(chosen), *array.shape[1:]))
        self.dtype = torch.uint8

    def __len__(self) -> int:
        """N."""
        return self.shape[0]

    def __getitem__(self, at: int | slice | Tensor) -> Tensor:
        """Samples read from the file: one, or several ``(n, channels, H, W)``."""
        import torch

        if isinstance(at, int):
            return self[torch.tensor([at])][0]
        if isinstance(at, slice):
            at = torch.arange(*at.indices(len(self)))
        found = torch.empty((*at.shape, *self.shape[1:]), dtype=torch.uint8)
        if len(at):
            self._read(at.flatten(), found.view(-1, *self.shape[1:]))
        return found

    def _read(self, at: Tensor, into: Tensor) -> None:
        """Read rows, as many at a time as bring in `TOUCHED` bytes."""
        import torch

        rows = at if self._chosen is None else self._chosen[at]
        pages = rows * self.shape[1:].numel() // PAGES
        moved = (pages[1:] != pages[:-1]).cumsum(0)  # how often another page was turned to
        block = max(1, TOUCHED // max(PAGES, self.shape[1:].numel()))
        sizes = torch.cat([moved.new_zeros(1), moved // block]).bincount().tolist()
        for part, place in zip(rows.split(sizes), into.split(sizes), strict=True):
            self._mapping.turn()
            place.numpy()[...] = self._array[part.numpy()]

    def split(self, size: int) -> Iterator[Tensor]:
        """All samples in chunks, one after another."""
        return (self[first : first + size] for first in range(0, len(self), size))

    def only(self, indices: Tensor) -> Rows:
        """Some of the samples, in the given order; they stay where they are."""
        return Rows(self._mapping, self._array, indices if self._chosen is None else self._chosen[indices])

    def viewed(self, function: Callable[[np.ndarray], np.ndarray]) -> Rows:
        """The same bytes with other axes, by a function that gives a view of an array."""
        return Rows(self._mapping, function(self._array), self._chosen)

    def dim(self) -> int:
        """The number of dimensions, that of samples included."""
        return len(self.shape)

    def numel(self) -> int:
        """The number of bytes."""
        return self.shape.numel()

    def element_size(self) -> int:
        """Bytes a number."""
        return 1

    def is_floating_point(self) -> bool:
        """Bytes are none."""
        return False


def some(x: Samples, indices: Tensor) -> Samples:
    """Some samples; those on the disk stay there."""
    return x.only(indices) if isinstance(x, Rows) else x[indices]


def chunks(x: Samples) -> Iterator[Tensor]:
    """All samples in their order; a tensor in one piece."""
    if isinstance(x, Rows):
        yield from x.split(max(1, CHUNK // max(1, x.shape[1:].numel())))
    else:
        yield x[:]
