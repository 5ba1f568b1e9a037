"""T with its groups weighed differently: batches are drawn as if each group of a class had another share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from dcviz.data.draws import some
from dcviz.types import Batch, ClassBatch, Noise, RealSampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.data.sampler import Real

EVEN = 1e-9  # relative: masses in proportion to the counts weigh nothing


class Weighed:
    """One step's view of a `Real` whose cells, the groups of a class, have masses of their own ``(C, G)``.

    `batch` takes as many samples of a cell as its mass in the class asks for, at least one where it has mass, and
    weighs them so that the cell has its mass exactly. `shuffled` draws from a cell as often as its mass in all asks
    for. All else is T's. A cell without mass is left out; a class without mass is absent from `batch`.
    """

    def __init__(self, real: Real, at: torch.Generator, mass: Tensor) -> None:
        """Bind the generator of the step."""
        self._real, self._at = real, at
        self._mass = mass.double() * (real.group_counts > 0)
        self.shape, self.counts, self.device = real.shape, real.counts, real.device
        self.size = len(real)
        self.secret: Noise = real.secret
        self.group_names, self.group_counts = real.group_names, real.group_counts
        self.fingerprint, self.cache, self.transform = real.fingerprint, real.cache, real.transform
        self.score: Callable[[Tensor, Tensor], Tensor] | None = None  # it is known of the natural groups

    def batch(self, per_class: int) -> ClassBatch:
        """Up to ``per_class`` samples of every class without replacement, weighed by the masses of their cells."""
        import torch

        real, quota = self._real, self._quota(per_class)
        n = int(quota.sum(1).max())
        indices = torch.zeros(len(quota), n, dtype=torch.int64)
        weights = torch.zeros(len(quota), n)
        total, filled = self._mass.sum(1), [0] * len(quota)
        for c, g in quota.nonzero().tolist():
            take = int(quota[c, g])
            place = slice(filled[c], filled[c] + take)
            indices[c, place] = self._some(c, g, take)
            weights[c, place] = float(self._mass[c, g] / total[c]) / take
            filled[c] += take
        padding = weights == 0
        x = real.take(indices.flatten()).unflatten(0, indices.shape)
        if bool(padding.any()):
            x = x.masked_fill(real.move(padding).reshape(padding.shape + (1,) * len(self.shape)), 0)
        present = tuple((total > 0).nonzero()[:, 0].tolist())
        id = real.move(real.id[indices].masked_fill(padding, -1))
        return ClassBatch(x, real.move(weights), id, None if len(present) == len(total) else present)

    def shuffled(self, size: int) -> Batch:
        """``size`` samples of all cells, each as often as its mass asks for.

        Where masses are as the counts are, without replacement, and all of them when they are fewer; else a sample of
        a heavy cell may come several times.
        """
        import torch

        counts, mass = self._real.group_counts.flatten(), self._mass.flatten()
        inside = mass > 0
        each = mass / counts.clamp_min(1)  # of one sample
        if bool((each[inside] - each.max()).abs().max() <= EVEN * each.max()):
            members = torch.cat([self._cell(int(cell)) for cell in inside.nonzero()[:, 0]])
            return self._real.picked(members[some(len(members), size, self._at)])
        # one draw in each of `size` equal parts of the whole mass: as often as the mass asks for, less than one apart
        where = (torch.arange(size) + torch.rand(size, generator=self._at)) / size * mass.sum()
        cell = torch.searchsorted(mass.cumsum(0), where.double()).clamp_max(len(mass) - 1)
        within = (torch.rand(size, generator=self._at) * counts[cell]).long().clamp_max(counts[cell] - 1)
        chosen = self._real.by_cell[self._real.first_of_cell[cell] + within]
        return self._real.picked(chosen[torch.randperm(size, generator=self._at)])

    def poisson(self, rate: float) -> Batch:
        """Each sample of T independently with probability ``rate``, whatever its group."""
        return self._real.view(self._at).poisson(rate)

    def whole(self, chunk: int = 1024) -> Iterator[Batch]:
        """All samples of T once, in the order of the source, in chunks."""
        return self._real.view(self._at).whole(chunk)

    def weighed(self, mass: Tensor) -> RealSampler:
        """T weighed anew, going on with the numbers of this step."""
        return Weighed(self._real, self._at, mass)

    def _quota(self, per_class: int) -> Tensor:
        """How many samples of every cell ``(C, G)``: by mass; what a small one lacks goes to the others."""
        import torch

        counts, found = self._real.group_counts, torch.zeros_like(self._real.group_counts)
        for c in (self._mass.sum(1) > 0).nonzero()[:, 0].tolist():
            inside = self._mass[c].nonzero()[:, 0]
            left, order = per_class, inside[(counts[c, inside] / self._mass[c, inside]).argsort()]  # first exhausted
            for i, g in enumerate(order.tolist()):
                share = float(self._mass[c, g] / self._mass[c, order[i:]].sum())
                found[c, g] = min(int(counts[c, g]), max(1, round(left * share)))
                left = max(0, left - int(found[c, g]))
        return found

    def _cell(self, cell: int) -> Tensor:
        real = self._real
        first, count = int(real.first_of_cell[cell]), int(real.group_counts.flatten()[cell])
        return real.by_cell[first : first + count]

    def _some(self, c: int, g: int, take: int) -> Tensor:
        """Indices of ``take`` members of a cell; nothing is drawn where it comes whole."""
        members = self._cell(c * len(self.group_names) + g)
        if take == len(members):
            return members
        return members[some(len(members), take, self._at)]
