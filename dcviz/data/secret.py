"""Random numbers that no seed gives away: what hides a private row must not be drawn again by who reads a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import TYPE_CHECKING

from dcviz.data.rows import chunks
from dcviz.randomness import derived_seed
from dcviz.types import Samples

if TYPE_CHECKING:
    from torch import Tensor

KEY_BYTES = 32


@dataclass(frozen=True)
class Key:
    """What noise is drawn from, by whoever holds the rows; never exported."""

    bytes: bytes = field(default_factory=lambda: token_bytes(KEY_BYTES), repr=False)
    run: str = ""  # whose questions differ at each step; a question about all rows at once leaves it out


class Secret:
    """The same question about the same rows gets the same numbers, and any other question gets others.

    So to ask again, after a crash say, tells nothing new; and never do two answers share their noise, whose difference
    would tell all. SHAKE-256 of the key, since a torch generator on the CPU has 2³² seeds, which can be tried out.
    """

    def __init__(self, key: bytes, rows: bytes, run: str = "") -> None:
        """Bind a key to a digest of the rows, which changes when a row does."""
        self.run = run
        self._keyed = hashlib.blake2b(rows, key=key, digest_size=32).digest()

    def mark(self, *question: object) -> str:
        """32 hexadecimal digits for a question of plain values; without the key they tell nothing of the rows."""
        return hashlib.blake2b(repr(question).encode(), key=self._keyed, digest_size=16).hexdigest()

    def uniform(self, shape: tuple[int, ...], *question: object) -> Tensor:
        """Numbers in (0, 1), float64 on the CPU, 53 random bits each."""
        import math

        import numpy as np
        import torch

        stream = hashlib.shake_256(self._keyed + repr(question).encode()).digest(8 * math.prod(shape))
        whole = np.frombuffer(stream, dtype="<u8") >> np.uint64(11)
        return torch.from_numpy((whole + 0.5) * 2.0**-53).reshape(shape)

    def normal(self, shape: tuple[int, ...], *question: object) -> Tensor:
        """Standard normal numbers, float64 on the CPU, by the inverse of their distribution."""
        import torch

        return torch.special.ndtri(self.uniform(shape, *question))


def open_numbers(seed: int, fingerprint: str) -> Secret:
    """Numbers that the seed does give away: for open data, where a mechanism is studied and nothing is promised."""
    return Secret(derived_seed(seed, "open noise").to_bytes(8, "big"), fingerprint.encode())


def digest(*tensors: Samples) -> bytes:
    """Of the content of tensors on the CPU, or of samples on the disk."""
    found = hashlib.blake2b(digest_size=32)
    for tensor in tensors:
        found.update(repr((tuple(tensor.shape), str(tensor.dtype))).encode())
        for part in chunks(tensor):
            found.update(part.contiguous().numpy().data)
    return found.digest()
