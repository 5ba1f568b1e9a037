"""One class of T as vectors, looked at a block at a time where it is too large to be held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

HELD = 2**28  # bytes of float32: a class of more is passed over in blocks
BLOCK = 2**26  # bytes of float32 in one; of data on the disk, a class of more is passed over likewise


class Cloud:
    """Vectors ``(N, D)`` that are made when they are asked for: nothing of them is kept."""

    def __init__(self, size: int, width: int, make: Callable[[Tensor], Tensor]) -> None:
        """Bind N, the numbers of one sample, and what gives the vectors ``(n, D)`` of positions ``(n,)``."""
        self._size, self._make = size, make
        self.block = max(1, BLOCK // (4 * width))  # rows

    def __len__(self) -> int:
        """N."""
        return self._size

    def __getitem__(self, at: Tensor) -> Tensor:
        """The vectors ``(n, D)`` of positions ``(n,)``."""
        return self._make(at)

    def blocks(self) -> Iterator[Tensor]:
        """All vectors, in their order."""
        import torch

        return (self[part] for part in torch.arange(len(self)).split(self.block))

    def some(self, generator: torch.Generator) -> Tensor:
        """As many random vectors as are in a block."""
        import torch

        return self[torch.randperm(len(self), generator=generator)[: self.block]]


def every(z: Tensor | Cloud, function: Callable[[Tensor], Tensor]) -> Tensor:
    """A function of each vector ``(N, D) -> (N, …)``, block by block where they are not held."""
    import torch

    return torch.cat([function(part) for part in z.blocks()]) if isinstance(z, Cloud) else function(z)


def mean(z: Tensor | Cloud) -> Tensor:
    """The mean vector ``(D,)``."""
    import torch

    if isinstance(z, Cloud):
        return (torch.stack([part.double().sum(0) for part in z.blocks()]).sum(0) / len(z)).float()
    return z.mean(0)


def at(z: Tensor | Cloud, position: int) -> Tensor:
    """One vector ``(D,)``."""
    import torch

    return z[torch.tensor([position])][0]
