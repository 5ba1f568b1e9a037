"""Infinitely wide convolutional ReLU networks: their kernels between images, in closed form.

The recursion is the one of `dcviz.divergences._arc_cosine`, with one more step a layer: what a 3×3 convolution (or a
pooling) does to covariances between pixels. Sources: Novak et al., Bayesian Deep Convolutional Networks with Many
Channels are Gaussian Processes, 2019, https://arxiv.org/abs/1810.05148; Arora et al., On Exact Computation with
an Infinitely Wide Neural Net, 2019, https://arxiv.org/abs/1904.11955, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.predictions.geometries import GEOMETRIES
from dcviz.divergences._arc_cosine import arc_cosine, relu_kernels
from dcviz.errors import Refused

if TYPE_CHECKING:
    from torch import Tensor

HELD = 2**22  # covariances held at once: more are computed in blocks of rows, and again for the gradient
WEIGHT = 2.0  # variance of the weights × fan-in (He): signals keep their size through ReLU layers


@dataclass(frozen=True)
class Infinite:
    """The kernel of an infinitely wide ReLU network as a function of two batches of samples."""

    network: str  # mlp | convnet | pooled
    depth: int  # hidden layers
    tangent: bool  # NTK, or else NNGP
    bias: float  # variance of the biases

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """``(N, M)`` from ``x (N, *shape)``, ``y (M, *shape)``."""
        import torch
        from torch.utils.checkpoint import checkpoint

        if self.network == "mlp":
            return relu_kernels(x.flatten(1), y.flatten(1), self.depth, WEIGHT, self.bias)[self.tangent]
        rows = max(1, HELD // (len(y) * self.pairs(tuple(x.shape[1:]))))
        if rows >= len(x):
            return self._block(x, y)
        blocks = [
            checkpoint(self._block, part, y, use_reentrant=False, preserve_rng_state=False) for part in x.split(rows)
        ]
        return torch.cat(blocks)

    def pairs(self, shape: tuple[int, ...]) -> int:
        """Pairs of pixels whose covariance is followed, for two images.

        Raises:
            Refused: for convolutions of points of the plane.
        """
        if self.network != "mlp" and len(shape) < 3:
            raise Refused("a ConvNet needs images, these are points of the plane: choose the network mlp.")
        pixels = 1 if self.network == "mlp" else shape[1] * shape[2]
        return pixels**2 if self.network == "pooled" else pixels

    def _block(self, x: Tensor, y: Tensor) -> Tensor:
        g = GEOMETRIES[self.network]
        s, a, b = (WEIGHT * g.mix(v) + self.bias for v in g.products(x, y))
        tangent = s
        for layer in range(self.depth):
            last = layer + 1 == self.depth

            def onward(v: Tensor, last: bool = last) -> Tensor:
                return WEIGHT / 2 * (g.read(v) if last else g.mix(g.between(v)))

            first, zeroth = arc_cosine(s, g.norms(a, b))
            s = onward(first) + self.bias
            if self.tangent:
                tangent = s + onward(zeroth * tangent)
            if not last:
                a, b = (onward(g.rectified(v)) + self.bias for v in (a, b))
        return tangent if self.tangent else s
