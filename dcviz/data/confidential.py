"""Private rows: read here, handed to accounted mechanisms, and to nobody else.

`dcviz.data.dataset` gives of private data a public view, whose rows are others than these: whatever is made from it
cannot tell of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from dcviz.caching import Cache
from dcviz.data.sampler import Real
from dcviz.data.secret import Key, Secret, digest
from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.types import Batch, ClassBatch, Dataset, Noise, Progress, RealSampler, Split

if TYPE_CHECKING:
    import torch
    from torch import Tensor

UNACCOUNTED = "{} of private rows would be released without an account: use a private objective, or open data."


def confidential_rows(config: DataConfig, progress: Progress) -> Split:
    """The private rows of a configuration. Asked for in one place: where a problem is built for a mechanism."""
    from dcviz.data import _source
    from dcviz.data.splits import choose_classes, private_rows, thin

    source = choose_classes(_source(config)(config, progress), config.classes)
    return thin(private_rows(source), config.size, config.seed, len(source.classes))


class Confidential:
    """Private rows on a device, in the public transform; `at` gives what a mechanism may ask of them."""

    def __init__(
        self, rows: Split, public: Dataset, device: torch.device, seed: int, cache: Cache | None, *, key: Key
    ) -> None:
        """Bind rows to the view that is public of them, and to the key of their noise."""
        secret = Secret(key.bytes, digest(rows.x, rows.y), key.run)
        mark = f"{public.fingerprint}/private"
        self._real = Real(
            replace(public, train=rows, fingerprint=mark, score=None, column=None), device, seed, cache, secret
        )

    def __len__(self) -> int:
        """N, which is public."""
        return len(self._real)

    def at(self, step: int) -> ConfidentialSampler:
        """The rows during one step."""
        return ConfidentialSampler(self._real, step)


class ConfidentialSampler:
    """What a mechanism may ask of private rows: all of them once, or a Poisson sample whose draw is secret."""

    score: Callable[[Tensor, Tensor], Tensor] | None = None

    def __init__(self, real: Real, step: int) -> None:
        """Bind a step."""
        import torch

        self._real, self._step = real, step
        self.shape, self.device, self.size = real.shape, real.device, len(real)
        self.fingerprint, self.cache, self.transform = real.fingerprint, real.cache, real.transform
        self.secret: Noise = real.secret
        C = len(real.counts)
        # Not the true ones, which are private: N in equal parts.
        self.counts = torch.full((C,), self.size // C) + (torch.arange(C) < self.size % C)
        self.group_names, self.group_counts = tuple(map(str, range(C))), self.counts.diag()

    def batch(self, per_class: int) -> ClassBatch:
        """Refused: how many there are of a class is private, too."""
        raise Refused(UNACCOUNTED.format("samples by class"))

    def shuffled(self, size: int) -> Batch:
        """Refused: no account of sampling without replacement is kept."""
        raise Refused(UNACCOUNTED.format("samples"))

    def poisson(self, rate: float) -> Batch:
        """Each row independently with probability ``rate``, by numbers that no seed gives away; may be empty."""
        secret = self._real.secret
        draws = secret.uniform((self.size,), "poisson", secret.run, self._step)
        return self._real.picked((draws < rate).nonzero()[:, 0])

    def weighed(self, mass: Tensor) -> RealSampler:
        """Refused: no account of weighed draws is kept."""
        raise Refused(UNACCOUNTED.format("groups"))

    def whole(self, chunk: int = 1024) -> Iterator[Batch]:
        """All rows once, in chunks."""
        return self._real.at(self._step).whole(chunk)
