"""Good for: what finished sets are worth beyond one accuracy, property by property, measured beside the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from dcviz.data.catalogue import announced, is_planar
from dcviz.errors import unknown
from dcviz.evaluation.suite.declared import Property, Report
from dcviz.evaluation.suite.properties import PROPERTIES
from dcviz.figures import Theme
from dcviz.figures.signs import Sign
from dcviz.runs import assessing
from dcviz.runs.assessing import Asked
from dcviz.runs.store import Run, Store
from dcviz.runs.suite import reports
from dcviz.runs.view import seen_view
from dcviz.ui import reported
from dcviz.ui.plain import plain
from dcviz.ui.status import duration

SCALES = {"quick": "quick", "full": "full"}
PROPERTY, SCALE = "good.property", "good.scale"  # in the session: what is looked at
DEPTH = "depth"  # of the scale in the address
LIVE_SECONDS = 1.0  # between looks while something is measured
USUALLY = "that of ten digits a class at the quick scale on two cores; larger data and the full scale take longer"
SURVIVES = "It goes on when you leave the page."


@dataclass(frozen=True)
class Shown:
    """What is looked at: sets by their labels, each one run or its repeats."""

    groups: Mapping[str, Sequence[Run]]
    signs: Mapping[str, Sign]
    classes: Sequence[str]  # names of the first one's data

    @property
    def runs(self) -> list[Run]:
        """All of them that have a final set."""
        return [run for group in self.groups.values() for run in group if run.status == "done"]


def read(query: Mapping[str, str]) -> list[str]:
    """Take over what the address says of the tab; returns a sentence for what it cannot mean."""
    refused = []
    for key, state, known in (("property", PROPERTY, PROPERTIES), (DEPTH, SCALE, SCALES)):
        if key in query and query[key] in known:
            st.session_state.setdefault(state, query[key])
        elif key in query:
            refused.append(f"{key}={query[key]} in the address: {unknown(key, query[key], known)}")
    return refused


def address() -> dict[str, str]:
    """What the address keeps of the tab."""
    scale = st.session_state.get(SCALE, "quick")
    return {"property": now()} | ({DEPTH: scale} if scale != "quick" else {})


def now() -> str:
    """The property that is looked at."""
    found: str = st.session_state.get(PROPERTY) or next(iter(PROPERTIES))
    return found


def draw(store: Store, shown: Shown, theme: Theme) -> None:
    """The tab: the properties, what was measured of one, and the buttons that measure."""
    known = {run.id: reports(store, run.id) for run in shown.runs}
    scale = _controls(known)
    kind = PROPERTIES[now()]
    going = assessing.progress(store) is not None
    with st.container(key="dc-good-act"):
        seen = going, _count(known)
        st.fragment(_act, run_every=LIVE_SECONDS if going else None)(store, shown, kind, scale, seen)
    found = _found(shown, known, kind.name, scale)
    if found:
        reported.draw(kind, found, shown.signs, shown.classes, theme)
    else:
        _nothing_yet(store, shown, kind, scale)


def _controls(known: Mapping[str, Mapping[tuple[str, str], Report]]) -> str:
    """Which property, and how hard it is looked at; what is measured of all runs has a tick."""
    scale: str = st.session_state.get(SCALE, "quick")
    done = {n: bool(known) and all((n, scale) in held for held in known.values()) for n in PROPERTIES}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="dc-good-bar"):
        chosen = st.segmented_control(
            "Property",
            list(PROPERTIES),
            format_func=lambda n: f"{':material/check: ' if done[n] else ''}{PROPERTIES[n].title}",
            default=now(),
            key="good.w.property",
            label_visibility="collapsed",
        )
        st.session_state[PROPERTY] = chosen or now()
        reported.explained(PROPERTIES[now()])
        picked = st.segmented_control(
            "Scale", list(SCALES), default=scale, key="good.w.scale", label_visibility="collapsed",
            help="quick: about a minute a property for the digits. full: cuts nothing, and takes many times as long.",
        )  # fmt: skip
        st.session_state[SCALE] = picked or scale
    return str(st.session_state[SCALE])


def _found(
    shown: Shown, known: Mapping[str, Mapping[tuple[str, str], Report]], name: str, scale: str
) -> dict[str, list[Report]]:
    """The reports of one property by label, of every run that has one."""
    found = {
        label: [known[run.id][name, scale] for run in group if (name, scale) in known.get(run.id, {})]
        for label, group in shown.groups.items()
    }
    return {label: held for label, held in found.items() if held}


def _count(known: Mapping[str, Mapping[tuple[str, str], Report]]) -> int:
    return sum(len(held) for held in known.values())


# ------------------------------------------------------------------------------------------------ measuring


def _act(store: Store, shown: Shown, kind: type[Property], scale: str, seen: tuple[bool, int]) -> None:
    """What is measured now, or the buttons that measure; it draws the page anew when something has come."""
    at = assessing.progress(store)
    if seen != (at is not None, _count({run.id: reports(store, run.id) for run in shown.runs})):
        st.rerun()  # the pictures, and the pace of looking, lie outside this fragment
    if at is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            title = PROPERTIES[at.now.property].title
            behind = f", {len(at.waiting)} more behind it" if at.waiting else ""
            st.progress(min(at.fraction, 1.0), f"Measuring {title.lower()} of {at.now.run}{behind}. {SURVIVES}")
            if st.button("Stop", icon=":material/stop:", help="What is finished stays.", key="good.stop"):
                assessing.drop(store)
                st.rerun()
        return
    for run in shown.runs:
        if said := assessing.trouble(store, Asked(run.id, kind.name, scale)):  # type: ignore[arg-type]
            st.warning(plain(said), icon=":material/block:")
    _buttons(store, shown, kind, scale)


def _buttons(store: Store, shown: Shown, kind: type[Property], scale: str) -> None:
    here = _lacking(store, shown, [kind.name], scale)
    every = _lacking(store, shown, list(PROPERTIES), scale)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for name, wanted in ((kind.title.lower(), here), ("all that is missing", every)):
            if not wanted or (wanted == here and name != kind.title.lower()):
                continue
            text = f"Measure {name} {_about(store, shown, wanted)}"
            why = f"For {_runs(wanted)}, beside random, herding, medoids, centroids and the whole set. {SURVIVES}"
            look: Literal["primary", "secondary"] = "primary" if wanted is here else "secondary"
            if st.button(text, icon=":material/science:", type=look, help=why, key=f"good.measure.{look}"):
                assessing.ask(store, *wanted)
                st.rerun()


def _lacking(store: Store, shown: Shown, names: Sequence[str], scale: str) -> list[Asked]:
    """What has not been measured and can be."""
    found = []
    for run in shown.runs:
        known, planar = reports(store, run.id), is_planar(run.config.data)
        found += [
            Asked(run.id, name, scale)  # type: ignore[arg-type]
            for name in names
            if (name, scale) not in known and not assessing.refusal(name, planar=planar)
        ]
    return found


def _about(store: Store, shown: Shown, wanted: Sequence[Asked]) -> str:
    """How long that may take, in words."""
    return f"≈ {duration(assessing.expected(store, {run.id: run for run in shown.runs}, wanted)[0])}"


def _runs(wanted: Sequence[Asked]) -> str:
    count = len({one.run for one in wanted})
    return "one run" if count == 1 else f"{count} runs"


def _nothing_yet(store: Store, shown: Shown, kind: type[Property], scale: str) -> None:
    """Before the first measurement: what it would say, and what it costs; or why it cannot be."""
    st.markdown(f"**{kind.title}.** {kind.sentence}")
    if not shown.runs:
        st.info("There is no final set yet: it can be measured once the run is done.", icon=":material/info:")
        return
    refused = {said for run in shown.runs if (said := assessing.refusal(kind.name, planar=is_planar(run.config.data)))}
    if len(refused) and not _lacking(store, shown, [kind.name], scale):
        st.info(plain(" ".join(refused)), icon=":material/block:")
        return
    wanted = _lacking(store, shown, [kind.name], scale)
    measured = assessing.expected(store, {run.id: run for run in shown.runs}, wanted)[1]
    basis = "what it took here for this data" if measured else USUALLY
    st.caption(f"Not measured yet. The time on the button is {basis}. What is measured is kept with the run.")
    for quantity in kind.quantities:
        st.markdown(f"- **{quantity.title}** {quantity.sentence}")


def classes_of(store: Store, run: Run) -> list[str]:
    """Names of the classes of a run's data: as they were seen, else as they are announced."""
    view = seen_view(store, run.config.data)
    if view is not None:
        return [str(name) for name in view["classes"]]
    info = announced(run.config.data)
    return list(run.config.data.classes or (info.classes if info else ()))
