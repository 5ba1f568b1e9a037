"""Gradient matching: the synthetic samples of a class should push a network as the real ones do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcviz.discrepancies.gradients.distances import DISTANCES
from dcviz.discrepancies.random_features.networks import fitting, fresh_network, precision_hyper
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

    from dcviz.discrepancies.gradients.inner import Weights


def _hidden(weights: Mapping[str, Tensor]) -> list[str]:
    return [name for name, value in weights.items() if value.dim() > 1 and not name.startswith("head.")]


COUNTED: dict[str, Callable[[Mapping[str, Tensor]], list[str]]] = {"all": list, "hidden": _hidden}

FRESH: dict[str, Any] = {"weights": None, "velocity": None, "updates": 0}  # the next step draws a network


@dataclass(frozen=True)
class GradientMatching(Discrepancy):
    r"""Class by class, the distance between the gradients that T and S give a network.

    .. math:: \sum_c D\bigl(\nabla_\theta\ell(A_\omega T_c;\theta),\ \nabla_\theta\ell(A_\omega S_c;\theta)\bigr)

    With ``rows``, D sums 1 - cos over the output rows of every weight; biases and norm scales count nothing, as
    in the authors' code. Between updates the network is trained for ``inner`` steps, on S as DC does or on T as
    IDC does (https://arxiv.org/abs/2205.14959, section 5); after ``outer`` updates of S a new one is drawn, so this
    curve's own yardstick moves: it is noisy by nature.
    """

    name = "gradient-matching"
    title = "gradient matching"
    sentence = "Makes each class of the synthetic set push a network in the direction the real class pushes it."
    formula = r"\sum_c\sum_{l,i}1-\cos\bigl(g^T_{l,i},g^S_{l,i}\bigr),\quad g=\nabla_\theta\ell"
    source = Source(
        "B. Zhao, K. R. Mopuri, H. Bilen",
        "Dataset Condensation with Gradient Matching",
        2021,
        "https://arxiv.org/abs/2006.05929",
        "Eqs. 9-10",
    )
    where = "gradients"
    properties = frozenset({"nonnegative"})

    distance: str = hyper("rows", "How gradients are compared.", choices=tuple(DISTANCES))
    counted: str = hyper(
        "all", "Whose gradients count; hidden: weights only, and not those of the last layer.", choices=tuple(COUNTED)
    )
    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    batch: int = hyper(128, "Real samples per class and step.", low=1, high=4096, log=True)
    outer: int = hyper(10, "Updates of S before a new network is drawn.", low=1, high=1000, log=True)
    inner: int = hyper(10, "Training steps of the network between updates of S.", low=0, high=1000)
    trained_on: str = hyper("synthetic", "What the network is trained on meanwhile.", choices=("synthetic", "real"))
    inner_batch: int = hyper(256, "Samples per such step.", low=1, high=4096, log=True)
    cutmix: float = hyper(0.0, "Probability of CutMix in a step on real samples.", low=0.0, high=1.0)
    rate: float = hyper(0.01, "Learning rate of the network (SGD).", low=1e-5, high=1.0, log=True)
    momentum: float = hyper(0.0, "Momentum of the network's SGD.", low=0.0, high=0.99)
    decay: float = hyper(0.0, "Weight decay of the network's SGD.", low=0.0, high=0.1)
    augment: str = hyper("", "Siamese augmentation, e.g. color_crop_cutout_flip_scale_rotate; empty for none.")
    precision: str = precision_hyper()

    @property
    def needs(self) -> Needs:
        """Real samples of every class, every step."""
        return Needs(real_per_class=self.batch, space="fresh", planar=not self.augment and not self.cutmix)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """A network whose weights are replaced by those of the state."""
        return self._network(real, generator)

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """No weights yet: the first step draws them."""
        return dict(FRESH)

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """One term: the sum over classes of the gradient distance."""
        from dcviz.augment import draw

        if state["weights"] is None:
            fresh = self._network(real, generator)
            state = {**FRESH, "weights": {k: v.detach() for k, v in fresh.named_parameters()}}
        weights = {k: v.requires_grad_() for k, v in state["weights"].items()}
        over = COUNTED[self.counted](weights)
        augment = draw(self.augment, real.shape, generator)
        true, fake = real.batch(self.batch), synthetic.by_class()
        x = augment(fake.x.flatten(0, 1)).unflatten(0, fake.x.shape[:2])
        total = true.x.new_zeros(())
        for c, found in enumerate(class_gradients(context, weights, x, fake.weights, over)):
            wanted = class_gradient(context, weights, augment(true.x[c]), true.weights[c], c, over)
            total = total + DISTANCES[self.distance](wanted, found)
        return {"gradients": total}, {**state, "weights": {k: v.detach() for k, v in weights.items()}}

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """Train the network, or forget it when its turn is over."""
        from dcviz.augment import draw_each
        from dcviz.discrepancies.gradients.inner import Descent, from_fake, from_real

        if state["updates"] + 1 >= self.outer:
            return dict(FRESH)
        batches = (
            from_real(real, self.inner, self.inner_batch, self.cutmix, generator)
            if self.trained_on == "real"
            else from_fake(synthetic, self.inner, self.inner_batch, generator)
        )
        weights, velocity = state["weights"], state["velocity"]
        descent = Descent(context, self.rate, self.momentum, self.decay)
        for x, y in batches:
            x = draw_each(self.augment, real.shape, len(x), generator)(x)
            weights, velocity = descent.step(weights, velocity, x, y)
        return {"weights": weights, "velocity": velocity, "updates": state["updates"] + 1}

    def _network(self, real: RealSampler, generator: torch.Generator) -> torch.nn.Module:
        return fresh_network(self.network, Space.of(real), generator, width=self.width, precision=self.precision)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Real: forward and backward; S: twice that for the second derivative; and the inner training."""
        from dcviz.nets import activations, flops

        name = fitting(self.network, shape)
        one, held = (count(name, shape, self.width) for count in (flops, activations))
        real, fake = self.batch * classes, classes * per_class
        inner = self.inner * (self.inner_batch if self.trained_on == "real" else min(self.inner_batch, fake))
        return one * (3 * real + 9 * fake + 3 * inner), 4.0 * held * (2 * self.batch + 4 * fake)


def class_gradient(  # noqa: PLR0913  (what a gradient depends on)
    net: torch.nn.Module, weights: Weights, x: Tensor, mass: Tensor, label: int, over: list[str]
) -> list[Tensor]:
    """The gradient of the mean cross-entropy of one class ``x (n, *shape)``; a mass of 0 masks a sample.

    Args:
        net: whose weights are replaced by ``weights``.
        weights: by name.
        x: the samples.
        mass: of each sample ``(n,)``.
        label: their class.
        over: the names of the weights that are asked for.
    """
    import torch

    loss = _mean_loss(net, weights, x, mass, torch.tensor(label, device=x.device))
    return list(torch.autograd.grad(loss, [weights[name] for name in over]))


def class_gradients(
    net: torch.nn.Module, weights: Weights, x: Tensor, mass: Tensor, over: list[str]
) -> Iterator[tuple[Tensor, ...]]:
    """`class_gradient` of every class of ``x (C, K, *shape)``, to be differentiated.

    All classes at once: with few samples in each, most of a class by itself is the starting of operations.
    """
    import torch
    from torch.func import grad, vmap

    def loss(asked: Weights, x: Tensor, mass: Tensor, label: Tensor) -> Tensor:
        return _mean_loss(net, {**weights, **asked}, x, mass, label)

    asked = {name: weights[name].detach() for name in over}
    labels = torch.arange(len(x), device=x.device)
    found = vmap(grad(loss), in_dims=(None, 0, 0, 0))(asked, x, mass, labels)  # name -> (C, *shape)
    return zip(*(found[name].unbind() for name in over), strict=True)


def _mean_loss(net: torch.nn.Module, weights: Weights, x: Tensor, mass: Tensor, label: Tensor) -> Tensor:
    from dcviz.discrepancies.gradients.inner import losses

    return (mass * losses(net, weights, x, label.expand(len(x)))).sum()
