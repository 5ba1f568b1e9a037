"""The Atlas's map: every regime with every divergence, and the cell that was chosen."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dcviz import registry
from dcviz.atlas import Cell
from dcviz.atlas.grid import SELECTION, cells, preset_cell, regimes, selections
from dcviz.atlas.measure import Result
from dcviz.condensing.start import STARTS
from dcviz.figures import Theme
from dcviz.figures.swatch import swatch
from dcviz.runs.store import Store
from dcviz.ui import url
from dcviz.ui.choices import choices_of
from dcviz.ui.plain import plain
from dcviz.ui.stage import grid
from dcviz.ui.status import duration


def draw(store: Store, found: Mapping[str, Result | None], theme: Theme) -> None:
    """The grid, and beside it the chosen cell."""
    best, name = _best_selection(found)
    left, right = st.columns([3.6, 1], gap="medium")
    every = cells()
    if st.session_state.get("atlas.cell") is None:
        st.session_state["atlas.cell"] = st.query_params.get("cell")
    with left:
        chosen = grid(_grid(every, found, best, st.session_state["atlas.cell"], theme), key="atlas-grid")
    if chosen and chosen != st.session_state["atlas.cell"]:
        st.session_state["atlas.cell"] = st.query_params["cell"] = chosen
    with right, st.container(key="dc-atlas-detail"):
        _detail(store, every, found, (best, name), theme)


def _grid(
    every: Sequence[Cell], found: Mapping[str, Result | None], best: float | None, chosen: str | None, theme: Theme
) -> dict[str, Any]:
    """The message of the grid: rows are divergences, columns regimes; below them the distances of the regimes' own."""
    columns, rows = list(regimes()), list(registry.known("divergence"))
    spec: dict[str, Any] = {
        "label": "Regimes by divergences",
        "corner": "divergence\u00a0↓ regime\u00a0→",
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
                _place("defined", rows.index(cell.method), column, [_part(cell, found, best, theme)])
                for cell in vectors
            ]
        own = [_part(cell, found, best, theme, named=True) for cell in here if cell.own]
        own += [
            _part(preset_cell(name), found, best, theme, named=True)
            for cell in here
            for name in cell.presets
            if f"preset/{name}" in found
        ]
        if own:
            spec["cells"].append(_place("defined", len(rows), column, own))
    return spec


def _place(state: str, row: int, column: int, parts: list[dict[str, Any]], rows: int = 1) -> dict[str, Any]:
    return {"state": state, "row": row, "column": column, "rows": rows, "title": "", "parts": parts}


def _part(
    cell: Cell, found: Mapping[str, Result | None], best: float | None, theme: Theme, *, named: bool = False
) -> dict[str, Any]:
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
        gain = "" if best is None else f"{signed(100 * (result.mean - best))} · "
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
        part["src"] = swatch(b64decode(result.picture), theme, corner=True)  # the whole is too small to see there
    return part


def signed(points: float) -> str:
    """A difference with its sign, as it is set in print.

    >>> signed(1.94), signed(-0.81), signed(0.01)
    ('+1.9', '−0.8', '±0.0')
    """
    text = f"{abs(points):.1f}"
    return f"{'±' if text == '0.0' else '+' if points > 0 else '−'}{text}"


def _detail(
    store: Store,
    every: Sequence[Cell],
    found: Mapping[str, Result | None],
    best: tuple[float | None, str],
    theme: Theme,
) -> None:
    """The chosen cell: what it is, what came out, and the way to it."""
    key = st.session_state["atlas.cell"]
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
        src = swatch(b64decode(result.picture), theme)
        st.html(
            f'<img class="dc-atlas" alt="What was condensed, a row for each class" src="{src}" '
            'style="width:100%;max-width:300px;image-rendering:pixelated;border-radius:4px">'
        )
    if result is not None and result.refused:
        st.warning(plain(result.refused), icon=":material/block:")
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
        points = 100 * (result.mean - level)
        side = "above" if points > 0 else "below"
        lines.append(f"{abs(points):.1f} points {side} {name}, the best selection ({100 * level:.1f} %)")
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
    if result is not None and result.run and store.entries([result.run]):
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
