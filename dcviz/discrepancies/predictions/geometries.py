"""What a layer of an infinitely wide convolutional network does to covariances between pixels, by kind of pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dcviz.divergences._arc_cosine import arc_cosine, deviations

if TYPE_CHECKING:
    from torch import Tensor


class Geometry(Protocol):
    """What a layer does to covariances: between images ``(N, M, *pixels)``, and of one with itself ``(N, *pixels)``."""

    def products(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean products over channels: of x with y, of x with itself, of y with itself."""

    def norms(self, a: Tensor, b: Tensor) -> Tensor:
        """The products of standard deviations ``(N, M, *pixels)``."""

    def rectified(self, a: Tensor) -> Tensor:
        """``2 E[relu relu]`` of images with themselves."""

    def mix(self, s: Tensor) -> Tensor:
        """The mean over a convolution's window; s ends in pixels."""

    def between(self, s: Tensor) -> Tensor:
        """What stands between two convolutions: pooling, or nothing."""

    def read(self, s: Tensor) -> Tensor:
        """The mean that the linear output takes: no pixels are left."""


class Flat:
    """No pooling; the output reads every pixel with weights of its own, so that only equal pixels matter: (h, w)."""

    def products(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(N, M, h, w)``, ``(N, h, w)``, ``(M, h, w)``."""
        return (x[:, None] * y[None]).mean(2), (x * x).mean(1), (y * y).mean(1)

    def norms(self, a: Tensor, b: Tensor) -> Tensor:
        """Pixel by pixel."""
        return deviations(a[:, None], b[None])

    def rectified(self, a: Tensor) -> Tensor:
        """Of u with itself: its variance."""
        return a

    def mix(self, s: Tensor) -> Tensor:
        """3×3, zeros around the image."""
        return _window(_window(s, (-1,)), (-2,))

    def between(self, s: Tensor) -> Tensor:
        """Nothing."""
        return s

    def read(self, s: Tensor) -> Tensor:
        """Over the pixels."""
        return s.mean((-2, -1))


class Pooled:
    """2×2 average pooling between layers, a global average at the end: all pairs of pixels matter: (h, w, h', w')."""

    def products(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(N, M, h, w, h, w)`` and so on."""
        import torch

        channels = x.shape[1]
        own = [torch.einsum("nchw,ncij->nhwij", z, z) / channels for z in (x, y)]
        return torch.einsum("nchw,mcij->nmhwij", x, y) / channels, own[0], own[1]

    def norms(self, a: Tensor, b: Tensor) -> Tensor:
        """From the variances of the pixels of either side."""
        p, q = _variances(a), _variances(b)
        return deviations(p[:, None, :, :, None, None], q[None, :, None, None])

    def rectified(self, a: Tensor) -> Tensor:
        """As between images."""
        p = _variances(a)
        return arc_cosine(a, deviations(p[:, :, :, None, None], p[:, None, None]))[0]

    def mix(self, s: Tensor) -> Tensor:
        """Both windows move together."""
        return _window(_window(s, (-3, -1)), (-4, -2))

    def between(self, s: Tensor) -> Tensor:
        """2×2 on both sides; a last odd row or column is dropped."""
        for axis in (-1, -2, -3, -4):
            size = s.shape[axis] // 2
            if size:
                s = s.narrow(axis, 0, 2 * size).unflatten(axis, (size, 2)).mean(axis)
        return s

    def read(self, s: Tensor) -> Tensor:
        """Over all pairs of pixels."""
        return s.mean((-4, -3, -2, -1))


GEOMETRIES: dict[str, Geometry] = {"convnet": Flat(), "pooled": Pooled()}


def _window(s: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The mean of three neighbours along axes that move together; zeros beyond the ends."""
    from torch.nn.functional import pad

    margins = [0] * (-2 * min(axes))  # as `pad` wants them: the last axis first
    for axis in axes:
        margins[-2 * axis - 2] = margins[-2 * axis - 1] = 1
    wide = pad(s, margins)
    parts = []
    for shift in range(3):
        part = wide
        for axis in axes:
            part = part.narrow(axis, shift, s.shape[axis])
        parts.append(part)
    return (parts[0] + parts[1] + parts[2]) / 3


def _variances(a: Tensor) -> Tensor:
    """``(N, h, w)`` on the diagonal of ``(N, h, w, h, w)``."""
    n, h, w = a.shape[:3]
    return a.reshape(n, h * w, h * w).diagonal(dim1=1, dim2=2).reshape(n, h, w)
