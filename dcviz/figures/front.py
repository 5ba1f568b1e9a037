"""The Pareto front: what nothing else beats in both measures, with error bars and labels that never overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from dcviz.figures.labels import escaped
from dcviz.figures.numbers import log_ticks
from dcviz.figures.palette import Theme, ground, rgba, tokens
from dcviz.figures.signs import Sign

WIDTH, HEIGHT = 860, 600  # pixels of the figure; fixed, so that labels placed apart stay apart
MARGIN = {"l": 64, "r": 18, "t": 12, "b": 48}
LETTER, TALL = 6.6, 17.0  # pixels of a label's letter and height
FADED = 0.4
Line = tuple[float, float, float, float]  # pixels: left, top, right, bottom; one of its sides is 0
Size = tuple[int, int]  # pixels: width, height
PAD = 0.1  # of the span, beyond the outermost points


@dataclass(frozen=True)
class Scale:
    """One axis: what it says, which end is good, and whether it is logarithmic."""

    title: str
    better: str  # high | low
    log: bool = False


@dataclass(frozen=True)
class Spot:
    """One run or group of repeats: where it stands, and how far its repeats lie apart."""

    label: str
    sign: Sign
    x: float
    y: float
    dx: float = 0.0
    dy: float = 0.0
    told: str = ""  # on hovering, below its label
    lit: bool = False  # drawn in full, even where it is dominated
    counts: bool = True  # False where its numbers do not compare with the others'


def undominated(x: Any, y: Any, better: tuple[str, str]) -> np.ndarray:
    """Which points ``(n,)`` no other is at least as good as in both measures and better in one.

    >>> undominated([1, 2, 3], [5, 9, 4], ("low", "high")).tolist()
    [True, True, False]
    """
    points = np.stack([np.asarray(x, float), np.asarray(y, float)], 1)  # (n, 2)
    points = points * [1 if side == "high" else -1 for side in better]
    as_good = (points[:, None] >= points[None]).all(2)  # (n, n): row beats column or equals it
    better_in_one = (points[:, None] > points[None]).any(2)
    return np.asarray(~(as_good & better_in_one).any(0))


def front(
    spots: Sequence[Spot], scales: tuple[Scale, Scale], theme: Theme, size: Size = (WIDTH, HEIGHT)
) -> dict[str, Any]:
    """One spec: the front drawn, what is on it in full, what is dominated faded; ``size`` in pixels.

    Spots that do not count stand hollow and neither belong to the front nor are dominated.
    """
    token = tokens(theme)
    spans = tuple(_span([*_ends(spots, axis, scale)], scale.log) for axis, scale in zip("xy", scales, strict=True))
    on = _on_front(spots, scales)
    data = [_line(spots, on, scales, token.muted)] if sum(on) > 1 else []
    data += [_point(spot, kept, theme) for spot, kept in zip(spots, on, strict=True)]
    pixels = np.array([_pixel(spot.x, spot.y, spans, scales, size) for spot in spots]).reshape(-1, 2)
    lines = _bars(spots, spans, scales, size) + (_borders(data[0], spans, scales, size) if sum(on) > 1 else [])
    places = place_labels(pixels, [_text(spot) for spot in spots], size, lines)
    layout = {
        "width": size[0],
        "height": size[1],
        "margin": MARGIN,
        "xaxis": _axis(scales[0], spans[0], "←→", theme),
        "yaxis": _axis(scales[1], spans[1], "↓↑", theme),
        "annotations": [
            _label(spot, (pixel, at), kept, theme, size)
            for spot, pixel, at, kept in zip(spots, pixels, places, on, strict=True)
        ],
        "hovermode": "closest",
        "dragmode": False,
        **ground(token),
    }
    return {"data": data, "layout": layout}


def place_labels(
    points: np.ndarray, texts: Sequence[str], size: Size = (WIDTH, HEIGHT), lines: Sequence[Line] = ()
) -> np.ndarray:
    """Middles ``(n, 2)`` of labels in pixels, near their points ``(n, 2)``, apart from one another and from points.

    They keep clear of ``lines``, which are level or upright, where there is room.

    Each label in turn, the most crowded points first, takes the place that covers least; farther rings are tried
    until one is free. Pixels count from the top left.
    """
    half = np.array([[0.5 * LETTER * len(text), 0.5 * TALL] for text in texts]).reshape(-1, 2)
    middles = np.full((len(texts), 2), np.nan)
    crowd = [-float(np.sort(np.linalg.norm(points - p, axis=1))[1:3].sum()) for p in points]
    for i in sorted(range(len(texts)), key=lambda i: -crowd[i]):
        best, spot = np.inf, points[i]
        for cost, place in _around(points[i], half[i]):
            inside = (place - half[i] >= 0).all() and (place + half[i] <= size).all()
            done = np.isfinite(middles[:, 0])
            over = (np.abs(middles[done] - place) < half[done] + half[i]).all(1).sum()
            marks = (np.abs(points - place) < half[i] + 8).all(1).sum()
            crossed = sum(_crosses(line, place, half[i]) for line in lines)
            cost += 1e6 * (not inside) + 1e4 * over + 100 * marks + 60 * crossed
            if cost < best:
                best, spot = cost, place
            if cost < 30:
                break
        middles[i] = spot
    return middles


def _crosses(line: Line, middle: np.ndarray, half: np.ndarray) -> bool:
    left, top, right, bottom = line
    (x, y), (w, h) = middle, half
    return bool(left < x + w and right > x - w and top < y + h and bottom > y - h)


def _bars(spots: Sequence[Spot], spans: Any, scales: tuple[Scale, Scale], size: Size) -> list[Line]:
    """The error bars in pixels."""
    found = []
    for spot in spots:
        for dx, dy in ((spot.dx, 0.0), (0.0, spot.dy)):
            ends = [
                (spot.x + side * dx, spot.y + side * dy)
                for side in (-1, 1)
                if (spot.x + side * dx > 0 or not scales[0].log) and (spot.y + side * dy > 0 or not scales[1].log)
            ]
            if (dx or dy) and len(ends) == 2:
                found.append(_box(*(_pixel(*end, spans, scales, size) for end in ends)))
    return found


def _borders(line: dict[str, Any], spans: Any, scales: tuple[Scale, Scale], size: Size) -> list[Line]:
    """The steps of the front in pixels."""
    at = [_pixel(x, y, spans, scales, size) for x, y in zip(line["x"], line["y"], strict=True)]
    found = []
    for (x0, y0), (x1, y1) in pairwise(at):
        corner = (x1, y0) if line["line"]["shape"] == "hv" else (x0, y1)
        found += [_box((x0, y0), corner), _box(corner, (x1, y1))]
    return found


def _box(a: tuple[float, float], b: tuple[float, float]) -> Line:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])


def _around(point: np.ndarray, half: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Places for a label with half sides ``half``: beside, above and below its point, then in wider rings."""
    found = []
    for ring in range(14):
        away = 9 + 15 * ring
        for rank, turn in enumerate((0, -45, 45, -90, 90, 180, -135, 135)):
            side = np.array([math.cos(math.radians(turn)), math.sin(math.radians(turn))])
            found.append((10.0 * ring + rank, point + side * away + np.sign(np.round(side, 6)) * half))
    return found


