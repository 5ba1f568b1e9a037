"""The curves: objective and its terms, yardsticks, accuracy beside its baselines; labelled directly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dcviz.figures.layout import spread
from dcviz.figures.pack import pack
from dcviz.figures.palette import FONT, Theme, Tokens, class_colours, rgba, tokens

Metrics = Mapping[str, tuple[Any, Any]]  # name -> (steps, values)

POINTS = 400  # per curve on the wire
LABEL = 13.0  # pixels of height that one label needs
HEIGHT = 390.0  # pixels of the whole figure on the smallest screen, where labels must still stand apart


@dataclass
class _Line:
    name: str
    steps: np.ndarray
    values: np.ndarray
    colour: str
    width: float = 1.6
    text: str = ""  # the label; the name when empty


@dataclass
class _Panel:
    title: str
    lines: list[_Line]
    levels: dict[str, float] = field(default_factory=dict)  # label -> a horizontal line
    log: bool = False
    top: float | None = None  # the axis ends here
    band: tuple[float, float] | None = None  # a shaded range
    share: float = 1.0  # of the height, beside the other panels
    parting: bool = False  # whether a parting is marked here


def curves(
    metrics: Metrics,
    baselines: Mapping[str, float],
    step: int,
    theme: Theme,
    *,
    steps: int = 0,
    parting: int | None = None,
) -> dict[str, Any]:
    """One spec with up to three panels over one step axis.

    Args:
        metrics: ``objective``, ``term:<name>``, ``accuracy`` (fraction), ``yardstick:<name>`` (1 = random real subset)
            with the range ``random:low`` to ``random:high`` of such subsets, as (steps, values).
        baselines: accuracy as a fraction by label, such as ``random`` and ``whole set``.
        step: the step that the other panels show; a vertical line named ``now`` in each panel.
        theme: the theme's name.
        steps: the end of the step axis; the last measured step when 0.
        parting: the step from which the objective falls and the yardsticks rise, to be marked.
    """
    token = tokens(theme)
    panels = [
        p for p in (_objective(metrics, theme), _yardsticks(metrics, theme), _accuracy(metrics, baselines, token)) if p
    ]
    last = max([steps, step, *(int(line.steps[-1]) for p in panels for line in p.lines if len(line.steps))])
    layout = _base(token, last)
    data: list[dict[str, Any]] = []
    for row, (panel, domain) in enumerate(zip(panels, _domains(panels), strict=True)):
        _draw(panel, (row, len(panels)), domain, token, data, layout)
        if panel.lines:
            layout["shapes"].append(_now(row, step, token))
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


def _line(metrics: Metrics, name: str, label: str, colour: str, width: float = 1.6) -> _Line | None:
    if name not in metrics or not len(metrics[name][0]):
        return None
    steps, values = (np.asarray(a, float) for a in metrics[name])
    return _Line(label, *thinned(steps, values), colour, width)


def _objective(metrics: Metrics, theme: Theme) -> _Panel:
    token = tokens(theme)
    terms = [name for name in metrics if name.startswith("term:")]
    whole = _line(metrics, "objective", "objective", token.accent, 1.8)
    if whole and np.isfinite(whole.values[-1]):
        whole.text = f"<b>{'objective ' if len(terms) > 1 else ''}{_three(whole.values[-1])}</b>"
    lines = [whole]
    if len(terms) > 1:
        colours = class_colours(len(terms) + 1, theme)[1:]
        lines += [
            _line(metrics, name, name.removeprefix("term:"), colour, 1.2)
            for name, colour in zip(terms, colours, strict=True)
        ]
    found = [line for line in lines if line]
    positive = all(np.nanmin(line.values, initial=np.inf) > 0 for line in found)
    return _Panel(
        "objective, log scale" if positive else "objective (an unbiased estimate may fall below 0)",
        found,
        log=positive,
        parting=True,
    )


def _yardsticks(metrics: Metrics, theme: Theme) -> _Panel | None:
    names = [name for name in metrics if name.startswith("yardstick:")]
    colours = class_colours(len(names), theme)
    lines = [_line(metrics, n, n.removeprefix("yardstick:"), c) for n, c in zip(names, colours, strict=True)]
    found = [line for line in lines if line]
    if not found:
        return None
    ends = [metrics[name][1] for name in ("random:low", "random:high") if name in metrics]
    band = (float(ends[0][-1]), float(ends[1][-1])) if len(ends) == 2 and min(map(len, ends)) else None
    title = "yardsticks, band: ten random" if band else "yardsticks, 1 = random real"  # short: labels stand beside it
    return _Panel(title, found, {"": 1.0}, log=True, band=band, share=1.35, parting=True)


def _accuracy(metrics: Metrics, baselines: Mapping[str, float], token: Tokens) -> _Panel:
    line = _line(metrics, "accuracy", "this run", token.ink, 2)
    if line:
        line.values = 100 * line.values
        line.text = f"<b>this run {line.values[-1]:.1f}</b>"
    levels = {name: 100 * value for name, value in baselines.items()}
    return _Panel("accuracy, % of held-out samples", [line] if line else [], levels, top=100)


def _domains(panels: list[_Panel]) -> list[tuple[float, float]]:
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
    panel: _Panel,
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
    if bottom:
        layout["annotations"].append(_unit(y, token))
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
        "showticklabels": bool(panel.lines or panel.levels),
        "showgrid": bool(panel.lines or panel.levels),
        **(_log_ticks(low, high) if panel.log else {"nticks": 5}),
    }
    layout["annotations"].append(_title(panel.title, domain[1], token))
    for line in panel.lines:
        data.append(_trace(line, x, y))
    if panel.band:
        layout["shapes"].append(_band(panel.band, x, y, token))
    for value in panel.levels.values():
        layout["shapes"].append(_level(value, x, y, token))
    tall = HEIGHT * (domain[1] - domain[0])
    layout["annotations"] += _labels(panel, x, y, (low, high), LABEL / tall, token)
    if not panel.lines and not panel.levels:
        layout["annotations"].append(_waiting(x, y, low, high, token))


def _span(panel: _Panel) -> tuple[float, float]:
    """The range of the vertical axis, in log10 where it is logarithmic."""
    fixed = np.array([*panel.levels.values(), *(panel.band or ())])
    every = np.concatenate([*(line.values for line in panel.lines), fixed])
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


def _log_ticks(low: float, high: float) -> dict[str, Any]:
    """Labels at 1, 2, 5 of every decade; whole decades, not all of them, over many; even steps within less than one."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    every = -(-len(decades) // 5)
    if high - low > 2:
        values = [10.0**d for d in decades if d % every == 0]
    elif high - low > 0.8:
        values = [m * 10.0**d for d in decades for m in (1, 2, 5)]
    else:
        values = _even_ticks(10**low, 10**high)
    shown = [v for v in values if low <= math.log10(v) <= high]
    return {"tickvals": shown, "ticktext": [_number(v) for v in shown]}


