"""The Lab's controls: everyday choices in one row, every parameter folded away, and the button that starts a run."""

from __future__ import annotations

import zlib
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from dcviz import registry
from dcviz.data.catalogue import catalogue
from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.runs import service
from dcviz.runs.foreign import Foreign, code_of
from dcviz.runs.store import Deleted, Store
from dcviz.ui import address, binned, data_panel, explain, forms, notices, once, own, pursuing, steer, url
from dcviz.ui.choices import BUDGETS, SCALES, Choices, choices_of, config_of, flat, methods, regimes
from dcviz.ui.plain import plain
from dcviz.ui.status import duration, roughly, size

WARNING = "This runs {}, which was never run here. Run it only if you know what it does."
PLAIN = "custom"  # the preset menu's word for: no preset


def opened(store: Store) -> Choices:
    """The set-up that this window holds; on its first run, and for a link to a run, that of the address."""
    if missed := once.unshown():
        address.write({**address.read(), "run": missed})
        st.session_state["lab.run"] = missed
    state, query = st.session_state, address.read()
    if "lab.choices" not in state or query.get("run", state.get("lab.run")) != state.get("lab.run"):
        state["lab.run"], refusals = _run_of(store, query)
        state["lab.shown"] = state["lab.run"], _step_of(store, state["lab.run"], query, refusals)
        state["lab.choices"], more = url.read(query)
        alone = not set(query) - set(url.OURS)
        if state["lab.run"] and alone:
            state["lab.choices"] = _set_up_of(store.run(state["lab.run"]).config, more)
        state["lab.choices"] = _with_own(store, state["lab.choices"], more)
        for key in [k for k in state if str(k).startswith("lab.w.") or str(k).startswith(forms.PREFIX)]:
            del state[key]
        notices.forget()
        notices.keep(*refusals, *more)
    notices.draw()
    _offer_back(store)
    found: Choices = state["lab.choices"]
    return found


def _offer_back(store: Store) -> None:
    """For a link to a run in the bin: nothing else until it is restored or let go."""
    missing = st.session_state.get("lab.missing")
    if not isinstance(missing, Deleted):
        return
    with st.container(horizontal=True):
        back = binned.offer(store, missing, "lab.restore")
        if not back and not st.button("Leave it, set up a new run", icon=":material/tune:", key="lab.leave"):
            st.stop()
    notices.forget()
    if back:
        st.query_params["run"] = back
    else:
        st.query_params.pop("run", None)  # a second press finds it gone
    st.session_state["lab.missing"] = None
    st.rerun()


def _run_of(store: Store, query: dict[str, str]) -> tuple[str | None, list[str]]:
    st.session_state["lab.missing"] = None
    if "run" not in query:
        return None, []
    try:
        run = store.run(query["run"])
        _ = run.config  # written by another version, it may be refused
        return run.id, []
    except Refused as refusal:
        st.session_state["lab.missing"] = refusal
        return None, [f"run={query['run']} in the address: {refusal}"]


def _set_up_of(config: RunConfig, refusals: list[str]) -> Choices:
    """The choices that mean a run's configuration; the usual ones where it names what is not here, as of a plug-in."""
    try:
        found = choices_of(config)
        config_of(found)
    except Refused as refusal:
        refusals.append(
            f"This run can be looked at and exported; the controls cannot show its set-up: {refusal} "
            "If a plug-in declared it, install that plug-in."
        )
        return Choices()
    return found


def _with_own(store: Store, choices: Choices, refusals: list[str]) -> Choices:
    """The choices with images of your own read, if they are new here; without them where they do not fit."""
    if not choices.path or choices.path in own.known(store):
        return choices
    try:
        named = choices.name in {info.name for info in catalogue()}  # of an older run of the command line
        own.add(store, choices.path, "" if named else choices.name)
    except Refused as refusal:
        refusals.append(f"path={choices.path} in the address: {refusal}")
        plain = {p: v for p, v in choices.settings.items() if not p.startswith(data_panel.PART)}
        return replace(choices, data=Choices.data, path="", name="", settings=plain)
    return choices


def _step_of(store: Store, run: str | None, query: dict[str, str], refusals: list[str]) -> int | None:
    """The step to show first; the newest is shown where none, or none that the run has done, is given."""
    text = query.get("step")
    if text is None or run is None:
        return None
    done = store.run(run).step
    if text.isdecimal() and int(text) <= done:
        return int(text)
    refusals.append(f"step={text} in the address: {run} has done {done:,} steps; give a whole number from 0 to {done}.")
    return None


