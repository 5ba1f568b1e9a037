"""The Atlas: the map, what optimising one thing does to another, what learners make of it, and published numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from dcviz import registry
from dcviz.atlas import PUBLISHED, Cell, Published, background, bundled
from dcviz.atlas.grid import BUDGET, SELECTION, STEPS, cells, entries, preset_cell, regimes, selections
from dcviz.atlas.measure import Result, known
from dcviz.atlas.published import BUDGETS, PROTOCOLS, READ
from dcviz.condensing.start import STARTS
from dcviz.errors import Refused
from dcviz.figures import Theme
from dcviz.figures.tables import heat
from dcviz.records import RunConfig
from dcviz.runs.store import Store
from dcviz.ui import url
from dcviz.ui.choices import choices_of
from dcviz.ui.reader import Reader
from dcviz.ui.stage import grid
from dcviz.ui.status import duration

VIEWS = {
    "map": "Map",
    "yardsticks": "What else it moves",
    "learners": "Who learns from it",
    "published": "Published",
}
ABOUT = {
    "map": f"Every regime with every divergence, condensed alike: the digits at {BUDGET} images per class, {STEPS} "
    "steps from real images, one optimiser; distances of a regime's own with the constants of their preset at scale "
    "small. Accuracy: three fresh ConvNets on the test set, ± their spread.",
    "yardsticks": "Rows are optimised, columns are measured on the result in a fixed context. 1 is the mean over "
    "random real subsets of the same size: blue is closer to the real data than they are, orange farther away.",
    "learners": "Rows are condensed, columns trained on the result: test accuracy in per cent. A set made for one "
    "learner may say little to another.",
    "published": "What papers and their own code report, each with its protocol, beside runs of yours at scale paper "
    "on the same data and budget. Protocols differ, and so do the numbers for that reason alone.",
}


def draw(reader: Reader, theme: Theme) -> None:
    """The page."""
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        default="map",
        key="atlas.view",
        label_visibility="collapsed",
    )
    view = view or "map"
    st.caption(ABOUT[view])
    found = {cell.key: known(reader.store, cell) for cell in entries()}
    if view == "published":
        _published(reader.store)
        return
    _measuring(reader.store, found)
    if view == "map":
        _map(reader.store, found)
    else:
        _matrix(view, found, theme)


# ------------------------------------------------------------------------------------------------- measuring


def _measuring(store: Store, found: Mapping[str, Result | None]) -> None:
    """How much is measured, and the button for the rest."""
    missing = [cell for cell in entries() if found[cell.key] is None]
    going = background.progress(store) is not None
    if missing or going:
        st.fragment(_progress, run_every=2.0 if going else None)(store, missing, going)
    elif bundled.made_by():
        st.caption(f"Measured by {bundled.made_by()}; `dcviz atlas --again` does it here.")


def _progress(store: Store, missing: Sequence[Cell], was_going: bool) -> None:
    at = background.progress(store)
    if (at is not None) != was_going:
        st.rerun()
    if at is None:
        if said := background.trouble(store):
            st.error(said, icon=":material/error:")
        with st.container(horizontal=True, vertical_alignment="center"):
            text = f"Measure {len(missing)} cells" if len(missing) > 1 else "Measure the last cell"
            if st.button(text, icon=":material/play_arrow:", type="primary", key="atlas.start"):
                background.start(store, missing)
                st.rerun()
            st.caption("In the background, as runs that the gallery shows; it can be stopped and goes on where it was.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(at.fraction, 1.0), f"cell {at.done + 1} of {at.total}: {at.what}")
        if st.button("Stop", icon=":material/stop:", key="atlas.stop", disabled=at.stopping):
            background.stop(store)
            st.rerun(scope="fragment")


# ------------------------------------------------------------------------------------------------------- map


def _map(store: Store, found: Mapping[str, Result | None]) -> None:
    best, name = _best_selection(found)
    left, right = st.columns([3.6, 1], gap="medium")
    every = cells()
    if st.session_state.get("atlas.cell") is None:
        st.session_state["atlas.cell"] = st.query_params.get("cell")
    with left:
        chosen = grid(_grid(every, found, best, st.session_state["atlas.cell"]), key="atlas-grid")
    if chosen and chosen != st.session_state["atlas.cell"]:
        st.session_state["atlas.cell"] = st.query_params["cell"] = chosen
    with right, st.container(key="dc-atlas-detail"):
        _detail(store, every, found, st.session_state["atlas.cell"], (best, name))


def _grid(
    every: Sequence[Cell], found: Mapping[str, Result | None], best: float | None, chosen: str | None
) -> dict[str, Any]:
    """The message of the grid: rows are divergences, columns regimes; below them the distances of the regimes' own."""
    columns, rows = list(regimes()), list(registry.known("divergence"))
    spec: dict[str, Any] = {
        "label": "Regimes by divergences",
        "corner": "divergence ↓  regime →",
        "columns": [{"text": text, "title": _sentence("regime", key)} for key, text in regimes().items()],
        "rows": [{"text": d.title, "title": d.sentence} for d in registry.known("divergence").values()],
        "cells": [],
        "chosen": chosen,
    }  # fmt: skip
    about = "What a regime compares without a divergence between clouds, and published methods as they are."
    spec["rows"].append({"text": "distances of its own", "title": about, "top": True})
    for column, regime in enumerate(columns):
        here = [cell for cell in every if cell.regime == regime]
        vectors = [cell for cell in here if not cell.own]
        if vectors and vectors[0].undefined:
            lines = [{"text": "not defined", "kind": "name"}, {"text": vectors[0].undefined}]
            spec["cells"].append(_place("undefined", 0, column, [{"lines": lines}], len(rows)))
        else:
            spec["cells"] += [
                _place("defined", rows.index(cell.method), column, [_part(cell, found, best)]) for cell in vectors
            ]
        own = [_part(cell, found, best, named=True) for cell in here if cell.own]
        own += [
            _part(preset_cell(name), found, best, named=True)
            for cell in here
            for name in cell.presets
            if f"preset/{name}" in found
        ]
        if own:
            spec["cells"].append(_place("defined", len(rows), column, own))
    return spec


