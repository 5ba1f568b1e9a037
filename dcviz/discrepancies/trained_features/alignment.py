"""The features of every layer aligned, class by class, in a network that is trained on S meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.random_features.networks import fitting, fresh_network
from dcviz.discrepancies.trained_features.inner import Sgd, class_means, descend, fresh, stages
from dcviz.types import (
    Discrepancy,
    Needs,
    Plan,
    Progress,
    RealSampler,
    Source,
    Space,
    SyntheticSet,
    Terms,
    Tree,
    hyper,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WINDOW = 10  # accuracies that must agree before a network has no more to give
TEST = 128  # real samples per class that measure them
SOURCE = Source(
    "K. Wang, B. Zhao, X. Peng, Z. Zhu, S. Yang, S. Wang, G. Huang, H. Bilen, X. Wang, Y. You",
    "CAFE: Learning to Condense Dataset by Aligning Features",
    2022,
    "https://arxiv.org/abs/2203.01531",
    "Eqs. 2-7",
)


@dataclass(frozen=True)
class LayerAlignment(Discrepancy):
    r"""Class means of all layers, and real features told apart by the synthetic centres.

    .. math:: \sum_l w_l\sum_c\bigl\lVert\overline{F_l(T_c)}-\overline{F_l(S_c)}\bigr\rVert^2
              +\beta\sum_i\ell\bigl(F_L(x_i)\,\overline{F_L(S)}^\top,y_i\bigr)

    F_l are the maps after each ReLU and the features before the last layer, which count 1 with the last map; the
    earlier ones count ``early``. As in the authors' code the features count once more, and the cross-entropy is
    a sum over the real batch. After each update of S the network trains on S for ``inner`` steps; once its
    accuracy on real samples stayed within ``stop`` for ten updates, a new one is drawn. That decision is taken on
    the device: the loop never waits for it. Cost of the forward passes of the batch.
    """

    name = "layer-alignment"
    title = "layer alignment"
    sentence = "Aligns what every layer of a network sees in real and synthetic classes, and keeps the classes apart."
    formula = (
        r"\sum_{l,c}w_l\lVert\overline{F_l(T_c)}-\overline{F_l(S_c)}\rVert^2+\beta\,\ell(F_L(T)\overline{F_L(S)}^\top)"
    )
    source = SOURCE
    where = "trained-features"
    properties = frozenset({"nonnegative"})

    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    batch: int = hyper(128, "Real samples per class and step.", low=1, high=4096, log=True)
    early: float = hyper(0.1, "Weight of all maps but the last.", low=0.0, high=100.0)
    discrimination: float = hyper(0.01, "Weight β of the discrimination loss.", low=0.0, high=100.0)
    stop: float = hyper(0.04, "A network whose accuracy moves less than this is done with.", low=0.0, high=1.0)
    inner: int = hyper(10, "Training steps of the network on S between updates.", low=0, high=1000)
    inner_batch: int = hyper(256, "Synthetic samples per such step.", low=1, high=4096, log=True)
    rate: float = hyper(0.01, "Learning rate of the network (plain SGD).", low=1e-5, high=1.0, log=True)
    augment: str = hyper("", "Siamese augmentation, e.g. color_crop_cutout_scale_rotate; empty for none.")

    @property
    def needs(self) -> Needs:
        """Real samples of every class, every step."""
        return Needs(real_per_class=self.batch, space="fresh", planar=not self.augment)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """A network whose weights are replaced by those of the state."""
        return fresh_network(self.network, Space.of(real), generator, width=self.width)

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """A fresh network, and no accuracy yet."""
        import torch

        window = torch.full((WINDOW,), -1.0, device=synthetic.stored.device)  # below any: far from all the others
        return {"weights": fresh(context, generator), "window": window}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """Two terms: the layers, and the weighted discrimination loss."""
        import torch

        from dcviz.augment import draw

        augment = draw(self.augment, real.shape, generator)
        true, fake = real.batch(self.batch), synthetic.by_class()
        with torch.no_grad():
            maps_t, features_t, _ = stages(context, state["weights"], augment(true.x.flatten(0, 1)))
        maps_s, features_s, _ = stages(context, state["weights"], augment(fake.x.flatten(0, 1)))
        pairs = zip([*maps_t, features_t], [*maps_s, features_s], strict=True)
        gaps = [class_means(t, true.weights) - class_means(s, fake.weights) for t, s in pairs]  # (C, D) each
        weights = [self.early] * (len(gaps) - 2) + [1.0, 2.0]
        aligned = torch.stack([w * gap.square().sum() for w, gap in zip(weights, gaps, strict=True)]).sum()
        told = discrimination(features_t, true.weights, class_means(features_s, fake.weights))
        return {"layers": aligned, "discrimination": self.discrimination * told}, state

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """Train the network on S, or put a fresh one in its place when its accuracy has settled."""
        import torch

        tested = real.batch(TEST)
        seen = (tested.weights > 0).float()
        with torch.no_grad():
            logits = stages(context, state["weights"], tested.x.flatten(0, 1))[2].unflatten(0, seen.shape)
            right = logits.argmax(2) == torch.arange(len(seen), device=seen.device)[:, None]
        accuracy = ((right * seen).sum() / seen.sum())[None]
        window = torch.cat([state["window"][1:], accuracy])
        settled = window.amax() - window.amin() < self.stop
        batches = self._batches(synthetic, real.shape, generator)
        trained, _, _ = descend(context, state["weights"], batches, Sgd(self.rate))
        new = fresh(context, generator)
        return {
            "weights": {k: torch.where(settled, new[k], v) for k, v in trained.items()},
            "window": torch.where(settled, torch.full_like(window, -1.0), window),
        }

    def _batches(
        self, synthetic: SyntheticSet, shape: tuple[int, ...], generator: torch.Generator
    ) -> list[tuple[Tensor, Tensor]]:
        import torch

        from dcviz.augment import draw

        batch, y, found = synthetic.decode(), synthetic.decoded_classes(), []
        for _ in range(self.inner):
            picked = torch.randperm(len(y), generator=generator)[: self.inner_batch].to(y.device)
            found.append((draw(self.augment, shape, generator)(batch.x[picked]), y[picked]))
        return found

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Real: forward, twice; S: forward and backward, and the training on it."""
        from dcviz.nets import activations, flops

        name, real, fake = fitting(self.network, shape), self.batch * classes, classes * per_class
        one, held = (count(name, shape, self.width) for count in (flops, activations))
        inner = self.inner * min(self.inner_batch, fake)
        return one * (real + TEST * classes + 3 * fake + 3 * inner), 4.0 * held * (real + 2 * fake)


def discrimination(features: Tensor, masses: Tensor, centres: Tensor) -> Tensor:
    """The summed cross-entropy ``()`` of features ``(C·n, D)`` whose logits are products with centres ``(C, D)``."""
    import torch
    from torch.nn.functional import cross_entropy

    y = torch.arange(len(masses), device=masses.device).repeat_interleave(masses.shape[1])
    each = cross_entropy(features @ centres.T, y, reduction="none")
    return (each * (masses.flatten() > 0)).sum()
