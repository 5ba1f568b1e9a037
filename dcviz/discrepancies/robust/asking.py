"""What a regression that was solved on S is asked: its losses on real samples, wherever these are moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.predictions.ridge import Predict, Regressing, Ridge, one_hot
from dcviz.errors import Refused
from dcviz.types import (
    Discrepancy,
    Needs,
    Plan,
    Progress,
    RealSampler,
    Space,
    SyntheticSet,
    Terms,
    Transform,
    Tree,
    hyper,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Lesson:
    """A regression solved on S, real samples, and what it should say of them."""

    predict: Predict
    fake: tuple[Tensor, Tensor]  # S (M, *shape) and its targets (M, C)
    x: Tensor  # real samples (B, *shape), in model space
    y: Tensor  # their targets (B, C)
    transform: Transform

    def losses(self, x: Tensor) -> Tensor:
        """Half the squared error ``(B,)`` where the real samples are moved to ``x``; differentiable in S."""
        return ((self.predict(x, *self.fake) - self.y) ** 2).sum(1) / 2

    def held(self) -> Lesson:
        """The same without a gradient in S: what attacks look at."""
        s, y = self.fake
        return Lesson(self.predict, (s.detach(), y.detach()), self.x, self.y, self.transform)


@dataclass(frozen=True)
class Asking(Discrepancy):
    """What asks a regression solved on S about real samples. Leaves say what is asked.

    The regression is that of the discrepancy ``of``, in fresh features where they are drawn; samples are taken as they
    are, without its augmentation, and its loss is half the squared error.
    """

    where = "predictions"
    serves = "robust"
    properties = frozenset({"nonnegative"})

    of: Discrepancy = hyper(Ridge(), "The regression that is solved on S.", part="discrepancy")
    samples: int = hyper(128, "Real samples that it is asked about in a step.", low=2, high=16384, log=True)

    def __post_init__(self) -> None:
        """Refuse what solves no regression."""
        super().__post_init__()
        if not isinstance(self.of, Regressing):
            raise Refused(f"{self.of.name} solves no regression on S that could be asked: choose ridge for `of`.")

    @property
    def rates(self) -> dict[str, float]:  # type: ignore[override]
        """Those of the regression, which an instance knows."""
        return dict(self.of.rates)

    @property
    def needs(self) -> Needs:
        """A shuffled batch; the rest as the regression does."""
        inner = self.of.needs
        return Needs(real_per_class=self.samples, space=inner.space, planar=inner.planar, images=inner.images)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """As the regression."""
        return self.of.prepare(real, plan, generator, progress)

    def extend(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> SyntheticSet:
        """As the regression: with labels, where it learns them."""
        return self.of.extend(context, synthetic, generator)

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """One term, of this name."""
        assert isinstance(self.of, Regressing)
        predict = self.of.regression(Space.of(real), generator)
        true, fake, classes = real.shuffled(self.samples), synthetic.decode(), len(real.counts)
        pair = fake.x, one_hot(fake.y, classes)
        lesson = Lesson(predict, pair, true.x, one_hot(true.y, classes), real.transform)
        return {self.name: self.ask(lesson, generator)}, state

    def ask(self, lesson: Lesson, generator: torch.Generator) -> Tensor:
        """The term ``()``, differentiable in S."""
        raise NotImplementedError

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """As the regression: with labels, where it solves for them."""
        return self.of.finish(context, state, real, synthetic, generator)

    def passes(self, count: float, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Operations and memory of so many forward passes of the real samples, beside the regression's own step."""
        from dcviz.discrepancies.random_features.networks import fitting
        from dcviz.nets import activations, flops

        own, held = self.of.cost(classes, per_class, shape)
        net, width = fitting("auto", shape), getattr(self.of, "width", 32)
        rows = self.samples + 2 * classes * per_class
        return own + count * rows * flops(net, shape, width), held + 4.0 * rows * activations(net, shape, width)
