"""Class means in a growing pool of networks that are trained on T a little at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.random_features.networks import fitting, fresh_network
from dcviz.discrepancies.trained_features.calibration import class_cross_entropy
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

SOURCE = Source(
    "G. Zhao, G. Li, Y. Qin, Y. Yu",
    "Improved Distribution Matching for Dataset Condensation",
    2023,
    "https://arxiv.org/abs/2307.09742",
    "Eqs. 3-6",
)
FIRST = 3  # networks at the start
TRAINED = 2  # networks that train after each update of S
MOMENTUM, DECAY = 0.9, 5e-4  # of their training


@dataclass(frozen=True)
class OnlinePool(Discrepancy):
    r"""Class means of features, and the cross-entropy of S, in a pool of networks that grow older.

    .. math:: \sum_c\Bigl(\bigl\lVert\overline{\psi(A_\omega T_c)}-\overline{\psi(A_\omega S_c)}\bigr\rVert^2
              +\mu\,a_\theta\,\overline{\ell(f_\theta(A_\omega S_c),c)}\Bigr)

    A random network θ of the pool measures each step. Afterwards two random ones train for ``train`` steps on T,
    and every ``every`` steps a fresh one joins; it replaces the oldest once there are ``pool``. a_θ is a network's
    accuracy in its last training, 0 before: hardly trained ones have no say in the second term. The pool is
    state: weights and velocities of at most ``pool`` networks lie in every checkpoint.
    """

    name = "online-pool"
    title = "pool trained along"
    sentence = "Matches class means in networks that are trained on the real data a little at a time, meanwhile."
    formula = r"\sum_c\lVert\overline{\psi(T_c)}-\overline{\psi(S_c)}\rVert^2+\mu\,a_\theta\,\ell(f_\theta(S_c),c)"
    source = SOURCE
    where = "trained-features"
    properties = frozenset({"nonnegative"})

    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    batch: int = hyper(128, "Real samples per class and step.", low=1, high=8192, log=True)
    pool: int = hyper(10, "Networks at most.", low=3, high=100)
    every: int = hyper(30, "Steps until a fresh network joins.", low=1, high=1000, log=True)
    train: int = hyper(10, "Training steps on T of each of two networks after an update of S.", low=0, high=1000)
    train_batch: int = hyper(256, "Real samples per such step.", low=1, high=4096, log=True)
    rate: float = hyper(0.01, "Learning rate of the networks (SGD, momentum 0.9).", low=1e-5, high=1.0, log=True)
    cross_entropy: float = hyper(50.0, "Weight μ of the cross-entropy, at accuracy 1.", low=0.0, high=1000.0)
    augment: str = hyper("", "Siamese augmentation, e.g. color_crop_cutout_scale_rotate; empty for none.")

    @property
    def needs(self) -> Needs:
        """Real samples of every class, every step."""
        return Needs(real_per_class=self.batch, space="fresh", planar=not self.augment)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """A network whose weights are replaced by those of the state."""
        return fresh_network(self.network, Space.of(real), generator, width=self.width)

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """The first networks, untrained."""
        return {"steps": 0, "pool": [_untrained(context, generator) for _ in range(FIRST)]}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """Two terms: the class means, and the weighted cross-entropy of S."""
        import torch

        from dcviz.augment import draw

        member = state["pool"][int(torch.randint(len(state["pool"]), (), generator=generator))]
        augment = draw(self.augment, real.shape, generator)
        true, fake = real.batch(self.batch), synthetic.by_class()
        with torch.no_grad():
            features = stages(context, member["weights"], augment(true.x.flatten(0, 1)))[1]
            wanted = class_means(features, true.weights)  # (C, D)
        _, features, logits = stages(context, member["weights"], augment(fake.x.flatten(0, 1)))
        gap = wanted - class_means(features, fake.weights)
        told = self.cross_entropy * member["accuracy"] * class_cross_entropy(logits, fake.weights)
        return {"mean": gap.square().sum(), "cross-entropy": told}, state

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """Train two networks of the pool, and let a fresh one join in its turn."""
        import torch

        pool, by = list(state["pool"]), Sgd(self.rate, MOMENTUM, DECAY)
        for i in torch.randperm(len(pool), generator=generator)[:TRAINED].tolist():
            m = pool[i]
            weights, velocity, correct = descend(context, m["weights"], self._batches(real), by, m["velocity"])
            accuracy = torch.stack(correct).mean() if correct else m["accuracy"]
            pool[i] = {"weights": weights, "velocity": velocity, "accuracy": accuracy}
        steps = state["steps"] + 1
        if steps % self.every == 0:
            pool = [*pool, _untrained(context, generator)][-self.pool :]
        return {"steps": steps, "pool": pool}

    def _batches(self, real: RealSampler) -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(self.train):
            batch = real.shuffled(self.train_batch)
            yield batch.x, batch.y

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Real: forward; S: forward and backward; and the training of two networks."""
        from dcviz.nets import activations, flops

        name, real, fake = fitting(self.network, shape), self.batch * classes, classes * per_class
        one, held = (count(name, shape, self.width) for count in (flops, activations))
        training = TRAINED * self.train * self.train_batch
        return one * (real + 3 * fake + 3 * training), 4.0 * held * (max(real, 2 * self.train_batch) + 2 * fake)


def _untrained(net: Tree, generator: torch.Generator) -> Tree:
    import torch

    weights = fresh(net, generator)
    velocity = {k: torch.zeros_like(v) for k, v in weights.items()}
    return {"weights": weights, "velocity": velocity, "accuracy": next(iter(weights.values())).new_zeros(())}
