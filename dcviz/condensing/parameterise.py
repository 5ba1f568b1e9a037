"""How stored parameters become images: as they are, or several to each stored image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.errors import Refused, unknown
from dcviz.types import SyntheticSet

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Pixels:
    """Each stored image is one image."""

    name = "pixels"
    expand: int = 1

    def decode(self, stored: Tensor) -> Tensor:
        """The images themselves."""
        return stored

    def encode(self, decoded: Tensor) -> Tensor:
        """Images to be stored."""
        return decoded


@dataclass(frozen=True)
class MultiFormation:
    """Each stored image is cut into factor² tiles, each enlarged (bilinear) to a whole image.

    Source: Kim et al., Dataset Condensation via Efficient Synthetic-Data Parameterization, 2022,
    https://arxiv.org/abs/2205.14959, section 4.
    """

    factor: int = 2

    @property
    def name(self) -> str:
        """The name with its factor."""
        return f"multi-formation-{self.factor}"

    @property
    def expand(self) -> int:
        """Images per stored image."""
        return self.factor**2

    def decode(self, stored: Tensor) -> Tensor:
        """``(m, c, h, w)`` to ``(m·factor², c, h, w)``; the tiles of one image are adjacent, row by row."""
        from torch.nn.functional import interpolate, pad

        _, channels, height, width = stored.shape
        f = self.factor
        stored = pad(stored, (0, -width % f, 0, -height % f))  # sides that the factor does not divide
        th, tw = stored.shape[2] // f, stored.shape[3] // f
        tiles = stored.unfold(2, th, th).unfold(3, tw, tw)  # (m, c, f, f, th, tw)
        tiles = tiles.permute(0, 2, 3, 1, 4, 5).reshape(-1, channels, th, tw)
        return interpolate(tiles, size=(height, width), mode="bilinear", align_corners=False)

    def encode(self, decoded: Tensor) -> Tensor:
        """``(m·factor², c, h, w)`` to ``(m, c, h, w)``: each image reduced and put into its tile."""
        from torch.nn.functional import interpolate

        _, channels, height, width = decoded.shape
        f = self.factor
        th, tw = -(-height // f), -(-width // f)
        small = interpolate(decoded, size=(th, tw), mode="area").reshape(-1, f, f, channels, th, tw)
        whole = small.permute(0, 3, 1, 4, 2, 5).reshape(-1, channels, f * th, f * tw)
        return whole[:, :, :height, :width].contiguous()


PARAMETERISATIONS = {p.name: p for p in (Pixels(), MultiFormation(2), MultiFormation(3))}


def parameterisation(name: str, shape: tuple[int, ...]) -> Pixels | MultiFormation:
    """The parameterisation under a name; one that cannot hold samples of this shape is refused."""
    if name not in PARAMETERISATIONS:
        raise unknown("parameterisation", name, PARAMETERISATIONS)
    found = PARAMETERISATIONS[name]
    if found.expand > 1 and (len(shape) == 1 or min(shape[1:]) < 4 * found.factor):  # type: ignore[union-attr]
        size = "points of the plane" if len(shape) == 1 else f"{shape[1]}×{shape[2]} images"
        raise Refused(f"{name} would leave tiles too small to see in {size}; choose pixels.")
    return found


def synthetic_set(x: Tensor, y: Tensor, class_count: int, decoder: Pixels | MultiFormation) -> SyntheticSet:
    """S from decoded start images ``x (M·expand, *shape)`` ordered by class ``y``."""
    import torch

    stored = decoder.encode(x).clone()
    classes = y[:: decoder.expand].clone()
    counts = tuple(torch.bincount(classes, minlength=class_count).tolist())
    return SyntheticSet({"images": stored}, classes, torch.arange(len(classes)), counts, decoder)
