"""Training on S as a function of S: a number of SGD steps, and the gradient of where they lead.

The steps are ``θ_{i+1} = θ_i - α g_i``, ``g_i = ∇_θ ℓ(θ_i, A_i x[b_i], y[b_i])``. Autograd through all of them keeps
every step's activations. The reverse sweep keeps the inner weights only: going back with ``λ_N = ∇L(θ_N)``,

    dα -= ⟨λ, g_i⟩        dx -= α ∂_x⟨g_i, λ⟩        dy -= α ∂_y⟨g_i, λ⟩        λ -= α ∂_θ⟨g_i, λ⟩,

where the last is a Hessian-vector product. Exact for any number of steps; memory N·P and the activations of one step
instead of N; time 3/2 of autograd's, as each inner gradient is taken twice. Source: Maclaurin, Duvenaud and Adams,
Gradient-based Hyperparameter Optimization through Reversible Learning, 2015, https://arxiv.org/abs/1502.03492, Alg. 2,
with stored in place of reversed weights.

Where inner weights are held, λ stays as it is: each step is differentiated at a constant θ_i.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Pick(NamedTuple):
    """What one inner step trains on."""

    at: Tensor  # (b,) indices into the samples
    augment: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Inner:
    """The inner problem."""

    loss: Callable[[Tensor, Tensor, Tensor], Tensor]  # weights (P,), samples, labels -> scalar
    picks: list[Pick]
    held: bool = False  # whether each inner weight is constant when its step is differentiated

    def slope(self, pick: Pick, weights: Tensor, x: Tensor, y: Tensor, *, twice: bool) -> Tensor:
        """The gradient ``(P,)`` of one step; differentiable where ``twice``."""
        import torch

        with torch.enable_grad():
            value = self.loss(weights, pick.augment(x[pick.at]), y[pick.at])
        return torch.autograd.grad(value, weights, create_graph=twice)[0]


def roll(inner: Inner, weights: Tensor, x: Tensor, y: Tensor, rate: Tensor) -> Tensor:
    """The weights ``(P,)`` after all steps; autograd can go back through them, as far as it is on."""
    import torch

    twice = torch.is_grad_enabled()
    weights = weights.detach().requires_grad_()
    for pick in inner.picks:
        at = weights if twice and not inner.held else weights.detach().requires_grad_()
        weights = (weights if twice else at.detach()) - rate * inner.slope(pick, at, x, y, twice=twice)
    return weights


class Swept(NamedTuple):
    """A value and its gradients."""

    value: Tensor
    x: Tensor
    y: Tensor | None  # None for hard labels
    rate: Tensor


def sweep(
    inner: Inner, weights: Tensor, batch: tuple[Tensor, Tensor], rate: Tensor, goal: Callable[[Tensor], Tensor]
) -> Swept:
    """``goal`` of the weights after all steps, and its gradients, by the reverse sweep.

    Args:
        inner: the steps.
        weights: from where ``(P,)``.
        batch: samples ``x (M, *shape)``, labels ``y (M,)`` or ``(M, C)``.
        rate: α, a scalar.
        goal: from weights ``(P,)`` to a scalar.
    """
    import torch

    x, y = (t.detach() for t in batch)
    soft = y.is_floating_point()
    path = [weights.detach()]  # (N + 1) × (P,)
    for pick in inner.picks:
        at = path[-1].requires_grad_()
        path.append((at - rate * inner.slope(pick, at, x, y, twice=False)).detach())
    end = path.pop().requires_grad_()
    with torch.enable_grad():
        value = goal(end)
    (back,) = torch.autograd.grad(value, end)  # λ (P,)
    leaves = [x.requires_grad_()] + ([y.requires_grad_()] if soft else [])
    found, slower = [torch.zeros_like(leaf) for leaf in leaves], torch.zeros_like(rate)
    for pick in reversed(inner.picks):
        at = path.pop().detach().requires_grad_()
        slope = inner.slope(pick, at, *_pair(leaves, y), twice=True)
        with torch.enable_grad():
            along = slope @ back
        parts = torch.autograd.grad(along, leaves if inner.held else [*leaves, at])
        slower = slower - along.detach()
        found = [total - rate * part for total, part in zip(found, parts, strict=False)]
        if not inner.held:
            back = back - rate * parts[-1]
    return Swept(value.detach(), found[0], found[1] if soft else None, slower)


def _pair(leaves: list[Tensor], y: Tensor) -> tuple[Tensor, Tensor]:
    return leaves[0], leaves[1] if len(leaves) > 1 else y
