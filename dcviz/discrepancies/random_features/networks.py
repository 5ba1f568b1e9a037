"""Where samples are compared after an untrained network: a fresh one each step, or a fixed pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcviz.types import Regime, Source, Space, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.layers import Classifier


def precision_hyper() -> Any:
    """The parameter for what networks compute in."""
    return hyper(
        "float32",
        "What the networks compute in; bfloat16 keeps 8 of 24 bits, and is faster where the processor has it and the "
        "networks are wide.",
        choices=("float32", "bfloat16"),
        added=True,
    )


@dataclass(frozen=True)
class RandomFeatures(Regime):
    r"""Features before the last layer of a randomly initialised network: ``(B, *shape) -> (B, D)``.

    In expectation over networks, matching means here is the MMD of the network's own (NNGP) kernel. A pool of
    fixed networks lets the real side be computed once, and is overfitted with time; a fresh network never is.
    """

    name = "random-features"
    title = "random features"
    sentence = "Compares what an untrained network sees in the samples; a fresh network at every step by default."
    formula = r"\psi_\theta(x),\ \theta\sim P_0"
    source = Source(
        "B. Zhao, H. Bilen",
        "Dataset Condensation with Distribution Matching",
        2023,
        "https://arxiv.org/abs/2110.04181",
        "Eq. 4",
    )

    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    pool: int = hyper(0, "Fixed networks to take turns; 0 draws a fresh one each step.", low=0, high=100)
    precision: str = precision_hyper()

    @property
    def members(self) -> int:
        """The size of the pool; 0 for fresh networks."""
        return self.pool

    def draw(
        self, space: Space, generator: torch.Generator, learned: Tree = None, member: int = 0
    ) -> Callable[[Tensor], Tensor]:
        """The features of one untrained network."""
        net = fresh_network(self.network, space, generator, width=self.width, precision=self.precision)
        net.requires_grad_(False)
        return lambda x: net.embed(x).flatten(1)

    def flops(self, shape: tuple[int, ...]) -> float:
        """Operations of one forward pass."""
        from dcviz.nets import flops

        return flops(fitting(self.network, shape), shape, width=self.width)

    def floats(self, shape: tuple[int, ...]) -> float:
        """The activations of one forward pass."""
        from dcviz.nets import activations

        return activations(fitting(self.network, shape), shape, width=self.width)


def fresh_network(  # noqa: PLR0913  (three by keyword only)
    name: str,
    space: Space,
    generator: torch.Generator,
    *,
    width: int,
    norm: str = "instance",
    precision: str = "float32",
) -> Classifier:
    """A fresh network for the samples of a space, on its device; "auto" as `fitting` has it."""
    from dcviz.nets import network

    made = network(fitting(name, space.shape), space.shape, space.classes, generator, width=width, norm=norm)
    made.precision = precision
    return made if space.device.type == "cpu" else made.to(space.device)  # `to` costs time where nothing moves, too


def fitting(network: str, shape: tuple[int, ...]) -> str:
    """The architecture that "auto" means for samples of this shape."""
    if network != "auto":
        return network
    return "mlp" if len(shape) == 1 else "convnet"
