"""Compare: choose runs, see them together on one clock, their numbers, their trade-offs, and race budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dcviz.errors import Refused, unknown
from dcviz.figures import Theme
from dcviz.figures.overlay import MIDDLE, SCALES, YARDSTICK
from dcviz.runs.clock import AXES, Axis
from dcviz.runs.differing import groups
from dcviz.runs.racing import EQUAL
from dcviz.runs.store import Deleted, Run, Store
from dcviz.runs.words import about, describe
from dcviz.ui import address, binned, fronts, good, notices, numbers, racing, together
from dcviz.ui.compare_words import SCALE_MEANS
from dcviz.ui.empty import no_runs
from dcviz.ui.plain import plain
from dcviz.ui.reader import Reader
from dcviz.ui.several import Several, gather
from dcviz.yardsticks import RELATIVE

VIEWS = {"together": "Together", "numbers": "Numbers", "front": "Trade-offs", "good": "Good for", "race": "Budget race"}
USUAL = {"view": "together", "axis": "step", "scale": "start", "yardstick": MIDDLE, "equal": "updates"}
KNOWN: dict[str, Mapping[str, Any]] = {"view": VIEWS, "axis": AXES, "scale": SCALES, "equal": EQUAL}
FREE = ("yardstick", "x", "y", "property", good.DEPTH)  # names that only the runs, or a view, know
STATE = "compare.options"
LATEST = 10**9  # place on a clock
OFFERED = 1000  # runs in the menu, the newest
ABOUT = (
    "Choose two or more runs: their images and maps play on one clock, their curves lie over one another, and a table "
    "says what each costs and reaches. Runs that differ in nothing but the seed are taken together, as mean ± spread."
)


def draw(reader: Reader, theme: Theme) -> None:
    """The page."""
    ids, options = opened(reader.store)
    notices.draw()
    _offer_back(reader.store, ids)
    several = _gathered(reader, ids, theme)
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small", key="dc-compare-row"):
        if several is not None:
            with st.popover(
                f"{len(ids)} {'run' if len(ids) == 1 else 'runs'}",
                icon=":material/playlist_add:",
                help="Choose the runs",
            ):
                _choose(reader.store, ids)
        _segments("view", VIEWS, options, "View")
        if several is not None:
            _of_view(several, options)
    _remember(ids, options)
    if options["view"] == "race":
        _race(reader, several, ids, options, theme)
    elif several is None:
        _first(reader.store)
    elif options["view"] == "numbers":
        numbers.draw(several)
    elif options["view"] == "good":
        _good(several, options, theme)
        _remember(ids, options)
    elif options["view"] == "front":
        _front(several, options, theme)
    else:
        at = st.session_state.get("compare.at")
        chosen = together.Options(options["axis"], options["scale"], options["yardstick"], at)
        together.watch(reader, tuple(ids), chosen, theme)


# ----------------------------------------------------------------------------------------------- the address


def opened(store: Store) -> tuple[list[str], dict[str, str]]:
    """The runs and options that this window holds; those of the address where that names other runs."""
    state, query = st.session_state, address.read()
    asked = [run for run in query.get("runs", "").split(",") if run]
    if STATE not in state or (asked and asked != state["compare.address"]):
        refusals: list[str] = []
        held = state.get("compare.runs", [])
        state["compare.runs"] = _known_runs(store, asked, refusals) if asked else held
        state[STATE] = _read(query, state.get(STATE, USUAL), refusals)
        step = query.get("step", "")
        state["compare.at"] = address.whole(step, 0, LATEST)
        if step and state["compare.at"] is None:
            refusals.append(f"step={step} in the address: give a whole number, the place on the clock.")
        _anew()
        notices.keep(*refusals)
    state["compare.address"] = asked
    return list(state["compare.runs"]), dict(state[STATE])


def _known_runs(store: Store, asked: Sequence[str], refusals: list[str]) -> list[str]:
    found = []
    missing: list[Refused] = []
    for run in dict.fromkeys(asked):
        try:
            store.run(run).config  # noqa: B018  (written by another version, it is refused)
            found.append(run)
        except Refused as refusal:
            refusals.append(f"runs=… in the address: {refusal}")
            missing.append(refusal)
    st.session_state["compare.missing"] = missing
    return found


def _offer_back(store: Store, ids: Sequence[str]) -> None:
    """For runs of the address that are in the bin: the button that brings each back, and to the others."""
    missing = [one for one in st.session_state.get("compare.missing", []) if isinstance(one, Deleted)]
    if not missing:
        return
    with st.container(horizontal=True, key="dc-compare-back"):
        back = [binned.offer(store, one, f"compare.restore.{one.run}", f"Restore {one.run}") for one in missing]
    if found := [run for run in back if run]:
        st.session_state["compare.missing"] = [one for one in missing if one.run not in found]
        notices.forget()
        _set([*ids, *found])


def _read(query: Mapping[str, str], usual: Mapping[str, str], refusals: list[str]) -> dict[str, str]:
    found = dict(usual)
    for key, value in query.items():
        if key in FREE or key in KNOWN and value in KNOWN[key]:
            found[key] = value
        elif key in KNOWN:
            refusals.append(f"{key}={value} in the address: {unknown(key, value, KNOWN[key])}")
        elif key not in ("runs", "step"):
            refusals.append(f"{key}={value} in the address: Compare has no such setting.")
    return found


def _remember(ids: Sequence[str], options: Mapping[str, str]) -> None:
    st.session_state["compare.runs"], st.session_state[STATE] = list(ids), dict(options)
    wanted = {"runs": ",".join(ids)} if ids else {}
    wanted |= {key: value for key, value in options.items() if value and value != USUAL.get(key)}
    if together.heard():  # the browser has said where it stands; another view keeps that place
        st.session_state["compare.at"] = together.moment()
    at = st.session_state.get("compare.at")
    wanted |= {"step": str(at)} if at is not None and ids else {}
    st.session_state["compare.address"] = list(ids)
    address.write(wanted)


def _set(ids: Sequence[str], **options: str) -> None:
    """Other runs, from now on."""
    state = st.session_state
    state["compare.runs"], state[STATE] = list(ids), {**state[STATE], **options}
    state["compare.address"], state["compare.at"] = list(ids), None
    _anew()
    st.query_params["runs"] = ",".join(ids)
    st.rerun()


def _anew() -> None:
    """Widgets begin anew: under other keys, since the browser may still tell what the old ones held."""
    st.session_state["compare.round"] = st.session_state.get("compare.round", 0) + 1


def _key(name: str) -> str:
    return f"compare.{st.session_state['compare.round']}.{name}"


# --------------------------------------------------------------------------------------------------- choosing


def _gathered(reader: Reader, ids: list[str], theme: Theme) -> Several | None:
    """The runs that are still there; those deleted meanwhile are told and left out."""
    gone = []
    for run in ids:
        try:
            reader.store.run(run)
        except Refused as refusal:
            gone.append(run)
            st.warning(plain(f"{refusal} It is left out."), icon=":material/info:")
    ids[:] = [run for run in ids if run not in gone]
    return gather(reader, ids, theme) if ids else None


def _choose(store: Store, ids: Sequence[str]) -> None:
    """The menu of all runs, and ways to many at once."""
    rows = {run.id: run for run in _readable(store)}
    options = list(dict.fromkeys([*ids, *rows]))
    texts = {run: _text(row) for run, row in rows.items()}
    chosen = st.multiselect(
        "Runs", options, list(ids), format_func=lambda run: texts.get(run, run), key=_key("runs"),
        placeholder="type a method, a budget, a name or an id", help="Any number; type to search.",
    )  # fmt: skip
    for text, found in suggestions(list(rows.values())).items():
        if set(found) != set(ids) and st.button(
            plain(text), icon=":material/auto_awesome_motion:", key=f"compare.s.{text}"
        ):
            _set(found)
    if chosen != list(ids):
        _set(chosen)


def _readable(store: Store) -> list[Run]:
    found = []
    for run in store.runs(limit=OFFERED):
        try:
            run.config  # noqa: B018
        except Refused:  # of another version: the gallery says so
            continue
        found.append(run)
    return found


def _text(run: Run) -> str:
    """A run in the menu: all that one may type to find it."""
    what, long = describe(run), about(run.config)
    name = long if what == long else f"{what} · {long}"
    state = "" if run.status == "done" else f" · {run.status}"
    return f"{name} · {run.steps:,} steps{state} · {run.id}"


def suggestions(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Sets of finished runs that are worth comparing: methods at one budget, budgets of one method, repeats."""
    done = [run for run in runs if run.status == "done"]
    found: dict[str, list[str]] = {}
    alike = groups(done)
    for what, key, words in (
        ("methods", lambda c: (c.data, c.budget), "{n} methods on {c.data.name}, {c.budget} per class"),
        ("budgets", lambda c: (c.data, repr(c.terms)), "{n} budgets of {m} on {c.data.name}"),
    ):
        rooms: dict[Any, dict[Any, tuple[Run, ...]]] = {}
        for group in alike:
            config = group[0].config
            own = repr(config.terms) if what == "methods" else config.budget
            rooms.setdefault(key(config), {}).setdefault(own, group)
        best = max(rooms.values(), key=len, default={})
        if len(best) > 1:
            config = next(iter(best.values()))[0].config
            text = words.format(n=len(best), c=config, m=about(config).split(" · ")[0])
            found[text] = [run.id for group in best.values() for run in group]
    repeats = max(alike, key=len, default=())
    if len(repeats) > 1:
        found[f"{len(repeats)} repeats: {about(repeats[0].config).rpartition(' · ')[0]}"] = [run.id for run in repeats]
    if len(done) > 1:
        found["the two newest"] = [run.id for run in done[:2]]
    return found


