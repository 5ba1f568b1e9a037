"""Deleting with a way back, on screen: undo at once, the bin later, and links to what was deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import streamlit as st

from dcviz.errors import Refused
from dcviz.runs.store import Deleted, Store
from dcviz.ui import notices
from dcviz.ui.plain import plain
from dcviz.ui.told import say

UNDO = "runs.undo"


def delete(store: Store, runs: Sequence[str]) -> None:
    """Put runs into the bin; what cannot go there is told, the others can be had back at once."""
    gone: list[tuple[str, str]] = []
    for run in runs:
        try:
            title = store.run(run).title
            store.delete(run)
            gone.append((run, title))
        except Refused as refusal:
            notices.keep(str(refusal))
    if gone:
        st.session_state[UNDO] = gone


def just_deleted() -> set[str]:
    """The runs that this window has deleted last."""
    return {run for run, _ in st.session_state.get(UNDO) or ()}


def undo(store: Store) -> None:
    """The bar that offers to take the last deletion back, until it is dismissed."""
    gone = st.session_state.get(UNDO)
    if not gone:
        return
    what = gone[0][1] if len(gone) == 1 else f"{len(gone)} runs"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="dc-undo"):
        st.html(f'<span role="status">Deleted {_safe(what)}.</span>', width="content")
        if st.button("Undo", icon=":material/undo:", type="primary", key="runs.undo.press"):
            restore(store, [run for run, _ in gone])
            st.rerun()
        if st.button("", icon=":material/close:", type="tertiary", help="Leave it in the bin", key="runs.undo.dismiss"):
            st.session_state[UNDO] = None
            st.rerun()


def restore(store: Store, runs: Sequence[str]) -> None:
    """Take runs out of the bin, and say so."""
    back = []
    for run in runs:
        try:
            store.restore(run)
            back.append(store.run(run).title)
        except Refused as refusal:
            notices.keep(str(refusal))
    st.session_state[UNDO] = None
    if back:
        say(f"{back[0] if len(back) == 1 else f'{len(back)} runs'} restored.", ":material/restore_from_trash:")


def panel(store: Store, runs: Sequence[str]) -> None:
    """Beside the bin: restore or remove what is chosen, or empty it."""
    there = {run.id: run for run in store.bin()}
    some = [run for run in runs if run in there]
    st.caption("Deleted runs keep their files for seven days. Choose one or several to restore them.")
    with st.container(horizontal=True):
        kind: Literal["primary", "secondary"] = "primary" if some else "secondary"
        if st.button("Restore", icon=":material/restore_from_trash:", type=kind, disabled=not some, key="bin.back"):
            restore(store, some)
            let_go()
        with st.popover("Remove for good", icon=":material/delete_forever:", disabled=not there):
            which = some or list(there)
            what = f"{len(some)} chosen" if some else f"all {len(there)}"
            st.write(f"Remove {plain(what)} with all files? This cannot be undone.")
            if st.button(f"Remove {plain(what)}", type="primary", key="bin.empty"):
                count = len(store.empty_bin(which))
                say(f"{count} {'run' if count == 1 else 'runs'} removed for good.", ":material/delete_forever:")
                let_go()


def let_go() -> None:
    """Nothing is chosen any more."""
    st.session_state["runs.asked"] = replace(st.session_state["runs.asked"], runs=())
    st.rerun()


def offer(store: Store, refusal: Refused | None, key: str, label: str = "Restore it") -> str | None:
    """Where a run cannot be shown as it is in the bin: the button that brings it back; the run, once it is back."""
    if not isinstance(refusal, Deleted) or not st.button(
        label, icon=":material/restore_from_trash:", key=key, width="content"
    ):
        return None
    restore(store, [refusal.run])
    return refusal.run


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
