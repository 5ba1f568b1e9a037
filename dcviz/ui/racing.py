"""The budget race on screen: what is held equal, the button that queues it, and how it went."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from dcviz.errors import Refused
from dcviz.figures import Theme
from dcviz.figures.race import Finish, race
from dcviz.records import RunConfig, to_json
from dcviz.runs import service
from dcviz.runs.racing import BUDGETS, EQUAL, Lane, lanes
from dcviz.runs.racing import race as launch
from dcviz.runs.store import Store
from dcviz.runs.words import about
from dcviz.ui import once
from dcviz.ui.plain import plain
from dcviz.ui.reader import Reader
from dcviz.ui.several import Several, gather
from dcviz.ui.share import saving
from dcviz.ui.status import duration, roughly

OFFERED = (1, 2, 3, 5, 10, 20, 50, 100)
USUAL = "the Lab's usual set-up"


def control(store: Store, several: Several | None, equal: str, key: str) -> list[str] | None:
    """What to race and how; the runs, once they are queued. ``key`` is that of the choice what is equal."""
    bases = _bases(several)
    row = st.columns([1.9, 2.0, 2.0, 0.9, 1.8], vertical_alignment="bottom", gap="small")
    chosen = row[0].selectbox(
        "Set-up",
        list(bases),
        key="compare.race.base",
        help="All but budget and steps stays as it is, and what a preset sets by the budget.",
    )
    budgets = row[1].multiselect(
        "Images per class", OFFERED, list(BUDGETS), key="compare.race.budgets", help="K, the budgets that race."
    )
    row[2].segmented_control(
        "Equal", list(EQUAL), format_func=lambda name: EQUAL[name].title, default=equal, key=key,
        help="What every budget gets the same of.",
    )  # fmt: skip
    repeats = row[3].number_input(
        "Repeats", 1, 10, 3, key="compare.race.repeats", help="Seeds of each budget: error bars need at least 2."
    )
    try:
        found = lanes(store, bases[chosen], budgets, equal)
    except Refused as refusal:
        st.info(plain(str(refusal)), icon=":material/info:")
        return None
    total = repeats * sum(lane.seconds for lane in found)
    label = f"Queue {repeats * len(found)} runs ≈ {roughly(total)}"
    pressed = row[4].button(label, icon=":material/flag:", type="primary", width="stretch", key="compare.race.start")
    _explained(found, equal)
    if not pressed:
        return None
    wanted = equal, repeats, [lane.config for lane in found]
    try:
        queued: list[str] = once.once(wanted, partial(launch, store, found, int(repeats)))
    except Refused as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        return None
    service.worker(store)
    return queued


def _bases(several: Several | None) -> dict[str, RunConfig]:
    """Set-ups to choose from: those that are compared, each once, then the usual one."""
    found: dict[str, RunConfig] = {}
    for group in several.groups if several is not None else ():
        config = group[0].config
        found.setdefault(f"{about(config).rpartition(' · ')[0]} · {config.steps:,} steps", replace(config, seed=0))
    return {**found, USUAL: RunConfig()}


def _explained(found: Sequence[Lane], equal: str) -> None:
    left, right = st.columns([1.6, 1], gap="medium", vertical_alignment="center")
    steps = " · ".join(
        f"**{lane.config.budget}** per class: {lane.config.steps:,} steps ≈ {duration(lane.seconds)}" for lane in found
    )
    basis = ", ".join(sorted({lane.basis for lane in found}))
    left.caption(f"{EQUAL[equal].sentence}  \n{steps} ({basis})")
    right.latex(EQUAL[equal].formula)


def watch(reader: Reader, ids: tuple[str, ...], equal: str, theme: Theme) -> None:
    """How the race goes, or how any runs of several budgets went; it refreshes itself while they go on."""
    alive = gather(reader, ids, theme).alive
    st.fragment(_look, run_every=2.0 if alive else None)(reader, ids, equal, theme, alive)


def _look(reader: Reader, ids: tuple[str, ...], equal: str, theme: Theme, was_alive: bool) -> None:
    try:
        several = gather(reader, ids, theme)
    except Refused as refusal:
        st.info(plain(f"{refusal} Choose the runs anew."), icon=":material/info:")
        return
    if several.alive != was_alive:
        st.rerun()
    of = [i for i, group in enumerate(several.groups) if group[0].config.data == several.data]
    budgets = {several.groups[i][0].config.budget for i in of}
    if len(budgets) < 2:
        st.info(
            "These runs have one budget: queue a race above, or choose runs of several budgets.", icon=":material/flag:"
        )
        return
    waiting = [run for run in several.runs if run.status in ("queued", "running")]
    if waiting:
        done = sum(run.step / max(run.steps, 1) for run in several.runs) / len(several.runs)
        st.progress(min(done, 1.0), f"{len(several.runs) - len(waiting)} of {len(several.runs)} runs are done")
    spec = figure(several, of, equal, theme)
    if not spec["data"]:
        st.caption("Nothing is measured yet: curves follow with the first accuracies.")
        return
    st.plotly_chart(spec, width="stretch", theme=None, config=saving("budgets"), key="compare.race.figure")
    with st.expander("The same in numbers"):
        st.html(_numbers(several, of))
    if len(of) < len(several.groups):
        st.caption(f"Only runs on {plain(several.data.name)} are drawn: accuracies on other data do not compare.")


def figure(several: Several, of: Sequence[int], equal: str, theme: Theme) -> dict:
    """Accuracy along the compute, and at the end by budget, of groups on one data set."""
    strands = several.strands("seconds" if equal == "seconds" else "step", of)
    if equal == "updates":
        for i, strand in zip(of, strands, strict=True):
            per_step = several.groups[i][0].config.budget * several.classes(several.groups[i][0])
            for run in strand.runs:
                run.update({name: (steps * per_step, values) for name, (steps, values) in run.items()})  # type: ignore[attr-defined]
    finishes = _finishes(several, of)
    rivals, ceiling = _rivals(several, of)
    unit = "seconds of condensing" if equal == "seconds" else "image-updates: steps × images per class × classes"
    return race(strands, finishes, rivals, theme, unit=unit, ceiling=ceiling)


def _numbers(several: Several, of: Sequence[int]) -> str:
    """HTML of what the figure's right half shows, a line for each mark, for those who do not see or hover it."""
    rivals, ceiling = _rivals(several, of)
    ends = [(f"{one.sign.glyph} {one.label}", one.budget, one.mean, one.spread) for one in _finishes(several, of)]
    ends += [(name, *spot) for name, spots in rivals.items() for spot in spots]
    lines = [
        f"<tr><th scope='row'>{html.escape(name)}</th><td>{budget}</td><td>{_percent(mean, spread)}</td></tr>"
        for name, budget, mean, spread in sorted(ends, key=lambda end: end[1])
    ]
    if ceiling is not None:
        lines.append(f"<tr><th scope='row'>whole set</th><td></td><td>{_percent(ceiling, None)}</td></tr>")
    heads = ("<th scope='col'></th>", "<th scope='col'>images per class</th>", "<th scope='col'>test accuracy</th>")
    return f'<table class="dc-table dc-differ"><tr>{"".join(heads)}</tr>{"".join(lines)}</table>'


