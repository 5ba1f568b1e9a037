"""Attacks: small changes of the pixels that raise a network's loss. Pixels stay in [0, 1].

Own and short, because each has a known truth: against two classes and a linear model, all three find the worst case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.evaluation.measure import Work
from dcviz.types import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Classify = Callable[["Tensor"], "Tensor"]  # pixels (B, c, h, w) in [0, 1] -> logits (B, C)
Strength = "float | Tensor"  # ε, one for all or one for each sample (B, 1, 1, 1)

REACH = 2.5  # all steps together reach so many ε: enough to come from any start to any point of the ball


@dataclass(frozen=True)
class Attack:
    """One kind of attack, as tables show it."""

    name: str
    title: str
    sentence: str
    formula: str
    source: Source
    grey: tuple[float, ...]  # strengths for images of one channel, in units of the pixel range [0, 1]
    colour: tuple[float, ...]  # for images of three


MADRY = Source(
    "A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu",
    "Towards Deep Learning Models Resistant to Adversarial Attacks",
    2018,
    "https://arxiv.org/abs/1706.06083",
    "Section 2.1",
)
BYTES = (1 / 255, 2 / 255, 4 / 255, 8 / 255, 16 / 255)  # 2, 4 and 8 are those of DD-RobustBench
GREY = (0.025, 0.05, 0.1, 0.2, 0.3)
LENGTHS = (0.25, 0.5, 1.0, 1.5, 2.0)
ATTACKS = (
    Attack(
        "fgsm",
        "FGSM",
        "One step: every pixel moves by ε in the direction that raises the loss.",
        r"x+\varepsilon\,\mathrm{sign}\,\nabla_x\ell(f(x),y)",
        Source(
            "I. Goodfellow, J. Shlens, C. Szegedy",
            "Explaining and Harnessing Adversarial Examples",
            2015,
            "https://arxiv.org/abs/1412.6572",
            "Section 4",
        ),
        GREY,
        BYTES,
    ),
    Attack(
        "pgd-linf",
        "PGD-L∞",
        "Many small steps of FGSM from a random start; no pixel ends more than ε away.",
        r"\Pi_{\lVert x'-x\rVert_\infty\le\varepsilon}\left(x'+\alpha\,\mathrm{sign}\,\nabla\ell\right)",
        MADRY,
        GREY,
        BYTES,
    ),
    Attack(
        "pgd-l2",
        "PGD-L2",
        "Many small steps along the gradient from a random start; the change is never longer than ε.",
        r"\Pi_{\lVert x'-x\rVert_2\le\varepsilon}\left(x'+\alpha\,\nabla\ell/\lVert\nabla\ell\rVert_2\right)",
        MADRY,
        LENGTHS,
        LENGTHS,
    ),
)


def attacked(  # noqa: PLR0913  (two of them rare, by keyword only)
    name: str,
    classify: Classify,
    x: Tensor,
    y: Tensor,
    strength: float | Tensor,
    *,
    steps: int = 10,
    start: torch.Generator | None = None,
) -> Work[Tensor]:
    """Pixels ``x (B, c, h, w)`` of classes ``y (B,)`` as an attack of `ATTACKS` leaves them; one slice a step.

    ``start`` draws where PGD begins, uniform in its ball; None begins at ``x`` itself.
    """
    if name == "fgsm":
        return (yield from fgsm(classify, x, y, strength))
    return (yield from pgd(classify, x, y, strength, norm=name.removeprefix("pgd-"), steps=steps, start=start))


def fgsm(classify: Classify, x: Tensor, y: Tensor, strength: float | Tensor) -> Work[Tensor]:
    """The fast gradient sign method: the worst case of a loss that is linear within ε."""
    yield 0.0
    return (x + strength * slope(classify, x, y).sign()).clamp(0, 1)


def pgd(  # noqa: PLR0913  (three of them by keyword only)
    classify: Classify,
    x: Tensor,
    y: Tensor,
    strength: float | Tensor,
    *,
    norm: str,
    steps: int,
    start: torch.Generator | None = None,
) -> Work[Tensor]:
    """Projected gradient ascent of the cross-entropy; the last step counts.

    Step size `REACH`·ε/steps. Each step is projected onto the ball, then onto [0, 1]: as x lies in the box, clipping
    brings no point farther from it, so that the result is in both. Cost: ``steps`` forward and backward passes.
    """
    project, direction = (_into_box, _sign) if norm == "linf" else (_into_ball, _unit)
    there = x if start is None else (x + project(_random(x, norm, start) * strength, strength)).clamp(0, 1)
    for step in range(steps):
        moved = there + (REACH / steps) * strength * direction(slope(classify, there, y))
        there = (x + project(moved - x, strength)).clamp(0, 1)
        yield (step + 1) / steps
    return there


def slope(classify: Classify, x: Tensor, y: Tensor) -> Tensor:
    """The gradient of each sample's cross-entropy in its pixels, ``(B, c, h, w)``."""
    import torch
    from torch.nn.functional import cross_entropy

    x = x.detach().requires_grad_()
    return torch.autograd.grad(cross_entropy(classify(x), y, reduction="sum"), x)[0]


def _into_box(change: Tensor, strength: float | Tensor) -> Tensor:
    import torch

    return torch.minimum(torch.maximum(change, -strength * torch.ones_like(change)), strength * torch.ones_like(change))


def _into_ball(change: Tensor, strength: float | Tensor) -> Tensor:
    return change * (strength / _length(change)).clamp(max=1)


def _sign(gradient: Tensor) -> Tensor:
    return gradient.sign()


def _unit(gradient: Tensor) -> Tensor:
    return gradient / _length(gradient)


def _length(change: Tensor) -> Tensor:
    """The length of each sample's change ``(B, 1, 1, 1)``; never 0."""
    return change.flatten(1).norm(dim=1).clamp_min(1e-12).reshape(-1, *[1] * (change.dim() - 1))


def _random(x: Tensor, norm: str, start: torch.Generator) -> Tensor:
    """Uniform in the unit ball of a norm."""
    import torch

    if norm == "linf":
        return (2 * torch.rand(x.shape, generator=start) - 1).to(x)
    radius = torch.rand(len(x), generator=start) ** (1 / x[0].numel())
    return (_unit(torch.randn(x.shape, generator=start)) * radius.reshape(-1, *[1] * (x.dim() - 1))).to(x)
