"""How much autograd keeps for the backward pass, counted as it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class Kept:
    """Bytes of the storages that graphs hold, each once: now, and at most so far."""

    now: int = 0
    peak: int = 0
    holders: Counter[int] = field(default_factory=Counter)  # of each storage

    def pack(self, tensor: Tensor) -> _Holder:
        """Called by autograd for every tensor that it keeps."""
        storage = tensor.untyped_storage()
        key = storage.data_ptr()
        if not self.holders[key]:
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
        self.holders[key] += 1
        return _Holder(self, tensor, key, storage.nbytes())

    def release(self, key: int, size: int) -> None:
        """Called when a graph lets go of a tensor."""
        self.holders[key] -= 1
        if not self.holders[key]:
            self.now -= size


class _Holder:
    def __init__(self, kept: Kept, tensor: Tensor, key: int, size: int) -> None:
        self.kept, self.tensor, self.key, self.size = kept, tensor, key, size

    def __del__(self) -> None:
        self.kept.release(self.key, self.size)


@contextmanager
def counted() -> Iterator[Kept]:
    """Count what graphs that are built inside hold."""
    kept = Kept()
    with torch.autograd.graph.saved_tensors_hooks(kept.pack, lambda holder: holder.tensor):
        yield kept
