"""How arrays and images travel: base64 of little-endian bytes, which plotly.js decodes itself, and data URLs."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

CODES = {"float32": "f4", "int32": "i4", "uint16": "u2", "uint8": "u1"}
LOSSLESS = 90_000  # bytes up to which a picture is sent as PNG; a larger one as WebP


def pack(values: Any, dtype: str = "float32") -> dict[str, str]:
    """A flat array in plotly's typed form; nan stays nan and never reaches JSON."""
    flat = np.ascontiguousarray(np.asarray(values).ravel(), dtype=np.dtype(dtype).newbyteorder("<"))
    return {"dtype": CODES[dtype], "bdata": base64.b64encode(flat.tobytes()).decode("ascii")}


def unpack(packed: dict[str, str]) -> np.ndarray:
    """The inverse of `pack`, for tests and exports."""
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype="<" + packed["dtype"])


def png(pixels: np.ndarray) -> bytes:
    """Pixels ``(H, W, channels)`` uint8 (grey, grey + alpha, RGB, RGBA) as PNG."""
    out = io.BytesIO()
    _image(pixels).save(out, "PNG", compress_level=3)
    return out.getvalue()


def picture(pixels: np.ndarray, lossless: int = LOSSLESS) -> str:
    """A data URL: PNG while it is small, WebP beyond, so that a live update stays under its 200 kB."""
    data = png(pixels) if pixels.size < 30 * lossless else b""
    if data and len(data) <= lossless:
        return "data:image/png;base64," + base64.b64encode(data).decode("ascii")
    for quality in (80, 50, 20):
        out = io.BytesIO()
        _image(pixels).save(out, "WEBP", quality=quality, method=0)
        if out.tell() <= lossless:
            break
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def _image(pixels: np.ndarray) -> Any:
    from PIL import Image

    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
