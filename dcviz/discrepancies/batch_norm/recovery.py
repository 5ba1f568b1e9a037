"""Recover images from a trained network: it must name them, and its batch norm layers must find them usual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.types import (
    Discrepancy,
    Needs,
    Plan,
    Progress,
    RealSampler,
    Source,
    SyntheticSet,
    Terms,
    Tree,
    Views,
    hyper,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CHUNK = 1024  # images that are labelled at once


@dataclass(frozen=True)
class Recovery(Discrepancy):
    r"""The cross-entropy of S under a teacher, and the distance of S to the teacher's batch norm statistics.

    .. math:: \sum_g \mathrm{CE}\bigl(f(S_g), y_g\bigr)
              + r\sum_l a_l\bigl(\lVert\mu_l(S_g)-\mu_l\rVert_2+\lVert\sigma^2_l(S_g)-\sigma^2_l\rVert_2\bigr)

    S is augmented anew at every step, all images alike, and dealt into groups g of at most ``group`` images, all
    classes in turn, as the authors' batches are. CE is the mean over a group; a_1 = ``first``, the others are 1. At
    the end the teacher labels the images and ``views`` moved copies of each. A step costs a forward and a backward
    pass of S.
    """

    name = "batch-norm"
    title = "batch-norm statistics"
    sentence = (
        "Asks a trained network that it names the images rightly and that its batch norm layers see the usual "
        "mean and spread of every channel; then lets it label them."
    )
    formula = r"\mathrm{CE}(f(S),y)+r\sum_l\lVert\mu_l(S)-\mu_l\rVert_2+\lVert\sigma_l^2(S)-\sigma_l^2\rVert_2"
    source = Source(
        "Z. Yin, E. Xing, Z. Shen",
        "Squeeze, Recover and Relabel: Dataset Condensation at ImageNet Scale From A New Perspective",
        2023,
        "https://arxiv.org/abs/2306.13092",
    )
    where = "batch-norm"
    reads = "whole"
    properties = frozenset({"nonnegative"})

    strength: float = hyper(0.01, "Weight r of the statistics.", low=0.0, high=100.0)
    first: float = hyper(10.0, "Factor of the statistics at the first layer.", low=0.0, high=100.0)
    group: int = hyper(100, "Images whose statistics are taken together, at most.", low=2, high=10000, log=True)
    width: int = hyper(32, "Channels per block of the teacher, a ConvNet.", low=4, high=512, log=True)
    updates: int = hyper(300, "Updates in which the teacher learns T.", low=1, high=100000, log=True)
    augment: str = hyper("crop", "Augmentation of S at every step, e.g. crop; empty for none.")
    views: int = hyper(30, "Moved copies of each image that are labelled at the end; 0 for none.", low=0, high=2000)
    moves: str = hyper("crop_scale_rotate", "How they are moved: crop, flip, scale, rotate, joined by _.")

    @property
    def needs(self) -> Needs:
        """A network with batch norm, which for points of the plane we do not have; T only through it."""
        return Needs(space="fresh" if self.augment else "fixed", batch_norm=True, planar=False)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The teacher, and the weights of each group's images in it."""
        from dcviz.discrepancies.batch_norm.squeeze import squeezed
        from dcviz.discrepancies.batch_norm.statistics import dealt
        from dcviz.views import moves

        moves(self.moves, real.shape, 1, generator)  # refused now, not after the last step
        net = squeezed(real, self.width, self.updates, self.moves, generator, progress)
        return {"teacher": net, "groups": dealt(plan, self.group).to(real.device)}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """Two terms: the cross-entropy, and the statistics with their weight."""
        from torch.nn.functional import cross_entropy

        from dcviz.augment import draw
        from dcviz.discrepancies.batch_norm.statistics import distances, seen

        x = draw(self.augment, real.shape, generator)(synthetic.decode().x)
        outputs, layers = seen(context["teacher"], x)
        groups = context["groups"].to(x.dtype)  # (G, M·expand)
        named = groups @ cross_entropy(outputs, synthetic.decoded_classes(), reduction="none")  # (G,)
        usual = distances(layers, groups, first=self.first)  # (G,)
        return {"cross-entropy": named.sum(), "statistics": self.strength * usual.sum()}, state

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """The teacher's probabilities for every image as it is and in every view."""
        import torch

        from dcviz.augment import warp
        from dcviz.views import moves

        x, teacher = synthetic.map(torch.detach).decode().x, context["teacher"]
        maps = moves(self.moves, real.shape, self.views * len(x), generator).to(x.device)
        maps = maps.unflatten(0, (self.views, len(x)))  # (A, M·expand, 2, 3)
        labels = [opinion(teacher, warp(x, view)) for view in maps]
        return replace(
            synthetic,
            parameters={**synthetic.parameters, "labels": opinion(teacher, x)},
            label_kind="probabilities",
            views=Views(torch.stack(labels), maps) if labels else None,
        )

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward and backward passes of S, to the images only."""
        from dcviz.nets import activations, flops

        fake = classes * per_class
        return 2 * fake * flops("convnet", shape, self.width), 4.0 * fake * activations("convnet", shape, self.width)


def opinion(teacher: torch.nn.Module, x: Tensor) -> Tensor:
    """The teacher's probabilities ``(B, C)`` for images ``x (B, *shape)``."""
    import torch

    with torch.no_grad():
        return torch.cat([teacher(part) for part in x.split(CHUNK)]).softmax(1)
