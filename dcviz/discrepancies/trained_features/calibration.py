"""Calibration: S must be classified well by a network that was trained on T."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.random_features.networks import fitting
from dcviz.discrepancies.teachers import Teacher, taught
from dcviz.discrepancies.trained_features.networks import part_of
from dcviz.training import Training
from dcviz.types import Discrepancy, Needs, Plan, Progress, RealSampler, Source, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Calibration(Discrepancy):
    r"""The cross-entropy of S under networks trained on T, which take turns.

    .. math:: \sum_c\frac{1}{M_c}\sum_{j:\,y_j=c}\ell\bigl(f_{\theta_T}(A_\omega\tilde x_j),c\bigr)

    Seldom alone: it sees S only, and is content with one sure image per class. Beside a discrepancy of features
    it keeps images on their side of the classes' borders.
    """

    name = "calibration"
    title = "calibration by trained networks"
    sentence = "Asks networks trained on the real data to recognise the class of every synthetic sample."
    formula = r"\sum_c\tfrac1{M_c}\sum_{y_j=c}\ell\bigl(f_{\theta_T}(\tilde x_j),c\bigr)"
    source = Source(
        "S. Wang, Y. Yang, Z. Liu, C. Sun, X. Hu, C. He, L. Zhang",
        "Dataset Distillation with Neural Characteristic Function: A Minmax Perspective",
        2025,
        "https://arxiv.org/abs/2502.20653",
        "the authors' code",
    )
    where = "trained-features"
    reads = "whole"
    properties = frozenset({"nonnegative"})

    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    pool: int = hyper(1, "Networks that are trained, and take turns.", low=1, high=100)
    updates: int = hyper(200, "Updates of each network on T.", low=1, high=100_000, log=True)
    batch: int = hyper(128, "Real samples per update of a network.", low=1, high=4096, log=True)
    rate: float = hyper(3e-3, "Learning rate of the networks (Adam).", low=1e-5, high=1.0, log=True)
    augment: str = hyper("", "Augmentation of S, e.g. color_crop_cutout; empty for none.")

    @property
    def needs(self) -> Needs:
        """No real samples in a step."""
        return Needs(space="fixed" if self.pool == 1 else "fresh", planar=not self.augment)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The trained networks; one that learned nothing is refused."""
        from dcviz.discrepancies.batch_norm.squeeze import refuse_untaught

        training = Training(self.updates, self.batch, "adam", self.rate)
        teacher = Teacher(fitting(self.network, real.shape), self.width, training)
        nets = []
        for i in range(self.pool):
            nets.append(taught(real, teacher, generator, part_of(progress, i, self.pool), "training networks on T"))
            refuse_untaught(nets[-1], real)
        return nets

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """One term: the sum over classes of the mean cross-entropy."""
        import torch

        from dcviz.augment import draw

        net = context[int(torch.randint(self.pool, (), generator=generator))]
        augment = draw(self.augment, real.shape, generator)
        fake = synthetic.by_class()
        logits = net(augment(fake.x.flatten(0, 1)))  # (C·n, C)
        return {"calibration": class_cross_entropy(logits, fake.weights)}, state

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward and backward of S."""
        from dcviz.nets import activations, flops

        name, fake = fitting(self.network, shape), classes * per_class
        return 3.0 * fake * flops(name, shape, self.width), 8.0 * fake * activations(name, shape, self.width)


def class_cross_entropy(logits: torch.Tensor, masses: torch.Tensor) -> torch.Tensor:
    """The sum over classes of the mean cross-entropy ``()`` of logits ``(C·n, C)`` with masses ``(C, n)``."""
    import torch
    from torch.nn.functional import cross_entropy

    y = torch.arange(len(masses), device=logits.device).repeat_interleave(masses.shape[1])
    return (masses.flatten() * cross_entropy(logits, y, reduction="none")).sum()
