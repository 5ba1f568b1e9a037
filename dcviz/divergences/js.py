"""The Jensen–Shannon divergence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._critic import Side
from dcviz.divergences._ratio import Ratio
from dcviz.types import Source, hyper

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class JS(Ratio):
    r"""How well a classifier can tell the sets apart: log 2 less its least balanced cross-entropy.

    .. math:: \log 2 - \min_f \tfrac12 E_x \log(1+e^{-f(x)}) + \tfrac12 E_y \log(1+e^{f(y)})

    Between 0 and log 2, in nats. Both sets count by half, however many points they have: with raw counts the
    classifier of N ≫ M points answers "real" and is right. The critic is a lower bound, and so blurs what it
    cannot tell apart. Cost O((N + M)H(D + H) + H³) a step.

    >>> import torch
    >>> js = JS()
    >>> side = js.fit(torch.tensor([[-0.1], [0.1]]), torch.Generator())
    >>> bool(0.6 < js.value(side, torch.tensor([[90.0]]))[0] < 0.6932)  # log 2, nearly
    True
    """

    name = "js"
    title = "Jensen–Shannon divergence"
    sentence = "Lets a small classifier try to tell real from synthetic, and moves the points until it cannot."
    formula = r"\log2-\min_f\ \tfrac12\mathbb{E}_x\log(1+e^{-f(x)})+\tfrac12\mathbb{E}_y\log(1+e^{f(y)})"
    source = Source(
        "I. Goodfellow, J. Pouget-Abadie, M. Mirza, B. Xu, D. Warde-Farley, S. Ozair, A. Courville, Y. Bengio",
        "Generative Adversarial Nets",
        2014,
        "https://arxiv.org/abs/1406.2661",
        "Eq. 6",
    )

    ridge: float = hyper(  # a quarter of the others' for the same effect, as is the curvature of its functions
        0.025, "What keeps the critic from telling single points apart.", low=1e-6, high=10.0, log=True
    )

    def sides(self) -> tuple[Side, Side]:
        """½ log 2σ(f) over the real points, ½ log 2σ(-f) over the synthetic ones."""
        return logistic, lambda f: mirrored(logistic(-f))


def logistic(f: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """½ log 2σ(f) and its derivatives."""
    from torch.nn.functional import logsigmoid

    other = (-f).sigmoid()
    return (logsigmoid(f) + math.log(2)) / 2, other / 2, -other * (1 - other) / 2


def mirrored(parts: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The derivatives of a(-f) from those of a at -f."""
    return parts[0], -parts[1], parts[2]
