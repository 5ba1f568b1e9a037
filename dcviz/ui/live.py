"""The live view: a fragment that reads the store, says how the run is doing, and feeds the stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from secrets import token_hex
from typing import Any, Protocol

import numpy as np
import streamlit as st

from dcviz.errors import Refused
from dcviz.figures import Theme, curves, empty_scene, nothing, real_scene
from dcviz.records import FINAL, RunConfig
from dcviz.runs import service
from dcviz.runs.store import Run
from dcviz.runs.words import describe
from dcviz.ui import binned, explain, feed, notices, status, teach
from dcviz.ui.reader import Reader
from dcviz.ui.share import export
from dcviz.ui.shown import Look, Real, means, real_of, shown
from dcviz.ui.stage import View, coming, real_layer, stage, view_of

CALM_SECONDS = 2.0  # between looks at a run that may go on
FED_SECONDS = 5.0  # between looks at one that is worked on: the feed says in between what is new
WINDOW = "live.window"  # in the session: what tells one window from another
HINT = (
    "Click an image or a point: it is shown here enlarged, with its history and its nearest real images. Click a class "
    "by its name to see it alone on the map."
)
HINT_PLANE = "Click a particle, or lasso several: they stand out, with their trails, while the others fade."
FIRST = "Choose a method and a budget above, then press Condense: synthetic {} real ones below."
READING = "The real data is being read; its map follows."


class Beside(Protocol):
    """What stands on the maps beside the samples."""

    @property
    def mark(self) -> str:
        """Changes with it."""

    @property
    def maps(self) -> Mapping[str, list[dict[str, Any]]]:
        """Traces by map."""

    @property
    def words(self) -> str:
        """What it is."""


def watch(  # noqa: PLR0913  (the rest by keyword)
    reader: Reader,
    config: RunConfig,
    run: str | None,
    theme: Theme,
    *,
    fits: bool = True,
    beside: Beside | None = None,
) -> None:
    """Draw the status line, the buttons and the stage; they refresh themselves while there is something to see.

    Where what is chosen does not fit together, ``config`` only says what data to show: nothing can be forked from it.
    ``beside`` stands on the maps beside the samples.
    """
    try:
        row = reader.store.run(run) if run else None
    except Refused as refusal:
        _gone(reader, refusal)
        return
    data = (row.config if row else config).data
    real = real_of(reader, data, theme)
    if real.view is not None:
        layer = _real_scene(real.key, real.view, theme)
        if beside is not None:
            real, layer = replace(real, mark=beside.mark), _with(layer, beside)
        real_layer(layer)
    every = _pause(row, real)
    with st.container(key="dc-live"):
        st.fragment(_look, run_every=every)(reader, config, run, real, theme, fits, every)
        if row is not None:
            with st.container(key="dc-export", horizontal=True, gap="xxsmall"):
                explain.yardsticks(real.view is not None and "points" in real.view)
                export(reader.store, row, real.view is not None and "points" in real.view, "lab.export")


def _with(layer: dict[str, Any], beside: Beside) -> dict[str, Any]:
    """The real layer with what is drawn beside it, under a key of its own."""
    maps = {
        kind: {
            **of,
            "data": [*of["data"], *beside.maps.get(kind, [])],
            "explained": f"{beside.words} {of['explained']}",
        }
        for kind, of in layer["maps"].items()
    }
    return {**layer, "key": layer["key"] + beside.mark, "maps": maps}


def _pause(row: Run | None, real: Real) -> float | None:
    """Seconds between looks; None when nothing can change any more."""
    if row is not None and (row.status in ("running", "queued")):
        return FED_SECONDS
    if real.trouble:
        return None
    unfinished = real.view is None or ("thumbs" in real.view and real.view.get("umap") is None)
    return CALM_SECONDS if unfinished or (row is not None and row.status not in FINAL) else None


def _gone(reader: Reader, refusal: Refused) -> None:
    """For a run that was deleted meanwhile, here or elsewhere: why, and the way back."""
    st.html(status.sentence(str(refusal)))
    if binned.offer(reader.store, refusal, "live.restore"):
        st.rerun()


def _look(  # noqa: PLR0913  (what a fragment is called with again)
    reader: Reader,
    config: RunConfig,
    run: str | None,
    real: Real,
    theme: Theme,
    fits: bool,
    every: float | None,
) -> None:
    try:
        row = reader.store.run(run) if run else None
    except Refused as refusal:
        _gone(reader, refusal)
        return
    if row is None:
        _first(reader, config, real, theme)
    else:
        _show(reader, config if fits else None, row, real, theme)
    now = real_of(reader, row.config.data if row else config.data, theme)
    before = st.session_state.get("lab.status")
    st.session_state["lab.status"] = seen = (run, row.status if row else None)
    changed = before is not None and before[0] == run and before != seen
    if now.key != real.key or changed or _pause(row, real) != every:
        st.rerun()  # the real layer, or the pace of looking, has changed: both lie outside this fragment


def _first(reader: Reader, config: RunConfig, real: Real, theme: Theme) -> None:
    """Before the first run: the real data, and what to do."""
    if real.view is None:
        phase = service.view_phase(reader.store, config.data)
        st.html(status.sentence(real.trouble or (f"{READING} Now: {phase}." if phase else READING)))
        if not real.trouble:
            coming()
        return
    planar = "points" in real.view
    st.html(status.sentence(FIRST.format("points appear among the" if planar else "images take the places of the")))
    stage(
        {
            **nothing(real.key + real.mark, theme),
            "planar": planar,
            "frames": [_empty_scene(real.key, real.view, theme, config.budget)],
            "curves": curves({}, means(service.baselines(reader.store, config)), 0, theme, steps=config.steps),
            "total": config.steps,
            "words": {"sheet": "real examples, for now", "hint": HINT_PLANE if planar else HINT},
        }
    )


def _show(reader: Reader, config: RunConfig | None, row: Run, real: Real, theme: Theme) -> None:
    from dcviz.ui.steer import buttons

    view = _view(row.id, reader.kept(row))
    look = Look(theme, view, bool(st.session_state.get(explain.LIKENESS_SHOWN)))
    line, changing = shown(reader, row, real, look)
    latest = changing["latest"]
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        st.html(line, width="stretch")
        command = buttons(reader.store, row, view.step if view.step is not None else latest, config)
    if not changing["frames"] and real.view is not None:
        changing["frames"] = [_empty_scene(real.key, real.view, theme, row.config.budget)]
    planar = "points" in (real.view or (reader.points(row.id, latest) if latest is not None else {}))
    window = st.session_state.setdefault(WINDOW, token_hex(8))
    _, asked = stage(
        {
            **nothing(real.key + real.mark, theme),
            **changing,
            "run": row.id,
            "planar": planar,
            "feed": feed.told(reader, row, real, look, window) if row.status in ("running", "queued") else None,
            "inspect": "Inspect",  # the page that looks into one image, beside this one
            "words": {
                "sheet": "left: real · ◥ off-manifold",
                "curves": describe(row),
                "hint": HINT_PLANE if planar else HINT,
            },
        }
    )
    if asked == "toggle" and command is None and not teach.hidden("steer"):
        _ask(reader, row, "pause" if row.status in ("running", "queued") else "resume")


def _ask(reader: Reader, row: Run, kind: str) -> None:
    try:
        service.resume(reader.store, row.id) if kind == "resume" else reader.store.command(row.id, kind)
    except Refused as refusal:
        notices.keep(str(refusal))
        st.rerun()


def _view(run: str, kept: list[int]) -> View:
    """What the browser shows; before it has said so, the step in the address, or the kept one nearest to it."""
    of, step = st.session_state.get("lab.shown", (None, None))
    view = view_of()
    if view is None and of == run and step is not None:
        if not kept:
            return View()  # the step is still asked for
        view = View(min(kept, key=lambda s: abs(s - step)))
    view = view or View()
    st.session_state["lab.shown"] = run, view.step
    return view


@st.cache_data(max_entries=16, show_spinner=False)
def _real_scene(key: str, _view: Mapping[str, Any], theme: Theme) -> dict[str, Any]:
    return real_scene(key, {k: v for k, v in _view.items() if not isinstance(v, np.ndarray) or len(v)}, theme)


@st.cache_data(max_entries=16, show_spinner=False)
def _empty_scene(key: str, _view: Mapping[str, Any], theme: Theme, budget: int) -> dict[str, Any]:
    return empty_scene(_view, theme, budget)
