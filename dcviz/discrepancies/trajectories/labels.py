"""Labels to be learned, at first: what experts say of S, made to agree with the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.types import SyntheticSet

if TYPE_CHECKING:
    from torch import Tensor, nn


def agreed(net: nn.Module, experts: list[Tensor], synthetic: SyntheticSet) -> Tensor:
    """The mean logits ``(M·expand, C)`` of those experts ``(P,)`` that are right about an image, as in DATM's code.

    Where none is right: the mean of all, in which the largest logit and that of the class change places.
    """
    import torch

    from dcviz.discrepancies.trajectories.experts import logits

    with torch.no_grad():
        x = synthetic.decode().x
        said = torch.stack([logits(net, weights, x) for weights in experts])  # (E, M·expand, C)
    own = synthetic.decoded_classes()
    right = (said.argmax(2) == own)[:, :, None].to(said.dtype)  # (E, M·expand, 1)
    count = right.sum(0)
    agreeing = (right * said).sum(0) / count.clamp_min(1)
    return torch.where(count > 0, agreeing, _exchanged(said.mean(0), own[:, None]))


def _exchanged(found: Tensor, own: Tensor) -> Tensor:
    most, at = found.max(1, keepdim=True)
    return found.scatter(1, at, found.gather(1, own)).scatter(1, own, most)
