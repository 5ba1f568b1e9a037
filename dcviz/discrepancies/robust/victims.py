"""The networks that attacks inside of a loss are against: trained on T, once, and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.random_features.networks import fitting
from dcviz.discrepancies.teachers import Teacher, taught
from dcviz.training import Training
from dcviz.types import Progress, RealSampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.layers import Classifier

BATCH, RATE = 128, 3e-3  # of Adam, as the networks of `Calibration` are trained
POOL = "Networks trained on T that are attacked, in turn."
UPDATES = "Updates of each of these networks on T."
WIDTH = "Channels (ConvNet) or units (MLP) per layer of these networks."


@dataclass(frozen=True)
class Victims:
    """How many networks there are, and how they are trained."""

    pool: int
    updates: int
    width: int

    def taught(self, real: RealSampler, generator: torch.Generator, progress: Progress) -> list[Classifier]:
        """The networks, in evaluation mode; one that learned nothing is refused."""
        from dcviz.discrepancies.batch_norm.squeeze import refuse_untaught
        from dcviz.discrepancies.trained_features.networks import part_of

        training = Training(self.updates, BATCH, "adam", RATE)
        teacher, nets = Teacher(fitting("auto", real.shape), self.width, training), []
        for i in range(self.pool):
            nets.append(taught(real, teacher, generator, part_of(progress, i, self.pool), "training what is attacked"))
            refuse_untaught(nets[-1], real)
        return nets


def one_of(nets: list[Classifier], generator: torch.Generator) -> Classifier:
    """The network whose turn it is."""
    import torch

    return nets[int(torch.randint(len(nets), (), generator=generator))]


def errors(net: Classifier, x: Tensor, y: Tensor) -> Tensor:
    """The cross-entropy of each sample ``(B,)``."""
    from torch.nn.functional import cross_entropy

    return cross_entropy(net(x), y, reduction="none")
