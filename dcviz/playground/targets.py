"""The distributions of the Playground: their real points, what is known of them, and where their modes are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from dcviz.errors import unknown
from dcviz.playground.drawing import decode
from dcviz.playground.names import DRAWN, FIGURES, REAL_POINTS
from dcviz.randomness import generator

if TYPE_CHECKING:
    import torch
    from torch import Tensor

AREAS = 8  # into which a distribution without modes of its own is divided
ROUNDS = 10  # of k-means
SMALLEST = 0.05  # reach of a mode: that of a single point
MIXTURES = {  # centres, masses, and standard deviation of each
    "three-unequal": (((-0.75, -0.45), (0.75, -0.35), (0.05, 0.85)), (0.6, 0.3, 0.1), 0.12),
    "two-far": (((-1.0, 0.0), (1.0, 0.0)), (0.5, 0.5), 0.12),
    "one-gaussian": (((0.0, 0.0),), (1.0,), 0.4),
}


@dataclass(frozen=True, eq=False)
class Target:
    """Real points with what the measurements need; distances are in radii of the figures."""

    key: tuple[str, str, int]  # name, drawing, seed
    x: Tensor  # (N, 2) float64
    score: Callable[[Tensor], Tensor] | None  # ∇ log p, where it is known: (B, 2) -> (B, 2)
    centres: Tensor  # (K, 2) of the modes, or of areas of about equal size
    reach: Tensor  # (K,) of each: holds 95 % of its own points
    modal: bool  # whether they are modes of the distribution itself
    near: float  # farther from its nearest real point a synthetic point counts as off the data


@lru_cache(maxsize=16)
def target(name: str, drawing: str = "", seed: int = 0) -> Target:
    """The distribution of a name, or what was drawn.

    Raises:
        Refused: an unknown name; a text that is no drawing.
    """
    import torch

    score, centres = None, None
    if name == DRAWN:
        x = torch.tensor(decode(drawing), dtype=torch.float64).reshape(-1, 2)
    elif name in MIXTURES:
        x, score, centres = _mixture(name, generator(seed, f"playground {name}"))
    elif name in FIGURES:
        x, score, centres = _figure(name, generator(seed, f"playground {name}"))
    else:
        raise unknown("distribution", name, [*FIGURES, DRAWN])
    modal = centres is not None
    if centres is None:
        centres = areas(x, generator(seed, "playground areas"))
    return Target((name, drawing, seed), x, score, centres, _reach(x, centres), modal, _near(x))


def _mixture(name: str, at: torch.Generator) -> tuple[Tensor, Callable[[Tensor], Tensor], Tensor]:
    import torch

    from dcviz.data.scores import mixture_score

    places, masses, spread = MIXTURES[name]
    centres, w = torch.tensor(places, dtype=torch.float64), torch.tensor(masses, dtype=torch.float64)
    counts = (w * REAL_POINTS).round().long()
    counts[0] += REAL_POINTS - counts.sum()
    x = centres.repeat_interleave(counts, 0)
    x = x + spread * torch.randn(x.shape, generator=at, dtype=torch.float64)
    return x, mixture_score(centres, w, spread), centres


def _figure(name: str, at: torch.Generator) -> tuple[Tensor, Callable[[Tensor], Tensor] | None, Tensor | None]:
    """A planar set without its classes; of the checkerboard the light fields."""
    import torch

    from dcviz.data import toy
    from dcviz.data.scores import score_of_all

    light = name == "checkerboard"
    points, y = toy.draw(name, REAL_POINTS * (1 + light), 2, toy.NOISE[name], at)
    x, score = (points[y == 0] if light else points).double(), score_of_all(name, toy.NOISE[name])
    if name == "eight-gaussians":
        turn = torch.arange(8, dtype=torch.float64) * math.pi / 4
        return x, score, torch.stack([turn.cos(), turn.sin()], 1)
    if light:
        fields = [((i - 1.5) / 2, (j - 1.5) / 2) for i in range(4) for j in range(4) if (i + j) % 2 == 0]
        return x, score, torch.tensor(fields, dtype=torch.float64)
    return x, score, None


def areas(x: Tensor, at: torch.Generator) -> Tensor:
    """The centres ``(K, 2)`` of up to eight areas of ``x (N, 2)``: k-means, begun far apart."""
    import torch

    from dcviz.condensing.start import cover

    distinct = x.unique(dim=0)
    if len(distinct) <= 1:
        return distinct
    centres = distinct[cover(distinct, min(AREAS, len(distinct)), at)]
    for _ in range(ROUNDS):
        own = torch.cdist(x, centres).argmin(1)
        count = torch.bincount(own, minlength=len(centres)).clamp_min(1).unsqueeze(1)
        centres = torch.zeros_like(centres).index_add_(0, own, x) / count
    return centres


def _reach(x: Tensor, centres: Tensor) -> Tensor:
    import torch

    if not len(x):
        return torch.zeros(0, dtype=x.dtype)
    distance, own = torch.cdist(x, centres).min(1)
    held = [distance[own == k] for k in range(len(centres))]
    return torch.stack([d.quantile(0.95) if len(d) else d.new_zeros(()) for d in held]).clamp_min(SMALLEST)


def _near(x: Tensor) -> float:
    """The distance to the nearest other real point that 99 of 100 real points stay below."""
    import torch

    if len(x) < 2:
        return SMALLEST
    d = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(torch.inf)
    return max(float(d.min(1).values.quantile(0.99)), SMALLEST)
