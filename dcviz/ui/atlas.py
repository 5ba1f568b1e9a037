"""The Atlas: the map, what optimising one thing does to another, what learners make of it, and published numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from dcviz.atlas import Cell, background, bundled
from dcviz.atlas.grid import BUDGET, STEPS, entries, regimes
from dcviz.atlas.measure import Result, known
from dcviz.figures import Theme
from dcviz.figures.tables import heat
from dcviz.runs.store import Store
from dcviz.ui import atlas_map, atlas_published
from dcviz.ui.reader import Reader
from dcviz.ui.share import saving

VIEWS = {
    "map": "Map",
    "yardsticks": "What else it moves",
    "learners": "Who learns from it",
    "published": "Published",
}
ABOUT = {
    "map": f"Every regime with every divergence, condensed alike: the digits at {BUDGET} images per class, {STEPS} "
    "steps from real images, one optimiser; distances of a regime's own with the constants of their preset at scale "
    "small. In a cell: test accuracy of three fresh ConvNets, ±\u00a0their spread; points above or below the best "
    "selection; time.",
    "yardsticks": "Rows are optimised, columns are measured on the result in a fixed context. 1 is the mean over "
    "random real subsets of the same size: blue is closer to the real data than they are, orange farther away. "
    "The most accurate of the map come first.",
    "learners": "Rows are condensed, columns trained on the result: test accuracy in per cent, one network each. A set "
    "made for one learner may say little to another. The most accurate of the map come first; here all get hard "
    "labels, so that sets whose labels were learned lose by it.",
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
        atlas_published.draw(reader.store)
        return
    _measuring(reader.store, found)
    if view == "map":
        atlas_map.draw(reader.store, found, theme)
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
    st.plotly_chart(spec, width="stretch", config=saving(f"atlas-{view}"), key=f"atlas.{view}")


def _row_name(cell: Cell) -> str:
    if cell.regime == "preset":
        return f"{cell.title} (preset)"
    return f"{cell.title} · {regimes()[cell.regime]}"
