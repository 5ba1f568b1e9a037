"""The sheet through the kept steps as an animated GIF or WebP, the step written below it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dcviz.errors import Refused
from dcviz.runs.export.sheets import GAP, laid

if TYPE_CHECKING:
    from PIL.Image import Image

    from dcviz.runs.store import Store

SECONDS = 8.0  # of one round, the rest on the last frame included
SHORTEST, LONGEST = 0.5, 120.0
REST = 0.2, 1.5  # on the last frame: this part of the whole, at most so many seconds
QUICKEST = 0.04  # seconds of a frame: browsers slow down what is below 0.02
SIDE = 600  # pixels of the longer side, at most; small sheets are enlarged by whole numbers
BYTES = 8_000_000  # of the file, at most: what would be larger has fewer frames
GREYS = 64  # levels in a GIF: half the file of 256, and nobody sees which
NARROWEST = 168  # pixels, so that the step can be read
PALETTE_FROM = 12  # frames that the colours of a GIF are chosen from
WEBP_QUALITY, WEBP_METHOD = 85, 2  # of 100; of 6, the slowest
INK, PAPER = 40, 255


def animated(store: Store, run: str, format: str, seconds: float = SECONDS) -> bytes:
    """The kept frames of a run, each shown for the same time, the last one longer; it repeats for ever.

    Where there are more frames than the time can show or a file of 8 MB can hold, evenly chosen ones are left out,
    never the first or last.

    Args:
        store: where the run is.
        run: its id.
        format: ``gif`` or ``webp``.
        seconds: that one round takes.

    Raises:
        Refused: fewer than two frames, points of the plane, a time out of range.
    """
    if not SHORTEST <= seconds <= LONGEST:
        raise Refused(f"an animation of {seconds:g} seconds cannot be made: choose from {SHORTEST:g} to {LONGEST:g}.")
    kept = store.frames(run)
    if len(kept) < 2:
        raise Refused(f"an animation needs two pictures, and {run} keeps {len(kept)}: export its sheet instead.")
    rest = min(REST[0] * seconds, REST[1])
    count = min(len(kept), max(2, int((seconds - rest) / QUICKEST)))
    while True:
        steps = [kept[i] for i in np.unique(np.linspace(0, len(kept) - 1, count).round().astype(int))]
        images = list(_pictures(store, run, steps))
        made = (_gif if format == "gif" else _webp)(images, _lasting(len(images), seconds, rest))
        if len(made) <= BYTES or count == 2:
            return made
        count = max(2, min(count // 2, int(count * BYTES / len(made))))


def _lasting(count: int, seconds: float, rest: float) -> list[int]:
    """How long each frame is shown, in milliseconds.

    GIF counts hundredths of a second: the moments are rounded, so that the whole lasts as long as was asked for.
    """
    edges = np.linspace(0, seconds - rest, count + 1)
    edges[-1] = seconds
    return (np.diff((edges * 100).round()) * 10).astype(int).tolist()


def _pictures(store: Store, run: str, steps: Sequence[int]) -> Iterator[Image]:
    last = store.run(run).step
    for step in steps:
        _, frame = store.frame(run, step)
        if "images" not in frame:
            raise Refused(f"{run} holds points of the plane, not images: watch it as a replay (HTML).")
        sheet = _folded(laid(frame["images"], frame["labels"]), frame["images"].shape[2])
        yield _captioned(_sized(sheet), f"step {step:,}".rjust(len(f"step {last:,}")))


def _folded(sheet: np.ndarray, height: int) -> np.ndarray:
    """A tall sheet cut between rows of images into columns side by side, until it is about square."""
    pitch = height + max(1, round(height * GAP))
    rows = sheet.shape[0] // pitch
    columns = max(1, min(rows, round(math.sqrt(sheet.shape[0] / sheet.shape[1]))))
    if columns == 1:
        return sheet
    tall = -(-rows // columns)
    short = columns * tall - rows
    padded = np.concatenate([sheet, np.full((short * pitch, *sheet.shape[1:]), PAPER, np.uint8)])
    gap = padded.shape[0] - columns * tall * pitch  # below the last row
    parts = [padded[c * tall * pitch : (c + 1) * tall * pitch + gap] for c in range(columns)]
    return np.concatenate(parts, axis=1)


def _sized(sheet: np.ndarray) -> np.ndarray:
    """Enlarged by a whole number where it is small, averaged down where it is too large."""
    longest = max(sheet.shape[:2])
    if longest > SIDE:
        f = -(-longest // SIDE)
        H, W = (side // f * f for side in sheet.shape[:2])
        blocks = sheet[:H, :W].reshape(H // f, f, W // f, f, -1)
        return blocks.mean((1, 3)).round().astype(np.uint8)
    return sheet.repeat(SIDE // longest, 0).repeat(SIDE // longest, 1)


def _captioned(sheet: np.ndarray, text: str) -> Image:
    """The sheet with a line of text below it."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = sheet.shape[:2]
    size = max(14, round(height / 30))
    wide = max(width, NARROWEST)
    mode = "L" if sheet.shape[2] == 1 else "RGB"
    paper, ink = (PAPER, INK) if mode == "L" else ((PAPER,) * 3, (INK,) * 3)
    image = Image.new(mode, (wide, height + 2 * size), paper)
    image.paste(Image.fromarray(sheet[..., 0] if mode == "L" else sheet), ((wide - width) // 2, 0))
    font = ImageFont.load_default(size)
    ImageDraw.Draw(image).text((wide - size / 2, height + size), text, ink, font, anchor="rm")
    return image


def _gif(images: Sequence[Image], lasting: Sequence[int]) -> bytes:
    if images[0].mode == "RGB":
        palette = _palette(images)
        images = [image.quantize(palette=palette) for image in images]
    else:
        step = 256 // GREYS
        images = [image.point(lambda v: min(255, round(v / step) * step)) for image in images]
    return _saved(images, "GIF", lasting, optimize=False)  # one palette for all: the same grey or colour throughout


def _palette(images: Sequence[Image]) -> Image:
    """256 colours for all frames, so that none flickers."""
    from PIL import Image

    some = [images[i] for i in np.linspace(0, len(images) - 1, PALETTE_FROM).round().astype(int)]
    column = Image.fromarray(np.concatenate([np.asarray(image.reduce(2)) for image in some]))
    return column.quantize(256, Image.Quantize.MEDIANCUT)


def _webp(images: Sequence[Image], lasting: Sequence[int]) -> bytes:
    from PIL import features

    if not features.check("webp"):
        raise Refused("this Pillow was built without WebP: install another, or export a GIF.")
    grey = images[0].mode == "L"  # drawings: exact is small, too
    how = {"lossless": grey, "quality": WEBP_QUALITY, "method": WEBP_METHOD}
    return _saved([image.convert("RGB") for image in images], "WEBP", lasting, **how)


def _saved(images: Sequence[Image], format: str, lasting: Sequence[int], **how: int | bool) -> bytes:
    out = io.BytesIO()
    images[0].save(
        out, format, save_all=True, append_images=images[1:], duration=list(lasting), loop=0, **how
    )  # loop 0: for ever
    return out.getvalue()
