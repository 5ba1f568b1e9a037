r"""What batch norm layers see: the mean and variance of each channel, of a batch or of each class in it.

Everything is linear in the first and second moments of single samples about the layer's running mean μ,

.. math:: m_{bk} = \tfrac1P\sum_p (h_{bkp} - \mu_k), \quad s_{bk} = \tfrac1P\sum_p (h_{bkp} - \mu_k)^2

(sample b, channel k, pixel p of P). A batch with weights w has the mean μ + wᵀm and the biased variance
wᵀs - (wᵀm)², centred so that no digits cancel where a batch agrees with the layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dcviz.errors import Refused
from dcviz.types import Plan, RealSampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Statistics = tuple["Tensor", "Tensor"]  # mean (…, k) and variance (…, k) of the k channels of a layer


class Layer(NamedTuple):
    """What one batch norm layer of k channels keeps of T, and what it sees of a batch."""

    mean: Tensor  # (k,) running mean
    variance: Tensor  # (k,) running variance
    first: Tensor  # (B, k) first moment of each sample about the running mean
    second: Tensor  # (B, k) second moment of each sample about the running mean

    def of(self, weights: Tensor) -> Statistics:
        """Mean and biased variance ``(G, k)`` of G groups of samples, ``weights (G, B)`` with rows that sum to 1."""
        shift = weights @ self.first  # (G, B) @ (B, k) = (G, k)
        return self.mean + shift, weights @ self.second - shift**2


def seen(net: nn.Module, x: Tensor) -> tuple[Tensor, list[Layer]]:
    """The outputs for ``x (B, *shape)``, and what each batch norm layer sees, in the order of the forward pass.

    The network should be in evaluation mode: its layers then normalise by what they keep, not by the batch.

    Raises:
        Refused: the network has no batch norm layer that keeps statistics.
    """
    from torch import nn

    found: list[Layer] = []

    def look(layer: Any, arguments: tuple[Tensor, ...]) -> None:
        h = arguments[0].unsqueeze(-1).flatten(2)  # (B, k, P); P = 1 for vectors
        away = h - layer.running_mean[:, None]
        found.append(Layer(layer.running_mean, layer.running_var, away.mean(2), (away**2).mean(2)))

    kinds = (nn.BatchNorm1d, nn.BatchNorm2d)
    layers = [module for module in net.modules() if isinstance(module, kinds) and module.running_mean is not None]
    if not layers:
        raise Refused(
            "this network has no batch norm, and its running statistics are what synthetic samples are compared with: "
            "choose a network with batch norm, such as a ConvNet with norm batch."
        )
    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        outputs = net(x)
    finally:
        for hook in hooks:
            hook.remove()
    return outputs, found


def distances(
    layers: Sequence[Layer], weights: Tensor, targets: Sequence[Statistics] | None = None, *, first: float = 1.0
) -> Tensor:
    r"""How far groups of samples are from the statistics kept of T: ``(G,)``, differentiable.

    .. math:: \sum_l a_l\bigl(\lVert\mu_l(S_g)-\mu_l\rVert_2 + \lVert\sigma^2_l(S_g)-\sigma^2_l\rVert_2\bigr)

    Source: Yin et al., Dreaming to Distill, 2020, https://arxiv.org/abs/1912.08795, Eq. 4 (norms, not squared).

    Args:
        layers: of `seen`, for a batch of B samples.
        weights: ``(G, B)``, a row for each group, which sums to 1; `in_classes` makes those of the classes.
        targets: other statistics than the running ones for each layer, e.g. `class_statistics`.
        first: the factor a of the first layer; the others have 1.
    """
    import torch

    total = weights.new_zeros(len(weights))
    for i, layer in enumerate(layers):
        mean, variance = layer.of(weights)
        to_mean, to_variance = (layer.mean, layer.variance) if targets is None else targets[i]
        apart = torch.linalg.vector_norm(mean - to_mean, dim=-1)
        apart = apart + torch.linalg.vector_norm(variance - to_variance, dim=-1)
        total = total + (first if i == 0 else 1.0) * apart
    return total


def in_classes(y: Tensor, classes: int, dtype: torch.dtype | None = None) -> Tensor:
    """The weights ``(C, B)`` of samples ``y (B,)`` in their classes; each row sums to 1, or is 0 without samples."""
    import torch

    member = torch.nn.functional.one_hot(y, classes).T.to(dtype or torch.float32)  # (C, B)
    return member / member.sum(1, keepdim=True).clamp_min(1)


def dealt(plan: Plan, most: int) -> Tensor:
    """Weights ``(G, M)`` of S in groups of at most ``most`` images and nearly equal size; each row sums to 1.

    The first image of every class, then the second, and so on: a group has all classes while it has room for them.
    """
    import torch

    counts = plan.counts.tolist()  # on the CPU
    first = [sum(counts[:c]) for c in range(len(counts))]
    turns = [first[c] + k for k in range(max(counts)) for c in range(len(counts)) if k < counts[c]]
    parts = torch.tensor(turns).tensor_split(math.ceil(len(turns) / most))
    weights = torch.zeros(len(parts), len(turns))
    for row, part in zip(weights, parts, strict=True):
        row[part] = 1 / len(part)
    return weights


def class_statistics(net: nn.Module, real: RealSampler) -> list[Statistics]:
    """Mean and biased variance ``(C, k)`` of every class of T at every batch norm layer, in one pass over T."""
    import torch

    share = 1 / real.counts.to(real.device)  # (C,)
    shifts: list[Tensor] = []
    seconds: list[Tensor] = []
    with torch.no_grad():
        for batch in real.whole():
            _, layers = seen(net, batch.x)
            member = torch.nn.functional.one_hot(batch.y, len(share)).T * share[:, None]  # (C, B)
            if not shifts:
                shifts, seconds = (
                    [member.new_zeros(len(share), len(layer.mean)) for layer in layers] for _ in range(2)
                )
            for i, layer in enumerate(layers):
                shifts[i] += member @ layer.first  # (C, B) @ (B, k) = (C, k)
                seconds[i] += member @ layer.second
    return [(a.mean + shift, second - shift**2) for a, shift, second in zip(layers, shifts, seconds, strict=True)]