def _first(store: Store) -> None:
    """Before anything is chosen: what this page does, and the way in."""
    st.markdown(ABOUT)
    if not store.runs(limit=1):
        no_runs("No runs yet: start one in the Lab, or queue a budget race here.")
        return
    with st.container(width=720):
        _choose(store, [])


# -------------------------------------------------------------------------------------------------- the views


def _segments(key: str, named: Mapping[str, str], options: dict[str, str], label: str) -> None:
    value = st.segmented_control(
        label, list(named), format_func=named.__getitem__, default=options[key], key=_key(key),
        label_visibility="collapsed",
    )  # fmt: skip
    options[key] = value or options[key]


def _menu(key: str, named: Mapping[str, str], options: dict[str, str], label: str) -> None:
    names = list(named)
    now = options.get(key, "")
    options[key] = st.selectbox(
        label, names, names.index(now) if now in names else 0, format_func=lambda name: f"{label}: {named[name]}",
        key=_key(key), label_visibility="collapsed",
    )  # fmt: skip


def _of_view(several: Several, options: dict[str, str]) -> None:
    """The choices of the view at hand, and what they mean one click away."""
    if options["view"] == "together":
        _menu("axis", {name: one.title for name, one in AXES.items()}, options, "clock")
        _menu("scale", SCALES, options, "objective")
        known = _yardsticks(several)
        if options["yardstick"] not in known:
            options["yardstick"] = MIDDLE
        _menu("yardstick", known, options, "yardstick")
        _explained(AXES[options["axis"]], options["scale"])
    if options["view"] == "front":
        found = fronts.axes(several, options.get("x"), options.get("y"))
        if found is None:
            return
        options["x"], options["y"] = found
        named = {name: measure.title for name, measure in fronts.usable(several).items()}
        _menu("x", named, options, "across")
        _menu("y", named, options, "up")


