"""Taking a finished run along: downloads that are made when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from dcviz.runs.export import bundle
from dcviz.runs.store import Run, Store


@dataclass(frozen=True)
class Download:
    """One format as a button: what it is called here and what it becomes."""

    label: str
    ending: str
    mime: str
    pictures: bool = False  # points of the plane have none


ZIP, PNG = "application/zip", "image/png"
DOWNLOADS = {
    "npz": Download("npz: numpy arrays", "-npz.zip", ZIP),
    "safetensors": Download("safetensors", "-safetensors.zip", ZIP),
    "folder": Download("folder: a PNG for each image", "-folder.zip", ZIP, pictures=True),
    "sheet": Download("sheet: one PNG", ".png", PNG, pictures=True),
}


def export(store: Store, run: Run, planar: bool, key: str, *, address: str = "") -> None:
    """A popover with one download for each format; each is disabled with its reason until there is something.

    An ``address`` to share stands above them.
    """
    why = "Share and export" if address else "Export the condensed set"
    icon = ":material/ios_share:" if address else ":material/download:"
    with (
        st.popover("", icon=icon, type="secondary" if address else "tertiary", help=why, key=f"{key}.menu"),
        st.container(key=f"dc-narrow-{key}"),
    ):
        if address:
            st.code(address, language=None, wrap_lines=True)
        reason = why_not(run, planar, DOWNLOADS["npz"])
        st.caption(reason or "Each comes with the recipe, the configuration and the scores of the run.")
        for format, download in DOWNLOADS.items():
            reason = why_not(run, planar, download)
            st.download_button(
                download.label,
                data=partial(_content, store, run.id, format),
                file_name=f"dcviz-{run.id}{download.ending}",
                mime=download.mime,
                key=f"{key}.{format}",
                help=reason or None,
                disabled=bool(reason),
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
            )


def _content(store: Store, run: str, format: str) -> bytes:
    return bundle(store, run, format)[1]


def why_not(run: Run, planar: bool, download: Download) -> str:
    """Why a download is not to be had; empty when it is."""
    if run.status in ("failed", "cancelled"):
        return f"This run is {run.status}: it has no final set to export."
    if run.status != "done":
        return f"There is a final set to export when the run is done; it is {run.status}."
    if planar and download.pictures:
        return "Points of the plane make no pictures: take npz or safetensors."
    return ""
