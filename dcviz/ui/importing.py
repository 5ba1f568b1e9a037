"""Bringing a run or a published synthetic set here: an upload, and what a set needs to be understood."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from dcviz.data.catalogue import catalogue
from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.runs.importing import KINDS, Brought, Taken, bring
from dcviz.runs.importing.members import base
from dcviz.runs.importing.published import LONGEST_NAME
from dcviz.runs.store import Store
from dcviz.ui import own
from dcviz.ui.plain import plain
from dcviz.ui.told import say

TYPES = ("zip", "pt", "pth", "npz", "npy", "safetensors")
HELP = (
    "A run that dcviz exported (.dcviz.zip), or a published set: .pt as DC, DM, MTT or IDC save it, .npz, .npy, "
    ".safetensors, images and labels in one file or in two, a zip of these, or a zip of class folders."
)
SCALES = {
    "auto": "find out",
    "no": "pixels",
    "yes": "normalised",
    "zca": "whitened (ZCA)",
    "numbers": "mean / deviation …",
}
LABELS = {"auto": "find out", **{kind: kind for kind in KINDS[1:]}}
STORED = {
    "pixels": "one image each",
    "multi-formation-2": "2×2 images in one",
    "multi-formation-3": "3×3 images in one",
}
ASKED = "importing.brought"  # in the session: the run that was just read


def importer(store: Store) -> str | None:
    """A popover with an upload; the id of the run that it became, once."""
    key = f"importing.menu.{_times()}"  # after an import another one, which is closed
    with (
        st.popover("Import", icon=":material/upload:", help="Read a run or a published set", key=key),
        st.container(key="dc-wide-import"),
    ):
        _ask(store)
    found: str | None = st.session_state.pop(ASKED, None)
    return found


@st.fragment
def _ask(store: Store) -> None:
    files = st.file_uploader(
        "A run or a synthetic set", TYPES, accept_multiple_files=True, help=HELP, key=f"importing.files.{_times()}"
    )
    if not files:
        st.caption("Runs (.dcviz.zip), and sets that others published: .pt, .npz, .safetensors, zip.")
        return
    whole = len(files) == 1 and files[0].name.lower().endswith(".dcviz.zip")
    taken, judged = (None, False) if whole else _about_set(store)
    if st.button("Import", icon=":material/upload:", type="primary", key="importing.go", width="stretch"):
        try:
            with st.spinner("Reading …"):
                brought = _read(store, files, taken, judged)
        except Refused as refusal:
            st.session_state["importing.refused"] = [[f.file_id for f in files], str(refusal)]
        else:
            _arrived(store, brought, judged)
    shown, sentence = st.session_state.get("importing.refused", [None, ""])
    if shown == [f.file_id for f in files]:
        st.error(plain(sentence), icon=":material/error:")


def _read(store: Store, files: Sequence[Any], taken: Taken | None, judged: bool) -> Brought:
    """The uploaded files as files again, for as long as they are read."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, _file_name(file.name)) for file in files]
        if len(set(paths)) < len(paths):
            raise Refused("two of the files have the same name: give the images and the labels of one set.")
        for path, file in zip(paths, files, strict=True):
            path.write_bytes(file.getbuffer())
        return bring(store, paths, taken, status="queued" if judged else "done")


def _file_name(given: str) -> str:
    """The last part of an uploaded file's name, fit for a disk; its ending says what it is."""
    name = base(given.replace("\\", "/"))[-LONGEST_NAME:]
    if not Path(name).suffix:
        raise Refused(f"{name or 'a file without a name'} has no ending that says what it is: give it its own.")
    return name


def _arrived(store: Store, brought: Brought, judged: bool) -> None:
    queued = " It waits in the queue to be judged." if judged and not brought.whole else ""
    say(f"Imported {store.run(brought.run).title}: {brought.said}.{queued}", ":material/upload:")
    st.session_state[ASKED] = brought.run
    st.session_state["importing.times"] = _times() + 1  # another upload: an empty one
    st.rerun()


def _times() -> int:
    found: int = st.session_state.get("importing.times", 0)
    return found


# ------------------------------------------------------------------------------------------------ what a set needs


def _about_set(store: Store) -> tuple[Taken, bool]:
    """How the files of a set are to be taken, and whether it is to be judged."""
    known = _data(store)
    left, right = st.columns(2, gap="small")
    data = left.selectbox(
        "Made from", list(known), None, placeholder="an export says it itself", key="importing.data",
        help="The real data that the set was condensed from: it is drawn on their map and judged on their test set.",
    )  # fmt: skip
    scale = right.selectbox(
        "Pixels", list(SCALES), format_func=lambda name: SCALES[name], key="importing.scale",
        help="How the images are scaled. Normalised: by the mean and deviation that the field's code uses for these "
        "data. Whitened: as MTT and those that follow it do.",
    )  # fmt: skip
    if scale == "numbers":
        scale = st.text_input(
            "Mean / deviation", placeholder="0.1307/0.3081 or 0.49,0.48,0.45/0.2,0.2,0.2", key="importing.numbers",
            help="One number, or one for each channel; what the pixels minus the mean were divided by.",
        )  # fmt: skip
    labels = left.selectbox(
        "Labels", list(LABELS), format_func=lambda name: LABELS[name], key="importing.labels",
        help="Found out: whole numbers, or the kind of soft labels; without any, the same number of each class in "
        "order.",
    )  # fmt: skip
    stored = right.selectbox(
        "Stored", list(STORED), format_func=lambda name: STORED[name], key="importing.stored",
        help="How stored images become images: IDC and those that follow it store several in one.",
    )  # fmt: skip
    number = left.number_input(
        "Set", 1, 1000, None, placeholder="the last", key="importing.number",
        help="Which one, where a file has the sets of several experiments.",
    )  # fmt: skip
    with right:
        st.space("small")
        judged = st.toggle(
            "Judge it", True, key="importing.judged",
            help="Train three fresh networks on it and test them on real data, as for every run; it queues for that.",
        )  # fmt: skip
    return Taken(known[data] if data else None, scale or "?", labels, number, stored), judged


def _data(store: Store) -> dict[str, DataConfig]:
    """Image data that are here, by what they are called: a download would keep the page waiting."""
    named = {info.title: DataConfig(info.name) for info in catalogue() if info.available and not info.planar}
    return named | {mine.name: DataConfig(mine.name, mine.path) for mine in own.known(store).values()}
