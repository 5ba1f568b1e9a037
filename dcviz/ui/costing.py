"""What an objective gains and what it costs: two numbers, the front over the strengths, and what is missing of it."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dcviz import registry
from dcviz.errors import Refused
from dcviz.evaluation.suite.declared import Quantity
from dcviz.figures import Theme
from dcviz.figures.costs import Aim, costs, stands
from dcviz.records import RunConfig
from dcviz.runs import assessing, frontier, service, vary
from dcviz.runs.comparing import Value
from dcviz.runs.frontier import Point, Strength
from dcviz.runs.store import Run, Store
from dcviz.ui import overlaid, pursuing
from dcviz.ui.good import is_planar
from dcviz.ui.plain import plain
from dcviz.ui.reader import Reader
from dcviz.ui.share import saving
from dcviz.ui.spent import caption
from dcviz.ui.status import duration
from dcviz.ui.why import why

LOOKED_AT = frontier.LOOKED_AT
LIVE_SECONDS = 1.5  # between looks while runs or measurements of it go on
SIZE = (450, 330)  # pixels of the front
FOLLOW = "objectives.follow"  # in the session: what is to be measured as soon as its runs are done
WITHIN = 2.0  # joint standard deviations within which a change says nothing


@dataclass(frozen=True)
class Looked:
    """What the page looks at."""

    pursued: RunConfig  # the set-up with the objective in it
    config: RunConfig  # as it is chosen: with the objective, or without
    name: str  # of the objective
    run: Run | None  # of that set-up, the newest
    kind: str  # of the objective

    @property
    def chosen(self) -> Strength | None:
        """The strength, None without the objective."""
        own = next((o for o in self.config.objectives if o.name == self.name), None)
        return None if own is None else own.params[registry.find("objective", self.name).strength]


@dataclass(frozen=True)
class Going:
    """What goes on of it: more than this changes on the page when one of it ends."""

    runs: int  # that wait or are condensed
    measuring: bool
    drawing: bool  # whether something is on its way to the map


def draw(reader: Reader, at: Looked, theme: Theme) -> None:
    """The side of the page; it refreshes itself while something of it goes on."""
    going = _going(reader.store, at)
    busy = going.runs or going.measuring or going.drawing
    st.fragment(_look, run_every=LIVE_SECONDS if busy else None)(reader.store, at, theme, going)


def _going(store: Store, at: Looked) -> Going:
    waiting = frontier.relatives(store, at.pursued, at.name, "queued", "running")
    answer = overlaid.ask(store, at.run, at.kind)
    drawing = answer is not None and not answer.whole
    return Going(sum(len(held) for held in waiting.values()), assessing.progress(store) is not None, drawing)


def _look(store: Store, at: Looked, theme: Theme, going: Going) -> None:
    known = frontier.points(store, at.pursued, at.name)
    if going != _going(store, at):
        st.rerun()  # the marks of the slider, the map, and the pace of looking lie outside this fragment
    aim = frontier.quantity(at.name)
    st.html(_numbers(known, at.chosen, at.name, aim))
    _front(known, at.chosen, at.name, aim, theme)
    _act(store, at.pursued, known, at.name, going)
    caption(store, at.pursued.data)
    st.caption(f":material/gpp_maybe: {registry.find('objective', at.name).caution}")


# ------------------------------------------------------------------------------------------------ two numbers


def _numbers(known: Sequence[Point], chosen: Strength | None, name: str, aim: Quantity) -> str:
    """Accuracy and what is aimed at, without the objective and with it, as HTML."""
    plain = next((p for p in known if p.strength is None), None)
    here = next((p for p in known if p.strength == chosen), None)
    said = [frontier.said(name, None)] + ([] if chosen is None else [frontier.said(name, chosen), "change"])
    head = "".join(f"<th>{html.escape(t)}</th>" for t in ("", *said))
    rows = []
    for title, unit, better, of in (
        (aim.title, aim.unit, aim.better, "aimed"),
        ("test accuracy", "fraction", "higher", "accuracy"),
    ):
        before, after = (None if p is None else getattr(p, of) for p in (plain, here))
        meaning = aim.sentence if of == "aimed" else "Of fresh networks trained on the set; the last update counts."
        cells = [frontier.number(before, unit)]
        if chosen is not None:
            cells += [frontier.number(after, unit), _change(before, after, unit, better)]
        inner = "".join(f"<td>{cell}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{why(html.escape(title), meaning, name=title)}</th>{inner}</tr>')
    return f'<table class="dc-table dc-gain"><tr>{head}</tr>{"".join(rows)}</table>'


def _change(before: Value | None, after: Value | None, unit: str, better: str) -> str:
    """How far it moved, and whether that is more than the spread."""
    if before is None or after is None:
        return "–"
    step = after.mean - before.mean
    spread = math.hypot(before.spread or 0.0, after.spread or 0.0)
    text = (f"{100 * step:+.1f}" if unit == "fraction" else f"{step:+.3g}").replace("-", "−")
    if abs(step) <= WITHIN * spread:
        return why(f"{text} (spread)", f"Less than {WITHIN:g} joint standard deviations: it may be chance.", name=unit)
    good = (step > 0) == (better != "lower")
    return f'<b class="dc-{"better" if good else "worse"}">{text} {"better" if good else "worse"}</b>'


# -------------------------------------------------------------------------------------------------- the front


def _front(known: Sequence[Point], chosen: Strength | None, name: str, aim: Quantity, theme: Theme) -> None:
    said = [(frontier.said(name, p.strength), p.strength is None, p.aimed, p.accuracy) for p in known]
    drawn = stands(said, aim.unit, frontier.said(name, chosen))
    if not drawn:
        st.caption(
            f"**The front** stands here: test accuracy against {aim.title}, a point for each strength, ■ without the "
            "objective. Condense some strengths, then measure them."
        )
        return
    spec = costs(drawn, Aim.of(aim.title, aim.unit, aim.better), theme, SIZE)
    st.plotly_chart(spec, width="content", theme=None, config=saving(f"front-{name}"), key=f"objectives.front.{name}")


# ---------------------------------------------------------------------------------------------- what is missing


def _act(store: Store, pursued: RunConfig, known: Sequence[Point], name: str, going: Going) -> None:
    """Queue the other strengths, and measure what is aimed at."""
    aimed = registry.find("objective", name).aims[0]
    if said := assessing.refusal(aimed, planar=is_planar(pursued.data)):
        st.info(plain(said), icon=":material/block:")
        return
    lacking = frontier.lacking(store, known, name)
    _progress(store, going.runs)
    if lacking and not going.measuring and st.session_state.get(FOLLOW) == name:
        assessing.ask(store, *lacking)
        st.rerun()
    with st.container(horizontal=True, gap="small"):
        _spread(store, pursued, name)
        if lacking and not going.measuring:
            _measure(store, known, lacking, name)
    said = next(filter(None, (assessing.trouble(store, one) for one in lacking)), "")
    if said:
        st.session_state.pop(FOLLOW, None)
        st.warning(plain(said), icon=":material/block:")


def _progress(store: Store, waiting: int) -> None:
    """What goes on of it."""
    if waiting:
        st.caption(f":material/hourglass_top: {waiting} of its runs {'is' if waiting == 1 else 'are'} on the way.")
    at = assessing.progress(store)
    if at is not None:
        behind = f", {len(at.waiting)} more behind it" if at.waiting else ""
        st.progress(min(at.fraction, 1.0), f"measuring {at.now.property} of {at.now.run}{behind}")


def _spread(store: Store, pursued: RunConfig, name: str) -> None:
    wanted: list[Strength | None] = [None, *frontier.strengths(registry.find("objective", name))]
    try:
        plan = frontier.plan(store, pursued, name, wanted)
    except Refused as refusal:
        st.caption(plain(str(refusal)))
        return
    if not plan.configs:
        return
    count = len(plan.configs)
    label = f"Spread: {count} {'run' if count == 1 else 'runs'} ≈ {duration(plan.seconds)}"
    why = "Queues the strengths of the slider that are not there yet, and the run without the objective; then measures."
    if st.button(label, icon=":material/linear_scale:", help=why, key="objectives.spread"):
        vary.start(store, plan, tags=[pursuing.tag(name)])
        service.worker(store)
        st.session_state[FOLLOW] = name
        st.rerun()


def _measure(store: Store, known: Sequence[Point], lacking: Sequence[assessing.Asked], name: str) -> None:
    rows = {run.id: run for point in known for run in point.runs}
    seconds, _ = assessing.expected(store, rows, lacking)
    label = f"Measure {frontier.quantity(name).title} ≈ {duration(seconds)}"
    why = f"Of {len(lacking)} runs, in the background; it goes on when you leave the page."
    if st.button(label, icon=":material/science:", type="primary", help=why, key="objectives.measure"):
        assessing.ask(store, *lacking)
        st.rerun()
