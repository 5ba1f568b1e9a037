"""Different samples drawn at random, in time that follows how many are drawn, not how many there are.

Of a few, what a seed draws is what it always drew: a key or a place for each sample there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MANY = 2**18  # samples: up to so many, something is drawn for each
SPARSE = 4  # of so many times as many samples as are drawn, few draws meet again
EXTRA = 16  # draws more than are needed if none did


def some(count: int, n: int, generator: torch.Generator) -> Tensor:
    """At most n different positions below ``count``, in random order: ``(min(n, count),)``."""
    import torch

    if count > MANY and SPARSE * n <= count:
        return _by_draws(torch.tensor([count]), n, generator)[0]
    return torch.randperm(count, generator=generator)[:n]


def distinct(counts: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Positions ``(C, n)``, n different ones in each row, drawn evenly below each of ``counts (C,)``.

    A row with fewer than n comes whole; what is beyond its count is none of it. n is below the largest count.
    """
    import torch

    if len(counts) * int(counts.max()) <= MANY:
        return _by_keys(counts, int(counts.max()), n, generator)
    chosen = torch.empty(len(counts), n, dtype=torch.int64)
    dense = counts < SPARSE * n
    if bool(dense.any()):
        chosen[dense] = _by_keys(counts[dense], SPARSE * n, n, generator)
    if not bool(dense.all()):
        chosen[~dense] = _by_draws(counts[~dense], n, generator)
    return chosen


def _by_keys(counts: Tensor, width: int, n: int, generator: torch.Generator) -> Tensor:
    """One random key a position, the largest keys win; what is absent always loses. O(C·width)."""
    import torch

    absent = torch.arange(width) >= counts[:, None]  # (C, width)
    keys = torch.rand(absent.shape, generator=generator).masked_fill_(absent, -1)
    return keys.topk(n, dim=1).indices


def _by_draws(counts: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """The first n different ones of a sequence of draws; O(C·n log n), as each count is a multiple of n."""
    import torch

    drawn = torch.empty(len(counts), 0, dtype=torch.int64)
    while True:
        # 53 random bits a draw: more than the counts of any data need to come evenly
        more = torch.rand(len(counts), n + EXTRA, generator=generator, dtype=torch.float64) * counts[:, None]
        drawn = torch.cat([drawn, more.long()], 1)  # (C, m)
        values, order = drawn.sort(dim=1, stable=True)
        again = torch.zeros_like(drawn, dtype=torch.bool)
        again.scatter_(1, order[:, 1:], values[:, 1:] == values[:, :-1])  # equal to an earlier draw
        if int((~again).sum(1).min()) >= n:
            first = again.byte().argsort(dim=1, stable=True)[:, :n]  # new ones before repeated ones, as drawn
            return drawn.gather(1, first)
