"""The choice of data: the menu, and beside it what is taken of it, and images of your own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from dcviz import registry
from dcviz.data.catalogue import MINORITY, RANGES, catalogue, data_folder
from dcviz.data.transforms import TRANSFORMS
from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.runs.configure import OBJECTIVE
from dcviz.runs.store import Store
from dcviz.ui import own
from dcviz.ui.choices import OWN, Choices
from dcviz.ui.plain import plain

PART = "data."  # how the paths of settings about the data begin
TAKEN = ("classes", "size", "noise", "seed", "imbalance", "minority")  # of those: what decides which samples there are
TRANSFORM_HELP = (
    "normalise: zero mean and unit deviation of each channel. zca: whitens the whole image, too. none: pixels as they "
    "are. All are undone for show and export."
)
PRIVATE = (
    "Private: of these rows only the objective's mechanism sees any. How many there are in all counts as known; how "
    "many of a class does not. Map, examples, accuracies and rivals come from a public part: what the owner of the "
    "rows declares public, else a tenth of them beside what is held out, which the mechanism leaves alone."
)


@dataclass(frozen=True)
class Entry:
    """One line of the menu."""

    name: str  # in `Choices.data`
    path: str
    title: str
    classes: tuple[str, ...]
    train: int
    planar: bool
    missing: str = ""  # how much is to be downloaded first


def entries(store: Store) -> dict[str, Entry]:
    """All that can be chosen: what has a name, then sets of your own by their paths."""
    named = {
        i.name: Entry(i.name, "", i.title, i.classes, i.train, i.planar, "" if i.available else i.note)
        for i in catalogue()
    }
    mine = {o.path: Entry(OWN, o.path, o.name, o.classes, o.train, False) for o in own.known(store).values()}
    return {**named, **mine}


def choose(store: Store, choices: Choices) -> Choices:
    """Draw the menu and the panel; returns the choices with what is chosen now."""
    found = entries(store)
    now = choices.path if choices.data == OWN else choices.data
    picked = st.session_state.pop("lab.picked", None)  # by the panel, in the run before this one
    if picked in found:
        st.session_state["lab.w.data"] = now = picked
    names = list(found)
    taken = st.selectbox(
        "Data",
        names,
        0 if picked or now not in names else names.index(now),  # what the state holds counts
        format_func=lambda n: label(found[n]),
        key="lab.w.data",
    )
    if taken not in found:  # the browser still sends the label from before a download
        taken = now if now in found else names[0]
    entry = found[taken]
    if taken != now or picked:
        choices = replace(choices, settings={p: v for p, v in choices.settings.items() if not p.startswith(PART)})
    choices = replace(choices, data=entry.name, path=entry.path, name=entry.title if entry.path else "")
    taken_of = part(choices.settings)
    with (
        st.container(key="dc-why-data"),
        st.popover(
            taken_of, icon=":material/tune:", type="tertiary", help="Which part of the data, and your own images"
        ),
        st.container(key="dc-wide-data"),
    ):
        if entry.missing:
            st.caption(f"Not on this machine yet: {entry.missing} into {data_folder()}, begun when it is chosen.")
        if private(choices.settings):
            st.caption(f":material/lock: {PRIVATE}")
        choices = _part(store, entry, taken, choices)
        _own(store)
    if part(choices.settings) != taken_of:
        st.session_state["lab.choices"] = choices
        st.rerun()  # the button above says it
    return choices


def label(entry: Entry) -> str:
    """An entry in a few words: its size, or that it has to be fetched first."""
    if entry.missing:
        return f"{entry.title} · ↓ {entry.missing.removeprefix('download of ')}"
    return f"{entry.title} · {entry.train:,} real"


def part(settings: Mapping[str, Any]) -> str:
    """Which part of the data is taken, in the few words that fit beside the menu; empty for all of it."""
    classes, size = settings.get("data.classes"), settings.get("data.size")
    tail, groups = settings.get("data.imbalance"), settings.get("data.groups")
    said = ["private" if private(settings) else ""]
    said += [f"{len(classes)} classes" if classes else "", f"{size:,}" if size else "", f"{tail:g} : 1" if tail else ""]
    return " · ".join(filter(None, [*said, "groups" if groups else ""]))


def private(settings: Mapping[str, Any]) -> bool:
    """Whether the rows are to be kept private: asked for, or by an objective that needs it."""
    pursued = {path.split(".")[1] for path in settings if path.startswith(OBJECTIVE)}
    known = registry.known("objective")
    sides = (settings, *(known[name].requires for name in pursued if name in known))
    return any(bool(side.get("data.private")) for side in sides)


def _part(store: Store, entry: Entry, scope: str, choices: Choices) -> Choices:
    """Classes, N, imbalance, groups, noise and transform, as settings that differ from the default."""
    at, key = choices.settings.get, f"lab.w.{scope}"
    given: dict[str, Any] = {}
    every = list(entry.classes)
    classes = st.multiselect(
        "classes", every, [c for c in at("data.classes") or [] if c in every], placeholder="all", key=f"{key}.classes",
        help="Only these classes; at least two.",
    )  # fmt: skip
    given["data.classes"] = [c for c in every if c in classes] or None
    least, size = 2 * len(classes or every), at("data.size")
    left, right = st.columns(2)
    given["data.size"] = left.number_input(
        "real samples", least, None, None if size is None else max(int(size), least), placeholder=f"{entry.train:,}",
        key=f"{key}.size", help="At most this many to learn from (N), each class in its proportion.",
    )  # fmt: skip
    if entry.planar:
        given["data.noise"] = right.number_input(
            "noise", *RANGES["noise"], _within(at("data.noise"), "noise"), 0.01, placeholder="usual",
            key=f"{key}.noise",
            help="Standard deviation of what is added to each coordinate, as a fraction of the figure's radius.",
        )  # fmt: skip
    given |= _unlike(entry, key, choices.settings)
    given |= _groups(store, entry, key, choices.settings)
    kinds = list(TRANSFORMS)
    transform = st.segmented_control(
        "transform", kinds, default=at("data.transform", kinds[0]), key=f"{key}.transform", help=TRANSFORM_HELP
    )
    given["data.transform"] = None if transform == kinds[0] else transform
    rest = {p: v for p, v in choices.settings.items() if p not in given}
    return replace(choices, settings=rest | {p: v for p, v in given.items() if v is not None})


def _unlike(entry: Entry, key: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """How unlike classes and groups are."""
    left, right = st.columns(2)
    now = _within(settings.get("data.imbalance", 1.0), "imbalance")
    imbalance = left.number_input(
        "imbalance", *RANGES["imbalance"], now, 1.0, format="%g", key=f"{key}.imbalance",
        help="A long tail: classes fall off in size in their order, the first so many times as large as the last. What "
        "is held out and the test set stay as they are.",
    )  # fmt: skip
    found: dict[str, Any] = {"data.imbalance": None if imbalance == 1 else imbalance}
    if entry.name in MINORITY:
        found["data.minority"] = right.number_input(
            "minority", *RANGES["minority"], _within(settings.get("data.minority"), "minority"), 0.01,
            placeholder=f"{MINORITY[entry.name]:g}", key=f"{key}.minority",
            help="The share of each class that is of the small group.",
        )  # fmt: skip
    return found


def _within(value: float | None, key: str) -> float | None:
    """A number as its field can show it: a run from elsewhere may hold another."""
    low, high = RANGES[key]
    return None if value is None else min(max(float(value), low), high)


def _groups(store: Store, entry: Entry, key: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The group of every sample: a path on this machine, or an upload, which is looked at at once."""
    uploaded = st.session_state.pop("lab.groups.picked", None)  # in the run before this one
    if uploaded is not None:
        st.session_state[f"{key}.groups"] = uploaded
    path = st.text_input(
        "groups", settings.get("data.groups") or "", placeholder="an npz on this machine", key=f"{key}.groups",
        help="The group of every sample, for objectives and measures of fairness: an npz with the arrays train and "
        "test, one name or number for each sample. Without it the classes are the groups.",
    )  # fmt: skip
    if not entry.missing:  # to look whether groups fit, the data must be at hand
        sent = st.file_uploader("or a file of groups", ["npz"], key=f"{key}.groups.upload")
        if sent is not None:
            data = DataConfig(entry.name, entry.path or None, **_taken(settings))
            read = lambda: own.upload_groups(store, sent.name, sent.getvalue(), data)  # noqa: E731
            _read_once("groups", (sent.file_id, data), read, "lab.groups.picked")
    return {"data.groups": str(Path(path.strip()).expanduser().absolute()) if path.strip() else None}