def _on_front(spots: Sequence[Spot], scales: tuple[Scale, Scale]) -> list[bool]:
    counting = [i for i, spot in enumerate(spots) if spot.counts]
    kept = undominated(
        [spots[i].x for i in counting], [spots[i].y for i in counting], (scales[0].better, scales[1].better)
    )
    on = [False] * len(spots)
    for i, keep in zip(counting, kept, strict=True):
        on[i] = bool(keep)
    return on


def _ends(spots: Sequence[Spot], axis: str, scale: Scale) -> list[float]:
    found = []
    for spot in spots:
        value, spread = getattr(spot, axis), getattr(spot, f"d{axis}")
        found += [end for end in (value - spread, value, value + spread) if end > 0 or not scale.log]
    return found


def _span(values: list[float], log: bool) -> tuple[float, float]:
    """The range of an axis, in log10 where it is logarithmic."""
    ends = [math.log10(v) for v in values] if log else values
    if not ends:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    wide = (high - low) or abs(high) * 0.2 or 1.0
    return low - PAD * wide, high + 1.6 * PAD * wide


def _pixel(x: float, y: float, spans: Any, scales: tuple[Scale, Scale], size: Size) -> tuple[float, float]:
    parts = []
    for value, (low, high), scale in zip((x, y), spans, scales, strict=True):
        at = math.log10(value) if scale.log else value
        parts.append((at - low) / (high - low))
    wide, tall = size[0] - MARGIN["l"] - MARGIN["r"], size[1] - MARGIN["t"] - MARGIN["b"]
    return MARGIN["l"] + parts[0] * wide, MARGIN["t"] + (1 - parts[1]) * tall


