"""Taking a run along: its set, its pictures, its numbers, all of it, and what would make it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Literal

import streamlit as st

from dcviz.errors import Refused
from dcviz.figures import Theme
from dcviz.records import RunConfig, from_json
from dcviz.runs.export import FORMATS, SECONDS, bundle
from dcviz.runs.store import Run, Store
from dcviz.ui.plain import plain

LENGTHS = (3.0, 5.0, SECONDS, 15.0, 30.0)  # of an animation, in seconds
CODE = 118  # pixels: the height of a command or script


@dataclass(frozen=True)
class Download:
    """One format as a button: what it is called here, what it becomes, and what it presupposes."""

    label: str
    ending: str
    mime: str
    needs: Literal["set", "frame", "frames", "curves", "rest"] = "set"
    pictures: bool = False  # points of the plane have none
    help: str = ""


ZIP, PNG = "application/zip", "image/png"
DOWNLOADS = {
    "npz": Download("npz", "-npz.zip", ZIP),
    "safetensors": Download("safetensors", "-safetensors.zip", ZIP),
    "folder": Download("PNG folder", "-folder.zip", ZIP, pictures=True),
    "sheet": Download("PNG sheet", ".png", PNG, pictures=True),
    "gif": Download("GIF", ".gif", "image/gif", "frames", pictures=True),
    "webp": Download("WebP", ".webp", "image/webp", "frames", pictures=True),
    "html": Download(
        "HTML replay", ".html", "text/html", "frame", help="the run in one file that plays offline, in any browser"
    ),
    "csv": Download("CSV of curves", ".csv", "text/csv", "curves"),
    "archive": Download("whole run", ".dcviz.zip", ZIP, "rest"),
}
GROUPS = {
    "Download the condensed set, with its recipe": ("npz", "safetensors", "folder", "sheet"),
    "Its images through time, as an animation": ("gif", "webp"),
    "The run: to watch, to plot, to import elsewhere": ("html", "csv", "archive"),
}


def saving(name: str) -> dict[str, Any]:
    """The configuration of a chart whose one button, seen under the pointer, saves it as SVG under a name."""
    return {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "svg", "filename": f"dcviz-{name}"},
    }


def export(store: Store, run: Run, planar: bool, key: str, *, address: str = "") -> None:
    """A popover with one download for each format; each is disabled with its reason until there is something.

    An ``address`` to share stands above them.
    """
    why = "Share and export" if address else "Export: the set, pictures, curves, the run, its configuration"
    icon = ":material/ios_share:" if address else ":material/download:"
    with (
        st.popover(
            "" if address else "Export",
            icon=icon,
            type="secondary" if address else "tertiary",
            help=why,
            key=f"{key}.menu",
        ),
        st.container(key=f"dc-wide-share-{key}"),
    ):
        if address:
            st.code(address, language=None, wrap_lines=True)
        _downloads(store, run, planar, key, "dark" if st.context.theme.type == "dark" else "light")
        _source(store, run)


@st.fragment
def _downloads(store: Store, run: Run, planar: bool, key: str, theme: Theme) -> None:
    seconds = SECONDS
    for title, formats in GROUPS.items():
        with st.container(gap="xxsmall"):
            st.caption(title)
            row = st.container(horizontal=True, gap="xsmall")
        with row:
            if "gif" in formats:
                seconds = st.selectbox(
                    "Length", LENGTHS, LENGTHS.index(SECONDS), format_func=lambda s: f"{s:g} s", key=f"{key}.seconds",
                    label_visibility="collapsed", width=96, help="How long one round of the animation takes.",
                )  # fmt: skip
            for format in formats:
                _button(store, run, planar, f"{key}.{format}", _maker(store, run.id, format, seconds, theme))


def _button(store: Store, run: Run, planar: bool, key: str, make: Callable[[], bytes]) -> None:
    format = key.rpartition(".")[2]
    download = DOWNLOADS[format]
    reason = why_not(store, run, planar, download)
    st.download_button(
        download.label,
        data=make,
        file_name=f"dcviz-{run.id}{download.ending}",
        mime=download.mime,
        key=key,
        help=reason or _capital(download.help or FORMATS[format]),
        disabled=bool(reason),
        on_click="ignore",
    )


def _maker(store: Store, run: str, format: str, seconds: float, theme: Theme) -> Callable[[], bytes]:
    """What makes the bytes once the button is pressed."""
    return partial(_replay, store, run, theme) if format == "html" else partial(_content, store, run, format, seconds)


def _content(store: Store, run: str, format: str, seconds: float = SECONDS) -> bytes:
    return bundle(store, run, format, seconds=seconds)[1]


def _replay(store: Store, run: str, theme: Theme) -> bytes:
    from dcviz.replay import replay

    return replay(store, run, theme)


def _capital(sentence: str) -> str:
    return f"{sentence[0].upper()}{sentence[1:]}."


def why_not(store: Store, run: Run, planar: bool, download: Download) -> str:
    """Why a download is not to be had; empty when it is."""
    if planar and download.pictures:
        return "Points of the plane make no pictures: take npz or safetensors, or the HTML replay."
    if download.needs == "set":
        return _no_set(run)
    if download.needs == "rest":
        return f"It is {run.status}: pause it, or let it end." if run.status in ("running", "queued") else ""
    if download.needs == "curves":
        last = store.metrics(run.id, since=max(run.step - 2, -1))
        return "" if any(len(steps) for steps, _ in last.values()) else "Nothing has been measured yet."
    kept = len(store.frames(run.id))
    if download.needs == "frame":
        return "" if kept else "There is no picture yet: wait for the first step."
    return "" if kept > 1 else "An animation needs two pictures at least: wait for the first steps."


def _no_set(run: Run) -> str:
    if run.status in ("failed", "cancelled"):
        return f"This run is {run.status}: it has no final set to export."
    if run.status != "done":
        return f"There is a final set to export when the run is done; it is {run.status}."
    return ""


# ----------------------------------------------------------------------------------------------- what repeats it


def _source(store: Store, run: Run) -> None:
    """The configuration as a command and as Python, each with a button that copies it."""
    from dcviz.runs.export.commands import changes_of, remarks

    changes = tuple((step, tuple(group.items())) for step, group in changes_of(store, run.id).items())
    try:
        command, script = sources(run.config_text, changes)
    except Refused as refusal:
        st.caption(plain(f"No command makes this run: {refusal}"))
        return
    st.caption("What makes the same run")
    tabs = st.tabs(["Command line", "Python"])
    tabs[0].code(command, "bash", wrap_lines=True, height=CODE)
    tabs[1].code(script, "python", height=CODE)
    for remark in remarks(store, run.id):
        st.caption(remark)


@lru_cache(maxsize=128)
def sources(config: str, changes: tuple[tuple[int, tuple[tuple[str, float], ...]], ...]) -> tuple[str, str]:
    """The command line and the Python of a configuration (JSON), with the learning rates set while it ran."""
    from dcviz.runs.export.commands import command_line, python

    read = from_json(RunConfig, config)
    return command_line(read), python(read, {step: dict(groups) for step, groups in changes})
