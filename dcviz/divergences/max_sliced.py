"""The max-sliced Wasserstein distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import Cloud, cloud, wants_gradient, wide, with_gradient
from dcviz.divergences._lines import Quantiles, quantiles, received, shadow, unsorted
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

STARTS = 4  # of the drawn directions are ascended from: the best, and the best of what lies apart
FIRST = 4  # times as many steps in a first call, which has no direction to continue from


@dataclass(frozen=True)
class MaxSliced(Divergence):
    r"""The squared Wasserstein-2 distance of the shadows along the direction in which they differ most.

    .. math:: \max_{\|\theta\|=1} W_2^2(\theta^\top x,\ \theta^\top y)

    The maximum is searched for: from the best of some directions drawn once, from the difference of the means and
    from the direction of the last call, by steps along the gradient that halve where they do not rise. What is found
    is a lower bound, never below the squared distance of the means; almost surely in the directions drawn, it is 0
    only between equal sets. The maximum itself would be a rigid distance with the triangle inequality, a local one is
    not. The gradient is that at the direction found (envelope theorem): it moves the points along one line, and
    jumps with it.

    Cost O(A·(ND + N log N)) a step with A ascent steps.

    >>> import torch
    >>> sliced, at = MaxSliced(), torch.Generator()
    >>> x = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    >>> round(float(sliced.value(sliced.fit(x, at), x + torch.tensor([3.0, 4.0]))[0]), 4)  # a move by 5
    25.0
    """

    name = "max-sliced"
    title = "max-sliced Wasserstein"
    sentence = "Looks for the one direction from which both clouds look most different, and moves the shadows there."
    formula = r"\max_{\lVert\theta\rVert=1} W_2^2(\theta^\top x,\ \theta^\top y)"
    source = Source(
        "I. Deshpande, Y.-T. Hu, R. Sun, A. Pyrros, N. Siddiqui, S. Koyejo, Z. Zhao, D. Forsyth, A. Schwing",
        "Max-Sliced Wasserstein Distance and its use for GANs",
        2019,
        "https://arxiv.org/abs/1904.05877",
        "Eq. 7",
    )
    properties = frozenset({"zero", "separates", "nonnegative", "symmetric", "duplicates"})
    root = 2
    degree = 2.0
    cost = "O(A·(ND + N log N))"

    directions: int = hyper(64, "How many directions are tried first.", low=STARTS, high=4096, log=True)
    ascent: int = hyper(10, "Steps of the search from the best of them (A).", low=0, high=1000)

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """Directions ``(D, L)``, the real cloud, and its quantile functions and second moments along each."""
        import torch

        theta = torch.randn(x.shape[-1], self.directions, generator=generator, dtype=torch.float64)
        theta = (theta / theta.norm(dim=0)).to(x)  # (D, L)
        real = cloud(x, weights)
        seen = shadow(real[0], real[1], theta)
        return theta, real, quantiles(seen), _second(seen[0], seen[2])

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The squared distance ``(…)`` along the best direction found, and this direction ``(…, D)``."""
        import torch

        theta, real, along, second = side
        fake = cloud(y, weights, real[3])
        with torch.no_grad():  # the direction is held: envelope theorem
            start = torch.cat([_tried(theta, along, second, fake), *_known(fake, state)], -1)  # (…, D, starts)
            found, heights = ascend(real, fake, start, self.ascent * (FIRST if state is None else 1))
        at = heights.argmax(-1, keepdim=True).unsqueeze(-2)  # (…, 1, 1)
        best = found.gather(-1, at.expand(*found.shape[:-1], 1))  # (…, D, 1)
        value, _, slope = rise(real, fake, best)
        value, best = value.squeeze(-1).to(y.dtype), best.squeeze(-1)
        if not wants_gradient(y):
            return value, best
        return with_gradient(value, y, slope.to(y.dtype).mT * best.unsqueeze(-2)), best


def ascend(real: Cloud, fake: Cloud, theta: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Directions ``(…, D, L)`` at least as high as those given, and their heights ``(…, L)``.

    A full step goes to the gradient's own direction (the power method: one step for a translation). Where that
    does not rise, as the matching changes on the way, half of the way is tried next.
    """
    import torch

    height, gradient, _ = rise(real, fake, theta)
    part = torch.ones_like(height)  # (…, L): of the way to the gradient's direction
    for _ in range(steps):
        way = part.unsqueeze(-2).to(theta.dtype)
        there = unit((1 - way) * theta + way * unit(gradient))
        new, slope, _ = rise(real, fake, there)
        better = new > height
        theta = torch.where(better.unsqueeze(-2), there, theta)
        gradient = torch.where(better.unsqueeze(-2), slope, gradient)
        height = torch.where(better, new, height)
        part = torch.where(better, (2 * part).clamp(max=1), part / 2)
    return theta, height


def rise(real: Cloud, fake: Cloud, theta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The squared distances ``(…, L)`` along ``theta (…, D, L)``, half their gradients in it and in the shadows.

    The latter ``(…, L, M)`` are the derivatives by the position of each synthetic point.
    """
    (x, w, _, _), (y, v, _, _) = real, fake
    seen, own = shadow(x, w, theta), shadow(y, v, theta)
    towards, back = received(quantiles(seen), own[2]), received(quantiles(own), seen[2])
    height = _second(seen[0], seen[2]) + _second(own[0], own[2]) - 2 * (own[0] * towards).sum(-1)
    pull = unsorted((own[2] * own[0] - towards).masked_fill(own[2] == 0, 0), own[1])  # (…, L, M)
    push = unsorted((seen[2] * seen[0] - back).masked_fill(seen[2] == 0, 0), seen[1])  # (…, L, N)
    gradient = y.mT @ pull.mT.to(y.dtype) + x.mT @ push.mT.to(x.dtype)  # (…, D, L)
    return height, gradient, 2 * pull


def unit(theta: Tensor) -> Tensor:
    """Columns of length 1, or 0."""
    import torch

    size = theta.norm(dim=-2, keepdim=True)
    return theta / torch.where(size > 0, size, 1)


def _tried(theta: Tensor, along: Quantiles, second: Tensor, fake: Cloud) -> Tensor:
    """The best of the drawn directions ``(…, D, STARTS)``, by the quantile functions made beforehand.

    After each choice the others lose what they share with it, so that not all starts are on one hill.
    """
    import torch

    own = shadow(fake[0], fake[1], theta)
    height = second + _second(own[0], own[2]) - 2 * (own[0] * received(along, own[2])).sum(-1)  # (…, L)
    theta, chosen = theta.expand(*height.shape[:-1], -1, -1), []
    for _ in range(STARTS):
        at = height.argmax(-1, keepdim=True).unsqueeze(-2)  # (…, 1, 1)
        chosen.append(theta.gather(-1, at.expand(*theta.shape[:-1], 1)))  # (…, D, 1)
        height = height * (1 - (chosen[-1].mT @ theta).squeeze(-2).square()).clamp(min=0)
    return torch.cat(chosen, -1)


def _known(fake: Cloud, last: Tensor | None) -> list[Tensor]:
    """The difference of the means and the last direction ``(…, D, 1)``."""
    means = unit((fake[1].unsqueeze(-2) @ fake[0]).mT)  # the real mean is the origin
    return [means] if last is None else [means, last.unsqueeze(-1)]


def _second(position: Tensor, mass: Tensor) -> Tensor:
    return (wide(mass) * wide(position).square()).sum(-1)
