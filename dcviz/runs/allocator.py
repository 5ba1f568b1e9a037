"""Keep large blocks of memory between steps instead of giving them back: on Linux this halves a step's time."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache

# Numbers of glibc's mallopt; see its manual page, mallopt(3).
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, ARENA_MAX = -1, -2, -3, -8
LARGE = 2**31 - 1  # bytes, the most that mallopt takes: whatever is freed stays
KERNELS = "ONEDNN_PRIMITIVE_CACHE_CAPACITY", 256  # compiled for one shape each, 50 kB; a run has use for up to 100


@cache
def keep_memory() -> bool:
    """Tell glibc, once for the process, to reuse freed blocks, and oneDNN to keep fewer kernels; whether glibc did.

    By default glibc maps every large activation afresh and the kernel fills it with zeros: more work than a
    convolution that writes it. The price is memory that is kept: about a quarter more. One arena for all threads,
    because those of other threads hold no blocks above 64 MB; threads that have one of their own already keep it.
    Kernels of shapes that nobody computes with any more would stay in a server until there are 1,024.
    """
    name, most = KERNELS
    os.environ.setdefault(name, str(most))  # read at the first convolution
    mallopt = _of_glibc("mallopt")
    if mallopt is None:
        return False
    settings = {MMAP_THRESHOLD: LARGE, TRIM_THRESHOLD: LARGE, TOP_PAD: 2**26, ARENA_MAX: 1}
    taken = [mallopt(number, value) for number, value in settings.items()]
    return all(taken)


def give_back() -> None:
    """Return to the system what is free: after a run, that the next one does not need as much.

    Nothing else does once `keep_memory` was called: one large run would be paid for as long as the process lives.
    """
    malloc_trim = _of_glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """One of its functions; other C libraries have none of these."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
