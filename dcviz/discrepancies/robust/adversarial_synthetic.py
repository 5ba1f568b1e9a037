"""Synthetic samples as an attack leaves them: the comparison must bear that they are moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.discrepancies.robust.ball import MADRY, NORM, NORMS, RADIUS, STEPS, Ball
from dcviz.discrepancies.robust.samplers import Repeated
from dcviz.discrepancies.robust.streams import aside, same
from dcviz.discrepancies.robust.victims import POOL, UPDATES, WIDTH, Victims, errors, one_of
from dcviz.discrepancies.robust.wrapping import Attacking
from dcviz.types import Plan, Progress, RealSampler, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Plain:
    """The decoder of a set whose images are already what it decodes to."""

    name: str = "pixels"
    expand: int = 1

    def decode(self, stored: Tensor) -> Tensor:
        """The same."""
        return stored


@dataclass(frozen=True)
class AdversarialSynthetic(Attacking):
    r"""A discrepancy at the worst place in a ball around S, and its gradient there.

    .. math:: D\bigl(T,\ S+\delta^*\bigr),\quad \delta^*=\arg\max_{\lVert\delta_j\rVert\le\varepsilon}D(T,S+\delta)
              \quad\text{or}\quad\arg\max_\delta\ell\bigl(f_{\theta_T}(\tilde x_j+\delta_j),y_j\bigr)

    By Danskin's theorem the gradient in S is that at the worst place, held there. Against the discrepancy itself the
    attack sees the draws of its step: the same real batch and the same networks. Decoded samples are moved, in
    pixels; the gradient goes back through the decoder.
    """

    name = "adversarial-synthetic"
    title = "attacked synthetic samples"
    sentence = "Measures the discrepancy where every synthetic sample has been moved to make it worse."
    formula = r"\max_{\lVert\delta_j\rVert\le\varepsilon}D(T,S+\delta)"
    source = MADRY
    ending = "attacked-synthetic"

    radius: float = hyper(0.05, RADIUS, low=0.0, high=10.0)
    against: str = hyper(
        "discrepancy", "What is to be made worse: the discrepancy, or how networks trained on T see S.",
        choices=("discrepancy", "networks"),
    )  # fmt: skip
    norm: str = hyper("linf", NORM, choices=NORMS)
    ascent: int = hyper(3, STEPS, low=1, high=100, log=True)
    pool: int = hyper(1, POOL, low=1, high=100)
    updates: int = hyper(200, UPDATES, low=1, high=100_000, log=True)
    width: int = hyper(32, WIDTH, low=4, high=512, log=True)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """What the inner discrepancy prepares, and the networks where there are some."""
        trained = self.against == "networks"
        nets = Victims(self.pool, self.updates, self.width).taught(real, aside(generator), progress) if trained else []
        return {"nets": nets, "of": self.of.prepare(real, plan, generator, progress)}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """The terms of the inner discrepancy at the worst place."""
        drawn = Repeated(real)
        plain = as_decoded(synthetic)
        x = plain.parameters["images"]
        move = self._worst(context, state, drawn, plain.map(lambda t: t.detach()), generator) - x.detach()
        moved = replace(plain, parameters={**plain.parameters, "images": x + move})
        terms, state = self.of.loss(context["of"], state, drawn.again(), moved, generator)
        return self._outer(terms), state

    def gradient(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, dict[str, Tensor], Tree]:
        """As the inner discrepancy has it at the worst place, taken back through the decoder."""
        import torch

        drawn, key = Repeated(real), "images" if "images" in synthetic.parameters else "codes"
        leaf = synthetic.parameters[key].detach().requires_grad_()
        decoded = synthetic.decoder.decode(leaf)
        held = as_decoded(synthetic.map(lambda t: t.detach()))
        worst = self._worst(context, state, drawn, held, generator)
        moved = replace(held, parameters={**held.parameters, "images": worst})
        terms, gradients, state = self.of.gradient(context["of"], state, drawn.again(), moved, generator)
        back = torch.autograd.grad(decoded, leaf, gradients.pop("images"))[0]
        return self._outer(terms), {**gradients, key: back}, state

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """The inner discrepancy once for each step of the attack, and once more."""
        own, held = self.of.cost(classes, per_class, shape)
        return own * (self.ascent + 1 if self.against == "discrepancy" else 1), held

    def _worst(
        self, context: Tree, state: Tree, drawn: Repeated, plain: SyntheticSet, generator: torch.Generator
    ) -> Tensor:
        """The images of a plain set, moved."""
        start = aside(generator)
        ball, x = Ball(self.norm, self.radius, self.ascent), plain.parameters["images"]
        if self.against == "networks":
            net = one_of(context["nets"], start)
            return ball.worst(lambda z: errors(net, z, plain.classes), x, drawn.transform, start)

        def value(z: Tensor) -> Tensor:
            there = replace(plain, parameters={**plain.parameters, "images": z})
            terms, _ = self.of.loss(context["of"], state, drawn.again(), there, same(generator))
            return self.of.objective(terms)

        return ball.worst(value, x, drawn.transform, start)


def as_decoded(synthetic: SyntheticSet) -> SyntheticSet:
    """The same set with what it decodes to as its images; where those need a gradient, it goes on to the codes."""
    batch, e = synthetic.decode(), synthetic.decoder.expand
    rest = {k: v for k, v in synthetic.parameters.items() if k not in ("images", "codes")}
    return replace(
        synthetic,
        parameters={"images": batch.x, **rest},
        classes=synthetic.decoded_classes(),
        ids=batch.id,
        counts=tuple(n * e for n in synthetic.counts),
        decoder=Plain(),
    )