def _explained(axis: Axis, scale: str) -> None:
    with (
        st.popover("", icon=":material/help:", type="tertiary", help="What clock, objective and yardstick mean"),
        st.container(key="dc-text-compare"),
    ):
        st.markdown(f"**Clock: {axis.title}.** {axis.meaning}")
        st.latex(axis.formula)
        sentence, formula = SCALE_MEANS[scale]
        st.markdown(f"**Objective: {SCALES[scale]}.** {sentence}")
        st.latex(formula)
        st.markdown(f"**Yardstick.** {RELATIVE} The middle one is the median of all.")
        st.latex(r"D(S, T) \,/\, \tfrac{1}{10} \textstyle\sum_i D(R_i, T)")


def _yardsticks(several: Several) -> dict[str, str]:
    names = {name for run in several.runs for name in several.metrics[run.id] if name.startswith(YARDSTICK)}
    return {MIDDLE: "middle of all"} | {
        name.removeprefix(YARDSTICK): name.removeprefix(YARDSTICK) for name in sorted(names)
    }


def _front(several: Several, options: Mapping[str, str], theme: Theme) -> None:
    if fronts.axes(several, options.get("x"), options.get("y")) is None:
        st.info("Nothing is measured of these runs yet: wait for their first step.", icon=":material/info:")
        return
    fronts.draw(several, options["x"], options["y"], theme)


def _good(several: Several, options: dict[str, str], theme: Theme) -> None:
    """What the sets are good for, beside one another; repeats stand as one."""
    notices.keep(*good.read(options))
    first = several.runs[0]
    labels = dict(zip(several.labels, several.groups, strict=True))
    signed = dict(zip(several.labels, several.signs, strict=True))
    good.draw(several.reader.store, good.Shown(labels, signed, good.classes_of(several.reader.store, first)), theme)
    for key in ("property", good.DEPTH):
        options.pop(key, None)
    options |= good.address()


def _race(reader: Reader, several: Several | None, ids: Sequence[str], options: dict[str, str], theme: Theme) -> None:
    now = st.session_state.get(_key("equal")) or options["equal"]
    queued = racing.control(reader.store, several, now, _key("equal"))
    if now != options["equal"]:
        options["equal"] = now
        _remember(ids, options)
    if queued is not None:
        _set(queued, view="race")
    if several is not None:
        racing.watch(reader, tuple(ids), now, theme)