def _place(state: str, row: int, column: int, parts: list[dict[str, Any]], rows: int = 1) -> dict[str, Any]:
    return {"state": state, "row": row, "column": column, "rows": rows, "title": "", "parts": parts}


def _part(cell: Cell, found: Mapping[str, Result | None], best: float | None, named: bool = False) -> dict[str, Any]:
    """One cell: its picture, its numbers, and whose method it is."""
    result = found.get(cell.key)
    lines, below = [], [{"text": cell.title, "kind": "name"}] if named else []
    if result is None:
        below.append({"text": "not measured"})
    elif result.refused:
        below.append({"text": "no result"})
    else:
        lines.append({"text": f"{100 * result.mean:.1f}", "kind": "number"})
        lines.append({"text": f"± {100 * result.spread:.1f}"})
        gain = "" if best is None else f"{100 * (result.mean - best):+.1f} · "
        better = best is not None and result.mean > best
        below.append({"text": f"{gain}{duration(result.seconds)}", "kind": "good" if better else ""})
    badge = " · ".join(registry.find("preset", name).title for name in cell.presets)
    if badge and not (named and badge == cell.title):
        below.append({"text": badge, "kind": "badge"})
    elif not named and cell.regime != SELECTION:
        below.append({"text": "unexplored"})
    part: dict[str, Any] = {"key": cell.key, "lines": lines, "below": below, "title": cell.title}
    if result is not None and result.refused:
        part["title"] = result.refused
    if result is not None and result.picture:
        part["src"] = f"data:image/png;base64,{result.picture}"
    return part


def _detail(
    store: Store,
    every: Sequence[Cell],
    found: Mapping[str, Result | None],
    key: str | None,
    best: tuple[float | None, str],
) -> None:
    """The chosen cell: what it is, what came out, and the way to it."""
    cell = next((c for c in [*every, *(preset_cell(p) for p in registry.known("preset"))] if c.key == key), None)
    if cell is None:
        st.markdown("**Click a cell**: its images, numbers and formula are shown here, and the way to its run.")
        return
    result = found.get(cell.key)
    where = regimes().get(cell.regime, cell.regime)
    if cell.regime == "preset":
        where = "published method" if registry.find("preset", cell.method).published else "not published: our own"
    st.markdown(f"**{cell.title}**  \n:gray[{where}]")
    if result is not None and result.picture:
        st.html(
            f'<img class="dc-atlas" alt="what was condensed" src="data:image/png;base64,{result.picture}" '
            'style="width:100%;max-width:300px;image-rendering:pixelated;border-radius:4px">'
        )
    if result is not None and result.refused:
        st.warning(result.refused, icon=":material/block:")
    elif result is not None:
        _told(result, best)
    if cell.note:
        st.caption(cell.note)
    _formula(cell)
    _way(store, cell, result)