def _percent(mean: float, spread: float | None) -> str:
    return f"{100 * mean:.1f}" + (f" ± {100 * spread:.1f}" if spread is not None else "") + " %"


def _finishes(several: Several, of: Sequence[int]) -> list[Finish]:
    network = next(iter(several.table.protocols), "")
    return [finish for i in of if (finish := _finish(several, i, network)) is not None]


def _finish(several: Several, i: int, network: str) -> Finish | None:
    value = several.table.rows[i].values.get(network)
    if value is None or value.protocol:
        return None
    config = several.groups[i][0].config
    plain = replace(config, seed=0, budget=0, steps=0, device="auto")
    family = config.preset or to_json(plain)  # constants of a preset may follow the budget
    return Finish(config.budget, value.mean, value.spread, several.signs[i], several.labels[i], family)


def _rivals(
    several: Several, of: Sequence[int]
) -> tuple[Mapping[str, Sequence[tuple[int, float, float | None]]], float | None]:
    """Random real samples by budget under the protocol of the final test, and the whole set."""
    random: dict[int, tuple[int, float, float | None]] = {}
    ceiling = None
    protocols = next(iter(several.table.protocols.values()), ())
    for i in of:
        run = several.groups[i][0]
        for score in several.scores[run.id]:
            if score.protocol != (protocols[0] if protocols else None):
                continue
            if score.of == "random":
                random[run.config.budget] = run.config.budget, score.mean, score.std if len(score.values) > 1 else None
            if score.of == "whole set":
                ceiling = score.mean
    return ({"random real": sorted(random.values())} if random else {}), ceiling
