"""Ridge regression in fresh random features: what S teaches must predict T."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dcviz.discrepancies.random_features.networks import fitting, fresh_network
from dcviz.types import Discrepancy, Needs, RealSampler, Source, Space, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Samples x (B, *shape), S (M, *shape) and its targets (M, C) -> predictions (B, C) of the regression solved on S.
Predict = Callable[["Tensor", "Tensor", "Tensor"], "Tensor"]


@runtime_checkable
class Regressing(Protocol):
    """A discrepancy that solves a regression on S."""

    def regression(self, space: Space, generator: torch.Generator, state: Tree = None) -> Predict:
        """The regression, with a draw of its kernel; ``state`` holds the networks of a pool."""


@dataclass(frozen=True)
class Ridge(Discrepancy):
    r"""The error on real samples of the ridge regression that was solved on S.

    .. math:: \tfrac{1}{2B}\bigl\lVert Y_T - K_{TS}(K_{SS}+\lambda\tfrac{\mathrm{tr}K_{SS}}{M}I)^{-1}Y_S\bigr\rVert^2,
              \quad K=\psi_\theta\psi_\theta^\top

    The kernel is that of the features of one untrained network, drawn afresh each step: kernel inducing points
    (KIP) with the infinite network's kernel replaced by unbiased draws of it. Labels are one-hot less 1/C.
    Cost O(BMD + M³) beside the forward passes.
    """

    name = "ridge"
    title = "ridge regression"
    sentence = (
        "Solves a small regression on the synthetic set, in random features, and asks it to predict the real labels."
    )
    formula = r"\tfrac12\lVert Y_T-K_{TS}(K_{SS}+\lambda I)^{-1}Y_S\rVert^2"
    source = Source(
        "T. Nguyen, Z. Chen, J. Lee",
        "Dataset Meta-Learning from Kernel Ridge-Regression",
        2021,
        "https://arxiv.org/abs/2011.00050",
        "Eq. 7",
    )
    where = "predictions"
    reads = "samples"
    partial = True
    properties = frozenset({"nonnegative"})

    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    batch: int = hyper(512, "Real samples per step.", low=2, high=16384, log=True)
    ridge: float = hyper(
        0.1, "Regularisation, relative to the mean of the kernel's diagonal.", low=1e-8, high=10.0, log=True
    )
    augment: str = hyper("", "Siamese augmentation, e.g. crop_scale_rotate; empty for none.")

    @property
    def needs(self) -> Needs:
        """A shuffled batch of all classes."""
        return Needs(real_per_class=self.batch, space="fresh", planar=not self.augment)

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """One term: half the mean squared error on the real batch."""
        from dcviz.augment import draw

        classes = len(real.counts)
        predict = self.regression(Space.of(real), generator)
        augment = draw(self.augment, real.shape, generator)
        true, fake = real.shuffled(self.batch), synthetic.decode()
        predicted = predict(augment(true.x), augment(fake.x), one_hot(fake.y, classes))
        return {"ridge": half_square(one_hot(true.y, classes) - predicted)}, state

    def regression(self, space: Space, generator: torch.Generator, state: Tree = None) -> Predict:
        """The regression in the features of one fresh network."""
        net = fresh_network(self.network, space, generator, width=self.width).requires_grad_(False)
        return lambda x, s, y: ridge_predict(net.embed(x).flatten(1), net.embed(s).flatten(1), y, self.ridge)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward passes of the real batch, forward and backward of S."""
        from dcviz.nets import activations, flops

        name, fake = fitting(self.network, shape), classes * per_class
        one, held = (count(name, shape, self.width) for count in (flops, activations))
        return one * (self.batch + 3 * fake), 4.0 * held * (self.batch + 2 * fake)


def one_hot(y: Tensor, classes: int) -> Tensor:
    """Regression targets ``(B, C)``: one-hot less 1/C; soft labels as they are."""
    from torch.nn.functional import one_hot as encode

    return y if y.dim() > 1 else encode(y, classes).float() - 1 / classes


def half_square(residual: Tensor) -> Tensor:
    """Half the mean over samples of the squared norm of residuals ``(B, C)``."""
    return (residual**2).sum(1).mean() / 2


def ridge_predict(f_real: Tensor, f_fake: Tensor, y_fake: Tensor, ridge: float) -> Tensor:
    """Predictions ``(B, C)`` on ``f_real (B, D)`` of the ridge regression on ``f_fake (M, D)``, ``y_fake (M, C)``.

    Solved in the dual (M×M, by Cholesky), the smaller side whenever M < D.
    """
    return f_real @ (f_fake.T @ dual(f_fake @ f_fake.T, y_fake, ridge))


def dual(kernel: Tensor, y: Tensor, ridge: float) -> Tensor:
    """The coefficients ``(M, C)`` of the kernel ridge regression on targets ``y (M, C)`` with ``kernel (M, M)``.

    The ridge is relative to the mean of the diagonal. A kernel that is singular beyond it gives NaN, which a run
    reports, rather than an error for which the device would have to be waited for.
    """
    import torch

    mean = kernel.diagonal().mean()
    lifted = kernel + ridge * mean * torch.eye(len(kernel), device=kernel.device, dtype=kernel.dtype)
    factor, failed = torch.linalg.cholesky_ex(lifted)
    return torch.cholesky_solve(y, factor.masked_fill(failed > 0, torch.nan))
