"""Networks trained on T, for the regimes that compare what they see, their weights, or their statistics.

Whatever is random here comes from one seed drawn from the caller's generator, and T is read in the order of the
source: a network found in the cache leaves every later draw of the run as it is when the network is trained.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.caching import kept, key_of
from dcviz.training import Training
from dcviz.types import Batch, Progress, RealSampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.layers import Classifier


HELD = 2**30  # bytes of float32 that a teacher holds of T


@dataclass(frozen=True)
class Teacher:
    """What a network trained on T is made from."""

    network: str  # a name in dcviz.nets
    width: int
    training: Training
    norm: str = "instance"

    def untrained(self, real: RealSampler, generator: torch.Generator) -> Classifier:
        """A fresh network on the device."""
        from dcviz.nets import network

        net = network(self.network, real.shape, len(real.counts), generator, width=self.width, norm=self.norm)
        return net.to(real.device)


def everything(real: RealSampler) -> tuple[Tensor, Tensor]:
    """T in one piece, in the order of the source: ``x (N, *shape)``, ``y (N,)``.

    Of more than `HELD` bytes a random part of that size, always the same: more than a teacher's updates go through.
    """
    import torch

    most = HELD // (4 * math.prod(real.shape))
    parts = list(real.whole()) if real.size <= most else list(_some(real, most))
    return torch.cat([b.x for b in parts]), torch.cat([b.y for b in parts])


def _some(real: RealSampler, most: int) -> Iterator[Batch]:
    """About ``most`` of all samples, chosen at random, in the chunks of `whole`."""
    import torch

    at = torch.Generator().manual_seed(0)
    for batch in real.whole():
        chosen = (torch.rand(len(batch.y), generator=at) < most / real.size).nonzero()[:, 0].to(batch.y.device)
        yield Batch(batch.x[chosen], batch.y[chosen], batch.id[chosen])


def taught(
    real: RealSampler, teacher: Teacher, generator: torch.Generator, progress: Progress, what: str = "training"
) -> Classifier:
    """A network trained on T, on the device, without gradients, in evaluation mode; from the cache where it lies there.

    ``progress`` is told ``what`` is done with the fraction done, after every update; it may raise `Cancelled`.
    """
    import torch

    return taught_from(int(torch.randint(2**62, (), generator=generator)), real, teacher, progress, what)


def taught_from(
    seed: int, real: RealSampler, teacher: Teacher, progress: Progress, what: str = "training"
) -> Classifier:
    """`taught` from a seed of one's own: ``teacher.untrained`` with a generator of that seed is how it started."""
    import torch

    from dcviz.training import fit, refuse_diverged

    at = torch.Generator().manual_seed(seed)
    net = teacher.untrained(real, at)

    def make() -> dict[str, Tensor]:
        for done in fit(net, everything(real), teacher.training, at):
            progress(what, done / teacher.training.updates)
        refuse_diverged(net, teacher.training.rate)
        return dict(net.state_dict())

    key = key_of(real.fingerprint, teacher, seed)
    net.load_state_dict(kept(real.cache, "teacher", key, make, real.device))
    return net.eval().requires_grad_(False)
