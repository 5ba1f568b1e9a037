"""Attacks, pure: small moves of samples that raise a loss, by steps along its slope. Whoever calls brings the loss."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Loss = Callable[["Tensor"], "Tensor"]  # samples (B, *shape) -> the loss of each one, (B,)
Slope = Callable[["Tensor"], "Tensor"]  # samples (B, *shape) -> the gradient of each one's loss, (B, *shape)
Box = tuple[Any, Any]  # the least and the largest value of every number: two numbers, or two tensors (B, *shape)

REACH = 2.5  # all steps together reach so many ε: enough to come from any start to any point of the ball
UNIT: Box = (0.0, 1.0)  # what pixels are within


def climb(  # noqa: PLR0913  (five of them by keyword only)
    slope: Slope,
    x: Tensor,
    strength: float | Tensor,
    *,
    norm: str,
    steps: int,
    start: torch.Generator | None = None,
    box: Box | None = UNIT,
) -> Iterator[Tensor]:
    """Projected gradient ascent from samples ``x (B, *shape)`` within a ball, yielding where it stands after each step.

    Step size `REACH`·ε/steps. Each step is projected onto the ball, then onto the box: as x lies in the box, clipping
    brings no point farther from it, so that the result is in both. Cost: ``steps`` slopes.

    Args:
        slope: of the loss that is to rise.
        x: where to begin.
        strength: ε, one for all or one for each sample ``(B, 1, …)``.
        norm: a key of `NORMS`.
        steps: how many.
        start: draws where to begin, uniform in the ball; None begins at ``x`` itself.
        box: no number ends outside of it; None where there are no such bounds.
    """
    project, direction = NORMS[norm]
    there = x if start is None else inside(x + project(_random(x, norm, start) * strength, strength), box)
    for _ in range(steps):
        moved = there + (REACH / steps) * strength * direction(slope(there))
        there = inside(x + project(moved - x, strength), box)
        yield there


def priced(loss: Loss, x: Tensor, price: float, *, steps: int, box: Box | None = UNIT) -> Iterator[Tensor]:
    r"""Ascent of ``loss(z) - price/2·‖z - x‖²`` from ``z = x``, yielding where it stands after each step.

    A step of size 1/price is the fixed-point iteration ``z ← x + slope(z)/price``: for a loss whose slope changes by
    at most L a unit, the error shrinks by L/price a step. Where L is not below the price, the supremum may be
    infinite, and such steps may lead anywhere: one that does not raise a sample's value is not made, and the next of
    that sample is half as long. Cost: ``steps + 1`` slopes.
    """
    import torch

    there, size, (worth, slope) = x, torch.full_like(x, 1 / price), _valued(loss, x)
    for _ in range(steps):
        trial = inside(there + size * (slope - price * (there - x)), box)
        found, steep = _valued(loss, trial)
        found = found - price / 2 * (trial - x).flatten(1).square().sum(1)
        better = (found > worth) & found.isfinite()
        spread = better.reshape(-1, *[1] * (x.dim() - 1))
        worth = torch.where(better, found, worth)
        there, slope = torch.where(spread, trial, there), torch.where(spread, steep, slope)
        size = torch.where(spread, size, size / 2)
        yield there


def _valued(loss: Loss, x: Tensor) -> tuple[Tensor, Tensor]:
    """The loss of each sample ``(B,)``, and its slope ``(B, *shape)``."""
    import torch

    with torch.enable_grad():  # whoever asks may be summing up real samples, without gradients
        x = x.detach().requires_grad_()
        values = loss(x)
        return values.detach(), torch.autograd.grad(values.sum(), x)[0]


def last(steps: Iterator[Tensor]) -> Tensor:
    """Where the last of some steps, at least one, ended."""
    return deque(steps, maxlen=1)[0]


def slope(classify: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """The gradient of each sample's cross-entropy in its numbers, ``(B, *shape)``."""
    from torch.nn.functional import cross_entropy

    return slope_of(lambda z: cross_entropy(classify(z), y, reduction="sum"), x)


def slope_of(loss: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient in ``x (B, *shape)`` of a loss of samples, one number or one of each."""
    return _valued(loss, x)[1]


def inside(x: Tensor, box: Box | None) -> Tensor:
    """The nearest samples in the box."""
    return x if box is None else x.clamp(*box)


def lengths(change: Tensor) -> Tensor:
    """The length of each sample's change ``(B, 1, …)``; never 0."""
    return change.flatten(1).norm(dim=1).clamp_min(1e-12).reshape(-1, *[1] * (change.dim() - 1))


def unit(gradient: Tensor) -> Tensor:
    """Of length 1 for each sample; 0 stays 0."""
    return gradient / lengths(gradient)


def _into_box(change: Tensor, strength: float | Tensor) -> Tensor:
    import torch

    return torch.minimum(torch.maximum(change, -strength * torch.ones_like(change)), strength * torch.ones_like(change))


def _into_ball(change: Tensor, strength: float | Tensor) -> Tensor:
    return change * (strength / lengths(change)).clamp(max=1)


def _sign(gradient: Tensor) -> Tensor:
    return gradient.sign()


NORMS: dict[str, tuple[Callable[..., Tensor], Callable[[Tensor], Tensor]]] = {
    "linf": (_into_box, _sign),
    "l2": (_into_ball, unit),
}  # how a change is projected onto the ball, and the direction of its steepest ascent


def _random(x: Tensor, norm: str, start: torch.Generator) -> Tensor:
    """Uniform in the unit ball of a norm."""
    import torch

    if norm == "linf":
        return (2 * torch.rand(x.shape, generator=start) - 1).to(x)
    radius = torch.rand(len(x), generator=start) ** (1 / x[0].numel())
    return (unit(torch.randn(x.shape, generator=start)) * radius.reshape(-1, *[1] * (x.dim() - 1))).to(x)
