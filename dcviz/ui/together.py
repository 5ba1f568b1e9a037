"""Several runs on one clock: what the browser is told of them, and what it asks for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from dcviz.errors import Refused
from dcviz.figures import Theme, real_scene
from dcviz.figures.merged import CAPTION, signed, tag
from dcviz.figures.overlay import MIDDLE, overlay
from dcviz.figures.pack import pack
from dcviz.records import FINAL, Score
from dcviz.runs import clock as clocks
from dcviz.runs.clock import AXES, Clock, along
from dcviz.runs.store import Run
from dcviz.runs.words import about
from dcviz.ui import compare_words, status
from dcviz.ui.live import READING
from dcviz.ui.reader import ENDED, LIVE, Kept, Reader
from dcviz.ui.several import Several, gather
from dcviz.ui.stage import compare, real_layer, sent_of

KEY = "compare-stage"
MOST = 6  # runs in the sheets and on the map at once: as many shapes can be told apart
WANTED = 200  # frames asked for in one message, at most
ALIVE_SECONDS, CALM_SECONDS = 0.9, 2.0  # between looks

_curves = Kept(24)


@dataclass(frozen=True)
class Options:
    """How curves and clock are drawn."""

    axis: str = "step"  # of `AXES`
    scale: str = "start"  # of the objective
    yardstick: str = MIDDLE
    at: int | None = None  # the moment to begin with; None shows the newest


@dataclass(frozen=True)
class Seen:
    """What the browser looks at."""

    at: int | None = None
    want: tuple[tuple[str, int], ...] = ()  # (run, step)
    shown: tuple[str, ...] | None = None  # keys of groups; None before it has told
    picks: Mapping[str, str] | None = None  # which run stands for a group
    holds: bool = False  # whether it has frames and asks for those that it has not


def watch(reader: Reader, ids: tuple[str, ...], options: Options, theme: Theme) -> None:
    """Draw the stage of several runs; it refreshes itself while there is something to see."""
    several = gather(reader, ids, theme)
    real = several.views[several.data]
    with st.container():  # a place of its own, so that what stands below is not mounted anew when it comes
        if real.view is not None:
            real_layer(_layer(real.key, real.view, theme))
    st.session_state["compare.status"] = _stand(several)
    st.fragment(_look, run_every=_pause(several))(reader, ids, options, theme)


def heard() -> bool:
    """Whether the browser has said what it looks at."""
    return sent_of(KEY) is not None


def moment() -> int | None:
    """The moment that the browser shows, as it is written into the address; None follows."""
    return read(sent_of(KEY)).at


def read(sent: Any) -> Seen:
    """What the browser sent, with anything malformed ignored."""
    if not isinstance(sent, Mapping):
        return Seen()
    pairs = [p for p in (sent.get("want") or []) if isinstance(p, list) and len(p) == 2]
    want = tuple((run, step) for run, step in pairs if isinstance(run, str) and isinstance(step, int))
    shown, picks, at = sent.get("shown"), sent.get("picks"), sent.get("at")
    return Seen(
        at if isinstance(at, int) else None,
        want[:WANTED],
        tuple(map(str, shown)) if isinstance(shown, list) else None,
        {str(k): str(v) for k, v in picks.items()} if isinstance(picks, Mapping) else None,
        True,
    )


def _pause(several: Several) -> float | None:
    if several.alive:
        return ALIVE_SECONDS
    preparing = any(_preparing(real) for real in several.views.values())
    return CALM_SECONDS if preparing or any(run.status not in FINAL for run in several.runs) else None


def _preparing(real: Any) -> bool:
    if real.trouble:
        return False
    return real.view is None or ("thumbs" in real.view and real.view.get("umap") is None)


def _stand(several: Several) -> tuple[Any, ...]:
    """What lies outside the fragment: when it changes, the page is drawn anew."""
    return tuple(run.status for run in several.runs), tuple(real.key for real in several.views.values())


def _look(reader: Reader, ids: tuple[str, ...], options: Options, theme: Theme) -> None:
    try:
        several = gather(reader, ids, theme)
    except Refused as refusal:  # deleted meanwhile, here or elsewhere
        st.html(status.sentence(f"{refusal} Choose the runs anew."))
        return
    seen, sent = read(sent_of(KEY)), st.session_state.get("compare.scene")
    if sent != (scene := _scene(several, options, theme)):
        seen = replace(seen, want=(), holds=False)  # the browser begins anew
    st.session_state["compare.scene"] = scene
    compare(message(several, options, seen, theme), key=KEY)
    if _stand(several) != st.session_state.get("compare.status"):
        st.rerun()


def message(several: Several, options: Options, seen: Seen, theme: Theme) -> dict[str, Any]:
    """All that the browser draws."""
    axis = AXES[options.axis]
    clock = clock_of(several, options.axis)
    known = [several.key(i) for i in range(len(several.groups))]
    shown = [key for key in (seen.shown or known) if key in known][:MOST]
    at = seen.at if seen.shown is not None else options.at
    tick = int(clock.ticks[np.abs(clock.ticks - at).argmin()]) if at is not None and len(clock.ticks) else None
    now = tick if tick is not None else (int(clock.ticks[-1]) if len(clock.ticks) else 0)
    real = several.views[several.data]
    return {
        "scene": _scene(several, options, theme),
        "axis": options.axis,
        "theme": theme,
        "real": real.key if real.view is not None else "",
        "alive": several.alive,
        "at": tick,
        "shown": shown,
        "most": MOST,
        "picks": {several.key(i): group[0].id for i, group in enumerate(several.groups)},
        "strands": [_strand(several, i, theme) for i in range(len(several.groups))],
        "clock": {
            "ticks": pack(clock.ticks, "int32"),
            "frames": {run: pack(steps, "int32") for run, steps in clock.frames.items()},
            "said": [axis.said.format(tick / axis.scale) for tick in clock.ticks.tolist()],
            "total": clock.total,
            "scale": axis.scale,
        },
        "frames": _frames(several, _wanted(several, clock, now, shown, seen), theme),
        "curves": _drawn(several, options, clock.total / axis.scale, now / axis.scale, theme),
        "words": {
            **compare_words.SHEETS,
            "chips": compare_words.CHIPS,
            "map": _of_map(several),
            "curves": axis.meaning,
            "curvesWhy": compare_words.curves(options.axis, options.scale, options.yardstick),
            "moves": compare_words.MOVES,
        },
    }


def _scene(several: Several, options: Options, theme: Theme) -> str:
    """What it takes for the browser to begin anew."""
    runs = ",".join(run.id for run in several.runs)
    return f"{runs}|{options.axis}|{theme}|{several.views[several.data].key}"


def clock_of(several: Several, axis: str) -> Clock:
    """The clock of several runs along an axis."""
    places, ends = {}, {}
    for run in several.runs:
        metrics, classes = several.metrics[run.id], several.classes(run)
        places[run.id] = along(axis, run, several.kept[run.id], metrics, classes)
        last = run.step if run.status in FINAL else run.steps
        ends[run.id] = float(along(axis, run, [last], metrics, classes)[0])
    return clocks.clock(several.kept, places, ends, AXES[axis].scale)


def _strand(several: Several, i: int, theme: Theme) -> dict[str, Any]:
    group, label, sign = several.groups[i], several.labels[i], several.signs[i]
    return {
        "key": several.key(i),
        "label": label,
        "glyph": sign.glyph,
        "colour": sign.colour,
        "told": told(several, i),
        "explained": _explained(group),
        "runs": [
            {
                "id": run.id,
                "name": f"seed {run.config.seed}",
                "data": str(several.view(run).key),
                "planar": _planar(several, run),
                "mapped": run.config.data == several.data,
                "tag": tag(run.id, label, sign, theme),
            }
            for run in group
        ],
    }


def told(several: Several, i: int) -> str:
    """How well a group did, as short as can be: test accuracy, else how it stands."""
    row, group = several.table.rows[i], several.groups[i]
    times = f" · {len(group)} repeats" if len(group) > 1 else ""
    value = next((row.values[name] for name in several.table.protocols if name in row.values), None)
    if value is not None:
        spread = f" ± {100 * value.spread:.1f}" if value.spread is not None else ""
        if len(group) > 1:
            times = f" · {value.n} ×" if value.n == len(group) else f" · {value.n} of {len(group)}"
        return f"{100 * value.mean:.1f}{spread} %{times}"
    going = next((run for run in group if run.status not in FINAL), group[0])
    return f"{going.status} {going.step:,}/{going.steps:,}{times}"


def _explained(group: tuple[Run, ...]) -> str:
    head = about(group[0].config)
    if len(group) == 1:
        return f"{head}: {group[0].status}, {group[0].step:,} of {group[0].steps:,} steps."
    return f"{head.rpartition(' · ')[0]}: {len(group)} repeats, mean ± standard deviation over them."


def _planar(several: Several, run: Run) -> bool:
    view, kept = several.view(run).view, several.kept[run.id]
    if view is not None or not kept:
        return view is not None and "points" in view
    return "points" in several.reader.points(run.id, kept[-1])


def _of_map(several: Several) -> str:
    """Why the map shows what it shows; empty where nothing needs to be said."""
    real = several.views[several.data]
    if real.trouble:
        return real.trouble
    if real.view is None:
        return READING
    others = {run.config.data.name for run in several.runs if run.config.data != several.data}
    if others:
        return (
            f"only runs on {several.data.name}: samples of other data ({', '.join(sorted(others))}) have no place on it"
        )
    return CAPTION if len(several.groups) > 1 else ""


# ---------------------------------------------------------------------------------------------------- frames


def _wanted(several: Several, clock: Clock, now: int, shown: list[str], seen: Seen) -> list[tuple[str, int]]:
    """The frames to send: those of the moment before the browser knows what to ask for, then what it asks for."""
    at = int(np.searchsorted(clock.ticks, now)) if len(clock.ticks) else 0
    first: list[tuple[str, int]] = []
    for i, group in enumerate(several.groups):
        run = (seen.picks or {}).get(several.key(i), group[0].id)
        if several.key(i) in shown and run in clock.frames and (not seen.holds or (several.alive and seen.at is None)):
            first.append((run, int(clock.frames[run][at])))
    known = {run.id for run in several.runs}
    return [*first, *(pair for pair in seen.want if pair[0] in known and pair[1] in several.kept[pair[0]])]


def _frames(several: Several, wanted: Iterable[tuple[str, int]], theme: Theme) -> dict[str, list[Any]]:
    """As many as fit into one message and a moment, at least the first of each run; with the sign of their run."""
    room = LIVE if several.alive else ENDED
    began, size = time.monotonic(), 0
    crowd = 1.0 if len(several.groups) == 1 else 0.8 if len(several.groups) < 4 else 0.7
    of = {run.id: (i, run) for i, group in enumerate(several.groups) for run in group}
    found: dict[str, list[Any]] = {}
    for run, step in dict.fromkeys(wanted):
        if run in found and (size > room.bytes or time.monotonic() - began > room.seconds):
            break
        i, row = of[run]
        real = several.view(row)
        for scene in several.reader.scenes(run, [step], real.view, (real.key, theme)):
            mapped = scene if row.config.data == several.data else {**scene, "maps": {}}
            found.setdefault(run, []).append(signed(mapped, run, several.labels[i], several.signs[i], crowd))
            size += len((scene["sheet"] or {}).get("src", "")) + 100 * len(scene["maps"])
    return found


# ---------------------------------------------------------------------------------------------------- curves


def _drawn(several: Several, options: Options, last: float, now: float, theme: Theme) -> Any:
    """The curves, drawn anew only when something was written; the browser moves the line of the moment."""
    key = tuple((run.id, run.changes) for run in several.runs), options.axis, options.scale, options.yardstick, theme

    def make() -> Any:
        return overlay(
            several.strands(options.axis),
            theme,
            now=now,
            last=last,
            unit=AXES[options.axis].unit,
            scale=options.scale,
            yardstick=options.yardstick,
            levels=levels(several),
            band=_band(several),
        )

    return _curves.get((str(several.reader.store.home), *key), make)


def levels(several: Several) -> dict[str, float]:
    """Held-out accuracies of rivals and of the whole set, by label, as far as they hold for these runs alike."""
    if len({group[0].config.data for group in several.groups}) > 1:
        return {}
    found: dict[str, dict[int, set[float]]] = {}
    for group in several.groups:
        scores = [s for s in several.scores[group[0].id] if s.protocol.split == "held_out" and s.of != "synthetic"]
        for name, score in _rivals(scores).items():
            found.setdefault(name, {}).setdefault(group[0].config.budget, set()).add(score.mean)
    lines = {}
    for name, budgets in found.items():
        values = set().union(*budgets.values())
        if len(values) == 1:
            lines[name] = values.pop()
        elif name == "random" and len(budgets) <= 3 and all(len(one) == 1 for one in budgets.values()):
            lines |= {f"{name}, {budget}": one.pop() for budget, one in sorted(budgets.items())}
    return lines


def _rivals(scores: list[Score]) -> dict[str, Score]:
    """Random samples and the whole set; the best selection where there is one."""
    named = {s.of: s for s in scores if s.of in ("random", "whole set")}
    picks = [s for s in scores if s.of not in status.UNCHOSEN]
    return named | ({"best pick": max(picks, key=lambda s: s.mean)} if picks else {})


def _band(several: Several) -> tuple[float, float] | None:
    """The yardsticks of ten random real subsets, where all runs have the same."""
    ends = set()
    for run in several.runs:
        both = [several.metrics[run.id].get(f"random:{side}", ((), ()))[1] for side in ("low", "high")]
        ends.add(tuple(float(values[-1]) for values in both if len(values)))
    found = ends.pop() if len(ends) == 1 else ()
    return (found[0], found[1]) if len(found) == 2 else None


@st.cache_data(max_entries=8, show_spinner=False)
def _layer(key: str, _view: Mapping[str, Any], theme: Theme) -> dict[str, Any]:
    return real_scene(key, {k: v for k, v in _view.items() if not isinstance(v, np.ndarray) or len(v)}, theme)
