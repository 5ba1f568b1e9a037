"""T with a share of it attacked, and T that says the same again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.types import Batch, ClassBatch, RealSampler

if TYPE_CHECKING:
    from torch import Tensor

Attack = Callable[["Tensor", "Tensor"], "Tensor"]  # samples (B, *shape), classes (B,) -> the same moved


class Around:
    """What a view of another sampler has in common with it."""

    def __init__(self, real: RealSampler) -> None:
        """Bind a sampler."""
        self.real = real
        self.shape, self.counts, self.device = real.shape, real.counts, real.device
        self.fingerprint, self.cache, self.transform = real.fingerprint, real.cache, real.transform
        self.group_names, self.group_counts = real.group_names, real.group_counts
        self.score, self.size, self.secret = real.score, real.size, real.secret


class Attacked(Around):
    """T ∪ T', the samples and what an attack makes of them, weighted 1 - share and share."""

    def __init__(self, real: RealSampler, attack: Attack, share: float, fingerprint: str) -> None:
        """Bind a sampler and an attack; the fingerprint is that of both."""
        super().__init__(real)
        self.attack, self.share, self.fingerprint = attack, share, fingerprint
        self.score = None  # what is known of the density of T does not hold for T'

    def batch(self, per_class: int) -> ClassBatch:
        """A batch of T beside itself attacked: ``(C, 2n, *shape)``; attacked only where the share is 1."""
        import torch

        one = self.real.batch(per_class)
        classes, n = one.weights.shape
        y = torch.arange(classes, device=one.x.device).repeat_interleave(n)
        moved = self.attack(one.x.flatten(0, 1), y).unflatten(0, (classes, n))
        if self.share == 1:
            return replace(one, x=moved)
        weights = torch.cat([(1 - self.share) * one.weights, self.share * one.weights], 1)
        return replace(one, x=torch.cat([one.x, moved], 1), weights=weights, id=torch.cat([one.id, one.id], 1))

    def shuffled(self, size: int) -> Batch:
        """A batch of T, a share of which is attacked."""
        import torch

        one = self.real.shuffled(size)
        first = round(self.share * len(one.y))
        moved = self.attack(one.x[:first], one.y[:first])
        return replace(one, x=torch.cat([moved, one.x[first:]]))

    def poisson(self, rate: float) -> Batch:
        """Refused: what an attack learned from T is in no privacy account."""
        raise Refused(
            "attacked real samples depend on a network trained on all real samples, which private steps do not "
            "account for: leave out adversarial-real, or the private objective."
        )

    def whole(self, chunk: int = 1024) -> Iterator[Batch]:
        """All samples of T, each chunk followed by itself attacked; attacked only where the share is 1."""
        for one in self.real.whole(chunk):
            if self.share < 1:
                yield one
            yield replace(one, x=self.attack(one.x, one.y))

    def weighed(self, mass: Tensor) -> RealSampler:
        """T with its groups weighed, attacked likewise."""
        return Attacked(self.real.weighed(mass), self.attack, self.share, self.fingerprint)


class Repeated(Around):
    """One step's view of T whose draws can be had again, in their order."""

    def __init__(self, real: RealSampler) -> None:
        """Bind a sampler."""
        super().__init__(real)
        self._drawn: list[Any] = []
        self._next = 0

    def again(self) -> Repeated:
        """Itself, before its first draw."""
        self._next = 0
        return self

    def batch(self, per_class: int) -> ClassBatch:
        """As the sampler's, drawn once."""
        return self._draw(lambda: self.real.batch(per_class))

    def shuffled(self, size: int) -> Batch:
        """As the sampler's, drawn once."""
        return self._draw(lambda: self.real.shuffled(size))

    def poisson(self, rate: float) -> Batch:
        """As the sampler's, drawn once."""
        return self._draw(lambda: self.real.poisson(rate))

    def whole(self, chunk: int = 1024) -> Iterator[Batch]:
        """As the sampler's: nothing is drawn."""
        return self.real.whole(chunk)

    def weighed(self, mass: Tensor) -> RealSampler:
        """As the sampler's, whose draws can be had again, too."""
        again: RealSampler = self._draw(lambda: Repeated(self.real.weighed(mass))).again()
        return again

    def _draw(self, make: Callable[[], Any]) -> Any:
        if self._next == len(self._drawn):
            self._drawn.append(make())
        self._next += 1
        return self._drawn[self._next - 1]
