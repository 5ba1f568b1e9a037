"""T as a discrepancy sees it: transformed, on the device, drawn by the step's generator."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from dcviz import types
from dcviz.caching import Cache
from dcviz.data.draws import distinct, some
from dcviz.data.scores import in_model_space
from dcviz.data.secret import Secret, open_numbers
from dcviz.data.transforms import pixels
from dcviz.data.weighing import Weighed
from dcviz.randomness import generator
from dcviz.types import Batch, ClassBatch, Dataset, Noise

if TYPE_CHECKING:
    import torch
    from torch import Tensor

RESIDENT = 2**30  # bytes of float32: a larger training part is transformed batch by batch
CHUNK = 4096


class Real:
    """The training part of a data set on a device; `at` gives the view of one step."""

    def __init__(
        self,
        dataset: Dataset,
        device: torch.device,
        seed: int,
        cache: Cache | None = None,
        secret: Secret | None = None,
    ) -> None:
        """Transform and move the samples if they fit, and index the classes."""
        import torch

        train = dataset.train
        self.cache = cache
        self.shape, self.fingerprint, self.device, self.seed = dataset.shape, dataset.fingerprint, device, seed
        self.secret = open_numbers(seed, dataset.fingerprint) if secret is None else secret
        self.counts = torch.bincount(train.y, minlength=len(dataset.classes))  # (C,) on the CPU
        self.members = train.y.argsort(stable=True)  # (N,) by class, in the order of the source within
        self.first = self.counts.cumsum(0) - self.counts  # (C,) where each class begins in members
        self.id, self.y = train.id, train.y.to(device)
        self.group_names, self._group = dataset.groups.names, dataset.groups.train
        self._classes = train.y
        self._stored, self.transform = train.x, dataset.transform.to(device)
        self.score = None if dataset.score is None else in_model_space(dataset.score, dataset.transform, device)
        in_memory = isinstance(train.x, torch.Tensor)
        self._resident = self._transformed() if in_memory and 4 * train.x.numel() <= RESIDENT else None

    def __len__(self) -> int:
        """N."""
        return len(self.id)

    def at(self, step: int) -> RealSampler:
        """T during one step: its draws depend on (seed, step) only."""
        return self.view(generator(self.seed, "real", step))

    def view(self, at: torch.Generator) -> RealSampler:
        """T drawn from with a generator of one's own."""
        return RealSampler(self, at)

    @cached_property
    def by_cell(self) -> Tensor:
        """The samples ``(N,)`` by class, and by group within."""
        return self._cell.argsort(stable=True)

    @cached_property
    def group_counts(self) -> Tensor:
        """How many samples of each class are in each group ``(C, G)``, on the CPU."""
        import torch

        C, G = len(self.counts), len(self.group_names)
        return torch.bincount(self._cell, minlength=C * G).unflatten(0, (C, G))

    @cached_property
    def first_of_cell(self) -> Tensor:
        """Where each group of each class begins in `by_cell`: ``(C·G,)``."""
        cells = self.group_counts.flatten()
        return cells.cumsum(0) - cells

    @property
    def _cell(self) -> Tensor:
        return self._classes * len(self.group_names) + self._group

    def picked(self, indices: Tensor) -> Batch:
        """Samples by index ``(n,)`` on the CPU."""
        moved = self.move(indices)
        return Batch(self.take(indices), self.y[moved], self.move(self.id[indices]))

    def take(self, indices: Tensor) -> Tensor:
        """Samples ``(n, *shape)`` in model space on the device, by index ``(n,)`` on the CPU."""
        if self._resident is not None:
            return self._resident.index_select(0, self.move(indices)).unflatten(1, self.shape)  # rows: 10 × faster
        return self.transform.forward(pixels(self._stored[indices].to(self.device)))

    def move(self, small: Tensor) -> Tensor:
        """A CPU tensor on the device, without waiting for what the device is doing."""
        if self.device.type != "cuda":
            return small.to(self.device)
        return small.pin_memory().to(self.device, non_blocking=True)

    def _transformed(self) -> Tensor:
        import torch

        x = torch.empty(len(self._stored), self._stored[0].numel(), device=self.device)  # (N, D)
        for begin in range(0, len(x), CHUNK):
            part = pixels(self._stored[begin : begin + CHUNK].to(self.device))
            x[begin : begin + CHUNK] = self.transform.forward(part).flatten(1)
        return x


class RealSampler:
    """One step's view of a `Real`; calls within the step continue one stream of random numbers."""

    def __init__(self, real: Real, at: torch.Generator) -> None:
        """Bind a generator."""
        self._real, self._at = real, at
        self.shape, self.counts, self.device = real.shape, real.counts, real.device
        self.group_names = real.group_names
        self.fingerprint, self.cache = real.fingerprint, real.cache
        self.score, self.transform, self.size = real.score, real.transform, len(real)
        self.secret: Noise = real.secret

    @property
    def group_counts(self) -> Tensor:
        """How many samples of each class are in each group ``(C, G)``, on the CPU."""
        return self._real.group_counts

    def batch(self, per_class: int) -> ClassBatch:
        """Up to ``per_class`` samples of every class without replacement; a smaller class comes whole, masked.

        When every class is small enough, nothing is drawn and all samples come in the order of the source. O(C·n),
        once there are many; of a few, a key is drawn for each, as always: what a seed gives does not change.
        """
        import torch

        real, counts = self._real, self.counts
        largest = int(counts.max())
        if per_class < largest:
            chosen = distinct(counts, per_class, self._at)  # (C, n)
        else:
            chosen = torch.arange(largest).expand(len(counts), largest)
        padding = chosen >= counts[:, None]
        indices = real.members[(real.first[:, None] + chosen).clamp_max(len(real) - 1)]
        taken = counts.clamp_max(chosen.shape[1])
        weights = (~padding).float() / taken.clamp_min(1)[:, None]
        x = real.take(indices.flatten()).unflatten(0, indices.shape)
        if bool(padding.any()):
            x = x.masked_fill(real.move(padding).reshape(padding.shape + (1,) * len(self.shape)), 0)
        return ClassBatch(x, real.move(weights), real.move(real.id[indices].masked_fill(padding, -1)))

    def shuffled(self, size: int) -> Batch:
        """``size`` samples of the whole set without replacement, all of it when it is smaller."""
        return self._real.picked(some(len(self._real), size, self._at))

    def poisson(self, rate: float) -> Batch:
        """Each sample independently with probability ``rate``; may be empty."""
        import torch

        return self._real.picked((torch.rand(len(self._real), generator=self._at) < rate).nonzero()[:, 0])

    def whole(self, chunk: int = 1024) -> Iterator[Batch]:
        """All samples once, in the order of the source, in chunks."""
        import torch

        for indices in torch.arange(len(self._real)).split(chunk):
            yield self._real.picked(indices)

    def weighed(self, mass: Tensor) -> types.RealSampler:
        """T with masses ``(C, G)`` of its groups in each class, going on with the numbers of this step."""
        return Weighed(self._real, self._at, mass)
