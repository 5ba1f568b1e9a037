"""What sets are good for, drawn: a quantity for each of several sets, curves over strengths, tables of confusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np

from dcviz.figures.palette import Theme, ground, rgba, tokens
from dcviz.figures.signs import Sign

LETTERS = 24  # of one line of a row's title
ROW, LINE = 15, 12  # pixels: above the sets of a row, and for each set in it
RIVALS = ("circle", "square", "triangle-up", "triangle-down", "cross")  # shapes of sets that stand beside
GLYPHS = {"circle": "○", "square": "□", "triangle-up": "△", "triangle-down": "▽", "cross": "✚", "line-ns": "|"}
DASHES = ("dot", "dash", "dashdot", "longdash", "solid")
WHOLE = "whole set"


@dataclass(frozen=True)
class Measured:
    """A figure as it is drawn."""

    of: str  # which set
    mean: float
    std: float = 0.0
    told: str = ""  # on hovering


@dataclass(frozen=True)
class Row:
    """One line of a dot plot: the same quantity for every set."""

    title: str
    figures: Sequence[Measured]


@dataclass(frozen=True)
class Curves:
    """One panel: the same quantity over strengths, ``(strength, figure)`` for every set."""

    title: str
    figures: Sequence[tuple[float, Measured]]


def signs_of(own: Mapping[str, Sign], beside: Sequence[str], theme: Theme) -> dict[str, Sign]:
    """How sets are told apart: the ones in question in colour, what stands beside them grey and hollow."""
    grey = tokens(theme).muted
    found = dict(own)
    shapes = iter(RIVALS * (1 + len(beside) // len(RIVALS)))
    dashes = iter(DASHES * (1 + len(beside) // len(DASHES)))
    for name in beside:
        symbol = "line-ns" if name == WHOLE else next(shapes)
        found[name] = Sign(symbol, GLYPHS[symbol], grey, "solid" if name == WHOLE else next(dashes))
    return found


def dots(
    rows: Sequence[Row], signs: Mapping[str, Sign], unit: str, theme: Theme, marks: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """One spec: sets as dots with their spread, a row for each title.

    Args:
        rows: from the top down.
        signs: how sets are told apart, the most important last drawn.
        unit: ``fraction`` is written in per cent; anything else as it stands.
        theme: the theme's name.
        marks: what a value stands for, by a label: upright lines.
    """
    factor = 100.0 if unit == "fraction" else 1.0
    present = [name for name in signs if any(f.of == name for row in rows for f in row.figures)]
    step = 1.0 / (len(present) + 1.5)
    data = [
        _dots(rows, name, signs[name], (factor, (i - (len(present) - 1) / 2) * step), theme)
        for i, name in reversed(list(enumerate(present)))
    ]
    height = len(rows) * (ROW + LINE * len(present)) + 42
    layout = _layout(theme, height, {"l": 8, "r": 14, "t": 4, "b": 34})
    layout["xaxis"] = {**_axis(theme), "ticksuffix": " %" if unit == "fraction" else "", "nticks": 6}
    layout["yaxis"] = {
        **_axis(theme),
        "tickvals": list(range(len(rows))),
        "ticktext": ["<br>".join(map(_escaped, wrap(row.title, LETTERS))) for row in rows],
        "range": [len(rows) - 0.5, -0.5],
        "automargin": True,
        "showgrid": False,
        "tickfont": {"size": 12, "color": tokens(theme).ink},
    }
    layout["shapes"] = [_band(i, theme) for i in range(1, len(rows), 2)] + [
        _upright(factor * value, theme) for value in (marks or {}).values()
    ]
    layout["annotations"] = [_said(name, factor * value, theme) for name, value in (marks or {}).items()]
    return {"data": data, "layout": layout}


def strengths(panels: Sequence[Curves], signs: Mapping[str, Sign], unit: str, theme: Theme) -> dict[str, Any]:
    """One spec: panels beside one another, the quantity upwards and its strength across."""
    factor = 100.0 if unit == "fraction" else 1.0
    layout = _layout(theme, 250, {"l": 40, "r": 10, "t": 26, "b": 36})
    data, count = [], max(len(panels), 1)
    for i, panel in enumerate(panels):
        end = "" if i == 0 else str(i + 1)
        left = i / count + (0.012 if i else 0.0)
        layout[f"xaxis{end}"] = {**_axis(theme), "domain": [left, (i + 1) / count - 0.008], "nticks": 5}
        layout[f"xaxis{end}"]["anchor"] = f"y{end}"
        layout[f"yaxis{end}"] = {**_axis(theme), "anchor": f"x{end}", "nticks": 5, "showticklabels": i == 0}
        layout[f"yaxis{end}"] |= {"range": [-2, 102]} if unit == "fraction" else {}
        layout[f"yaxis{end}"] |= {"matches": "y"} if i else {}
        layout.setdefault("annotations", []).append(_head(panel.title, left, theme))
        for name in reversed(list(signs)):
            line = _curve(panel, name, signs[name], factor, theme)
            data += [{**line, "xaxis": f"x{end}", "yaxis": f"y{end}"}] if line else []
    return {"data": data, "layout": layout}


def confusion(counts: np.ndarray, names: Sequence[str], theme: Theme) -> dict[str, Any]:
    """One spec: of every true class (rows) the share named as each class (columns), in per cent."""
    token = tokens(theme)
    counts = np.asarray(counts, float)  # (C, C)
    share = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    few = len(names) <= 12
    layout = _layout(theme, 330, {"l": 8, "r": 8, "t": 8, "b": 36})
    ticks = {"tickvals": list(range(len(names))), "ticktext": [_escaped(n) for n in names]} if few else {}
    layout["xaxis"] = {**_axis(theme), **ticks, "title": _title("named as", theme), "showgrid": False}
    layout["yaxis"] = {**_axis(theme), **ticks, "title": _title("is", theme), "showgrid": False, "automargin": True}
    layout["yaxis"] |= {"autorange": "reversed", "scaleanchor": "x", "constrain": "domain"}
    layout["xaxis"] |= {"constrain": "domain"}
    text = [["" if v < 0.5 else f"{v:.0f}" for v in row] for row in share] if few else None
    heat = {
        "type": "heatmap",
        "z": share,
        "zmin": 0,
        "zmax": 100,
        "colorscale": [[0, token.background], [0.04, rgba(token.accent, 0.16)], [1, token.accent]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "is %{y}, named %{x}: %{z:.1f} %<extra></extra>",
    }
    return {"data": [heat | ({"text": text, "texttemplate": "%{text}"} if text else {})], "layout": layout}


def reliability(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], theme: Theme) -> dict[str, Any]:
    """One spec: accuracy over confidence for several learners, beside the diagonal, where both are the same."""
    from dcviz.figures.palette import class_colours

    token = tokens(theme)
    layout = _layout(theme, 330, {"l": 40, "r": 96, "t": 8, "b": 36})
    layout["xaxis"] = {**_axis(theme), "range": [0, 100], "ticksuffix": " %", "title": _title("confidence", theme)}
    layout["yaxis"] = {**_axis(theme), "range": [0, 104], "ticksuffix": " %"}
    diagonal = {"type": "scatter", "mode": "lines", "x": [0, 100], "y": [0, 100], "hoverinfo": "skip"}
    data: list[dict[str, Any]] = [{**diagonal, "line": {"color": token.muted, "width": 1, "dash": "dot"}}]
    for (name, (x, y)), colour in zip(curves.items(), class_colours(len(curves), theme), strict=True):
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": [100 * v for v in x],
                "y": [100 * v for v in y],
                "line": {"color": colour, "width": 1.6},
                "marker": {"size": 5},
                "hovertemplate": f"{_escaped(name)}<br>confidence %{{x:.0f}} %, right %{{y:.0f}} %<extra></extra>",
            }
        )
    layout["showlegend"] = True
    layout["legend"] = {"x": 1.02, "y": 1, "font": {"size": 11, "color": token.muted}}
    data[0]["showlegend"] = False
    return {"data": data, "layout": layout}


# ----------------------------------------------------------------------------------------------------- parts


def _dots(rows: Sequence[Row], name: str, sign: Sign, how: tuple[float, float], theme: Theme) -> dict[str, Any]:
    """All figures of one set; ``how``: a factor, and how far below the middle of its row it stands."""
    factor, down = how
    found = [(i, f) for i, row in enumerate(rows) for f in row.figures if f.of == name]
    own = sign.colour != tokens(theme).muted
    fill = sign.colour if own or sign.symbol == "line-ns" else "rgba(0,0,0,0)"
    edge = tokens(theme).outline if own else sign.colour
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [factor * f.mean for _, f in found],
        "y": [i + down for i, _ in found],
        "error_x": {
            "type": "data",
            "array": [factor * f.std for _, f in found],
            "color": sign.colour,
            "thickness": 1.2,
            "width": 3,
        },
        "marker": {
            "symbol": sign.symbol,
            "size": 11 if own else 8,
            "color": fill,
            "line": {"width": 1 if own else 1.4, "color": edge},
        },
        "text": [f.told for _, f in found],
        "hovertemplate": f"<b>{sign.glyph} {_escaped(name)}</b><br>%{{text}}<extra></extra>",
    }


def _curve(panel: Curves, name: str, sign: Sign, factor: float, theme: Theme) -> dict[str, Any] | None:
    found = sorted(((x, f) for x, f in panel.figures if f.of == name), key=lambda pair: pair[0])
    if not found:
        return None
    own = sign.colour != tokens(theme).muted
    return {
        "type": "scatter",
        "mode": "lines+markers" if own else "lines",
        "name": name,
        "x": [x for x, _ in found],
        "y": [factor * f.mean for _, f in found],
        "error_y": {"type": "data", "array": [factor * f.std for _, f in found], "visible": own, "thickness": 1.1},
        "line": {"color": sign.colour, "width": 2 if own else 1.2, "dash": sign.dash},
        "marker": {"symbol": sign.symbol, "size": 7},
        "text": [f.told for _, f in found],
        "hovertemplate": f"<b>{sign.glyph} {_escaped(name)}</b><br>%{{text}}<extra></extra>",
    }


def _layout(theme: Theme, height: int, margin: Mapping[str, int]) -> dict[str, Any]:
    base = ground(tokens(theme))
    return {
        "height": height,
        "margin": dict(margin),
        **base,
        "hovermode": "closest",
        "dragmode": False,
        "hoverlabel": {**base["hoverlabel"], "align": "left"},
    }


def _axis(theme: Theme) -> dict[str, Any]:
    token = tokens(theme)
    return {
        "fixedrange": True,
        "zeroline": False,
        "gridcolor": token.hairline,
        "tickfont": {"color": token.muted, "size": 11},
    }


def _title(text: str, theme: Theme) -> dict[str, Any]:
    return {"text": text, "font": {"size": 12, "color": tokens(theme).muted}, "standoff": 6}


def _head(text: str, left: float, theme: Theme) -> dict[str, Any]:
    font = {"size": 12, "color": tokens(theme).ink}
    place = {"xref": "paper", "yref": "paper", "x": left, "y": 1.0, "xanchor": "left", "yanchor": "bottom"}
    return {**place, "text": _escaped(text), "font": font, "showarrow": False}


def _band(row: int, theme: Theme) -> dict[str, Any]:
    place = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": row - 0.5, "y1": row + 0.5}
    return {**place, "layer": "below", "line": {"width": 0}, "fillcolor": rgba(tokens(theme).panel, 0.75)}


def _upright(value: float, theme: Theme) -> dict[str, Any]:
    line = {"color": tokens(theme).muted, "width": 1, "dash": "dash"}
    return {"type": "line", "yref": "paper", "x0": value, "x1": value, "y0": 0, "y1": 1, "layer": "below", "line": line}


def _said(text: str, value: float, theme: Theme) -> dict[str, Any]:
    font = {"size": 11, "color": tokens(theme).muted}
    place = {"x": value, "y": 0, "yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": 3}
    return {**place, "text": _escaped(text), "font": font, "showarrow": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
