"""Two optimisers that torch does not have, written as its own. Importing this imports torch: do it inside functions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim import Optimizer


class _Adaptive(Optimizer):
    """Moves by a running mean of gradients over the root of a running square; the latter, and the scale, differ."""

    def __init__(self, leaves: list[Tensor], rate: float, betas: tuple[float, float], *, weight_decay: float) -> None:
        super().__init__(leaves, {"lr": rate, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One move of every parameter that has a gradient."""
        for group in self.param_groups:
            for leaf in group["params"]:
                if leaf.grad is None:
                    continue
                state = self.state[leaf]
                if not state:
                    state.update(step=torch.zeros(()), mean=torch.zeros_like(leaf), square=torch.zeros_like(leaf))
                state["step"] += 1
                self._move(leaf, leaf.grad, state, group)

    def _move(self, leaf: Tensor, slope: Tensor, state: dict[str, Tensor], group: dict) -> None:
        raise NotImplementedError


class AdaBelief(_Adaptive):
    """Adam with the square of how far a gradient is from their mean: long steps where gradients are as believed.

    Source: Zhuang et al., AdaBelief Optimizer, 2020, https://arxiv.org/abs/2010.07468, Alg. 2, with the small number
    of RFAD's code; weight decay is added to the gradient.
    """

    def _move(self, leaf: Tensor, slope: Tensor, state: dict[str, Tensor], group: dict) -> None:
        (a, b), n, tiny = group["betas"], float(state["step"]), 1e-16
        slope = slope + group["weight_decay"] * leaf
        state["mean"].mul_(a).add_(slope, alpha=1 - a)
        state["square"].mul_(b).add_((slope - state["mean"]).square(), alpha=1 - b).add_(tiny)
        root = (state["square"] / (1 - b**n)).sqrt() + tiny
        leaf -= group["lr"] / (1 - a**n) * state["mean"] / root


class Lamb(_Adaptive):
    """Adam's direction, as long as the parameters themselves: the rate is relative to their norm.

    Source: You et al., Large Batch Optimization for Deep Learning, 2019, https://arxiv.org/abs/1904.00962, Alg. 2; at a
    norm of 0 Adam's own length. Weight decay is added to the direction.
    """

    def _move(self, leaf: Tensor, slope: Tensor, state: dict[str, Tensor], group: dict) -> None:
        (a, b), n, tiny = group["betas"], float(state["step"]), 1e-6
        state["mean"].mul_(a).add_(slope, alpha=1 - a)
        state["square"].mul_(b).add_(slope.square(), alpha=1 - b)
        root = (state["square"] / (1 - b**n)).sqrt() + tiny
        move = state["mean"] / (1 - a**n) / root + group["weight_decay"] * leaf
        size, length = leaf.norm(), move.norm()
        trust = torch.where((size > 0) & (length > 0), size / length, 1.0)  # no look at the values: no wait
        leaf -= group["lr"] * trust * move
