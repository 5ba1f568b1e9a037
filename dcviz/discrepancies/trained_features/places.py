"""Images whose features are points of the Wasserstein barycentre of their class, with its usual statistics."""

from __future__ import annotations

from dataclasses import dataclass
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
    hyper,
)

if TYPE_CHECKING:
    import torch

CHUNK = 1024  # real samples that go through the network at once
SOURCE = Source(
    "H. Liu, Y. Li, T. Xing, P. Wang, V. Dalal, L. Li, J. He, H. Wang",
    "Dataset Distillation via the Wasserstein Metric",
    2025,
    "https://arxiv.org/abs/2311.18531",
)


@dataclass(frozen=True)
class BarycentreMatching(Discrepancy):
    r"""Each image has a place of its own in a trained network's features: a point of its class's barycentre.

    .. math:: \lVert f(S)-b\rVert_2+\mathrm{CE}(S)+r\,\overline{\sum_l\lVert\mu_l(S_c)-\mu_l(T_c)\rVert_2
              +\lVert\sigma_l^2(S_c)-\sigma_l^2(T_c)\rVert_2},\quad
              b_c=\arg\min_b W_2^2\Bigl(T_c,\tfrac1K\sum_j\delta_{b_j}\Bigr)

    f are the features before the last layer of a ConvNet with batch norm that was trained on T; one norm over all
    images. Statistics are those of each class, at every batch norm layer; their distances are averaged over the
    classes. At the end the network labels the images and ``views`` moved copies of each. The barycentre is computed
    once; a step costs a forward and a backward pass of S.
    """

    name = "barycentre"
    title = "Wasserstein barycentre"
    sentence = "Gives every image its own place in a trained network's features, so that together they cover the class."
    formula = r"\lVert f(S)-b\rVert_2+\mathrm{CE}(S)+r\,\mathrm{BN}(S_c,T_c),\ b_c=\arg\min_bW_2^2(T_c,b)"
    source = SOURCE
    where = "trained-features"
    reads = "whole"  # its places are sought among a sample whose weights do not count
    properties = frozenset({"nonnegative"})

    width: int = hyper(32, "Channels per block of the network, a ConvNet.", low=4, high=512, log=True)
    updates: int = hyper(300, "Updates in which the network learns T.", low=1, high=100_000, log=True)
    cap: int = hyper(1000, "Real samples per class whose barycentre is computed.", low=2, high=20_000, log=True)
    rounds: int = hyper(10, "Rounds of transport and averaging that find the barycentre.", low=1, high=1000, log=True)
    cross_entropy: float = hyper(1.0, "Weight of the cross-entropy under the network.", low=0.0, high=100.0)
    strength: float = hyper(0.05, "Weight r of the classes' batch norm statistics.", low=0.0, high=100.0)
    augment: str = hyper("", "Augmentation of S at every step, e.g. crop; empty for none.")
    views: int = hyper(0, "Moved copies of each image labelled at the end; 0: labels stay hard.", low=0, high=2000)
    moves: str = hyper("crop_scale_rotate", "How they are moved: crop, flip, scale, rotate, joined by _.")

    @property
    def needs(self) -> Needs:
        """A network with batch norm, which for points of the plane we do not have; T only through it."""
        return Needs(space="fresh" if self.augment else "fixed", batch_norm=True, planar=False)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The network, the places ``(M, D)`` of all images, and the statistics of every class."""
        import torch

        from dcviz.discrepancies.batch_norm.squeeze import squeezed
        from dcviz.discrepancies.batch_norm.statistics import class_statistics
        from dcviz.discrepancies.trained_features.barycentre import barycentre

        net = squeezed(real, self.width, self.updates, self.moves if self.views else "", generator, progress)
        progress("finding the barycentres", 0.0)
        batch, counts = real.batch(self.cap), plan.counts.tolist()
        with torch.no_grad():
            parts = [net.embed(part) for part in batch.x.flatten(0, 1).split(CHUNK)]
        features = torch.cat(parts).unflatten(0, batch.weights.shape)  # (C, N, D)
        masses = torch.tensor([[1 / k] * k + [0.0] * (max(counts) - k) for k in counts]).to(features)  # (C, K)
        b = barycentre(features, batch.weights, masses, generator, self.rounds)
        places = torch.cat([of_class[:k] for of_class, k in zip(b, counts, strict=True)])
        return {"teacher": net, "places": places, "statistics": class_statistics(net, real)}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """Three terms: the distance to the places, the cross-entropy, and the statistics, with their weights."""
        import torch
        from torch.nn.functional import cross_entropy

        from dcviz.augment import draw
        from dcviz.discrepancies.batch_norm.statistics import distances, in_classes, seen
        from dcviz.layers import Stages

        x, y = draw(self.augment, real.shape, generator)(synthetic.decode().x), synthetic.decoded_classes()
        (_, features, logits), layers = seen(Stages(context["teacher"]), x)
        usual = distances(layers, in_classes(y, len(real.counts)), context["statistics"]).mean()
        return {
            "barycentre": torch.linalg.vector_norm(features - context["places"]),
            "cross-entropy": self.cross_entropy * cross_entropy(logits, y),
            "statistics": self.strength * usual,
        }, state

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """S with the network's soft labels for every image and view, as SRe2L stores them; or as it is."""
        from dcviz.discrepancies.batch_norm.recovery import Recovery

        if not self.views:
            return synthetic
        return Recovery(views=self.views, moves=self.moves).finish(context, state, real, synthetic, generator)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward and backward passes of S, to the images only."""
        from dcviz.nets import activations, flops

        fake = classes * per_class
        return 2 * fake * flops("convnet", shape, self.width), 4.0 * fake * activations("convnet", shape, self.width)
