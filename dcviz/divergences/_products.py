"""Kernels of inner products: polynomials, and those of infinitely wide networks.

They depend on where the origin is, so a cloud here keeps its points as they come. Far from the origin the three
means of an MMD agree in most of their digits; all of it is therefore done in double precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dcviz.divergences._arc_cosine import arc_cosine
from dcviz.divergences._clouds import Cloud, masses, wide
from dcviz.divergences._embedding import View

if TYPE_CHECKING:
    from torch import Tensor

# inner products ⟨x,y⟩ (…, N, M), squared norms of x (…, N, 1) and of y (…, 1, M) -> k (…, N, M)
Product = Callable[["Tensor", "Tensor", "Tensor"], "Tensor"]


def uncentred(x: Tensor, weights: Tensor | None = None, centre: Tensor | None = None) -> Cloud:
    """Points ``(…, N, D)`` as they are, in double precision, masked ones moved to the origin.

    Weights sum to 1 in double precision too: what is missing would count the kernel's constant part.
    """
    import torch

    w = wide(masses(x, weights))
    w = w / w.sum(-1, keepdim=True)
    points = wide(x.detach()).masked_fill((w == 0).unsqueeze(-1), 0)
    return points, w, torch.linalg.vecdot(points, points), torch.zeros_like(points[..., :1, :])


def product_mean(a: Cloud, b: Cloud, kernel: Product, gradient: bool = False) -> tuple[Tensor, Tensor | None]:
    """The weighted mean of the kernel over pairs ``(…)``, and its gradient in the points of ``b (…, M, D)``."""
    import torch

    (x, w, xx, _), (y, v, _, _) = a, b
    with torch.set_grad_enabled(gradient):
        end = y.detach().requires_grad_(gradient)
        k = kernel(x @ end.mT, xx.unsqueeze(-1), torch.linalg.vecdot(end, end).unsqueeze(-2))  # (…, N, M)
        mean = w.unsqueeze(-2) @ k @ v.unsqueeze(-1)
    pull = torch.autograd.grad(mean.sum(), end)[0] if gradient else None
    return (w.unsqueeze(-2) @ k.detach() @ v.unsqueeze(-1)).squeeze(-1).squeeze(-1), pull


def product_selves(a: Cloud, kernel: Product, gradient: bool = False) -> tuple[Tensor, Tensor | None]:
    """The part ``(…)`` of that mean within ``a`` due to pairs of a point with itself; its gradient in one end."""
    import torch

    points, w, squares, _ = a
    with torch.set_grad_enabled(gradient):
        end = points.detach().requires_grad_(gradient)
        products, norms = torch.linalg.vecdot(points, end), torch.linalg.vecdot(end, end)
        k = kernel(products.unsqueeze(-1), squares.unsqueeze(-1), norms.unsqueeze(-1)).squeeze(-1)  # (…, N)
        mean = (w.square() * k).sum(-1)
    pull = torch.autograd.grad(mean.sum(), end)[0] if gradient else None
    return (w.square() * k.detach()).sum(-1), pull


PRODUCTS = View(uncentred, product_mean, product_selves)


def median_norm(real: Cloud) -> Tensor:
    """The median norm ``(…)`` of the unmasked points; where more than half are 0, the root mean square; then 1."""
    import torch

    _, w, squares, _ = real
    median = squares.masked_fill(w == 0, torch.nan).nanmedian(-1).values
    found = torch.where(median > 0, median, (w * squares).sum(-1) / w.sum(-1))
    return torch.where(found > 0, found, 1).sqrt()


def joint_norm(a: Cloud, b: Cloud) -> Tensor:
    """The root mean square norm ``(…)`` of the unmasked points of both clouds, counted equally; 1 if all are 0."""
    import torch

    seen = torch.cat([a[1], b[1]], -1) > 0
    found = (torch.cat([a[2], b[2]], -1) * seen).sum(-1) / seen.sum(-1)
    return torch.where(found > 0, found, 1).sqrt()


def scaled(kernel: Product, unit: Tensor) -> Product:
    """The kernel of points divided by ``unit (…)``."""
    g = unit[..., None, None].square().reciprocal()
    return lambda s, xx, yy: kernel(g * s, g * xx, g * yy)


def polynomial(offset: float, power: int) -> Product:
    """(c + ⟨x,y⟩)^p."""
    return lambda s, xx, yy: (s + offset) ** power


def wide_network(offset: float, depth: int, tangent: bool) -> Product:
    """The kernel of the features (NNGP) or of the training (NTK) of an infinitely wide ReLU network.

    Weights have variance 2/fan-in, biases ``offset``; the first layer sees ⟨x,y⟩ + offset. Near angle 0 the angle
    has half of the digits of its cosine, so that pairs parallel but for rounding are made parallel.
    """
    import torch

    def kernel(s: Tensor, xx: Tensor, yy: Tensor) -> Tensor:
        s, xx, yy = s + offset, xx + offset, yy + offset
        theta = s
        for _ in range(depth):
            norm = _root(xx) * _root(yy)
            rest = norm - s.detach()
            parallel = rest <= 16 * torch.finfo(s.dtype).eps * norm
            first, zeroth = arc_cosine(s + rest.masked_fill(~parallel, 0).detach(), norm)
            s, xx, yy = first + offset, xx + offset, yy + offset
            theta = s + zeroth * theta
        return theta if tangent else s

    return kernel


def _root(a: Tensor) -> Tensor:
    """√a; slope 0 where a is 0."""
    import torch

    some = a > 0
    return torch.where(some, torch.where(some, a, 1).sqrt(), 0)