def controls(store: Store, choices: Choices) -> Choices:
    """The row of everyday choices and the panel of all parameters; returns what is chosen now."""
    row = st.columns([1.55, 1.25, 1.35, 0.95, 1.2, 0.5], vertical_alignment="bottom", gap="small")
    with row[0], st.container(key="dc-pick-data"):
        choices = data_panel.choose(store, choices)
    with row[3], st.container(key="dc-pick-preset"):
        presets = {PLAIN: "—"} | {n: p.title for n, p in registry.known("preset").items()}
        preset = _menu("or preset", presets, choices.preset or PLAIN, "preset", lambda n: presets[n])
        preset = "" if preset == PLAIN else preset
        explain.preset(replace(choices, preset=preset))
    with row[1], st.container(key="dc-pick-regime"):
        known = regimes()
        regime = _menu("Regime", known, choices.regime, "regime", lambda n: known[n], off=bool(preset))
        explain.regime(replace(choices, regime=regime, preset=preset))
    with row[2], st.container(key="dc-pick-divergence"):
        fitting = methods(regime)
        method = choices.divergence if choices.divergence in fitting else next(iter(fitting))
        method = _menu("Divergence", fitting, method, f"method.{regime}", lambda n: fitting[n], off=bool(preset))
        explain.divergence(replace(choices, regime=regime, divergence=method, preset=preset))
    with row[4]:
        budget = _budget(choices.budget)
    chosen = replace(choices, regime=regime, divergence=method, preset=preset, budget=budget)
    if (chosen.regime, chosen.divergence, chosen.preset) != (choices.regime, choices.divergence, choices.preset):
        chosen = pursuing.afresh(chosen)  # another method has other parameters
    with row[5]:
        return parameters(store, chosen)


def _menu(label: str, options: dict, now: str, key: str, show, *, off: bool = False) -> str:  # noqa: ANN001, PLR0913
    names = list(options)
    index = names.index(now) if now in names else 0
    return st.selectbox(label, names, index, format_func=show, key=f"lab.w.{key}", disabled=off)


def _budget(now: int) -> int:
    options = sorted({*BUDGETS, now})
    why = "K: stored synthetic images per class (IPC in the literature)."
    return st.select_slider("Budget per class", options, now, key="lab.w.budget", help=why)


def parameters(store: Store, choices: Choices) -> Choices:
    """Every parameter, made from the declarations, folded into one panel."""
    with st.popover("Every parameter", icon=":material/tune:", help="Every parameter", key="lab.settings"):
        steer.live_rate(store, st.session_state.get("lab.run"))
        row = st.columns([1.3, 1, 1, 1.15, 1.05])  # the scale holds two words
        choices = _scaled(row[0], choices)
        plain = config_of(replace(choices, settings={}, steps=None, start=None))
        scope = _scope(choices, plain)
        choices = _plan(row[1:], choices, plain, scope)
        term = plain.terms[0]
        st.caption("Method")
        own = forms.fields(forms.term_hypers(term.params, "discrepancy", term.discrepancy), choices.settings, scope)
        st.caption("Run")
        of_run = forms.fields(forms.run_hypers(plain), choices.settings, scope)
        if known := pursuing.ordered():
            choices = pursuing.several(choices, known, "Objectives", "lab.w.objectives")
    drawn = {*forms.term_hypers(term.params, "discrepancy", term.discrepancy), *forms.run_hypers(plain)}
    hidden = {path: value for path, value in choices.settings.items() if path not in drawn}
    return replace(choices, settings={**hidden, **own, **of_run})


def _scaled(place: Any, choices: Choices) -> Choices:
    """The scale of the preset; another one has other parameters."""
    scale = place.segmented_control(
        "scale", list(SCALES), default=choices.scale, key="lab.w.scale", disabled=not choices.preset,
        help="paper: the authors' constants, as far as they are known. small: cut to run on two cores. What was cut is "
        "said beside the preset.",
    )  # fmt: skip
    if not choices.preset or scale in (None, choices.scale):
        return choices
    return pursuing.afresh(replace(choices, scale=scale))


