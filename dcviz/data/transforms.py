"""Invertible maps from pixels in [0, 1] (planar: coordinates) to model space, fitted on a data set's training part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused, unknown
from dcviz.types import Progress, Samples, Transform, silent

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ZCA_LARGEST = 3072  # D of 32×32 in colour; the matrix is D×D, and its eigenvectors cost O(D³)
CHUNK = 2048  # samples turned to float at a time
FLAT = 1e-6  # a standard deviation below this is a constant


def pixels(x: Tensor) -> Tensor:
    """Stored samples as float32: uint8 0..255 becomes [0, 1], floats stay."""
    return x if x.is_floating_point() else x.float() / 255


@dataclass(frozen=True)
class Identity:
    """Model space is pixel space."""

    name = "none"

    def forward(self, x: Tensor) -> Tensor:
        """The same ``x``."""
        return x

    def inverse(self, z: Tensor) -> Tensor:
        """The same ``z``."""
        return z

    def arrays(self) -> dict[str, Tensor]:
        """Nothing is needed."""
        return {}

    def to(self, device: torch.device) -> Identity:
        """Itself, on any device."""
        return self


@dataclass(frozen=True, eq=False)
class Normalise:
    """Zero mean and unit standard deviation for each channel (planar: coordinate).

    A channel that is constant is centred and not scaled.
    """

    mean: Tensor  # (channels, 1, 1) or (2,) float32
    std: Tensor  # as mean; population standard deviation

    name = "normalise"

    def forward(self, x: Tensor) -> Tensor:
        """Samples ``(B, *shape)`` to model space."""
        return (x - self.mean.to(x.device)) / self.std.to(x.device)

    def inverse(self, z: Tensor) -> Tensor:
        """Model space ``(B, *shape)`` to pixels or coordinates."""
        return z * self.std.to(z.device) + self.mean.to(z.device)

    def arrays(self) -> dict[str, Tensor]:
        """Mean and standard deviation."""
        return {"mean": self.mean, "std": self.std}

    def to(self, device: torch.device) -> Normalise:
        """The same map with its numbers on a device."""
        return Normalise(self.mean.to(device), self.std.to(device))


@dataclass(frozen=True, eq=False)
class ZCA:
    r"""Regularised whitening of the whole image, with its inverse.

    .. math:: z = (\Sigma + \lambda I)^{-1/2} (x - \mu), \qquad \lambda = 0.1\,\mathrm{tr}(\Sigma)/D

    The regularisation is relative to the mean variance, as in KIP (Nguyen et al., 2021,
    https://arxiv.org/abs/2107.13034, Appendix) and FRePo; a constant pixel therefore divides by √λ, never by 0.
    """

    mean: Tensor  # (D,) float32
    whiten: Tensor  # (D, D) float32, symmetric
    colour: Tensor  # (D, D) float32, the inverse of whiten

    name = "zca"

    def forward(self, x: Tensor) -> Tensor:
        """Samples ``(B, *shape)`` to model space."""
        return _linear(x.flatten(1) - self.mean.to(x.device), self.whiten.to(x.device)).reshape(x.shape)

    def inverse(self, z: Tensor) -> Tensor:
        """Model space ``(B, *shape)`` to pixels."""
        return (_linear(z.flatten(1), self.colour.to(z.device)) + self.mean.to(z.device)).reshape(z.shape)

    def arrays(self) -> dict[str, Tensor]:
        """Mean and both matrices."""
        return {"mean": self.mean, "whiten": self.whiten, "colour": self.colour}

    def to(self, device: torch.device) -> ZCA:
        """The same map with its numbers on a device."""
        return ZCA(self.mean.to(device), self.whiten.to(device), self.colour.to(device))


TRANSFORMS: dict[str, Any] = {"normalise": Normalise, "zca": ZCA, "none": Identity}


def transform_from(name: str, arrays: dict[str, Tensor]) -> Transform:
    """The transform again from its name and `Transform.arrays`."""
    if name not in TRANSFORMS:
        raise unknown("transform", name, TRANSFORMS)
    kind = TRANSFORMS[name]
    wanted = [f.name for f in fields(kind)]
    if sorted(arrays) != sorted(wanted):
        raise Refused(
            f"the transform {name!r} is made from {', '.join(wanted) or 'nothing'}, but "
            f"{', '.join(sorted(arrays)) or 'nothing'} was given: the file is damaged or from another version."
        )
    return kind(**arrays)


def fit(name: str, x: Samples, progress: Progress = silent) -> Transform:
    """The transform of that name for stored samples ``x (N, *shape)``, uint8 or float."""
    if name == "none":
        return Identity()
    if name == "normalise":
        return fit_normalise(x)
    if name == "zca":
        return fit_zca(x, progress)
    raise unknown("transform", name, TRANSFORMS)


def fit_normalise(x: Samples) -> Normalise:
    """Mean and standard deviation of each channel of ``x (N, channels, H, W)``, or coordinate of ``(N, 2)``."""
    import torch

    if not isinstance(x, torch.Tensor):
        return _from_counts(x)
    channels = x.shape[1]
    total, square = torch.zeros(2, channels, dtype=torch.float64)
    count = 0
    for part in _chunks(x):
        flat = part.double().transpose(0, 1).flatten(1)  # (channels, n·H·W)
        total = total + flat.sum(1)
        square = square + flat.square().sum(1)
        count += flat.shape[1]
    mean = total / count
    return _normalise(mean, (square / count - mean.square()).clamp_min(0).sqrt(), x.dim() - 2)


def _from_counts(x: Samples) -> Normalise:
    """The same of bytes on the disk, from how often each comes: exact, and forty times as fast.

    Those in memory are summed, as they always were: the last bits of every run on them hang on it.
    """
    import torch

    channels, levels = x.shape[1], torch.arange(256, dtype=torch.float64) / 255
    often = torch.zeros(channels, 256, dtype=torch.int64)
    for part in x.split(CHUNK):
        often += torch.stack([torch.bincount(part[:, c].flatten(), minlength=256) for c in range(channels)])
    share = often.double() / often.sum(1, keepdim=True)  # (channels, 256)
    mean = share @ levels
    return _normalise(mean, (share * (levels - mean[:, None]).square()).sum(1).sqrt(), x.dim() - 2)


def _normalise(mean: Tensor, std: Tensor, sides: int) -> Normalise:
    import torch

    std = torch.where(std < FLAT, torch.ones_like(std), std)
    shape = (len(mean),) + (1,) * sides
    return Normalise(mean.float().reshape(shape), std.float().reshape(shape))


def fit_zca(x: Samples, progress: Progress = silent, regularise: float = 0.1) -> ZCA:
    """Whitening of ``x (N, *shape)``; O(ND² + D³) operations, O(D²) memory, progress by chunks.

    Args:
        x: stored samples, uint8 or float.
        progress: hears of the covariance; may raise `Cancelled`.
        regularise: λ as a multiple of the mean variance.

    Raises:
        Refused: more than 3,072 numbers a sample.
    """
    import torch

    D = x[0].numel()
    if D > ZCA_LARGEST:
        raise Refused(
            f"whitening images of {D:,} numbers needs a matrix of {D:,}×{D:,}; the limit is {ZCA_LARGEST:,} "
            "(32×32 in colour): choose the transform normalise, or smaller images."
        )
    N = len(x)
    mean = torch.stack([part.flatten(1).double().sum(0) for part in _chunks(x)]).sum(0) / N  # (D,)
    scatter = torch.zeros(D, D, dtype=torch.float64)
    for i, part in enumerate(_chunks(x)):
        progress("whitening: covariance", 0.7 * i * CHUNK / N)
        centred = part.flatten(1) - mean.float()  # (n, D)
        scatter += centred.T @ centred  # a float32 product of one chunk, summed in float64
    progress("whitening: eigenvectors", 0.7)
    values, vectors = torch.linalg.eigh(scatter / N)
    values = values.clamp_min(0)
    spread = float(values.mean())
    root = (values + regularise * (spread if spread > FLAT**2 else 1.0)).sqrt()
    return ZCA(mean.float(), ((vectors / root) @ vectors.T).float(), ((vectors * root) @ vectors.T).float())


def spread(x: Samples) -> float:
    """The variance of a pixel of stored samples ``(N, *shape)``, on average over all pixels."""
    import torch

    mean = torch.stack([part.flatten(1).double().sum(0) for part in _chunks(x)]).sum(0) / len(x)  # (D,)
    square = [(part.flatten(1).double() - mean).square().sum() for part in _chunks(x)]
    return float(torch.stack(square).sum()) / (max(len(x) - 1, 1) * len(mean))


def _chunks(x: Samples) -> Iterator[Tensor]:
    return (pixels(part) for part in x.split(CHUNK))


def _linear(flat: Tensor, matrix: Tensor) -> Tensor:
    return flat @ matrix  # (B, D) @ (D, D), the matrix being symmetric
