"""How differently two sets push one fixed network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.types import Source

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class GradientAngle:
    r"""One minus the cosine of the gradients that both sets give a network, averaged over the rows of the weights.

    .. math:: \frac1R\sum_{r}1-\cos\bigl(g^T_r,\ g^S_r\bigr),\quad g=\nabla_\theta\frac1C\sum_c\ell_c(\theta)

    The network is untrained and never changes; all classes weigh the same. One pass for all classes together, where
    gradient matching takes one for each.
    """

    name = "gradient-angle"
    title = "gradient at a fixed network"
    sentence = "How far the direction in which the synthetic set pushes an untrained network is from the real one."
    formula = r"\frac1R\sum_r 1-\cos\bigl(g^T_r,g^S_r\bigr),\quad g=\nabla_\theta\,\ell"
    source = Source(
        "B. Zhao, K. R. Mopuri, H. Bilen",
        "Dataset Condensation with Gradient Matching",
        2021,
        "https://arxiv.org/abs/2006.05929",
        "Eqs. 9-10",
    )


def gradient(net: nn.Module, x: Tensor, y: Tensor, mass: Tensor) -> list[Tensor]:
    """The gradient of the cross-entropy of ``x (B, *shape)``, classes ``y (B,)``, weighted by ``mass (B,)``."""
    import torch
    from torch.nn.functional import cross_entropy

    weights = [p for p in net.parameters() if p.dim() > 1]  # biases and scales count nothing, as in the paper's code
    with torch.enable_grad():
        loss = (mass * cross_entropy(net(x), y, reduction="none")).sum()
        return list(torch.autograd.grad(loss, weights))


def angle(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """The mean over rows of 1 - cos; a row without gradient counts as 1, and as 0 where neither side has one."""
    import torch
    from torch.nn.functional import normalize

    parts = []
    for a, b in zip(real, fake, strict=True):
        a, b = normalize(a.flatten(1), dim=1), normalize(b.flatten(1), dim=1)  # (rows, inputs); 0 stays 0
        silent = (a == 0).all(1) & (b == 0).all(1)
        parts.append((1 - (a * b).sum(1)).masked_fill(silent, 0))
    return torch.cat(parts).mean()
