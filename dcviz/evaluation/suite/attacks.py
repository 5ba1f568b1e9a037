"""Attacks: small changes of the pixels that raise a network's loss. Pixels stay in [0, 1].

Own and short, because each has a known truth: against two classes and a linear model, all three find the worst case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.attacks import climb, slope
from dcviz.evaluation.measure import Work
from dcviz.types import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Classify = Callable[["Tensor"], "Tensor"]  # pixels (B, c, h, w) in [0, 1] -> logits (B, C)
Strength = "float | Tensor"  # ε, one for all or one for each sample (B, 1, 1, 1)


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
    """Projected gradient ascent of the cross-entropy (`dcviz.attacks.climb`); the last step counts."""
    there = x
    climbed = climb(lambda z: slope(classify, z, y), x, strength, norm=norm, steps=steps, start=start)
    for step, moved in enumerate(climbed, 1):
        there = moved
        yield step / steps
    return there
