"""Networks trained on T, for the regimes that compare what they see, their weights, or their statistics.

Whatever is random here comes from one seed drawn from the caller's generator, and T is read in the order of the
source: a network found in the cache leaves every later draw of the run as it is when the network is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.caching import kept, key_of
from dcviz.training import Training
from dcviz.types import Progress, RealSampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.layers import Classifier


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
    """T in one piece, in the order of the source: ``x (N, *shape)``, ``y (N,)``."""
    import torch

    parts = list(real.whole())
    return torch.cat([b.x for b in parts]), torch.cat([b.y for b in parts])


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