def _even_ticks(low: float, high: float) -> list[float]:
    """Two to six multiples of 1, 2 or 5 times a power of ten between two positive numbers."""
    rough = (high - low) / 5 or high
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough * (1 - 1e-9))
    return [step * i for i in range(max(1, math.ceil(low / step)), math.floor(high / step) + 1)]


def _number(value: float) -> str:
    """A tick's number: powers of ten that would need many zeros are written as such."""
    power = math.log10(value)
    if abs(power) > 3.5 and abs(power - round(power)) < 1e-9:
        return f"10<sup>{round(power)}</sup>".replace("-", "−")
    return f"{value:.6g}"


def _three(value: float) -> str:
    """Three digits, always as many, so that a label does not change its width at every update."""
    return f"{value:#.3g}".rstrip(".")


def _trace(line: _Line, x: str, y: str) -> dict[str, Any]:
    sparse = len(line.steps) <= 40
    return {
        "type": "scatter",
        "mode": "lines+markers" if sparse else "lines",
        "name": line.name,
        "x": pack(line.steps, "int32"),
        "y": pack(line.values),
        "xaxis": x,
        "yaxis": y,
        "line": {"color": line.colour, "width": line.width},
        "marker": {"size": 4, "color": line.colour},
        "hovertemplate": f"{line.name} %{{y:.4g}}<extra></extra>",
    }


