"""Published numbers beside ours of scale `paper`, with both protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dcviz.atlas import PUBLISHED, Published
from dcviz.atlas.published import BUDGETS, PROTOCOLS, READ
from dcviz.errors import Refused
from dcviz.records import DataConfig, RunConfig
from dcviz.runs.store import Store


def draw(store: Store) -> None:
    """Choose the data; then the table."""
    ours = _paper_runs(store)
    sets = list(dict.fromkeys(row.data for row in PUBLISHED))
    data = (
        st.segmented_control("Data", sets, default=sets[0], key="atlas.data", label_visibility="collapsed") or sets[0]
    )
    st.html(_table([row for row in PUBLISHED if row.data == data], ours))
    if not any(at[1] == data for at in ours):
        st.caption(
            "No run of yours at scale paper is finished on this data yet: choose a preset and the scale paper in the "
            "Lab, or `dcviz condense --preset dm --scale paper --data mnist`. Expect hours without a GPU."
        )


def _table(rows: Sequence[Published], ours: Mapping[tuple[str, str, int], str]) -> str:
    """Published numbers beside ours, with both protocols, as HTML."""
    head = ["method", *(f"{budget} per class" for budget in BUDGETS), "read in, and how it was measured", "ours"]
    lines = ["<tr>" + "".join(f"<th>{text}</th>" for text in head) + "</tr>"]
    for row in rows:
        cells = [f"<b>{row.method}</b>"]
        for mean, spread in zip(row.means, row.spreads, strict=True):
            cells.append("–" if mean is None else f"{mean:.1f}" + (f" ± {spread:.1f}" if spread else ""))
        cells.append(f"{READ[row.read]}<br><small>{PROTOCOLS[row.protocol]}</small>")
        found = [(b, text) for (preset, data, b), text in ours.items() if (preset, data) == (row.preset, row.data)]
        cells.append("<br>".join(f"{budget} per class: {text}" for budget, text in sorted(found)) or "–")
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f'<table class="dc-table">{"".join(lines)}</table>'


def _paper_runs(store: Store) -> dict[tuple[str, str, int], str]:
    """Finished runs at scale paper: accuracy and protocol in words, by (preset, data, budget); the newest counts.

    Images of your own are not what was published, whatever they are called, and nor are a part of the data or an
    objective beside it.
    """
    found: dict[tuple[str, str, int], str] = {}
    for run in store.of_papers():
        try:
            config = run.config
        except Refused:  # written by another version
            continue
        key = (config.preset.partition("/")[0], config.data.name, config.budget)
        data = config.data
        whole = DataConfig(data.name, transform=data.transform, seed=data.seed)
        if key in found or data != whole or config.objectives:
            continue
        score = next((s for s in store.scores(run.id) if s.of == "synthetic" and s.protocol == config.evaluation), None)
        if score is not None:
            found[key] = f"{100 * score.mean:.1f} ± {100 * score.std:.1f} ({_protocol(config)})"
    return found


def _protocol(config: RunConfig) -> str:
    p = config.evaluation
    return f"{p.seeds} networks, {p.updates} updates of {p.batch}, last update, {config.steps} steps of condensing"
