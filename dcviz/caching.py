"""What is costly and does not change is kept between runs, under keys that name all it depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor


class Cache(Protocol):
    """Where results are kept; the store is one."""

    def load_cached(self, kind: str, key: str) -> tuple[Mapping[str, np.ndarray], Any] | None:
        """Arrays and plain values under a key, or None."""

    def save_cached(self, kind: str, key: str, arrays: Mapping[str, np.ndarray], meta: Any) -> None:
        """Keep arrays and plain values under a key."""


def key_of(*parts: object) -> str:
    """32 hexadecimal digits for plain values; equal parts give equal keys.

    >>> key_of("umap", 0) == key_of("umap", 0), len(key_of("umap", 1))
    (True, 32)
    """
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def kept(
    cache: Cache | None, kind: str, key: str, make: Callable[[], dict[str, Tensor]], device: torch.device
) -> dict[str, Tensor]:
    """Tensors by name, on the device: from the cache under (kind, key), otherwise made and put there."""
    import torch

    found = cache.load_cached(kind, key) if cache is not None else None
    if found is not None:
        return {name: torch.from_numpy(array).to(device) for name, array in found[0].items()}
    made = make()
    if cache is not None:
        cache.save_cached(kind, key, {name: tensor.cpu().numpy() for name, tensor in made.items()}, {})
    return {name: tensor.to(device) for name, tensor in made.items()}
