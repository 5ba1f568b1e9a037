"""How two gradients of a network are compared, each a list of tensors, parameter by parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def rows(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Sum over layers and output rows of 1 - cos; the authors' 1e-6 keeps dead rows finite (DC's code)."""
    total = fake[0].new_zeros(())
    for a, b in zip(real, fake, strict=True):
        if a.dim() > 1:
            a, b = a.flatten(1), b.flatten(1)  # (rows, inputs)
            cosine = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1) + 1e-6)
            total = total + (1 - cosine).sum()
    return total


def cosine(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """1 - cos of the whole flattened gradient."""
    import torch

    a, b = (torch.cat([g.flatten() for g in side]) for side in (real, fake))
    return 1 - (a @ b) / (a.norm() * b.norm() + 1e-6)


def mse(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """The sum of squared differences of the whole gradient (a sum, in spite of its usual name)."""
    import torch

    return torch.stack([((a - b) ** 2).sum() for a, b in zip(real, fake, strict=True)]).sum()


def l1(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """The sum of absolute differences of the whole gradient."""
    import torch

    return torch.stack([(a - b).abs().sum() for a, b in zip(real, fake, strict=True)]).sum()


DISTANCES = {"rows": rows, "cosine": cosine, "mse": mse, "l1": l1}