def _scope(choices: Choices, plain: RunConfig) -> str:
    """Tells the fields of one method from those of another, and of a preset that changes with the budget."""
    method = choices.preset or f"{choices.regime}.{choices.divergence}"
    return f"{zlib.crc32(f'{method} {sorted(flat(plain).items())} {plain.steps} {plain.start}'.encode()):x}."


def _plan(row: Any, choices: Choices, plain: RunConfig, scope: str) -> Choices:
    """Steps, seed and start."""
    from dcviz.condensing.start import STARTS

    known = {s.name: s for s in STARTS}
    now = choices.start or plain.start
    given = plain.steps if choices.steps is None else choices.steps
    steps = row[0].number_input("steps", 0, 1_000_000, given, key=f"lab.w.{scope}steps", help="Updates of S.")
    seed = row[1].number_input("seed", 0, 2**31 - 1, choices.seed, key="lab.w.seed", help="Of every random draw.")
    start = row[2].selectbox(
        "start", known, list(known).index(now), key=f"lab.w.{scope}start", format_func=lambda n: known[n].title,
        help=known[now].sentence,
    )  # fmt: skip
    limit = row[3].number_input(
        "stop after (s)", min_value=0.001, value=choices.time_limit, placeholder="none", key="lab.w.limit",
        help="Seconds of condensing after which the run stops and is judged as it is; it can go on later, bit for bit.",
    )  # fmt: skip
    return replace(
        choices,
        seed=int(seed),
        time_limit=limit,
        steps=None if steps == plain.steps else int(steps),
        start=None if start == plain.start else start,
    )


def condense(store: Store, choices: Choices) -> tuple[RunConfig | None, str]:
    """The estimate and the button; a press launches the run. None, and why, when the choices do not fit together."""
    draw = partial(st.button, icon=":material/play_arrow:", type="primary", width="stretch", key="lab.condense")
    try:
        config = config_of(choices)
        guess = service.estimate(store, config)
    except Refused as refusal:
        draw("Condense", help="These choices do not fit together: see below.", disabled=True)
        return None, str(refusal)
    seconds = min(guess.seconds, choices.time_limit or guess.seconds)
    why = f"About {duration(seconds)} and {size(guess.bytes)} of memory, {guess.basis}."
    refused = _launch(store, config, choices.time_limit) if draw(f"Condense ≈ {roughly(seconds)}", help=why) else ""
    return config, refused


def confirm(store: Store, choices: Choices, config: RunConfig | None) -> str:
    """Ask before code runs that never ran here, until it is answered or other choices are made; why it cannot start."""
    if config is None or st.session_state.get("lab.foreign") != config:
        return ""
    st.error(plain(WARNING.format(", ".join(sorted(code_of(config))))), icon=":material/warning:")
    if not st.button("It is mine: run it", icon=":material/code:", key="lab.trust"):
        return ""
    refused = _launch(store, config, choices.time_limit, trust=True)
    if not refused:
        st.rerun()
    return refused


def usual(choices: Choices) -> RunConfig | None:
    """The usual method on the data and budget chosen: what can be shown where the choices do not fit together."""
    kept = pursuing.afresh(choices).settings
    try:
        return config_of(
            Choices(data=choices.data, path=choices.path, name=choices.name, budget=choices.budget, settings=kept)
        )
    except Refused:  # of the data itself: the sentence above says so
        return None


def _launch(store: Store, config: RunConfig, time_limit: float | None, *, trust: bool = False) -> str:
    """Start the run; why not, where it cannot."""
    st.session_state["lab.foreign"] = None
    try:
        launch = partial(service.launch, store, config, time_limit=time_limit, trust=trust)
        st.session_state["lab.run"] = once.once((config, time_limit), launch, show=True)
        service.worker(store)
    except Foreign:
        st.session_state["lab.foreign"] = config
    except Refused as refusal:
        return str(refusal)
    return ""


def remember(choices: Choices) -> str | None:
    """Write the set-up and the run into the address; returns the run that is looked at."""
    st.session_state["lab.choices"] = choices
    run = st.session_state.get("lab.run")
    of, step = st.session_state.get("lab.shown", (None, None))
    wanted = url.write(choices) | ({"run": run} if run else {})
    wanted |= {"step": str(step)} if run and of == run and step is not None else {}
    address.write(wanted)
    once.shown()
    return run
