"""One image file: its size from the header before anything is decoded, then its pixels."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from dcviz.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF")  # Pillow would also try formats that call other programs
PIXELS = 50_000_000  # in one image; a photograph of 50 megapixels
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
ORIENTATION = 0x0112  # Exif tag; from 5 on the sides are exchanged
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, KeyError, OverflowError)


@dataclass(frozen=True)
class Header:
    """What an image says of itself."""

    width: int
    height: int
    grey: bool


def header(content: bytes, label: str) -> Header:
    """Size and kind, without decoding.

    Raises:
        Refused: no image, an unknown format, too many pixels.
    """
    with _opened(content, label) as image:
        width, height = image.size
        try:
            turned = image.format == "JPEG" and image.getexif().get(ORIENTATION, 1) >= 5
        except (*DAMAGED, TypeError):
            turned = False  # a photograph with spoilt notes is still a photograph
        return Header(*((height, width) if turned else (width, height)), image.mode in GREY)


def decode(content: bytes, label: str, size: tuple[int, int], channels: int) -> np.ndarray:
    """Pixels ``(channels, H, W)`` uint8 at ``size`` = (width, height).

    Of animations the first frame; what is transparent becomes white; an image of another size is scaled to cover
    ``size`` and cropped around its centre, so that no border is added that every method would learn.

    Raises:
        Refused: a damaged image, or pixels that are not 8 or 16 bits.
    """
    import numpy as np
    from PIL import Image, ImageOps

    with _opened(content, label) as opened:
        try:
            opened.load()
            image = ImageOps.exif_transpose(opened) if opened.format == "JPEG" else opened
        except (*DAMAGED, MemoryError) as error:
            raise Refused(f"the image {label} is damaged ({error}): replace it or leave it out.") from error
        image = _opaque(_eight_bits(image, label)).convert("L" if channels == 1 else "RGB")
        if image.size != size:
            image = ImageOps.fit(image, size, Image.Resampling.BICUBIC)
        pixels = np.asarray(image)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _opened(content: bytes, label: str) -> Image:
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is stricter
            image = Image.open(BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(label, f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels") from error
    except UnidentifiedImageError as error:
        raise Refused(f"{label} is not an image that can be read: replace it or leave it out.") from error
    except DAMAGED as error:
        raise Refused(f"the image {label} is damaged ({error}): replace it or leave it out.") from error
    if image.width * image.height > PIXELS:
        raise _too_large(label, f"{image.width:,}×{image.height:,}")
    return image


def _too_large(label: str, what: str) -> Refused:
    return Refused(f"the image {label} is too large ({what}); the limit is {PIXELS:,} pixels: shrink it first.")


def _eight_bits(image: Image, label: str) -> Image:
    """Sixteen-bit greys as eight; floats and 32-bit numbers have no agreed white, so they are refused."""
    import numpy as np
    from PIL import Image as Images

    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise Refused(f"the image {label} has 32-bit pixels, whose white is not known: save it with 8 bits.")
    return Images.fromarray((values.astype(np.uint32) >> 8).astype(np.uint8))


def _opaque(image: Image) -> Image:
    """The image on white, where it has transparency."""
    from PIL import Image as Images

    if "A" not in image.getbands() and "a" not in image.getbands() and "transparency" not in image.info:
        return image
    clear = image.convert("RGBA")
    return Images.alpha_composite(Images.new("RGBA", clear.size, "white"), clear)
