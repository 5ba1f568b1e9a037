"""Eigenvalues and singular values of what may have diverged: NaN, where LAPACK would raise an error of its own.

A loss that is NaN ends a run with its last good state and the remedy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def eigh(a: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues ``(…, D)``, ascending, and eigenvectors ``(…, D, D)`` of symmetric ``a``."""
    import torch

    sound, broken = _sound(a)
    values, vectors = torch.linalg.eigh(sound)
    return values.masked_fill(broken.squeeze(-1), torch.nan), vectors


def svd(a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Left vectors ``(…, M, k)``, singular values ``(…, k)``, descending, and right vectors ``(…, k, r)`` of ``a``."""
    import torch

    sound, broken = _sound(a)
    u, s, vh = torch.linalg.svd(sound, full_matrices=False)
    return u, s.masked_fill(broken.squeeze(-1), torch.nan), vh


def _sound(a: Tensor) -> tuple[Tensor, Tensor]:
    """``a`` with 0 for every matrix of it that is not finite, and which those are ``(…, 1, 1)``."""
    broken = ~a.isfinite().all(-1, keepdim=True).all(-2, keepdim=True)
    return a.masked_fill(broken, 0), broken
