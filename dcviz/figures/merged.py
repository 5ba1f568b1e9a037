"""One map with the synthetic points of several runs: shape tells the run, colour the class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dcviz.figures.labels import escaped
from dcviz.figures.palette import Theme, tokens
from dcviz.figures.signs import Sign

SIZES = {"cross": 0.95, "star": 1.15, "circle": 0.9, "square": 0.85}  # beside a diamond, so that areas look alike
LETTERS = 16  # of a name on the map
CAPTION = "• real\u2002shape: run\u2002colour: class"


def signed(scene: Mapping[str, Any], run: str, label: str, sign: Sign, size: float = 1.0) -> dict[str, Any]:
    """A frame's scene with its synthetic points in the shape of its run, and told apart by ``meta.run``.

    ``size`` times as large as they would be alone.
    Rings around flagged points are left out: with several runs they would hide the map; the sheets mark them.
    """
    maps = {kind: _signed(traces, run, label, sign, size) for kind, traces in scene["maps"].items()}
    return {**scene, "maps": maps}


def tag(run: str, label: str, sign: Sign, theme: Theme) -> dict[str, Any]:
    """A trace without points that names a run beside those of its points that are selected."""
    return {
        "type": "scatter",
        "mode": "text",
        "meta": {"layer": "tag", "run": run},
        "x": [],
        "y": [],
        "text": f"<b>{sign.glyph} {escaped(label if len(label) <= LETTERS else label[: LETTERS - 1] + '…')}</b>",
        "textposition": "middle right",
        "textfont": {"size": 11, "color": tokens(theme).ink},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _signed(traces: list[dict[str, Any]], run: str, label: str, sign: Sign, size: float) -> list[dict[str, Any]]:
    found = []
    for trace in traces:
        layer = trace["meta"]["layer"]
        if layer == "flagged":
            continue
        if layer != "synthetic":
            found.append({**trace, "meta": {**trace["meta"], "run": run}})
            continue
        marker = trace["marker"]
        line = {**marker["line"], "width": marker["line"]["width"] * (1.0 if size == 1.0 else 0.6)}
        marker = {
            **marker,
            "line": line,
            "symbol": sign.symbol,
            "size": round(marker["size"] * size * SIZES.get(sign.symbol, 1.0), 1),
        }
        told = trace["hovertemplate"].replace("synthetic", f"{sign.glyph} {escaped(label)}<br>image", 1)
        found.append({**trace, "meta": {**trace["meta"], "run": run}, "marker": marker, "hovertemplate": told})
    return found
