"""The network whose statistics stand for T, and whose opinion becomes the labels: trained once, then kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.discrepancies.teachers import Teacher, everything, taught
from dcviz.errors import Refused
from dcviz.types import Progress, RealSampler

if TYPE_CHECKING:
    import torch

    from dcviz.layers import Classifier

JUDGED = 2000  # real samples, about, that tell whether a teacher learned anything


def squeezed(  # noqa: PLR0913  (all that it depends on)
    real: RealSampler, width: int, updates: int, augment: str, generator: torch.Generator, progress: Progress
) -> Classifier:
    """A ConvNet with batch norm trained on T, in evaluation mode; it must have learned something.

    Raises:
        Refused: points of the plane; or a network that does hardly better than always naming the largest class.
    """
    from dcviz.training import Training

    if len(real.shape) == 1:
        raise Refused(
            "batch-norm statistics need a network with batch norm, and the MLP for points of the plane has none: "
            "choose images, or another regime."
        )
    training = Training(updates, batch=256, rate=3e-3, augment=augment)
    net = taught(real, Teacher("convnet", width, training, norm="batch"), generator, progress, "training the teacher")
    refuse_untaught(net, real)
    return net


def refuse_untaught(net: Classifier, real: RealSampler) -> None:
    """Refuse a network that a constant answer would nearly match on T: a tenth of the way above it is asked for."""
    from dcviz.training import accuracy

    if real.device.type == "meta":  # no values to judge
        return
    chance = float(real.counts.max() / real.counts.sum())
    x, y = everything(real)
    every = max(1, len(y) // JUDGED)  # spread evenly: a source may be sorted by class
    found = accuracy(net, x[::every], y[::every])
    if not found > chance + 0.1 * (1 - chance):
        raise Refused(
            f"the teacher failed to train: {100 * found:.0f} % of the real training samples right, where always naming "
            f"the largest class gets {100 * chance:.0f} %. Give it more updates or width, or look at the data."
        )
