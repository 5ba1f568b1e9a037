"""Kernels of the distance: similarity ``k(d²)`` and, on demand, its slope in d²."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import Cloud, cloud

if TYPE_CHECKING:
    from torch import Tensor

Similarity = tuple["Tensor", Callable[[], "Tensor"]]

# Standard deviations in units of the bandwidth, widest first: clusters are smaller than the median distance.
OCTAVES = (2.0, 1.0, 0.5, 0.25, 0.125)
# M3D's: squared widths in octaves around the mean squared distance.
HALF_OCTAVES = (2.0, 2**0.5, 1.0, 0.5**0.5, 0.5)


def gauss(d2: Tensor, h: Tensor, widths: tuple[float, ...]) -> Similarity:
    """exp(-d²/2h²), mean over widths, and its slope in d²."""
    widest = -0.5 / (h * widths[0]).square()
    parts = _powers((d2 * widest).exp_(), [(widths[0] / s) ** 2 for s in widths])
    slopes = [-0.5 / (h * s).square() for s in widths]
    return _mean(parts), lambda: _mean([k * s for k, s in zip(parts, slopes, strict=True)])


def laplace(d2: Tensor, h: Tensor, widths: tuple[float, ...]) -> Similarity:
    """exp(-d/h), mean over widths, and its slope in d²: 0 at coincident points (a subgradient)."""
    d = d2.sqrt()
    parts = _powers((d * (-1 / (h * widths[0]))).exp_(), [widths[0] / s for s in widths])
    slopes = [-0.5 / (h * s) for s in widths]
    return _mean(
        parts
    ), lambda: _mean([k * s for k, s in zip(parts, slopes, strict=True)]).div_(d).masked_fill_(d == 0, 0)


def imq(d2: Tensor, h: Tensor, widths: tuple[float, ...]) -> Similarity:
    """(1+d²/h²)^-½, mean over widths, and its slope in d²."""
    parts = [(1 + d2 / (h * s).square()).rsqrt_() for s in widths]
    slopes = [-0.5 / (h * s).square() for s in widths]
    return _mean(parts), lambda: _mean([k * k * k * s for k, s in zip(parts, slopes, strict=True)])


def energy(d2: Tensor, h: Tensor, widths: tuple[float, ...]) -> Similarity:
    """-d/h whatever the widths, which would only multiply it; slope 0 at coincident points (a subgradient)."""
    d = d2.sqrt()
    return -d / h, lambda: (-0.5 / (d * h)).masked_fill_(d == 0, 0)


RADIAL = {"gauss": gauss, "laplace": laplace, "imq": imq, "energy": energy}


def joint_scale(real: Cloud, y: Tensor, v: Tensor) -> Tensor:
    """The h ``(…)`` with 2h² = Σd²/(n²-n) over the n unmasked points of both sets, counted equally (M3D).

    Σd² = 2n Σ‖z - mean‖², and that sum is the one within each set and N M / n times the distance of their means.
    """
    import torch

    x, w, squares, centre = real
    seen, shown = ((part > 0).to(x.dtype) for part in (w, v))
    N, M = seen.sum(-1), shown.sum(-1)
    own = cloud(y - centre, shown / M.clamp_min(1).unsqueeze(-1))
    mean = (seen / N.clamp_min(1).unsqueeze(-1)).unsqueeze(-2) @ x  # (…, 1, D); near 0, as the cloud is centred
    within = (seen * squares).sum(-1) - N * mean.square().sum((-2, -1)) + M * (own[1] * own[2]).sum(-1)
    n = N + M
    between = N * M / n * (own[3] - mean).square().sum((-2, -1))
    mean_square = 2 * (within + between) / (n - 1)
    return (torch.where(mean_square > 0, mean_square, 1) / 2).sqrt()


def _powers(base: Tensor, exponents: list[float]) -> list[Tensor]:
    """Increasing powers of ``base``; each doubling is one product, much cheaper than an exponential."""
    from math import log2

    parts = [base]
    for before, after in zip(exponents, exponents[1:], strict=False):
        doublings, part = log2(after / before), parts[-1]
        if abs(doublings - round(doublings)) > 1e-9:
            part = part.pow(after / before)
        else:
            for _ in range(round(doublings)):
                part = part * part
        parts.append(part)
    return parts


def _mean(parts: list[Tensor]) -> Tensor:
    total = parts[0].clone()
    for part in parts[1:]:
        total += part
    return total.div_(len(parts))
