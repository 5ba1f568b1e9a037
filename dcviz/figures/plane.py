"""The plane: what the browser draws of particles, of the real points, and of what a divergence would do anywhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dcviz.figures.pack import pack
from dcviz.figures.palette import Theme, class_colours, rgba, tokens

SHADES = 255  # of the heat map, odd: the middle one is clear
STRONGEST = {"light": 0.5, "dark": 0.6}  # opacity of the ends of the heat map
LANES = {"left": ("circle", 0), "right": ("diamond", 1)}  # symbol, and which of the class colours
WANTED, CROWDED = 2, 6  # class colours of the heat map's ends: green and purple, apart from both lanes
THUMB = 60  # pixels of a thumbnail's side
SEEN = 130  # real points in a thumbnail

Arrays = Mapping[str, Any]


def plane_scene(key: str, x: np.ndarray, extent: float, theme: Theme) -> dict[str, Any]:
    """What stays while particles move: real points ``x (N, 2)``, colours, and the table of the heat map."""
    token, colours = tokens(theme), class_colours(10, theme)
    return {
        "key": f"{key}|{theme}",
        "extent": extent,
        "ground": token.panel,
        "dots": {"x": pack(x), "radius": 2.1, "colour": rgba(token.muted, 0.55)},
        "lanes": {side: _lane(symbol, colours[which], theme) for side, (symbol, which) in LANES.items()},
        "heat": {"table": pack(heat_table(theme), "uint8"), "shades": SHADES},
        "arrows": {"colour": rgba(token.ink, 0.62), "width": 1.25},
        "grid": {"colour": token.hairline, "width": 1},
        "words": {"colour": token.muted, "ink": token.ink, "ground": token.background},
        "now": {"colour": token.selection, "width": 1},
        "pen": {"colour": token.selection, "radius": 2.6},
    }


def _lane(symbol: str, colour: str, theme: Theme) -> dict[str, Any]:
    token = tokens(theme)
    return {
        "marker": {"symbol": symbol, "size": 11, "color": colour, "line": {"color": token.outline, "width": 1.2}},
        "colour": colour,
        "trail": {"color": rgba(colour, 0.4), "width": 1.4, "steps": 36},
        "pull": {"color": token.outline, "width": 1.6},
    }


def heat_table(theme: Theme) -> np.ndarray:
    """RGBA ``(SHADES, 4)``: green where points are missing, clear in the middle, purple where there are too many."""
    colours = class_colours(10, theme)
    ends = [np.array([int(colours[i][k : k + 2], 16) for k in (1, 3, 5)]) for i in (WANTED, CROWDED)]
    at = np.linspace(-1, 1, SHADES)
    table = np.zeros((SHADES, 4))
    table[:, :3] = np.where(at[:, None] < 0, ends[0], ends[1])
    table[:, 3] = 255 * STRONGEST[theme] * np.abs(at)
    return table.round().astype(np.uint8)


def plane_frames(first: int, arrays: Arrays) -> dict[str, Any]:
    """Consecutive steps of one lane, as `dcviz.playground.race.Race.frames` gives them."""
    sent: dict[str, Any] = {"first": first, "count": len(arrays["sizes"])}
    for name, values in arrays.items():
        sent[name] = pack(values, "int32" if name in ("sizes", "modes", "off") else "float32")
    return sent


def plane_picture(
    step: int, force: np.ndarray | None, heat: np.ndarray | None, tops: tuple[float, float]
) -> dict[str, Any]:
    """Arrows and heat map at one step, each as a share of the strongest so far; None where there is none."""
    return {
        "step": step,
        "force": None if force is None else pack(force / (tops[0] or 1.0)),
        "heat": None if heat is None else pack(heat / (tops[1] or 1.0)),
    }


def line_chart(title: str, explained: str, lines: Sequence[Mapping[str, Any]], **axes: Any) -> dict[str, Any]:
    """A small chart that the browser draws: its title, and lines by lane with where their numbers come from.

    ``axes``: ``x`` and ``y`` are ``log`` or ``linear``; ``floor`` is the least that a logarithmic axis shows;
    ``level`` a horizontal line with its name; ``unit`` of the horizontal axis.
    """
    return {"title": title, "explained": explained, "lines": list(lines), "x": "linear", "y": "linear", **axes}


def thumbnail_of(x: np.ndarray, points: Mapping[str, np.ndarray], extent: float, theme: Theme) -> str:
    """Both lanes of a result side by side, as the data URL of an SVG: real points ``x (N, 2)``, and each lane's."""
    token, colours = tokens(theme), class_colours(10, theme)
    half = THUMB / 2
    some = x[:: max(1, len(x) // SEEN)]
    parts = []
    for i, (side, y) in enumerate(points.items()):
        symbol, which = LANES[side]
        left = i * (THUMB + 4)
        parts.append(f'<rect x="{left}" width="{THUMB}" height="{THUMB}" rx="5" fill="{token.panel}"/>')
        place = [(left + half + half * a / extent, half - half * b / extent) for a, b in some]
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r=".8" fill="{rgba(token.muted, 0.6)}"/>' for a, b in place]
        outline = f'fill="{colours[which]}" stroke="{token.outline}" stroke-width=".6"'
        inside = [(a, b) for a, b in y if max(abs(a), abs(b)) <= extent]
        for a, b in ((left + half + half * a / extent, half - half * b / extent) for a, b in inside):
            if symbol == "circle":
                parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.6" {outline}/>')
            else:
                parts.append(f'<path d="M{a:.1f} {b - 3.4:.1f}l3.4 3.4-3.4 3.4-3.4-3.4z" {outline}/>')
    width = len(points) * THUMB + 4 * (len(points) - 1)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {THUMB}">{"".join(parts)}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("ascii")).decode("ascii")
