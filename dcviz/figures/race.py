"""The budget race: accuracy along equal compute, and what each budget comes to beside as many real samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcviz.figures.labels import escaped
from dcviz.figures.layout import spread
from dcviz.figures.overlay import Strand, mean_of
from dcviz.figures.pack import pack
from dcviz.figures.palette import Theme, Tokens, ground, rgba, tokens
from dcviz.figures.signs import Sign

HEIGHT = 520  # pixels
LETTERS = 20  # of a label: as many as fit between the panels on a small screen
LEFT, RIGHT = 0.43, 0.63  # where the left panel ends and the right one begins, of the width
LABEL = 15.0  # pixels of height of one label
PAD = 0.08  # of the span of accuracies


@dataclass(frozen=True)
class Finish:
    """What one budget came to: test accuracy as a fraction, and how far repeats (or networks) lie apart."""

    budget: int
    mean: float
    spread: float | None
    sign: Sign
    label: str
    family: str = ""  # those of one family are joined by a line


def race(
    strands: Sequence[Strand],
    finishes: Sequence[Finish],
    rivals: Mapping[str, Sequence[tuple[int, float, float | None]]],
    theme: Theme,
    *,
    unit: str,
    ceiling: float | None = None,
) -> dict[str, Any]:
    """One spec with two panels.

    Args:
        strands: live accuracy as a fraction along the compute, each budget one.
        finishes: test accuracies.
        rivals: real samples chosen so, by name: budget, test accuracy and spread.
        theme: the theme's name.
        unit: what the left axis counts.
        ceiling: test accuracy after training on the whole set.
    """
    token = tokens(theme)
    data: list[dict[str, Any]] = []
    for strand in strands:
        data += _climb(strand)
    right = _joined(finishes, token) + [_finish(f, token) for f in finishes]
    for name, known in rivals.items():
        right.append(_rival(name, known, token))
    data += [{**trace, "xaxis": "x2", "yaxis": "y2"} for trace in right]
    low, high = _span(strands, finishes, rivals, ceiling)
    budgets = sorted({f.budget for f in finishes} | {b for known in rivals.values() for b, _, _ in known})
    layout = _layout(token, (low, high), unit, budgets)
    layout["annotations"] += _end_labels(strands, (low, high), token)
    layout["annotations"] += _finish_labels(finishes, rivals, budgets, (low, high), token)
    if ceiling is not None:
        layout["shapes"].append(_level(100 * ceiling, token))
        layout["annotations"].append(_note("x2 domain", 1.0, 100 * ceiling, f"whole set {100 * ceiling:.1f}", token))
    return {"data": data, "layout": layout}


def _climb(strand: Strand) -> list[dict[str, Any]]:
    x, mean, band = mean_of([run["accuracy"] for run in strand.runs if "accuracy" in run])
    if not len(x):
        return []
    sign = strand.sign
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": strand.label,
        "x": pack(x),
        "y": pack(100 * mean),
        "line": {"color": sign.colour, "width": 1.8, "dash": sign.dash},
        "marker": {"symbol": sign.symbol, "size": 6, "color": sign.colour},
        "hovertemplate": f"{sign.glyph} {escaped(strand.label)} %{{y:.1f}} %<extra></extra>",
    }
    if band is None:
        return [line]
    shade = {
        "type": "scatter",
        "mode": "lines",
        "x": pack(np.concatenate([x, x[::-1]])),
        "y": pack(100 * np.concatenate([band[0], band[1][::-1]])),
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": rgba(sign.colour, 0.16),
        "hoverinfo": "skip",
    }
    return [shade, line]


def _finish(finish: Finish, token: Tokens) -> dict[str, Any]:
    sign, wide, text = finish.sign, finish.spread or 0.0, _percent(finish)
    bar = {"color": sign.colour, "thickness": 1.4, "width": 6}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": finish.label,
        "x": [str(finish.budget)],
        "y": [100 * finish.mean],
        "error_y": {"type": "data", "array": [100 * wide], "visible": finish.spread is not None, **bar},
        "marker": {
            "symbol": sign.symbol,
            "size": 12,
            "color": sign.colour,
            "line": {"width": 1, "color": token.outline},
        },
        "hovertemplate": f"{sign.glyph} {escaped(finish.label)}: {text} %<extra></extra>",
    }


def _joined(finishes: Sequence[Finish], token: Tokens) -> list[dict[str, Any]]:
    found = []
    for family in dict.fromkeys(f.family for f in finishes):
        mine = sorted((f for f in finishes if f.family == family), key=lambda f: f.budget)
        line = {"color": token.muted, "width": 1.2}
        points = {"x": [str(f.budget) for f in mine], "y": [100 * f.mean for f in mine]}
        found.append({"type": "scatter", "mode": "lines", "name": family, **points, "line": line, "hoverinfo": "skip"})
    return found


def _rival(name: str, known: Sequence[tuple[int, float, float | None]], token: Tokens) -> dict[str, Any]:
    known = sorted(known)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [str(budget) for budget, _, _ in known],
        "y": [100 * mean for _, mean, _ in known],
        "error_y": {
            "type": "data",
            "array": [100 * (wide or 0.0) for _, _, wide in known],
            "color": token.muted,
            "thickness": 1,
            "width": 4,
        },
        "line": {"color": token.muted, "width": 1, "dash": "dot"},
        "marker": {"symbol": "circle-open", "size": 6, "color": token.muted},
        "hovertemplate": f"{escaped(name)}: %{{y:.1f}} %<extra></extra>",
    }


def _span(strands: Any, finishes: Any, rivals: Any, ceiling: float | None) -> tuple[float, float]:
    values = [100 * (f.mean + s * (f.spread or 0.0)) for f in finishes for s in (-1, 1)]
    values += [100 * (m + s * (w or 0.0)) for known in rivals.values() for _, m, w in known for s in (-1, 1)]
    values += [100 * float(v) for st in strands for run in st.runs for v in run.get("accuracy", ((), ()))[1]]
    values += [100 * ceiling] if ceiling is not None else []
    if not values:
        return 0.0, 100.0
    low, high = min(values), max(values)
    pad = PAD * ((high - low) or 10.0)
    return max(0.0, low - pad), min(101.0, high + pad)


def _end_labels(strands: Sequence[Strand], span: tuple[float, float], token: Tokens) -> list[dict[str, Any]]:
    ends = [mean_of([run["accuracy"] for run in s.runs if "accuracy" in run]) for s in strands]
    there = [(s, x[-1], 100 * v[-1]) for s, (x, v, _) in zip(strands, ends, strict=True) if len(x)]
    gap = LABEL / (HEIGHT - 80) * (span[1] - span[0])
    places = spread([v for _, _, v in there], gap, *span)
    return [
        {
            **_note("x domain", 1.0, place, f"<b>{s.sign.glyph}</b> {escaped(_short(s.label))}", token),
            "font": {"size": 12, "color": s.sign.colour},
        }
        for (s, _, _), place in zip(there, places, strict=True)
    ]


def _finish_labels(
    finishes: Sequence[Finish], rivals: Any, budgets: Sequence[int], span: tuple[float, float], token: Tokens
) -> list[dict[str, Any]]:
    """Numbers right of their points, apart from one another; rivals are named at their last budget."""
    found = []
    gap = LABEL / (HEIGHT - 80) * (span[1] - span[0])
    ends = [(name, max(known)) for name, known in rivals.items() if known]
    for at, budget in enumerate(budgets):
        mine = [f for f in finishes if f.budget == budget]
        texts = [(100 * f.mean, f"<b>{f.sign.glyph}</b> {_percent(f)}", token.ink) for f in mine]
        texts += [
            (100 * end[1], f"{escaped(name)} {100 * end[1]:.1f}", token.muted) for name, end in ends if end[0] == budget
        ]
        for (_, text, colour), y in zip(texts, spread([v for v, _, _ in texts], gap, *span), strict=True):
            found.append({**_note("x2", at, y, text, token), "xshift": 11, "font": {"size": 12, "color": colour}})
    return found


def _percent(finish: Finish) -> str:
    wide = f" ± {100 * finish.spread:.1f}" if finish.spread is not None else ""
    return f"{100 * finish.mean:.1f}{wide}"


def _short(label: str) -> str:
    return label if len(label) <= LETTERS else label[: LETTERS - 1] + "…"


def _note(xref: str, x: float, y: float, text: str, token: Tokens) -> dict[str, Any]:
    where = {"xref": xref, "x": x, "yref": "y2" if "2" in xref else "y", "y": y}
    font = {"size": 11, "color": token.muted}
    ground = {"bgcolor": rgba(token.background, 0.8), "borderpad": 0}
    return {**where, **ground, "xanchor": "left", "xshift": 6, "text": text, "showarrow": False, "font": font}


def _level(value: float, token: Tokens) -> dict[str, Any]:
    line = {"color": token.muted, "width": 1, "dash": "dot"}
    return {
        "type": "line",
        "xref": "x2 domain",
        "yref": "y2",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "line": line,
    }


def _layout(token: Tokens, span: tuple[float, float], unit: str, budgets: Sequence[int]) -> dict[str, Any]:
    tick = {"color": token.muted, "size": 11}
    title = {"size": 12, "color": token.muted}
    axis = {"gridcolor": token.hairline, "zeroline": False, "fixedrange": True, "tickfont": tick}
    tall = {**axis, "range": list(span), "nticks": 6}
    return {
        "height": HEIGHT,
        "margin": {"l": 52, "r": 96, "t": 30, "b": 44},
        "xaxis": {**axis, "domain": [0, LEFT], "rangemode": "tozero", "title": {"text": unit, "font": title}},
        "xaxis2": {
            **axis,
            "domain": [RIGHT, 1],
            "anchor": "y2",
            "type": "category",
            "categoryarray": [str(b) for b in budgets],
            "range": [-0.4, len(budgets) - 0.4],
            "title": {"text": "images per class", "font": title},
        },
        "yaxis": tall,
        "yaxis2": {**tall, "anchor": "x2"},
        "annotations": [
            _head(0, "while condensing: % of held-out samples", token),
            _head(RIGHT, "at the end: % of test samples", token),
        ],
        "shapes": [],
        "hovermode": "closest",
        **ground(token),
    }


def _head(x: float, text: str, token: Tokens) -> dict[str, Any]:
    where = {"xref": "paper", "yref": "paper", "x": x, "y": 1, "xanchor": "left", "yanchor": "bottom", "yshift": 6}
    return {**where, "text": text, "showarrow": False, "font": {"size": 12, "color": token.muted}}
