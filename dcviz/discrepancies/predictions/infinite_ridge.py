"""Ridge regression with the kernel of an infinitely wide network, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.predictions.infinite import Infinite
from dcviz.discrepancies.predictions.labels import solve_labels, with_learned_labels, with_values
from dcviz.discrepancies.predictions.ridge import Predict, dual, half_square, one_hot
from dcviz.discrepancies.random_features.networks import fitting
from dcviz.divergences._clouds import wide
from dcviz.types import Discrepancy, Needs, RealSampler, Source, Space, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch

SOLVED_ON = 4096  # real samples that labels are solved on: more than the unknowns by far, and one piece of memory


@dataclass(frozen=True)
class InfiniteRidge(Discrepancy):
    r"""The error on real samples of the kernel ridge regression that was solved on S.

    .. math:: \tfrac{1}{2B}\bigl\lVert Y_T - K_{TS}(K_{SS}+\lambda\tfrac{\mathrm{tr}K_{SS}}{M}I)^{-1}Y_S\bigr\rVert^2

    K is the neural tangent kernel (NTK) or the conjugate kernel (NNGP) of a ReLU network of infinite width, in
    closed form, in double precision: the yardstick is the same at every step but for the real batch. Networks:
    ``mlp``; ``convnet``: 3×3 convolutions, no pooling, every pixel read with weights of its own; ``pooled``: with
    average pooling between layers and over the whole at the end. Cost O(BM·P + M³) a layer for P pairs of pixels:
    1, h·w and (h·w)². The last is 4,096 at 8×8 and 614,656 at 28×28, which wants an accelerator.

    Labels are one-hot less 1/C: kept, learned with the images, or solved for at the end given the images.
    """

    name = "infinite-ridge"
    title = "infinite-width ridge regression"
    sentence = "Asks an infinitely wide network, solved exactly on the synthetic set, to predict the real labels."
    formula = r"\tfrac12\lVert Y_T-K_{TS}(K_{SS}+\lambda I)^{-1}Y_S\rVert^2,\quad K=\Theta_\infty"
    source = Source(
        "T. Nguyen, Z. Chen, J. Lee",
        "Dataset Meta-Learning from Kernel Ridge-Regression",
        2021,
        "https://arxiv.org/abs/2011.00050",
        "Eq. 7",
    )
    where = "predictions"
    reads = "samples"
    partial = True
    properties = frozenset({"nonnegative"})
    rates = {"labels": 0.01}

    network: str = hyper(
        "auto",
        "Architecture; auto: convnet (without pooling) for images, mlp for points.",
        choices=("auto", "mlp", "convnet", "pooled"),
    )
    kernel: str = hyper(
        "ntk", "Of a trained network (ntk), or of its last layer alone (nngp).", choices=("ntk", "nngp")
    )
    depth: int = hyper(2, "Hidden layers.", low=1, high=10)
    bias: float = hyper(0.01, "Variance of the biases; that of the weights is 2 / fan-in.", low=0.0, high=1.0)
    batch: int = hyper(256, "Real samples per step.", low=2, high=16384, log=True)
    ridge: float = hyper(
        1e-3, "Regularisation, relative to the mean of the kernel's diagonal.", low=1e-10, high=10.0, log=True
    )
    labels: str = hyper(
        "fixed",
        "Kept as they are, learned with the images, or solved at the end.",
        choices=("fixed", "learned", "solved"),
    )
    augment: str = hyper("", "Siamese augmentation, e.g. crop_scale_rotate; empty for none.")

    @property
    def needs(self) -> Needs:
        """A shuffled batch of all classes; convolutions need images."""
        return Needs(
            real_per_class=self.batch, space="fixed", planar=not self.augment and self.network in ("auto", "mlp")
        )

    def infinite(self, shape: tuple[int, ...]) -> Infinite:
        """The kernel for samples of this shape."""
        return Infinite(fitting(self.network, shape), self.depth, self.kernel == "ntk", self.bias)

    def extend(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> SyntheticSet:
        """S with labels, where they are learned."""
        return with_learned_labels(synthetic) if self.labels == "learned" else synthetic

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """One term: half the mean squared error on the real batch."""
        from dcviz.augment import draw

        classes = len(real.counts)
        augment = draw(self.augment, real.shape, generator)
        true, fake = real.shuffled(self.batch), synthetic.decode()
        predict = self.regression(Space.of(real), generator)
        predicted = predict(augment(true.x), augment(fake.x), one_hot(fake.y, classes))
        return {"ridge": half_square(one_hot(true.y, classes) - predicted)}, state

    def regression(self, space: Space, generator: torch.Generator, state: Tree = None) -> Predict:
        """The kernel ridge regression itself; nothing in it is random."""
        k = self.infinite(space.shape)

        def predict(x: torch.Tensor, s: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            x, s = wide(x), wide(s)
            return (k(x, s) @ dual(k(s, s), y.to(s), self.ridge)).to(y)

        return predict

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """Where labels are solved for: the best ones for the images, on up to 4,096 real samples."""
        import torch

        if self.labels != "solved":
            return synthetic
        true, fake = real.shuffled(SOLVED_ON), synthetic.decode()
        predict = self.regression(Space.of(real), generator)
        unit = torch.eye(len(fake.x), device=real.device, dtype=wide(fake.x).dtype)
        with torch.no_grad():
            predictor = predict(true.x, fake.x, unit)  # (N, M): linear in the labels
        return with_values(synthetic, solve_labels(predictor, one_hot(true.y, len(real.counts))))

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Some 150 operations a layer and pair of pixels, forward and backward; six numbers held of each."""
        from math import prod

        from dcviz.discrepancies.predictions.infinite import HELD

        fake = classes * per_class
        entries = fake * (self.batch + fake) * self.infinite(shape).pairs(shape)
        held = min(entries, 2 * HELD)
        return entries * (150.0 * self.depth + 4 * prod(shape[:1])) + fake**3, 8.0 * 6 * self.depth * held
