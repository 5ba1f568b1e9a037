"""The worst distribution in a Wasserstein ball around T, by its dual: moves have a price instead of a bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.attacks import last, priced
from dcviz.discrepancies.robust.asking import Asking, Lesson
from dcviz.discrepancies.robust.ball import box_of, in_pixels
from dcviz.types import Source, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SINHA = Source(
    "A. Sinha, H. Namkoong, R. Volpi, J. Duchi",
    "Certifying Some Distributional Robustness with Principled Adversarial Training",
    2018,
    "https://arxiv.org/abs/1710.10571",
    "Eq. 2",
)


@dataclass(frozen=True)
class WassersteinBall(Asking):
    r"""The mean over real samples of the worst loss less the price of going there, for the regression solved on S.

    .. math:: \tfrac1B\sum_i\sup_z\ \ell\bigl(f_S(z),y_i\bigr)-\tfrac{\gamma}{2}\lVert z-x_i\rVert^2
              =\sup_Q\ \mathbb E_Q\,\ell-\gamma W_c(Q,T)

    The Lagrangian of the worst distribution in a ball around T, with the cost c(z, x) = ½‖z - x‖² in pixels. The
    supremum is sought by steps of size 1/γ from x, shorter where these do not climb (the authors' shrink with the root
    of their number); it is finite, and the steps converge, where the slope of the loss changes by less than γ a unit.
    """

    name = "wasserstein-ball"
    title = "Wasserstein ball (dual)"
    sentence = "Asks the regression solved on the synthetic set about the worst real samples, whose moves have a price."
    formula = r"\tfrac1B\sum_i\sup_z\ \ell(f_S(z),y_i)-\tfrac\gamma2\lVert z-x_i\rVert^2"
    source = SINHA

    gamma: float = hyper(
        10.0,
        "Price of moving a sample: half the squared distance in pixels costs so much; the lower, the more robust.",
        low=1e-3,
        high=1e6,
        log=True,
    )
    ascent: int = hyper(10, "Steps towards the worst place.", low=1, high=100, log=True)

    def ask(self, lesson: Lesson, generator: torch.Generator) -> Tensor:
        """The mean surrogate; its gradient in S is that of the loss at the worst place, held there."""
        u, held = lesson.transform.inverse(lesson.x), lesson.held()
        z = last(priced(in_pixels(held.losses, lesson.transform), u, self.gamma, steps=self.ascent, box=box_of(u)))
        price = self.gamma / 2 * (z - u).flatten(1).square().sum(1)
        return (in_pixels(lesson.losses, lesson.transform)(z) - price).mean()

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Three passes for each step, before the first and at the end."""
        return self.passes(3.0 * (self.ascent + 2), classes, per_class, shape)