def _told(result: Result, best: tuple[float | None, str]) -> None:
    level, name = best
    lines = [f"accuracy **{100 * result.mean:.1f} ± {100 * result.spread:.1f} %**"]
    if level is not None:
        lines.append(f"{100 * (result.mean - level):+.1f} over {name}, the best selection ({100 * level:.1f} %)")
    lines.append(f"{duration(result.seconds)} for {result.steps} steps" if result.steps else "chosen, not optimised")
    if result.learners:
        lines.append(" · ".join(f"{name} {100 * value:.0f}" for name, value in result.learners.items()))
    st.markdown("  \n".join(lines))


def _formula(cell: Cell) -> None:
    if cell.regime == "preset":
        found = registry.find("preset", cell.method)
        st.caption(f"{found.sentence} {_source(found)}")
        return
    if cell.regime == SELECTION:
        st.caption(next(s.sentence for s in STARTS if s.name == cell.method))
        return
    found = registry.find("discrepancy" if cell.own else "divergence", cell.method)
    st.latex(found.formula)
    st.caption(f"{found.sentence} {_source(found)}")
    for name in cell.presets:
        preset = registry.find("preset", name)
        whose = "Published" if preset.published else "Our own, not published"
        st.caption(f"{whose}: **{preset.title}**. {preset.sentence} {_source(preset)}")
    if not any(registry.find("preset", name).published for name in cell.presets):
        st.caption("Unexplored: no published method that dcviz knows lives here.")


def _source(found: Any) -> str:
    return f"[{found.source.authors}, {found.source.year}]({found.source.link})"


def _way(store: Store, cell: Cell, result: Result | None) -> None:
    """To the run where it lies in this store, else to the Lab with the same set-up."""
    if cell.undefined:
        return
    here = result is not None and result.run and any(run.id == result.run for run in store.runs())
    if here and result is not None:
        st.page_link("app.py", label="Open the run", icon=":material/open_in_new:", query_params={"run": result.run})
    address = url.write(choices_of(cell.config))
    st.page_link("app.py", label="Set it up in the Lab", icon=":material/tune:", query_params=address)


def _best_selection(found: Mapping[str, Result | None]) -> tuple[float | None, str]:
    """The best accuracy of a selection at the same budget under the same protocol, and its name; None till known."""
    rivals = {}
    for cell in selections():
        result = found.get(cell.key)
        if result is not None and result.accuracy:
            rivals[cell.title] = result.mean
    if not rivals:
        return None, ""
    name = max(rivals, key=rivals.__getitem__)
    return rivals[name], name


def _sentence(kind: str, name: str) -> str:
    known_here = registry.known(kind)
    return known_here[name].sentence if name in known_here else ""


# -------------------------------------------------------------------------------------------------- matrices


def _matrix(view: str, found: Mapping[str, Result | None], theme: Theme) -> None:
    results = [(cell, found[cell.key]) for cell in entries()]
    rows = [(cell, r) for cell, r in results if r is not None and getattr(r, view)]
    if not rows:
        st.info("Nothing is measured yet.", icon=":material/info:")
        return
    rows.sort(key=lambda row: -row[1].mean)
    columns = list(dict.fromkeys(name for _, r in rows for name in getattr(r, view)))
    values = np.array([[getattr(r, view).get(name, np.nan) for name in columns] for _, r in rows])
    names = [_row_name(cell) for cell, _ in rows]
    if view == "learners":
        spec = heat(names, columns, 100 * values, theme)
    else:
        values = np.where(values > 0, values, np.nan)
        spec = heat(names, columns, values, theme, centre=1.0, log=True, digits=2, better="low")
    st.plotly_chart(spec, width="stretch", config={"displayModeBar": False}, key=f"atlas.{view}")


def _row_name(cell: Cell) -> str:
    if cell.regime == "preset":
        return f"{cell.title} (preset)"
    return f"{cell.title} · {regimes()[cell.regime]}"


# ------------------------------------------------------------------------------------------------- published


def _published(store: Store) -> None:
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
    """Finished runs at scale paper: accuracy and protocol in words, by (preset, data, budget); the newest counts."""
    found: dict[tuple[str, str, int], str] = {}
    for run in store.runs(status="done"):
        try:
            config = run.config
        except Refused:  # written by another version
            continue
        preset, _, scale = config.preset.partition("/")
        key = (preset, config.data.name, config.budget)
        if scale != "paper" or key in found:
            continue
        score = next((s for s in store.scores(run.id) if s.of == "synthetic" and s.protocol == config.evaluation), None)
        if score is not None:
            found[key] = f"{100 * score.mean:.1f} ± {100 * score.std:.1f} ({_protocol(config)})"
    return found


def _protocol(config: RunConfig) -> str:
    p = config.evaluation
    return f"{p.seeds} networks, {p.updates} updates of {p.batch}, last update, {config.steps} steps of condensing"
