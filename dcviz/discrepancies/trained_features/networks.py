"""Where samples are compared after a network trained on T: a pool of them, of all ages, or blends of two ages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.random_features.networks import fitting
from dcviz.discrepancies.teachers import Teacher, taught_from
from dcviz.training import Training
from dcviz.types import Progress, RealSampler, Regime, Source, Space, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.layers import Classifier


@dataclass(frozen=True)
class TrainedFeatures(Regime):
    r"""Features before the last layer of a network that was trained on T: ``(B, *shape) -> (B, D)``.

    .. math:: \psi_{\theta_a}(x),\ \theta_a\text{ after }a\text{ updates on }T;\qquad
              \text{blend: }\psi_{\beta\theta_0+(1-\beta)\theta_a}(x),\ \beta\sim U(0,1)

    The members of the pool are networks of their own, with ages spread evenly below ``updates``: untrained
    features know only the shapes of things, trained ones what tells the classes apart. A blend mixes the first
    and the last weights of a member anew at every step, so that no map is seen twice. Trained once and cached.
    """

    name = "trained-features"
    title = "trained features"
    sentence = "Compares what networks trained on the real data see in the samples, from hardly trained to trained."
    formula = r"\psi_{\theta_a}(x),\ \theta_a\text{ after }a\text{ updates on }T"
    source = Source(
        "G. Zhao, G. Li, Y. Qin, Y. Yu",
        "Improved Distribution Matching for Dataset Condensation",
        2023,
        "https://arxiv.org/abs/2307.09742",
        "Sec. 3.3",
    )

    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    pool: int = hyper(5, "Networks that are trained, and take turns.", low=1, high=100)
    updates: int = hyper(100, "Updates of the network trained longest.", low=1, high=100_000, log=True)
    spread: float = hyper(
        1.0, "Ages: 0 trains every network to the end, 1 leaves the youngest untrained.", low=0.0, high=1.0
    )
    blend: bool = hyper(False, "Mix the first and the last weights of a network anew at every step.")
    batch: int = hyper(128, "Real samples per update of a network.", low=1, high=4096, log=True)
    rate: float = hyper(3e-3, "Learning rate of the networks (Adam).", low=1e-5, high=1.0, log=True)

    @property
    def members(self) -> int:
        """The size of the pool; 0 for blends, which are fresh."""
        return 0 if self.blend else self.pool

    @property
    def ages(self) -> tuple[int, ...]:
        """The updates of each network, ascending.

        >>> TrainedFeatures(pool=3, updates=100).ages, TrainedFeatures(pool=2, spread=0.0).ages
        ((0, 50, 100), (100, 100))
        """
        youngest = self.updates * (1 - self.spread if self.pool > 1 else 1)
        step = (self.updates - youngest) / max(self.pool - 1, 1)
        return tuple(round(youngest + i * step) for i in range(self.pool))

    def learn(self, real: RealSampler, generator: torch.Generator, progress: Progress) -> Tree:
        """The networks; for blends pairs of one network untrained and trained."""
        import torch

        seeds = torch.randint(2**62, (self.pool,), generator=generator).tolist()
        learned = []
        for i, (seed, age) in enumerate(zip(seeds, self.ages, strict=True)):
            teacher = Teacher(
                fitting(self.network, real.shape),
                self.width,
                Training(max(age, 1), self.batch, "adam", self.rate, schedule="constant"),
            )
            first = teacher.untrained(real, torch.Generator().manual_seed(seed)).eval().requires_grad_(False)
            last = first
            if age:
                last = taught_from(seed, real, teacher, part_of(progress, i, self.pool), "training networks on T")
            learned.append((first, last) if self.blend else last)
        return learned

    def draw(
        self, space: Space, generator: torch.Generator, learned: Tree = None, member: int = 0
    ) -> Callable[[Tensor], Tensor]:
        """The features of one network of the pool, or of a blend drawn now."""
        import torch

        if not self.blend:
            net = learned[member]
            return lambda x: net.embed(x).flatten(1)
        first, last = learned[int(torch.randint(self.pool, (), generator=generator))]
        return blended(first, last, float(torch.rand((), generator=generator)))

    def flops(self, shape: tuple[int, ...]) -> float:
        """Operations of one forward pass."""
        from dcviz.nets import flops

        return flops(fitting(self.network, shape), shape, width=self.width)

    def floats(self, shape: tuple[int, ...]) -> float:
        """The activations of one forward pass."""
        from dcviz.nets import activations

        return activations(fitting(self.network, shape), shape, width=self.width)


def blended(first: Classifier, last: Classifier, beta: float) -> Callable[[Tensor], Tensor]:
    """The features of the network whose weights are ``beta·first + (1 - beta)·last``."""
    from torch.func import functional_call

    ends = last.layers.state_dict()
    weights = {k: v.lerp(ends[k], 1 - beta) for k, v in first.layers.state_dict().items()}
    return lambda x: functional_call(last.layers, weights, (x,)).flatten(1)


def part_of(progress: Progress, i: int, parts: int) -> Progress:
    """Progress within the i-th of so many parts."""
    return lambda what, fraction: progress(what, (i + fraction) / parts)
