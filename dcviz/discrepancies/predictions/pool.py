"""Networks as trees of tensors: weights outside of the module, with the moments of their Adam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.types import Tree

if TYPE_CHECKING:
    from torch import Tensor, nn

    from dcviz.layers import Classifier

BETAS = (0.9, 0.999)  # of Adam


def memoryless(net: Classifier) -> Classifier:
    """The network with batch norms that always use the batch at hand: nothing has to be remembered."""
    from torch import nn

    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.track_running_stats = False
            module.running_mean = module.running_var = module.num_batches_tracked = None
    return net


def untrained(net: nn.Module) -> Tree:
    """The weights of a network, and moments of 0."""
    import torch

    weights = {k: v.detach() for k, v in net.named_parameters()}
    zeros = [{k: torch.zeros_like(v) for k, v in weights.items()} for _ in range(2)]
    return {"weights": weights, "mean": zeros[0], "square": zeros[1], "updates": 0}


def features(net: Classifier, weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """What ``net.embed`` gives at the weights: ``(B, *shape) -> (B, D)``."""
    from torch.func import functional_call

    own = {k.removeprefix("layers."): v for k, v in weights.items() if k.startswith("layers.")}
    return functional_call(net.layers, own, (x,)).flatten(1)


def trained(net: Classifier, member: Tree, x: Tensor, y: Tensor, rate: float) -> Tree:
    """A member of the pool after one update of Adam on the squared error."""
    import torch
    from torch.func import functional_call
    from torch.nn.functional import mse_loss

    live = {k: v.detach().requires_grad_() for k, v in member["weights"].items()}
    found = torch.autograd.grad(mse_loss(functional_call(net, live, (x,)), y), list(live.values()))
    n, (a, b), after = member["updates"] + 1, BETAS, {**member, "age": member["age"] + 1}
    gradients = dict(zip(live, found, strict=True))
    after["updates"] = n
    after["mean"] = {k: a * m + (1 - a) * gradients[k] for k, m in member["mean"].items()}
    after["square"] = {k: b * v + (1 - b) * gradients[k] ** 2 for k, v in member["square"].items()}
    scale = rate / (1 - a**n)
    after["weights"] = {
        k: w - scale * after["mean"][k] / ((after["square"][k] / (1 - b**n)).sqrt() + 1e-8)
        for k, w in member["weights"].items()
    }
    return after