def _level(value: float, x: str, y: str, token: Tokens) -> dict[str, Any]:
    line = {"color": token.muted, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": f"{x} domain", "yref": y, "x0": 0, "x1": 1, "y0": value, "y1": value, "line": line}


def _band(band: tuple[float, float], x: str, y: str, token: Tokens) -> dict[str, Any]:
    at = {"xref": f"{x} domain", "yref": y, "x0": 0, "x1": 1, "y0": band[0], "y1": band[1]}
    return {"type": "rect", "layer": "below", **at, "line": {"width": 0}, "fillcolor": rgba(token.muted, 0.13)}


def _labels(
    panel: _Panel, x: str, y: str, span: tuple[float, float], gap: float, token: Tokens
) -> list[dict[str, Any]]:
    """Direct labels, of lines where these end and of levels right of the axis, moved apart until none overlaps."""
    low, high = span
    wanted = [
        (line.text or line.name, line.colour, float(line.values[-1]), {"xref": x, "x": float(line.steps[-1])})
        for line in panel.lines
    ]
    wanted += [
        (f"{name} {value:.1f}" if panel.top else name, token.muted, value, {"xref": f"{x} domain", "x": 1})
        for name, value in panel.levels.items()
        if name
    ]
    at = [math.log10(v) if panel.log and v > 0 else v for _, _, v, _ in wanted]
    at = [min(max(v, low), high) if math.isfinite(v) else low for v in at]
    tall = gap * (high - low)
    places = spread(at, tall, low + 0.5 * tall, high)  # clear of the numbers under the axis
    return [
        {
            **where,
            "xshift": 6,
            "xanchor": "left",
            "yref": y,
            "y": place,
            "text": text,
            "showarrow": False,
            "align": "left",
            "font": {"color": colour, "size": 11},
            "bgcolor": rgba(token.background, 0.75),
            "borderpad": 0,
        }
        for (text, colour, _, where), place in zip(wanted, places, strict=True)
    ]


def _now(row: int, step: int, token: Tokens) -> dict[str, Any]:
    """The line at the step that the other panels show; the browser moves it by its name."""
    x, y = ("x", "y") if row == 0 else (f"x{row + 1}", f"y{row + 1}")
    line = {"color": token.selection, "width": 1}
    at = {"xref": x, "yref": f"{y} domain", "x0": step, "x1": step, "y0": 0, "y1": 1}
    return {"type": "line", "name": "now", **at, "line": line}


def _parting(row: int, step: int, panel: _Panel, token: Tokens) -> dict[str, Any]:
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


def _unit(y: str, token: Tokens) -> dict[str, Any]:
    """What the common axis counts, left of its numbers."""
    at = {"xref": "paper", "x": 0, "xanchor": "right", "yref": f"{y} domain", "y": 0, "yanchor": "top"}
    shift = {"xshift": -10, "yshift": -1}
    return {**at, **shift, "text": "step", "showarrow": False, "font": {"color": token.muted, "size": 11}}


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


def _base(token: Tokens, last: int) -> dict[str, Any]:
    return {
        "xaxis": {
            "range": [0, max(last, 1)],
            "gridcolor": token.hairline,
            "zeroline": False,
            "nticks": 5,
            "tickfont": {"color": token.muted, "size": 11},
        },
        "annotations": [],
        "shapes": [],
        "margin": {"l": 38, "r": 92, "t": 4, "b": 18},
        "showlegend": False,
        "hovermode": "x unified",
        "dragmode": "zoom",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 11, "color": token.ink},
        "hoverlabel": {
            "bgcolor": token.panel,
            "bordercolor": token.hairline,
            "font": {"color": token.ink, "family": FONT},
        },
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": token.muted, "activecolor": token.accent},
        "uirevision": "curves",
    }
