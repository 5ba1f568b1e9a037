"""The buttons that steer a run: pause or resume, step, stop, reset, fork."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from dcviz.errors import Refused
from dcviz.records import FINAL, RunConfig
from dcviz.runs import service
from dcviz.runs.store import Run, Store
from dcviz.ui import address, notices, once

HELP = {
    "pause": "Pause: writes a checkpoint and frees the device (Space).",
    "resume": "Resume: go on from the last checkpoint (Space).",
    "step": "Do exactly one step, then pause.",
    "stop": "Stop for good; what was condensed so far is kept.",
    "reset": "Back to the set-up. A run that is still going is stopped; it stays in Runs.",
    "fork": "Fork: a new run that starts from the shown step, with the parameters chosen above.",
}


def buttons(store: Store, row: Run, shown: int | None, config: RunConfig | None) -> str | None:
    """Draw the buttons and do what is pressed; returns its name. Without a set-up that fits nothing can be forked."""
    going = row.status in ("running", "queued")
    first = "pause" if going else "resume"
    with st.container(horizontal=True, wrap=False, gap="xsmall", width="content", key="dc-steer"):
        icons = {
            first: "pause" if going else "play_arrow",
            "step": "skip_next",
            "stop": "stop",
            "reset": "restart_alt",
            "fork": "fork_right",
        }
        off = {
            first: row.status in FINAL and not row.cut_short,
            "step": row.status not in ("paused", "interrupted"),
            "stop": row.status in FINAL,
            "fork": shown is None or config is None,
        }
        pressed = [
            name
            for name, icon in icons.items()
            if st.button(
                name.capitalize(),
                icon=f":material/{icon}:",
                key=f"steer.{name}",
                help=HELP[name],
                disabled=off.get(name, False),
            )
        ]
    if not pressed:
        return None
    acts: dict[str, Callable[[], None]] = {
        "pause": lambda: store.command(row.id, "pause"),
        "resume": lambda: service.resume(store, row.id),
        "step": lambda: _step(store, row),
        "stop": lambda: store.command(row.id, "stop"),
        "reset": lambda: _reset(store, row),
        "fork": lambda: _fork(store, row, shown or 0, config or row.config),
    }
    try:
        acts[pressed[0]]()
    except Refused as refusal:
        notices.keep(str(refusal))
        st.rerun()
    if pressed[0] in ("reset", "fork", "resume", "step"):
        st.rerun()
    return pressed[0]


def live_rate(store: Store, run: str | None) -> None:
    """The learning rate of a run that goes on: set from the next step, and noted beside the run."""
    try:
        row = store.run(run) if run else None
    except Refused:  # deleted meanwhile
        return
    if row is None or row.status in FINAL or "images" not in row.config.optimiser.rates or not row.steps:
        return
    set_before = [e.payload["rate"] for e in store.events(row.id) if e.kind == "rate"]
    now = float([row.config.optimiser.rates["images"], *set_before][-1])
    with st.container(horizontal=True, vertical_alignment="bottom", key="dc-rate"):
        rate = st.number_input(
            "learning rate of this run, live", min(1e-6, now), max(1e4, now), now, abs(now) / 10 or 1e-3, format="%g",
            key=f"lab.rate.{row.id}", width=260, help="From the next step on; the change is marked on the curves, and "
            "kept with the run. The fields below are for the next run.",
        )  # fmt: skip
        if st.button("Set", key="lab.rate.set", help="Change it now.", disabled=rate == now):
            try:
                store.command(row.id, "rate", group="images", rate=float(rate))
                st.toast(f"Learning rate {rate:g} from the next step on.", icon=":material/speed:")
            except Refused as refusal:
                notices.keep(str(refusal))
                st.rerun()


def _step(store: Store, row: Run) -> None:
    service.refuse_missing(row, store)
    store.command(row.id, "step")


def _reset(store: Store, row: Run) -> None:
    if row.status not in FINAL:
        store.command(row.id, "stop")
    _look_at(None)


def _fork(store: Store, row: Run, step: int, config: RunConfig) -> None:
    fork = partial(service.fork, store, row.id, step, config)
    _look_at(once.once((row.id, step, config), fork, show=True))


def _look_at(run: str | None) -> None:
    """The run that the Lab shows, in this window and in its address."""
    st.session_state["lab.run"] = run
    rest = {key: value for key, value in address.read().items() if key != "run"}
    address.write({**rest, "run": run} if run else rest)
