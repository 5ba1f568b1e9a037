"""The Objectives page: choose one, slide its strength, and see what it gains and what it costs."""

from __future__ import annotations

from functools import partial
from typing import Literal

import streamlit as st

from dcviz.errors import Refused, unknown
from dcviz.figures import Theme
from dcviz.records import RunConfig, to_json
from dcviz.runs import frontier, service, vary
from dcviz.runs.store import Run, Store
from dcviz.ui import address, costing, live, notices, once, overlaid, pursuing, url
from dcviz.ui.choices import Choices, config_of
from dcviz.ui.plain import plain
from dcviz.ui.reader import Reader
from dcviz.ui.status import duration, size

CHOICES, NAME = "objectives.choices", "objectives.name"  # in the session: the set-up, and what is slid
LEAN = ".st-key-steer-reset, .st-key-steer-fork { display: none; }"  # the slider is the way to another run here
NONE = (
    "No objective is registered here: install a plug-in that declares one (`dcviz.types.Objective`), and it can be "
    "chosen on this page."
)
ABOUT = (
    "Beside standing for the real data, a set can be asked to be **robust**, **private** or **fair**. Each objective "
    "has a strength; this page shows what more of it gains, and what it costs in accuracy."
)


def draw(reader: Reader, theme: Theme) -> None:
    """The page."""
    known = pursuing.ordered()
    if not known:
        st.markdown(ABOUT)
        st.info(NONE, icon=":material/info:")
        return
    choices, name = opened(list(known))
    notices.draw()
    st.html(f"<style>{LEAN}</style>")
    with st.container(key="dc-objectives-bar"):
        row = st.columns([1.25, 1.1, 1.4, 1.65, 1.5, 0.42, 1.5], vertical_alignment="bottom", gap="small")
    choices, name = pursuing.controls(reader.store, choices, name, row)
    config = _config(choices, name)
    if config is None:
        _remember(choices, name)
        return
    with row[6]:
        _condense(reader.store, config)
    _remember(choices, name)
    run, kind = newest(reader.store, config), known[name].kind
    answer = overlaid.ask(reader.store, run, kind)
    over = overlaid.drawn(reader.store, answer, run, kind, theme)
    with st.container(key="dc-costs"):  # its columns stand below one another where there is no room
        left, right = st.columns([1.95, 1], gap="medium")
    with left:
        live.watch(reader, config, run.id if run else None, theme, beside=over)
    with right, st.container(key="dc-costs-side"):
        if over is not None:
            st.caption(f":material/route: {over.words}")
        elif answer is not None and answer.trouble:
            st.caption(f":material/route: {plain(answer.trouble)}")
        pursued = config_of(pursuing.pursued(choices, name))
        costing.draw(reader, costing.Looked(pursued, config, name, run, kind), theme)


# ----------------------------------------------------------------------------------------------- the address


def opened(known: list[str]) -> tuple[Choices, str]:
    """The set-up and the objective that this window holds; those of the address where that says something."""
    state, query = st.session_state, address.read()
    if CHOICES not in state or (query and query != state.get("objectives.address")):
        asked = query.pop("objective", "")
        choices, refusals = url.read(query)
        own = [path.split(".")[1] for path in choices.settings if path.startswith(pursuing.OBJECTIVE)]
        if asked and asked not in known:
            refusals.append(f"objective={asked} in the address: {unknown('objective', asked, known)}")
            asked = ""
        state[CHOICES], state[NAME] = choices, asked or next((n for n in own if n in known), known[0])
        if not query and not asked:
            state[CHOICES] = pursuing.started(state[NAME], choices)
        pursuing.anew()
        notices.forget()
        notices.keep(*refusals)
    if state[NAME] not in known:  # a plug-in that is no longer there
        state[NAME] = known[0]
    return state[CHOICES], state[NAME]


def _remember(choices: Choices, name: str) -> None:
    st.session_state[CHOICES], st.session_state[NAME] = choices, name
    wanted = {"objective": name, **url.write(choices)}
    st.session_state["objectives.address"] = wanted
    address.write(wanted)


# -------------------------------------------------------------------------------------------------- the run


def _config(choices: Choices, name: str) -> RunConfig | None:
    """What the choices mean; None, and why, where they do not fit together.

    The run without the objective is what those with it are compared with: it starts as they do.
    """
    try:
        if pursuing.path_of(name) in choices.settings:
            return config_of(choices)
        return frontier.at(config_of(pursuing.pursued(choices, name)), name, None)
    except Refused as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        return None


def newest(store: Store, config: RunConfig) -> Run | None:
    """The newest run of just this configuration."""
    text = to_json(config)
    return next((run for run in store.runs(limit=costing.LOOKED_AT) if run.config_text == text), None)


def _condense(store: Store, config: RunConfig) -> None:
    """The button: this set-up, or a further seed of it where it is there already."""
    there = store.existing([to_json(config)])
    try:
        wanted = vary.vary(config, seed=vary.more_seeds(store, config, 1)[0]) if there else config
        guess = service.estimate(store, wanted)
    except Refused as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        return
    label = f"{'One more seed' if there else 'Condense'} ≈ {duration(guess.seconds)}"
    why = f"About {duration(guess.seconds)} and {size(guess.bytes)} of memory, {guess.basis}."
    if there:
        why = f"Another seed of what is shown: error bars need at least two. {why}"
    kind: Literal["primary", "secondary"] = "secondary" if there else "primary"
    if st.button(label, icon=":material/play_arrow:", type=kind, width="stretch", help=why, key="objectives.condense"):
        try:
            tags = [pursuing.tag(st.session_state[NAME])]
            once.once((config, tags), partial(service.launch, store, wanted, tags=tags))
            service.worker(store)
        except Refused as refusal:
            st.error(plain(str(refusal)), icon=":material/block:")
            return
        st.rerun()