def _line(spots: Sequence[Spot], on: Sequence[bool], scales: tuple[Scale, Scale], colour: str) -> dict[str, Any]:
    """The border of what is dominated: along the worse of two neighbours, so no point in between is promised."""
    kept = sorted((spot.x, spot.y) for spot, keep in zip(spots, on, strict=True) if keep)
    shape = "hv" if scales[0].better == "low" else "vh"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "front",
        "x": [x for x, _ in kept],
        "y": [y for _, y in kept],
        "line": {"color": colour, "width": 1.5, "shape": shape},
        "hoverinfo": "skip",
    }


def _point(spot: Spot, on: bool, theme: Theme) -> dict[str, Any]:
    token, sign = tokens(theme), spot.sign
    bar = {"color": sign.colour, "thickness": 1.2, "width": 4}
    full = on or spot.lit or not spot.counts
    state = "on the front" if on else "dominated" if spot.counts else "under another protocol: not ranked"
    fill = {"color": sign.colour, "line": {"width": 1, "color": token.outline}}
    hollow = {"color": "rgba(0,0,0,0)", "line": {"width": 1.6, "color": sign.colour}}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": spot.label,
        "x": [spot.x],
        "y": [spot.y],
        "error_x": {"type": "data", "array": [spot.dx], "visible": spot.dx > 0, **bar},
        "error_y": {"type": "data", "array": [spot.dy], "visible": spot.dy > 0, **bar},
        "marker": {"symbol": sign.symbol, "size": 12, **(fill if spot.counts else hollow)},
        "opacity": 1.0 if full else FADED,
        "meta": {"on": on},
        "hovertemplate": f"<b>{sign.glyph} {escaped(spot.label)}</b><br>{spot.told}<br>{state}<extra></extra>",
    }


def _label(spot: Spot, where: tuple[np.ndarray, np.ndarray], on: bool, theme: Theme, size: Size) -> dict[str, Any]:
    """The label; a thin line leads back to a point that is not beside it. ``where``: the point, then the label."""
    token, (pixel, at) = tokens(theme), where
    ink = token.ink if on else token.muted
    half = 0.5 * LETTER * len(_text(spot))
    gap = math.hypot(max(0.0, abs(at[0] - pixel[0]) - half), max(0.0, abs(at[1] - pixel[1]) - TALL / 2))
    wide, tall = size[0] - MARGIN["l"] - MARGIN["r"], size[1] - MARGIN["t"] - MARGIN["b"]
    return {
        "xref": "paper",
        "yref": "paper",
        "x": (pixel[0] - MARGIN["l"]) / wide,
        "y": 1 - (pixel[1] - MARGIN["t"]) / tall,
        "ax": float(at[0] - pixel[0]),
        "ay": float(at[1] - pixel[1]),
        "xanchor": "center",
        "yanchor": "middle",
        "text": f"<b>{spot.sign.glyph}</b> {escaped(spot.label)}",
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 0.8,
        "arrowcolor": rgba(token.muted, 0.7 if gap > 16 else 0.0),
        "standoff": 7,
        "font": {"size": 12, "color": ink},
        "borderpad": 0,
    }


def _axis(scale: Scale, span: tuple[float, float], ways: str, theme: Theme) -> dict[str, Any]:
    """``ways``: the arrows towards lower and higher values."""
    token = tokens(theme)
    return {
        "title": {
            "text": f"{escaped(scale.title)}  ({ways[scale.better == 'high']} better)",
            "font": {"size": 12, "color": token.muted},
        },
        "type": "log" if scale.log else "linear",
        "range": list(span),
        "fixedrange": True,
        "gridcolor": token.hairline,
        "zeroline": False,
        "tickfont": {"color": token.muted, "size": 11},
        **(log_ticks(*span) if scale.log else {"nticks": 7}),
    }


def _text(spot: Spot) -> str:
    return f"{spot.sign.glyph} {spot.label}"
