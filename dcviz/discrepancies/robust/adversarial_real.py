"""Real samples beside what an attack makes of them: S is compared with both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.caching import key_of
from dcviz.discrepancies.robust.ball import MADRY, NORM, NORMS, RADIUS, STEPS, Ball
from dcviz.discrepancies.robust.samplers import Attacked
from dcviz.discrepancies.robust.streams import aside
from dcviz.discrepancies.robust.victims import POOL, UPDATES, WIDTH, Victims, errors, one_of
from dcviz.discrepancies.robust.wrapping import Attacking
from dcviz.types import Plan, Progress, RealSampler, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch

    from dcviz.layers import Classifier


@dataclass(frozen=True)
class AdversarialReal(Attacking):
    r"""A discrepancy of S from T ∪ T', where T' are the samples of T as PGD against a network trained on T leaves them.

    .. math:: D\bigl((1-s)\,T+s\,T',\ S\bigr),\quad
              x'=\arg\max_{\lVert x'-x\rVert\le\varepsilon}\ell\bigl(f_{\theta_T}(x'),y\bigr)

    Whatever the inner discrepancy draws from T is so: its batches, and where it trains networks or experts on the
    whole of T, these too. Where its real side is prepared once, it is attacked once. Else a step costs the forward and
    backward passes of the attack in addition.
    """

    name = "adversarial-real"
    title = "attacked real samples"
    sentence = "Compares the synthetic set with real samples and with the same ones, moved to mislead a network."
    formula = r"D\bigl((1-s)T+sT',S\bigr),\ T'=\arg\max_{\lVert x'-x\rVert\le\varepsilon}\ell(f_{\theta_T}(x'),y)"
    source = MADRY
    ending = "attacked-real"

    radius: float = hyper(0.1, RADIUS, low=0.0, high=10.0)
    share: float = hyper(0.5, "Of the attacked samples in the comparison.", low=0.0, high=1.0)
    norm: str = hyper("linf", NORM, choices=NORMS)
    ascent: int = hyper(5, STEPS, low=1, high=100, log=True)
    pool: int = hyper(1, POOL, low=1, high=100)
    updates: int = hyper(200, UPDATES, low=1, high=100_000, log=True)
    width: int = hyper(32, WIDTH, low=4, high=512, log=True)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The networks that are attacked, and what the inner discrepancy prepares of T ∪ T'."""
        nets = Victims(self.pool, self.updates, self.width).taught(real, aside(generator), progress)
        return {"nets": nets, "of": self.of.prepare(self._seen(real, nets, generator), plan, generator, progress)}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """The terms of the inner discrepancy from T ∪ T'."""
        seen = self._seen(real, context["nets"], generator)
        terms, state = self.of.loss(context["of"], state, seen, synthetic, generator)
        return self._outer(terms), state

    def gradient(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, dict[str, torch.Tensor], Tree]:
        """As the inner discrepancy has it, which may have an algorithm of its own."""
        seen = self._seen(real, context["nets"], generator)
        terms, gradients, state = self.of.gradient(context["of"], state, seen, synthetic, generator)
        return self._outer(terms), gradients, state

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """As the inner discrepancy has it, on T ∪ T'."""
        return self.of.advance(context["of"], state, self._seen(real, context["nets"], generator), synthetic, generator)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Three forward passes of what is drawn for each step of the attack, beside the inner discrepancy's own."""
        from dcviz.discrepancies.random_features.networks import fitting
        from dcviz.nets import activations, flops

        own, held = self.of.cost(classes, per_class, shape)
        together = self.of.where == "predictions"  # a batch of all classes, not one of each
        drawn, net = self.of.needs.real_per_class * (1 if together else classes), fitting("auto", shape)
        attack = 3.0 * self.ascent * drawn * flops(net, shape, self.width)
        return own + attack, held + 4.0 * drawn * activations(net, shape, self.width)

    def _seen(self, real: RealSampler, nets: list[Classifier], generator: torch.Generator) -> Attacked:
        """T ∪ T'. Attacks begin at places from a stream of their own: the inner discrepancy draws as if alone."""
        start = aside(generator)
        ball, net = Ball(self.norm, self.radius, self.ascent), one_of(nets, start)
        shown = key_of(real.fingerprint, "attacked", *(getattr(self, key) for key in self.hypers() if key != "of"))
        return Attacked(
            real,
            lambda x, y: ball.worst(lambda z: errors(net, z, y), x, real.transform, start),
            self.share,
            shown,
        )
