"""Ridge regression in the features of a pool of networks that are trained on S as it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.predictions.labels import margin, with_learned_labels
from dcviz.discrepancies.predictions.pool import features, memoryless, trained, untrained
from dcviz.discrepancies.predictions.ridge import Predict, half_square, one_hot, ridge_predict
from dcviz.discrepancies.random_features.networks import fitting
from dcviz.types import Discrepancy, Needs, Plan, Progress, RealSampler, Source, Space, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.layers import Classifier


@dataclass(frozen=True)
class OnlineRidge(Discrepancy):
    r"""The error on T of the ridge regression on S in the features of a network that S itself trains.

    .. math:: \tfrac{1}{2B}\bigl\lVert Y_T-K^\theta_{TS}(K^\theta_{SS}+\lambda\tfrac{\mathrm{tr}K_{SS}}{M}I)^{-1}Y_S
              \bigr\rVert^2 + \mathrm{margin}(Y_S),\quad K^\theta=\phi_\theta\phi_\theta^\top

    Each step draws one network of the pool, updates S through its features, and then trains that network on S by
    one update (squared error with the labels, Adam); after ``updates`` of them a fresh one takes its place. Learned
    labels pay for a margin between their two largest values that is below 1/C. Cost O(BMD + M³) beside the passes.
    """

    name = "online-ridge"
    title = "ridge regression in networks trained on S"
    sentence = "Solves a regression on the synthetic set in the features of networks that it trains meanwhile."
    formula = (
        r"\tfrac12\lVert Y_T-K^\theta_{TS}(K^\theta_{SS}+\lambda I)^{-1}Y_S\rVert^2,\ \theta\leftarrow\mathrm{train}(S)"
    )
    source = Source(
        "Y. Zhou, E. Nezhadarya, J. Ba",
        "Dataset Distillation using Neural Feature Regression",
        2022,
        "https://arxiv.org/abs/2206.00719",
    )
    where = "predictions"
    reads = "samples"
    partial = True
    properties = frozenset({"nonnegative"})
    rates = {"labels": 0.01}

    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    norm: str = hyper(
        "batch",
        "Normalisation in a ConvNet; batch: by the statistics of each batch.",
        choices=("batch", "instance", "none"),
    )
    pool: int = hyper(10, "Networks in the pool.", low=1, high=100)
    updates: int = hyper(100, "Updates after which a network is replaced by a fresh one.", low=1, high=10000, log=True)
    rate: float = hyper(3e-4, "Learning rate of the networks (Adam).", low=1e-6, high=1.0, log=True)
    batch: int = hyper(256, "Real samples per step.", low=2, high=16384, log=True)
    inner_batch: int = hyper(500, "Synthetic samples in an update of a network.", low=1, high=4096, log=True)
    ridge: float = hyper(
        1e-6, "Regularisation, relative to the mean of the kernel's diagonal.", low=1e-8, high=10.0, log=True
    )
    labels: str = hyper("learned", "Kept as they are, or learned with the images.", choices=("fixed", "learned"))
    augment: str = hyper("", "Siamese augmentation, e.g. crop_scale_rotate; empty for none.")

    @property
    def needs(self) -> Needs:
        """A shuffled batch of all classes."""
        planar = not self.augment and self.network != "convnet"
        return Needs(real_per_class=self.batch, space="fresh", planar=planar)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """What the pool's networks are made for, and one whose weights are replaced by theirs."""
        return {"space": Space.of(real), "net": self._network(Space.of(real), generator)}

    def extend(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> SyntheticSet:
        """S with labels, where they are learned."""
        return with_learned_labels(synthetic) if self.labels == "learned" else synthetic

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """The pool, untrained; ages are spread, so that networks are not all replaced at once."""
        ages = [i * self.updates // self.pool for i in range(self.pool)]
        return {"pool": [self._member(context, generator, age) for age in ages], "turn": 0}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """Half the mean squared error on the real batch and, with learned labels, their margin."""
        import torch

        from dcviz.augment import draw

        classes = len(real.counts)
        state = {**state, "turn": int(torch.randint(self.pool, (), generator=generator))}
        augment = draw(self.augment, real.shape, generator)
        true, fake = real.shuffled(self.batch), synthetic.decode()
        weights = state["pool"][state["turn"]]["weights"]
        predict = self._regression(context["net"], weights)
        predicted = predict(augment(true.x), augment(fake.x), one_hot(fake.y, classes))
        terms = {"ridge": half_square(one_hot(true.y, classes) - predicted)}
        if fake.y.dim() > 1:
            terms["margin"] = margin(fake.y)
        return terms, state

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """One update on S of the network whose turn it was, or a fresh one in its place."""
        import torch

        from dcviz.augment import draw

        turn, pool = state["turn"], list(state["pool"])
        if pool[turn]["age"] + 1 >= self.updates:
            pool[turn] = self._member(context, generator, 0)
            return {**state, "pool": pool}
        fake, augment = synthetic.decode(), draw(self.augment, real.shape, generator)
        picked = torch.randperm(len(fake.x), generator=generator)[: self.inner_batch].to(fake.x.device)
        x, y = augment(fake.x[picked]), one_hot(fake.y, len(real.counts))[picked]
        pool[turn] = trained(context["net"], pool[turn], x, y, self.rate)
        return {**state, "pool": pool}

    def regression(self, space: Space, generator: torch.Generator, state: Tree = None) -> Predict:
        """The regression in the features of a random network of the pool; of a fresh one where there is no pool."""
        import torch

        net = self._network(space, generator)
        if state is None:
            return self._regression(net, {k: v.detach() for k, v in net.named_parameters()})
        return self._regression(net, state["pool"][int(torch.randint(self.pool, (), generator=generator))]["weights"])

    def _regression(self, net: Classifier, weights: dict[str, Tensor]) -> Predict:
        return lambda x, s, y: ridge_predict(features(net, weights, x), features(net, weights, s), y, self.ridge)

    def _member(self, context: Tree, generator: torch.Generator, age: int) -> Tree:
        return untrained(self._network(context["space"], generator)) | {"age": age}

    def _network(self, space: Space, generator: torch.Generator) -> Classifier:
        from dcviz.nets import network

        name = fitting(self.network, space.shape)
        net = network(name, space.shape, space.classes, generator, width=self.width, norm=self.norm)
        return memoryless(net).to(space.device)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward passes of the real batch, forward and backward of S, and an update of a network."""
        from dcviz.nets import activations, flops

        name, fake = fitting(self.network, shape), classes * per_class
        one, held = (count(name, shape, self.width) for count in (flops, activations))
        return one * (self.batch + 6 * fake), 4.0 * held * (self.batch + 2 * fake)
