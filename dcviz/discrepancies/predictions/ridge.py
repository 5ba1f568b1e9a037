"""Ridge regression in fresh random features: what S teaches must predict T."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.random_features.networks import fitting
from dcviz.types import Discrepancy, Needs, RealSampler, Source, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


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
        import torch

        from dcviz.augment import draw
        from dcviz.nets import network

        classes = len(real.counts)
        name = fitting(self.network, real.shape)
        net = network(name, real.shape, classes, generator, width=self.width).to(real.device).requires_grad_(False)
        augment = draw(self.augment, real.shape, generator)
        true, fake = real.shuffled(self.batch), synthetic.decode()
        with torch.no_grad():
            f_real = net.embed(augment(true.x)).flatten(1)  # (B, D)
        f_fake = net.embed(augment(fake.x)).flatten(1)  # (M, D)
        residual = one_hot(true.y, classes) - ridge_predict(f_real, f_fake, one_hot(fake.y, classes), self.ridge)
        return {"ridge": (residual**2).sum(1).mean() / 2}, state

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


def ridge_predict(f_real: Tensor, f_fake: Tensor, y_fake: Tensor, ridge: float) -> Tensor:
    """Predictions ``(B, C)`` on ``f_real (B, D)`` of the ridge regression on ``f_fake (M, D)``, ``y_fake (M, C)``.

    Solved in the dual (M×M, by Cholesky), the smaller side whenever M < D.
    """
    import torch

    kernel = f_fake @ f_fake.T  # (M, M)
    mean = kernel.diagonal().mean()
    lifted = kernel + ridge * mean * torch.eye(len(kernel), device=kernel.device, dtype=kernel.dtype)
    dual = torch.cholesky_solve(y_fake, torch.linalg.cholesky(lifted))  # (M, C)
    return f_real @ (f_fake.T @ dual)
