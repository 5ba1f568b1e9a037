"""The discrepancy of linear hypotheses under the squared loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.divergences._clouds import masses, wants_gradient, with_gradient
from dcviz.divergences._spectra import eigh
from dcviz.types import Divergence, Source, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

EXACT = 128  # up to so many dimensions all eigenvalues are computed; beyond, the extreme ones by Lanczos' method
LANCZOS = 48  # products of a first call and of every later one, which starts near the last eigenvector
FRESH = 0.1  # of the start is not the last eigenvector, so that another one can take its place


@dataclass(frozen=True)
class Spectral(Divergence):
    r"""By how much two linear predictors can differ on one set and agree on the other.

    .. math:: \max_{\|h\|,\|h'\|\le\Lambda}\Bigl|E_x\bigl((h-h')^\top x\bigr)^2-E_y\bigl((h-h')^\top y\bigr)^2\Bigr|
       = 4\Lambda^2\,\|E\,xx^\top-E\,yy^\top\|_{op}

    A metric of second moments about the origin; blind to all else, even to the sign of the data. The gradient is that
    of the quadratic form at the extreme eigenvector: finite also where eigenvalues coincide, and then one of several.
    Beyond 128 dimensions the norm is a Ritz value of Lanczos' method: never above the exact one, and within
    ‖Av - θv‖ of an eigenvalue (see `extreme`). Cost O(D³) a step up to there, O(48·(N+M)·D) beyond.

    >>> import torch
    >>> spectral = Spectral()
    >>> side = spectral.fit(torch.tensor([[1.0, 0.0]]), torch.Generator())
    >>> float(spectral.value(side, torch.tensor([[0.0, 2.0]]))[0])  # eigenvalues 1 and -4
    16.0
    """

    name = "spectral"
    title = "spectral discrepancy"
    sentence = "Finds the direction along which linear predictors see the largest difference, and corrects that one."
    formula = r"4\Lambda^2\,\lVert\mathbb{E}\,xx^\top-\mathbb{E}\,yy^\top\rVert_{\mathrm{op}}"
    source = Source(
        "Y. Mansour, M. Mohri, A. Rostamizadeh",
        "Domain Adaptation: Learning Bounds and Algorithms",
        2009,
        "https://arxiv.org/abs/0902.3430",
        "Section 5.1",
    )
    properties = frozenset({"zero", "nonnegative", "symmetric", "triangle", "duplicates"})
    degree = 2.0
    cost = "O(D³) up to D = 128, then O(ND)"

    radius: float = hyper(1.0, "Largest length of a predictor's weights (Λ).", low=0.01, high=100.0, log=True)

    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """A start ``(D,)`` and the second moment ``(…, D, D)``; with few points in many dimensions its factor."""
        import torch

        start = torch.randn(x.shape[-1], generator=generator, dtype=torch.float64).to(x)
        factor = _factor(x.detach(), weights)
        N, D = factor.shape[-2:]
        if N >= D or D <= EXACT:
            return {"start": start, "moment": factor.mT @ factor}
        return {"start": start, "factor": factor}

    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The discrepancy ``(…)``, and the extreme eigenvector ``(…, D)``."""
        own = _factor(y.detach(), weights)  # (…, M, D)
        if y.shape[-1] <= EXACT:
            values, vectors = eigh(side["moment"] - own.mT @ own)
            at = values.abs().argmax(-1, keepdim=True)  # (…, 1)
            top = values.gather(-1, at).squeeze(-1)
            vector = vectors.gather(-1, at.unsqueeze(-2).expand(*vectors.shape[:-1], 1)).squeeze(-1)  # (…, D)
        else:
            top, vector = extreme(_difference(side, own), _start(side["start"], own, state))
        scale = 4 * self.radius**2
        if not wants_gradient(y):
            return scale * top.abs(), vector
        along = (own * vector.unsqueeze(-2)).sum(-1, keepdim=True)  # (…, M, 1)
        along = along * masses(y, weights).sqrt().unsqueeze(-1) * vector.unsqueeze(-2)  # (…, M, D)
        return with_gradient(scale * top.abs(), y, -2 * scale * top.sign()[..., None, None] * along), vector


def extreme(product: Callable[[Tensor], Tensor], start: Tensor) -> tuple[Tensor, Tensor]:
    """The eigenvalue ``(…)`` of largest modulus of a symmetric operator, and its vector ``(…, D)``.

    Lanczos' method with full reorthogonalisation from ``start (…, D, 1)``. Exact where the rank is below the number
    of products; where the space is exhausted, further vectors are 0 and add eigenvalues 0.
    """
    import torch

    basis, images = [_unit(start)], []
    for _ in range(LANCZOS):
        images.append(product(basis[-1]))  # (…, D, 1)
        known = torch.cat(basis, -1)  # (…, D, k)
        rest = images[-1] - known @ (known.mT @ images[-1])
        size = images[-1].norm(dim=-2, keepdim=True)
        rest = rest - known @ (known.mT @ rest)  # twice is enough
        small = rest.norm(dim=-2, keepdim=True) <= 1e3 * torch.finfo(rest.dtype).eps * size
        basis.append(_unit(rest.masked_fill(small, 0)))
    known = torch.cat(basis[:-1], -1)
    inner = known.mT @ torch.cat(images, -1)  # (…, k, k)
    values, vectors = eigh((inner + inner.mT) / 2)
    at = values.abs().argmax(-1, keepdim=True)
    chosen = vectors.gather(-1, at.unsqueeze(-2).expand(*vectors.shape[:-1], 1))  # (…, k, 1)
    return values.gather(-1, at).squeeze(-1), (known @ chosen).squeeze(-1)


def _factor(x: Tensor, weights: Tensor | None) -> Tensor:
    """The factor A ``(…, N, D)`` of the second moment AᵀA; masked points are 0."""
    w = masses(x, weights).unsqueeze(-1)
    return (w.sqrt() * x).masked_fill(w == 0, 0)


def _difference(side: Tree, own: Tensor) -> Callable[[Tensor], Tensor]:
    """The product of the difference of second moments with a column ``(…, D, 1)``."""
    if "moment" in side:
        return lambda q: side["moment"] @ q - own.mT @ (own @ q)
    return lambda q: side["factor"].mT @ (side["factor"] @ q) - own.mT @ (own @ q)


def _start(fresh: Tensor, own: Tensor, last: Tensor | None) -> Tensor:
    """Where Lanczos' method begins ``(…, D, 1)``: near the last eigenvector if there is one."""
    start = _unit(fresh.unsqueeze(-1)).expand(*own.shape[:-2], -1, -1)  # (…, D, 1)
    return start if last is None else last.unsqueeze(-1) + FRESH * start


def _unit(q: Tensor) -> Tensor:
    """Columns of length 1, or 0."""
    import torch

    size = q.norm(dim=-2, keepdim=True)
    return q / torch.where(size > 0, size, 1)
