"""Ridge regression with the averaged kernel of several fresh networks, and a calibrated loss."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.predictions.labels import with_learned_labels
from dcviz.discrepancies.predictions.ridge import Predict, half_square, one_hot, ridge_predict
from dcviz.discrepancies.random_features.networks import fitting, fresh_network
from dcviz.types import Discrepancy, Needs, RealSampler, Source, Space, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class RidgeEnsemble(Discrepancy):
    r"""The loss on real samples of the ridge regression on S in the features of n fresh networks together.

    .. math:: \ell\bigl(\tau\,K_{TS}(K_{SS}+\lambda\tfrac{\mathrm{tr}K_{SS}}{M}I)^{-1}Y_S,\ y_T\bigr),
              \quad K=\tfrac1n\sum_{i=1}^{n}\psi_{\theta_i}\psi_{\theta_i}^\top

    The kernel is an unbiased estimate, 1/n of whose variance is left, of the conjugate kernel (NNGP) of the
    infinite network. ``platt``: cross-entropy of the predictions times a temperature τ that is learned with S;
    ``square``: half the mean squared error, τ = 1. With one network, instance norm and ``square`` this is `Ridge`.
    Labels are one-hot less 1/C to begin with, and learned if wished. Cost as `Ridge`, n times the passes.
    """

    name = "ridge-ensemble"
    title = "ridge regression in several networks"
    sentence = "Solves one regression on the synthetic set in many untrained networks at once, and asks it about T."
    formula = r"\ell\bigl(\tau K_{TS}(K_{SS}+\lambda I)^{-1}Y_S,y_T\bigr),\ K=\tfrac1n\sum_i\psi_i\psi_i^\top"
    source = Source(
        "N. Loo, R. Hasani, A. Amini, D. Rus",
        "Efficient Dataset Distillation Using Random Feature Approximation",
        2022,
        "https://arxiv.org/abs/2210.12067",
    )
    where = "predictions"
    reads = "samples"
    partial = True
    properties = frozenset({"nonnegative"})
    rates = {"labels": 0.01, "temperature": 0.01}

    networks: int = hyper(4, "Fresh networks at every step, their kernels averaged.", low=1, high=64)
    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=4096, log=True)
    norm: str = hyper(
        "none", "Normalisation in a ConvNet; none: that of the plain network's NNGP.", choices=("none", "instance")
    )
    batch: int = hyper(256, "Real samples per step.", low=2, high=16384, log=True)
    ridge: float = hyper(
        0.01, "Regularisation, relative to the mean of the kernel's diagonal.", low=1e-8, high=10.0, log=True
    )
    error: str = hyper("platt", "Calibrated cross-entropy, or squared error.", choices=("platt", "square"))
    temperature: float = hyper(
        2.0,
        "Logarithm of the temperature at first; it is learned with S, where there is one.",
        low=-5.0,
        high=5.0,
    )
    labels: str = hyper("learned", "Kept as they are, or learned with the images.", choices=("fixed", "learned"))
    augment: str = hyper("", "Siamese augmentation, e.g. crop_scale_rotate; empty for none.")

    @property
    def needs(self) -> Needs:
        """A shuffled batch of all classes."""
        return Needs(real_per_class=self.batch, space="fresh", planar=not self.augment and self.network != "convnet")

    def extend(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> SyntheticSet:
        """S with labels, where they are learned, and with the logarithm of the temperature."""
        if self.labels == "learned":
            synthetic = with_learned_labels(synthetic)
        if self.error == "square":
            return synthetic
        start = synthetic.stored.new_full((1,), self.temperature)  # predictions lie between about -1/C and 1 - 1/C
        return dataclasses.replace(synthetic, parameters={**synthetic.parameters, "temperature": start})

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """One term, on the real batch."""
        from torch.nn.functional import cross_entropy

        from dcviz.augment import draw

        classes = len(real.counts)
        predict = self.regression(Space.of(real), generator)
        augment = draw(self.augment, real.shape, generator)
        true, fake = real.shuffled(self.batch), synthetic.decode()
        predicted = predict(augment(true.x), augment(fake.x), one_hot(fake.y, classes))
        if self.error == "square":
            return {"ridge": half_square(one_hot(true.y, classes) - predicted)}, state
        return {"ridge": cross_entropy(synthetic.parameters["temperature"].exp() * predicted, true.y)}, state

    def regression(self, space: Space, generator: torch.Generator, state: Tree = None) -> Predict:
        """The regression in the features of fresh networks, side by side."""
        import torch

        nets = [
            fresh_network(self.network, space, generator, width=self.width, norm=self.norm).requires_grad_(False)
            for _ in range(self.networks)
        ]

        def features(x: Tensor) -> Tensor:
            return torch.cat([net.embed(x).flatten(1) for net in nets], 1)  # (B, n·D): its products add the kernels

        return lambda x, s, y: ridge_predict(features(x), features(s), y, self.ridge)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward passes of the real batch, forward and backward of S, in every network."""
        from dcviz.nets import activations, flops

        name, fake = fitting(self.network, shape), classes * per_class
        one, held = (self.networks * count(name, shape, self.width) for count in (flops, activations))
        return one * (self.batch + 3 * fake), 4.0 * held * (self.batch + 2 * fake)
