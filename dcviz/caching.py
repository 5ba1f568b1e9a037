"""What is costly and does not change is kept between runs, under keys that name all it depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np


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
