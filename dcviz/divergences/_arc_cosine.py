"""Kernels of infinitely wide ReLU networks in closed form: the arc-cosine recursion.

A layer of such a network is a Gaussian process. With weights of variance ``weight``/fan-in and biases of variance
``bias``, the covariance of two pre-activations (u, v) of the next layer is ``weight·E[relu(u) relu(v)] + bias``.
The conjugate kernel of the whole network (NNGP) is this covariance at the output; the neural tangent kernel (NTK)
adds what training the layers below contributes: ``Θ' = K' + weight·E[step(u) step(v)]·Θ``.

Sources: Cho and Saul, Kernel Methods for Deep Learning, 2009, section 2; Jacot, Gabriel, Hongler, Neural Tangent
Kernel, 2018, https://arxiv.org/abs/1806.07572, Theorem 1.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def arc_cosine(s: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
    """``2 E[relu(u) relu(v)]`` and ``2 E[step(u) step(v)]`` of centred Gaussians, elementwise.

    Args:
        s: covariances of u and v.
        n: the products of their standard deviations, of the shape of ``s``.

    Returns:
        n/π·(sin t + (π-t) cos t) and (π-t)/π with cos t = s/n; where n = 0, 0 and 1/2. First derivatives only.
        At t = 0 (u = v) the second has a kink: its subgradient there is 0. Rounding of s/n costs it half of the
        digits near t = 0, so that tangent kernels want double precision; angles too small to be told from 0 are 0.
    """
    return _arc_cosine().apply(s, n)


def relu_kernels(x: Tensor, y: Tensor, depth: int, weight: float = 2.0, bias: float = 0.0) -> tuple[Tensor, Tensor]:
    """NNGP and NTK ``(…, N, M)`` of a fully connected ReLU network with ``depth`` hidden layers.

    ``x (…, N, D)``, ``y (…, M, D)``. O(NMD + depth·NM).

    >>> import torch
    >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    >>> nngp, ntk = relu_kernels(x, x, depth=1)
    >>> [round(float(v), 4) for v in (nngp[0, 0], nngp[0, 1], ntk[0, 0], ntk[0, 1])]  # 1, 1/π, 2, 1/π
    [1.0, 0.3183, 2.0, 0.3183]
    """
    size = x.shape[-1]
    s = weight / size * (x @ y.mT) + bias  # (…, N, D) @ (…, D, M) = (…, N, M)
    p, q = (weight / size * (z * z).sum(-1) + bias for z in (x, y))  # variances (…, N), (…, M)
    tangent = s
    for _ in range(depth):
        first, zeroth = arc_cosine(s, deviations(p.unsqueeze(-1), q.unsqueeze(-2)))
        s = weight / 2 * first + bias
        tangent = s + weight / 2 * zeroth * tangent
        p, q = (weight / 2 * v + bias for v in (p, q))  # 2 E[relu(u)²] is the variance of u
    return s, tangent


def deviations(p: Tensor, q: Tensor) -> Tensor:
    """The products of standard deviations from variances that broadcast; 0 where one of them is, without NaN."""
    import torch

    product = p * q
    positive = product > 0
    return torch.where(positive, torch.where(positive, product, 1).sqrt(), 0)


@cache
def _arc_cosine() -> Any:
    import math

    import torch
    from torch.autograd.function import once_differentiable

    class ArcCosine(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, s: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
            cosine = torch.where(n > 0, s / torch.where(n > 0, n, 1), 0)
            same = 1 - cosine <= 8 * torch.finfo(cosine.dtype).eps
            cosine = cosine.clamp_(-1, 1).masked_fill_(same, 1)
            zeroth = 1 - cosine.arccos() / math.pi
            sine = (1 - cosine * cosine).sqrt_()
            ctx.save_for_backward(cosine, sine, zeroth, n)
            return n * (sine / math.pi + zeroth * cosine), zeroth

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, up_first: Tensor, up_zeroth: Tensor) -> tuple[Tensor, Tensor]:
            cosine, sine, zeroth, n = ctx.saved_tensors
            bend = math.pi * n * sine  # d zeroth / ds = 1/bend
            kink = (sine == 0) | (n == 0)
            along = torch.where(kink, 0, up_zeroth / torch.where(kink, 1, bend))
            return up_first * zeroth + along, up_first * sine / math.pi - along * cosine

    return ArcCosine
