"""A run once more: the same but for a few values, with other seeds, or as a grid of methods, budgets and seeds."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.runs import service, vary
from dcviz.runs.store import Run, Store
from dcviz.ui import once, url
from dcviz.ui.choices import BUDGETS
from dcviz.ui.plain import plain
from dcviz.ui.status import duration
from dcviz.ui.told import say

METHOD = "What is minimised. Its own parameters begin at their usual values; what was set of the run stays."
LIMIT = "Seconds of condensing after which a run stops and is judged as it is; it can go on later. Empty: none."


def buttons(store: Store, run: Run) -> None:
    """The two ways to have a run again."""
    with st.container(horizontal=True, gap="xsmall"):
        if st.button(
            "Same, but…", icon=":material/content_copy:", key="again.one", help="A copy with a few other values."
        ):
            st.dialog("The same, but …", width="medium")(same_but)(store, run)
        if st.button(
            "Repeat, sweep…", icon=":material/grid_view:", key="again.many", help="Several copies, as a queue."
        ):
            st.dialog("Repeat and sweep", width="medium")(sweep)(store, run)


def same_but(store: Store, run: Run) -> None:
    """What a copy has otherwise, and the button that queues it."""
    config = run.config
    st.caption(f"A copy of **{plain(run.title)}**, set up alike but for what is changed here.")
    methods = vary.others(config)
    left, right = st.columns(2)
    with left:
        method = _method(config, methods)
        budget = st.number_input("budget", 1, 100, config.budget, help="Images per class.", key="again.budget")
        steps = st.number_input("steps", 0, 1_000_000, config.steps, help="Updates of S.", key="again.steps")
    with right:
        seed = st.number_input("seed", 0, 2**31 - 1, config.seed, help="Of every random number.", key="again.seed")
        rate = _rate(config)
        limit = st.number_input(
            "stop after (s)", min_value=0.001, value=run.time_limit, placeholder="no limit", help=LIMIT
        )
    name = st.text_input("Name", max_chars=120, placeholder="none", help="Without one it is called by what it does.")
    settings: dict[str, object] = {"steps": steps} if steps != config.steps else {}
    if rate is not None and rate != config.optimiser.rates["images"]:
        settings["optimiser.rates.images"] = rate
    try:
        varied = vary.vary(config, method=method, budget=int(budget), seed=int(seed), settings=settings)
        guess = service.estimate(store, varied)
    except Refused as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        return
    if varied == config:
        st.caption("Nothing is changed yet: on the CPU the copy would give the same bits.")
    choices = vary.as_choices(varied)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Queue it ≈ {duration(min(guess.seconds, limit or guess.seconds))}", type="primary", key="again.queue"
        ):
            _launch(store, varied, name or "", limit)
        if choices is not None:
            address = url.write(replace(choices, time_limit=limit))
            st.page_link("app.py", label="Set it up in the Lab", icon=":material/tune:", query_params=address)


def _method(config: RunConfig, methods: dict[str, str]) -> str | None:
    now = vary.method_of(config)
    if now not in methods:
        return None
    label = "preset" if config.preset else "method"
    names = list(methods)
    return st.selectbox(
        label, names, names.index(now), format_func=methods.__getitem__, key="again.method", help=METHOD
    )


def _rate(config: RunConfig) -> float | None:
    rates = config.optimiser.rates
    if "images" not in rates or vary.as_choices(config) is None:
        return None
    why = "Step size of the optimiser that updates S."
    now = float(rates["images"])  # which the command line may have taken from further away
    low, high = min(1e-6, now), max(1e4, now)
    return st.number_input("learning rate", low, high, now, format="%g", help=why, key="again.rate")


def _launch(store: Store, config: RunConfig, name: str, limit: float | None) -> None:
    try:
        launch = partial(service.launch, store, config, name=name, time_limit=limit)
        run = once.once((config, name, limit), launch)
        service.worker(store)
    except Refused as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        return
    say(f"{store.run(run).title} is queued.", ":material/playlist_add:")
    st.rerun()


def sweep(store: Store, run: Run) -> None:
    """What is to be combined, how many runs that makes, how long they take; and the button that queues them."""
    config = run.config
    st.caption(
        f"Every combination of what is given here, each a run of its own, set up like **{plain(run.title)}**. "
        "What is left empty stays as it is."
    )
    methods, now = vary.others(config), vary.method_of(config)
    count = st.number_input(
        "repeats with other seeds", 0, vary.MOST, 3, key="again.repeats",
        help="So many seeds that this run has not been done with yet. 0: only the run's own seed.",
    )  # fmt: skip
    budgets = st.multiselect(
        "budgets", sorted({*BUDGETS, config.budget}), key="again.budgets", placeholder=f"{config.budget} per class",
        help="Images per class.",
    )  # fmt: skip
    label = "presets" if config.preset else "methods"
    chosen = st.multiselect(
        label, list(methods), format_func=methods.__getitem__, key="again.methods", disabled=not methods,
        placeholder=methods.get(now, "as it is"), help=METHOD,
    )  # fmt: skip
    left, right = st.columns(2)
    limit = left.number_input("stop each after (s)", min_value=0.001, value=None, placeholder="no limit", help=LIMIT)
    tag = right.text_input("tag", vary.next_tag(store), max_chars=40, help="All of them get it, to be found together.")
    try:
        plan = _plan(store, config, vary.Grid(chosen, budgets, _seeds(store, config, int(count))), limit)
    except Refused as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        return
    if st.button(f"Queue {len(plan.configs)} runs", type="primary", disabled=not plan.configs, key="again.start"):
        grid = run.id, count, tuple(budgets), tuple(chosen)
        _start(store, grid, plan, limit, tag or "")


def _seeds(store: Store, config: RunConfig, count: int) -> list[int]:
    """The run's own seed and so many more; that of the run itself is there already, and then left out."""
    return [config.seed, *(vary.more_seeds(store, config, count) if count else ())]


def _plan(store: Store, config: RunConfig, grid: vary.Grid, limit: float | None) -> vary.Plan:
    """What would be queued, in words before it is."""
    plan = vary.plan(store, config, grid, time_limit=limit)
    parts = [(len(grid.method), "method"), (len(grid.budget), "budget"), (len(grid.seed), "seed")]
    product = " × ".join(f"{n} {what}{'' if n == 1 else 's'}" for n, what in parts if n)
    basis = "measured here" if plan.measured else "calculated, as nothing like it was run here yet"
    there = (
        f" {plan.there} of them {'is' if plan.there == 1 else 'are'} there already and left out." if plan.there else ""
    )
    st.markdown(
        f"{product}: **{len(plan.configs)} runs**, about **{duration(plan.seconds)}** of condensing in all ({basis}), "
        f"one after the other; each is tested at its end, which is not counted.{there}"
    )
    for text in plan.refused:
        st.warning(plain(text), icon=":material/block:")
    return plan


def _start(store: Store, grid: tuple[Any, ...], plan: vary.Plan, limit: float | None, tag: str) -> None:
    start = partial(vary.start, store, plan, time_limit=limit, tags=[tag] if tag.strip() else [])
    try:
        runs = once.once((grid, limit), start)
        service.worker(store)
    except Refused as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        return
    say(f"{len(runs)} {'run is' if len(runs) == 1 else 'runs are'} queued.", ":material/playlist_add:")
    st.rerun()
