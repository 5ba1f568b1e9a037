"""The front as a picture of its own, where no browser draws it: the same spec as SVG."""

from __future__ import annotations

import html
import math
import re
from typing import Any

from dcviz.figures.palette import Theme, tokens

SHAPES = {  # of plotly's markers, as polygons around 0 of radius 1
    "square": ((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)),
    "diamond": ((0, -1.1), (1.1, 0), (0, 1.1), (-1.1, 0)),
    "triangle-up": ((0, -1.1), (1, 0.8), (-1, 0.8)),
    "triangle-down": ((0, 1.1), (1, -0.8), (-1, -0.8)),
}
LEAD = 0.6  # of the way to a label that the line from its point goes


def as_svg(spec: dict[str, Any], theme: Theme) -> str:
    """A spec of `dcviz.figures.front.front` as SVG; it holds all that the figure shows but what hovering tells."""
    layout, token = spec["layout"], tokens(theme)
    wide, tall, margin = layout["width"], layout["height"], layout["margin"]
    place = _Place(layout)
    parts = [f'<rect width="{wide}" height="{tall}" fill="{token.background}"/>']
    parts += _axes(place, layout, theme)
    for trace in spec["data"]:
        parts += _trace(place, trace)
    parts += [_label(place, note) for note in layout["annotations"]]
    left, top = margin["l"], margin["t"]
    frame = f'<path d="M{left} {top}V{place.bottom}H{place.right}" fill="none" stroke="{token.muted}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}" '
        f'font-family="system-ui, sans-serif" font-size="12">{"".join(parts)}{frame}</svg>'
    )


class _Place:
    """From values to pixels."""

    def __init__(self, layout: dict[str, Any]) -> None:
        self.left, self.top = layout["margin"]["l"], layout["margin"]["t"]
        self.right = layout["width"] - layout["margin"]["r"]
        self.bottom = layout["height"] - layout["margin"]["b"]
        self.axes = layout["xaxis"], layout["yaxis"]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of a point."""
        across, up = (self._part(axis, v) for axis, v in zip(self.axes, (x, y), strict=True))
        return self.inside(across, up)

    def inside(self, across: float, up: float) -> tuple[float, float]:
        """The pixel of fractions of the plot's sides."""
        return (
            round(self.left + across * (self.right - self.left), 2),
            round(self.bottom - up * (self.bottom - self.top), 2),
        )

    def _part(self, axis: dict[str, Any], value: float) -> float:
        low, high = axis["range"]
        found = math.log10(value) if axis["type"] == "log" else value
        return (found - low) / (high - low)


def _axes(place: _Place, layout: dict[str, Any], theme: Theme) -> list[str]:
    token, parts = tokens(theme), []
    for axis, name in zip(place.axes, "xy", strict=True):
        for value, text in zip(*_ticks(axis), strict=True):
            x, y = place.at(*((value, _start(place.axes[1])) if name == "x" else (_start(place.axes[0]), value)))
            ends = (x, place.top, x, place.bottom) if name == "x" else (place.left, y, place.right, y)
            parts.append('<line x1="{}" y1="{}" x2="{}" y2="{}" '.format(*ends) + f'stroke="{token.hairline}"/>')
            spot = (x, place.bottom + 16, "middle") if name == "x" else (place.left - 6, y + 4, "end")
            parts.append(_text(text, spot[0], spot[1], spot[2], token.muted))
    x, y = place.inside(0.5, 0)
    parts.append(_text(layout["xaxis"]["title"]["text"], x, y + 36, "middle", token.muted))
    x, y = place.inside(0, 0.5)
    turned = f'transform="rotate(-90 {x - 46} {y})"'
    parts.append(_text(layout["yaxis"]["title"]["text"], x - 46, y, "middle", token.muted, turned))
    return parts


def _ticks(axis: dict[str, Any]) -> tuple[list[float], list[str]]:
    """Given ones, else multiples of 1, 2 or 5 times a power of ten."""
    if "tickvals" in axis:
        return list(axis["tickvals"]), [re.sub("<.*?>", "", text) for text in axis["ticktext"]]
    low, high = axis["range"]
    unit = 10.0 ** math.floor(math.log10((high - low) / 5))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= (high - low) / 6)
    values = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return values, [f"{value:.6g}" for value in values]


def _start(axis: dict[str, Any]) -> float:
    low: float = axis["range"][0]
    return 10.0**low if axis["type"] == "log" else low


def _trace(place: _Place, trace: dict[str, Any]) -> list[str]:
    if trace["mode"] == "lines":
        return [_steps(place, trace)]
    x, y, marker = trace["x"][0], trace["y"][0], trace["marker"]
    parts = []
    for name, dx, dy in (("error_x", 1, 0), ("error_y", 0, 1)):
        size = trace[name]["array"][0]
        if size:
            ends = (*place.at(x - dx * size, y - dy * size), *place.at(x + dx * size, y + dy * size))
            parts.append('<line x1="{}" y1="{}" x2="{}" y2="{}" '.format(*ends) + f'stroke="{trace[name]["color"]}"/>')
    at, line = place.at(x, y), marker["line"]
    look = f'fill="{_plain(marker["color"])}" stroke="{line["color"]}" stroke-width="{line["width"]}"'
    parts.append(_shape(marker["symbol"], at, marker["size"] / 2, look))
    return [f'<g opacity="{trace["opacity"]}">{"".join(parts)}</g>']


def _shape(symbol: str, at: tuple[float, float], radius: float, look: str) -> str:
    if symbol not in SHAPES:
        return f'<circle cx="{at[0]}" cy="{at[1]}" r="{radius}" {look}/>'
    corners = " ".join(f"{at[0] + radius * dx:.1f},{at[1] + radius * dy:.1f}" for dx, dy in SHAPES[symbol])
    return f'<polygon points="{corners}" {look}/>'


def _steps(place: _Place, trace: dict[str, Any]) -> str:
    spots = [place.at(x, y) for x, y in zip(trace["x"], trace["y"], strict=True)]
    path = f"M{spots[0][0]} {spots[0][1]}"
    for x, y in spots[1:]:
        path += f"H{x}V{y}" if trace["line"]["shape"] == "hv" else f"V{y}H{x}"
    return f'<path d="{path}" fill="none" stroke="{trace["line"]["color"]}" stroke-width="{trace["line"]["width"]}"/>'


def _label(place: _Place, note: dict[str, Any]) -> str:
    x, y = place.inside(note["x"], note["y"])
    text = re.sub("<.*?>", "", note["text"])
    ends = x, y, x + LEAD * note["ax"], y + LEAD * note["ay"]
    line = '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" '.format(*ends) + f'stroke="{note["arrowcolor"]}"/>'
    return line + _text(text, x + note["ax"], y + note["ay"] + 4, "middle", note["font"]["color"])


def _text(text: str, x: float, y: float, anchor: str, colour: str, more: str = "") -> str:
    said = html.escape(html.unescape(text), quote=False)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" {more}>{said}</text>'


def _plain(colour: str) -> str:
    return "none" if colour == "rgba(0,0,0,0)" else colour
