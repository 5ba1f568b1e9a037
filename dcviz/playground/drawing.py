"""Points drawn by hand: short texts for addresses, and back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from dcviz.errors import Refused

EXTENT = 1.6  # the plane reaches from -EXTENT to EXTENT in both coordinates
MOST = 400  # drawn points: their text stays below what every browser and chat takes as an address
LEVELS = 4095  # twelve bits a coordinate: finer than a pixel
BYTES = 3  # a point


def encode(points: Iterable[tuple[float, float]]) -> str:
    """Points as text, four characters each; what lies outside of the plane is moved to its edge.

    >>> encode([(0.0, 0.0), (1.6, -1.6)])
    'gAgA__AA'

    Raises:
        Refused: more points than an address has room for.
    """
    data = bytearray()
    for x, y in points:
        a, b = (round((min(max(v / EXTENT, -1.0), 1.0) + 1) / 2 * LEVELS) for v in (x, y))
        data += bytes((a >> 4, (a & 15) << 4 | b >> 8, b & 255))
    _bounded(len(data) // BYTES)
    return base64.urlsafe_b64encode(bytes(data)).decode("ascii")


def decode(text: str) -> list[tuple[float, float]]:
    """The inverse of `encode`, to twelve bits.

    Raises:
        Refused: a text that is no drawing, or a drawing of too many points.
    """
    _bounded(len(text) // 4)
    try:
        data = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        data = b"?"
    if len(data) % BYTES:
        raise Refused(f"{text[:20]!r} is not a drawing: draw the points again, or copy the whole address.")
    found = []
    for i in range(0, len(data), BYTES):
        p, q, r = data[i : i + BYTES]
        found.append(tuple((2 * v / LEVELS - 1) * EXTENT for v in (p << 4 | q >> 4, (q & 15) << 8 | r)))
    return found  # type: ignore[return-value]


def _bounded(count: int) -> None:
    if count > MOST:
        raise Refused(f"{count} drawn points are too many for an address: draw at most {MOST}.")
