"""The χ² divergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._critic import Side
from dcviz.divergences._ratio import NGUYEN, Directed, Ratio

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Chi2(Ratio, Directed):
    r"""The mean squared excess of the density ratio over 1.

    .. math:: \chi^2(P\,\|\,Q) = E_Q(p/q - 1)^2 = \sup_f 2 E_P f - 2 E_Q f - E_Q f^2

    ``seeking``: P synthetic, Q real; ``covering``: the other way round. The critic's answer is one linear system
    (least-squares ratio fitting, Kanamori et al. 2009). The tails decide: exp(‖m‖²) - 1 between unit Gaussians at
    distance ‖m‖, which no critic reaches for long. Cost O((N + M)H(D + H) + H³) a step.

    >>> import torch
    >>> chi2 = Chi2()
    >>> x = torch.tensor([[-1.0], [0.0], [1.0]])
    >>> float(chi2.value(chi2.fit(x, torch.Generator()), x)[0])
    0.0
    """

    name = "chi2"
    title = "χ² divergence"
    sentence = "Punishes by the square wherever one density is a multiple of the other."
    first = 1  # the problem is quadratic
    formula = r"\chi^2(p\,\Vert\,q)=\mathbb{E}_{y\sim q}\Bigl(\frac{p(y)}{q(y)}-1\Bigr)^2"
    source = NGUYEN

    def sides(self) -> tuple[Side, Side]:
        """2 E_P f - E_Q (2f + f²)."""
        return (double, square) if self.direction == "covering" else (square, double)


def double(f: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """2f and its derivatives."""
    return 2 * f, f * 0 + 2, f * 0


def square(f: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """-2f - f² and its derivatives."""
    return -2 * f - f.square(), -2 - 2 * f, f * 0 - 2
