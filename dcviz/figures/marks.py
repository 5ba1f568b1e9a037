"""What happened during a run, marked on its curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dcviz.figures.palette import Theme, tokens


def marked(spec: dict[str, Any], rates: Mapping[int, float], theme: Theme) -> dict[str, Any]:
    """The curves with a line where the learning rate was changed; ``rates`` by the step they follow."""
    muted = tokens(theme).muted
    at = {"type": "line", "xref": "x", "yref": "y domain", "y0": 0, "y1": 1}
    line = {"color": muted, "width": 1, "dash": "dot"}
    said = {"textangle": 0, "textposition": "end", "xanchor": "left", "yanchor": "top", "padding": 4}
    lines = [
        {
            **at,
            "x0": step,
            "x1": step,
            "line": line,
            "label": {**said, "text": f"rate {rate:g}", "font": {"color": muted, "size": 10}},
        }
        for step, rate in rates.items()
    ]
    layout = spec["layout"]
    return {**spec, "layout": {**layout, "shapes": [*layout["shapes"], *lines]}}
