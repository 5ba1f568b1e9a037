"""Panels over one another with one common axis: lines with bands, levels, and direct labels that never overlap."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dcviz.figures.labels import WIDE, Label, direct, escaped
from dcviz.figures.numbers import log_ticks
from dcviz.figures.pack import pack
from dcviz.figures.palette import Theme, Tokens, ground, rgba, tokens

POINTS = 400  # per curve on the wire
SHORT = 5  # letters of a unit that has room left of the axis
LABEL = 13.0  # pixels of height that one label needs
HEIGHT = 390.0  # pixels of the whole figure on the smallest screen, where labels must still stand apart


@dataclass
class Line:
    """One curve of n points."""

    name: str
    steps: np.ndarray  # (n,) where on the common axis
    values: np.ndarray  # (n,)
    colour: str
    width: float = 1.6
    text: str = ""  # the label; the name when empty
    dash: str = "solid"
    band: tuple[np.ndarray, np.ndarray] | None = None  # (n,) each: low and high edge of a shade around it
    told: np.ndarray | None = None  # (n,) what hovering tells, where the values are drawn on another scale
    of: str = ""  # whose it is, where several stand beside one another


@dataclass
class Panel:
    """Curves that share a vertical axis."""

    title: str
    lines: list[Line]
    levels: dict[str, float] = field(default_factory=dict)  # label -> a horizontal line
    log: bool = False
    top: float | None = None  # the axis ends here
    band: tuple[float, float] | None = None  # a shaded range
    share: float = 1.0  # of the height, beside the other panels
    parting: bool = False  # whether a parting is marked here
    numbered: bool = True  # whether the vertical axis has numbers; not where every line has a scale of its own


def stacked(  # noqa: PLR0913  (the rest by keyword)
    panels: list[Panel],
    now: float,
    last: float,
    theme: Theme,
    *,
    parting: int | None = None,
    unit: str = "step",
    right: int = 92,
) -> dict[str, Any]:
    """One spec with the panels over one another.

    Args:
        panels: from the top down.
        now: a vertical line named ``now`` in each panel stands here.
        last: the end of the common axis, which begins at 0.
        theme: the theme's name.
        parting: where a parting is marked, in panels that mark it.
        unit: what the common axis counts.
        right: pixels for labels right of the axis.
    """
    token = tokens(theme)
    layout = _base(token, last, right)
    data: list[dict[str, Any]] = []
    for row, (panel, domain) in enumerate(zip(panels, _domains(panels), strict=True)):
        _draw(panel, (row, len(panels)), domain, token, data, layout)
        if row == len(panels) - 1:
            layout["annotations"].append(_unit("y" if row == 0 else f"y{row + 1}", unit, token))
        if panel.lines:
            layout["shapes"].append(_now(row, now, token))
            layout["shapes"] += [_parting(row, parting, panel, token)] if parting is not None and panel.parting else []
    return {"data": data, "layout": layout}


def thinned(steps: np.ndarray, values: np.ndarray, points: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """At most about ``points`` of a curve: the lowest and highest of each stretch, and the last; never a mean."""
    if len(steps) <= points:
        return steps, values
    edges = np.linspace(0, len(steps), points // 2 + 1).astype(int)
    keep = {0, len(steps) - 1}
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        stretch = np.where(np.isfinite(values[a:b]), values[a:b], 0.0)
        keep |= {a + int(stretch.argmin()), a + int(stretch.argmax())}
    at = np.array(sorted(keep))
    return steps[at], values[at]


def _domains(panels: list[Panel]) -> list[tuple[float, float]]:
    """Bottom and top of each panel, from the top down, with a gap for its title."""
    gap = 0.085
    unit = (1 - gap * len(panels)) / sum(panel.share for panel in panels)
    found, top = [], 1.0
    for panel in panels:
        bottom = top - unit * panel.share - gap
        found.append((bottom + gap / 2, top - gap / 2))
        top = bottom
    return found


def _draw(
    panel: Panel,
    place: tuple[int, int],
    domain: tuple[float, float],
    token: Tokens,
    data: list[dict[str, Any]],
    layout: dict[str, Any],
) -> None:
    """One panel at ``place``: its row, and how many rows there are."""
    row, rows = place
    x, y = ("x", "y") if row == 0 else (f"x{row + 1}", f"y{row + 1}")
    low, high = _span(panel)
    bottom = row == rows - 1
    numbered = panel.numbered and bool(panel.lines or panel.levels)
    layout["xaxis" + x[1:]] = {
        **layout["xaxis"],
        "anchor": y,
        **({"matches": "x"} if row else {}),
        "showticklabels": bottom,
    }
    layout["yaxis" + y[1:]] = {
        "domain": list(domain),
        "anchor": x,
        "type": "log" if panel.log else "linear",
        "range": [low, high],
        "fixedrange": True,
        "gridcolor": token.hairline,
        "zeroline": False,
        "tickfont": {"color": token.muted, "size": 11},
        "showticklabels": numbered,
        "showgrid": numbered,
        **(log_ticks(low, high) if panel.log else {"nticks": 5}),
    }
    layout["annotations"].append(_title(panel.title, domain[1], token))
    data += [_shade(line, x, y) for line in panel.lines if line.band is not None]
    data += [_trace(line, x, y, panel.title) for line in panel.lines]
    if panel.band:
        layout["shapes"].append(_band(panel.band, x, y, token))
    for value in panel.levels.values():
        layout["shapes"].append(_level(value, x, y, token))
    tall = HEIGHT * (domain[1] - domain[0])
    layout["annotations"] += direct(
        _labels(panel, (x, y), layout["xaxis"]["range"][1]), (low, high), LABEL / tall, token
    )
    if not panel.lines and not panel.levels:
        layout["annotations"].append(_waiting(x, y, low, high, token))


def _span(panel: Panel) -> tuple[float, float]:
    """The range of the vertical axis, in log10 where it is logarithmic."""
    fixed = np.array([*panel.levels.values(), *(panel.band or ())])
    edges = [edge for line in panel.lines if line.band is not None for edge in line.band]
    every = np.concatenate([*(line.values for line in panel.lines), *edges, fixed])
    every = every[np.isfinite(every)]
    if panel.log:
        every = np.log10(every[every > 0])
    if not len(every):
        return (0.0, 100.0) if panel.top else (0.0, 1.0)
    low, high = float(every.min()), float(every.max())
    pad = 0.06 * ((high - low) or 1.0)
    if panel.top is None:
        return low - pad, high + pad
    return max(0.0, low - pad), panel.top + 0.03 * (panel.top - low)


def _trace(line: Line, x: str, y: str, panel: str) -> dict[str, Any]:
    sparse = len(line.steps) <= 40
    whole = np.array_equal(line.steps, np.round(line.steps))
    told = {} if line.told is None else {"customdata": pack(line.told)}
    return {
        "type": "scatter",
        "mode": "lines+markers" if sparse else "lines",
        "name": line.name,
        **({"meta": {"of": line.of, "panel": panel}} if line.of else {}),
        "x": pack(line.steps, "int32" if whole else "float32"),
        "y": pack(line.values),
        **told,
        "xaxis": x,
        "yaxis": y,
        "line": {"color": line.colour, "width": line.width, **({} if line.dash == "solid" else {"dash": line.dash})},
        "marker": {"size": 4, "color": line.colour},
        "hovertemplate": f"{escaped(line.name)} %{{{'customdata' if told else 'y'}:.4g}}<extra></extra>",
    }


def _shade(line: Line, x: str, y: str) -> dict[str, Any]:
    """The band of a line as one closed shape: along its low edge, and back along its high one."""
    assert line.band is not None
    low, high = line.band
    there = np.isfinite(low) & np.isfinite(high)
    steps = line.steps[there]
    return {
        "type": "scatter",
        "mode": "lines",
        **({"meta": {"of": line.of}} if line.of else {}),
        "x": pack(np.concatenate([steps, steps[::-1]])),
        "y": pack(np.concatenate([low[there], high[there][::-1]])),
        "xaxis": x,
        "yaxis": y,
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": rgba(line.colour, 0.16),
        "hoverinfo": "skip",
    }


def _level(value: float, x: str, y: str, token: Tokens) -> dict[str, Any]:
    line = {"color": token.muted, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": f"{x} domain", "yref": y, "x0": 0, "x1": 1, "y0": value, "y1": value, "line": line}


def _band(band: tuple[float, float], x: str, y: str, token: Tokens) -> dict[str, Any]:
    at = {"xref": f"{x} domain", "yref": y, "x0": 0, "x1": 1, "y0": band[0], "y1": band[1]}
    return {"type": "rect", "layer": "below", **at, "line": {"width": 0}, "fillcolor": rgba(token.muted, 0.13)}


def _labels(panel: Panel, axes: tuple[str, str], last: float) -> list[Label]:
    """What is to be written: lines where these end, levels right of the axis, and there what has no room before it."""
    x, y = axes
    wanted = []
    for line in panel.lines:
        xref, place, part = _begins(x, float(line.steps[-1]), last)
        up = _up(panel, float(line.values[-1]))
        wanted.append(Label(line.text or escaped(line.name), line.colour, up, xref, y, place, part))
    return wanted + [
        Label(escaped(f"{name} {value:.1f}" if panel.top else name), "", _up(panel, value), f"{x} domain", y, 1.0, 1.0)
        for name, value in panel.levels.items()
        if name
    ]


def _begins(x: str, end: float, last: float) -> tuple[str, float, float]:
    """Where the label of a line that ends there begins: on which axis, where, and that as a part of the axis."""
    part = end / last
    return (x, end, part) if part <= 1 - WIDE else (f"{x} domain", 1.0, 1.0)


def _up(panel: Panel, value: float) -> float:
    """A value as its axis counts."""
    return math.log10(value) if panel.log and value > 0 else value


def _now(row: int, step: float, token: Tokens) -> dict[str, Any]:
    """The line at the step that the other panels show; the browser moves it by its name."""
    x, y = ("x", "y") if row == 0 else (f"x{row + 1}", f"y{row + 1}")
    line = {"color": token.selection, "width": 1}
    at = {"xref": x, "yref": f"{y} domain", "x0": step, "x1": step, "y0": 0, "y1": 1}
    return {"type": "line", "name": "now", **at, "line": line}


def _parting(row: int, step: int, panel: Panel, token: Tokens) -> dict[str, Any]:
    """The line from which the objective and the yardsticks part; it says so where the yardsticks are."""
    x, y = ("x", "y") if row == 0 else (f"x{row + 1}", f"y{row + 1}")
    at = {"xref": x, "yref": f"{y} domain", "x0": step, "x1": step, "y0": 0, "y1": 1}
    shape = {"type": "line", "name": "parting", **at, "line": {"color": token.ink, "width": 1, "dash": "dash"}}
    if panel.band is None:
        return shape
    said = {"textangle": 0, "textposition": "end", "xanchor": "left", "yanchor": "top", "padding": 3}
    return {**shape, "label": {**said, "text": "part", "font": {"color": token.ink, "size": 10}}}


def _title(text: str, top: float, token: Tokens) -> dict[str, Any]:
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": top,
        "yanchor": "bottom",
        "xanchor": "left",
        "text": text,
        "showarrow": False,
        "font": {"color": token.muted, "size": 11},
    }


def _unit(y: str, text: str, token: Tokens) -> dict[str, Any]:
    """What the common axis counts, left of its numbers."""
    at = {"xref": "paper", "x": 0, "xanchor": "right", "yref": f"{y} domain", "y": 0, "yanchor": "top"}
    shift = {"xshift": -10, "yshift": -1}
    if len(text) > SHORT:  # no room there: right of them
        at, shift = {**at, "x": 1, "xanchor": "left"}, {"xshift": 12, "yshift": -1}
    return {**at, **shift, "text": text, "showarrow": False, "font": {"color": token.muted, "size": 11}}


def _waiting(x: str, y: str, low: float, high: float, token: Tokens) -> dict[str, Any]:
    return {
        "xref": f"{x} domain",
        "x": 0.5,
        "yref": y,
        "y": (low + high) / 2,
        "text": "not measured yet",
        "showarrow": False,
        "font": {"color": rgba(token.muted, 0.8), "size": 11},
    }


def _base(token: Tokens, last: float, right: int) -> dict[str, Any]:
    return {
        "xaxis": {
            "range": [0, last or 1],
            "gridcolor": token.hairline,
            "zeroline": False,
            "nticks": 5,
            "tickfont": {"color": token.muted, "size": 11},
        },
        "annotations": [],
        "shapes": [],
        "margin": {"l": 38, "r": right, "t": 4, "b": 18},
        "hovermode": "x unified",
        "dragmode": "zoom",
        **ground(token, 11),
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": token.muted, "activecolor": token.accent},
        "uirevision": "curves",
    }