def _taken(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the choice of samples depends on, of the settings about the data."""
    return {key: settings[PART + key] for key in TAKEN if PART + key in settings}


def _own(store: Store) -> None:
    """An upload, or a path on this machine; what is refused is said below."""
    sent = st.file_uploader(
        "your own images", own.KINDS, key="lab.own.upload",
        help="An npz with x_train and y_train (x_test, y_test and class_names if you have them), or a zip with one "
        "folder of images for each class.",
    )  # fmt: skip
    path = st.text_input(
        "or a path on this machine",
        key="lab.own.path",
        placeholder="~/pictures/pets",
        help="An npz, a zip, or a folder of class folders or of x_train.npy and y_train.npy.",
    )
    if sent is not None:
        _read_once("upload", sent.file_id, lambda: own.upload(store, sent.name, sent.getvalue()).path)
    if path.strip():
        _read_once("path", path, lambda: own.add(store, path).path)


def _read_once(control: str, what: Any, read: Callable[[], str], picked: str = "lab.picked") -> None:
    """Read what was given when it is new, and leave its path in the session; keep saying why it was refused."""
    state, key = st.session_state, f"lab.own.{control}.seen"
    seen, refusal = state.get(key, (None, ""))
    if seen != what:
        refusal = ""
        with st.spinner("Reading the file …"):
            try:
                state[picked] = read()
            except Refused as error:
                refusal = str(error)
        state[key] = what, refusal
        if not refusal:
            st.rerun()
    if refusal:
        st.error(plain(refusal), icon=":material/block:")
