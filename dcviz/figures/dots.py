"""Numbers side by side: a row each, every single value a mark, the mean a tick, what is only told a bar."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcviz.figures.pack import pack
from dcviz.figures.palette import Theme, Tokens, ground, rgba, tokens

MARKS = {"synthetic": "diamond", "random": "circle-open", "told": "line-ns-open"}  # kind -> symbol
WORDS = 54  # letters of a line where a mark is hovered
APART = 0.17  # of a row, between the kinds in it


@dataclass(frozen=True)
class Row:
    """One row: values by kind (of `MARKS`), or a mean and a spread that are only told."""

    title: str
    values: dict[str, Sequence[float]]  # kind -> values; of ``told`` the mean
    spread: float | None = None  # of what is told
    note: str = ""  # beside the title, in grey
    told: str = ""  # where the mark is hovered, beside its value


def dots(rows: Sequence[Row], theme: Theme, *, unit: str, labels: dict[str, str]) -> dict[str, Any]:
    """A spec with the rows from the top down over one axis.

    Args:
        rows: what to show.
        theme: the theme's name.
        unit: what the axis counts.
        labels: what each kind is called where it is hovered, and in the line over the rows.
    """
    token = tokens(theme)
    data: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    for kind in MARKS:
        data += _trace(rows, kind, token, labels[kind]) if kind in labels else []
    for at, row in enumerate(rows):
        shapes += _means(row, at, token)
    every = [v for row in rows for values in row.values.values() for v in values]
    every += [row.values["told"][0] + sign * row.spread for row in rows for sign in (-1, 1) if row.spread is not None]
    layout = _layout(rows, (min(every), max(every)), unit, token)
    return {"data": data, "layout": {**layout, "shapes": shapes}}


def _trace(rows: Sequence[Row], kind: str, token: Tokens, label: str) -> list[dict[str, Any]]:
    places = [(v, _height(row, kind, at), row) for at, row in enumerate(rows) for v in row.values.get(kind, ())]
    if not places:
        return []
    x, y = (np.array([place[axis] for place in places]) for axis in (0, 1))
    colour = {"synthetic": token.accent, "random": token.muted, "told": token.ink}[kind]
    line = {"color": token.outline, "width": 0.8} if kind == "synthetic" else {"color": colour, "width": 1.5}
    size = {"synthetic": 9, "random": 8, "told": 14}[kind]
    marker = {"symbol": MARKS[kind], "size": size, "color": colour, "opacity": 0.85, "line": line}
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": label,
            "x": pack(x),
            "y": pack(y),
            "marker": marker,
            "text": ["<br>".join(textwrap.wrap(row.told, WORDS)) for _, _, row in places],
            "hovertemplate": f"{label} %{{x:.1f}}<br>%{{text}}<extra></extra>",
        }
    ]


def _means(row: Row, at: int, token: Tokens) -> list[dict[str, Any]]:
    """A tick at the mean of each kind; for what is told the bar of its spread."""
    found = []
    for kind, values in row.values.items():
        y, mean = _height(row, kind, at), float(np.mean(values))
        line = {"color": token.selection if kind != "told" else token.ink, "width": 2}
        if kind != "told":
            found.append(_line(mean, mean, y - 0.13, y + 0.13, line))
        elif row.spread is not None:
            found.append(_line(mean - row.spread, mean + row.spread, y, y, line))
    return found


def _line(x0: float, x1: float, y0: float, y1: float, line: dict[str, Any]) -> dict[str, Any]:
    return {"type": "line", "xref": "x", "yref": "y", "x0": x0, "x1": x1, "y0": y0, "y1": y1, "line": line}


def _height(row: Row, kind: str, at: int) -> float:
    """Where a kind stands in its row, below the title."""
    kinds = list(row.values)
    return -at - 0.12 - APART * (kinds.index(kind) - (len(kinds) - 1) / 2) * 2


def _layout(rows: Sequence[Row], span: tuple[float, float], unit: str, token: Tokens) -> dict[str, Any]:
    low, high = span
    pad = 0.05 * ((high - low) or 1.0)
    text = {"showarrow": False, "xanchor": "left", "align": "left", "xref": "paper", "x": 0, "yref": "y"}
    titles = [
        {
            **text,
            "y": -at + 0.34,
            "text": f"{row.title} <span style='color:{token.muted}'>{row.note}</span>" if row.note else row.title,
            "font": {"color": token.ink, "size": 12},
            "bgcolor": rgba(token.background, 0.75),
        }
        for at, row in enumerate(rows)
    ]
    axis = {"zeroline": False, "gridcolor": token.hairline, "tickfont": {"color": token.muted, "size": 11}}
    title = {"text": unit, "font": {"color": token.muted, "size": 11}, "standoff": 4}
    return {
        "xaxis": {**axis, "range": [low - pad, high + pad], "nticks": 7, "title": title},
        "yaxis": {**axis, "range": [-len(rows) + 0.45, 0.6], "showticklabels": False, "showgrid": False,
                  "fixedrange": True},
        "annotations": titles,
        "margin": {"l": 8, "r": 12, "t": 4, "b": 34},
        "hovermode": "closest",
        "dragmode": "zoom",
        **ground(token, 11),
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": token.muted, "activecolor": token.accent},
        "uirevision": "dots",
    }  # fmt: skip
