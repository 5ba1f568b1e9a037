"""A run for use elsewhere: its set, its pictures, its numbers, or all of it, each as files that others can read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.errors import Refused, unknown
from dcviz.runs.export.animation import SECONDS, animated
from dcviz.runs.export.archive import archived
from dcviz.runs.export.content import content_of, file_name, files_of, single
from dcviz.runs.export.curves import curves_csv
from dcviz.runs.export.places import write_files, write_folder
from dcviz.runs.export.sheets import png, sheet

if TYPE_CHECKING:
    from dcviz.runs.store import Store

__all__ = ["FORMATS", "SECONDS", "SUFFIXES", "bundle", "export", "file_name", "png", "sheet"]

FORMATS = {
    "npz": "numpy arrays: model space, pixels, labels, transform, recipe",
    "safetensors": "the same arrays as safetensors, the recipe in its header",
    "folder": "PNG files in one folder per class (8-bit), labels and recipe beside them",
    "sheet": "one PNG, a row or more per class, the recipe in its text",
    "gif": "the sheet through all kept steps, animated; plays everywhere",
    "webp": "the same in all colours, a smaller file",
    "csv": "the curves: a row for each step, a column for each number",
    "archive": "the whole run: configuration, curves, events, frames, scores, set; `dcviz import` reads it back",
}
SUFFIXES = {
    ".npz": "npz",
    ".safetensors": "safetensors",
    ".png": "sheet",
    ".gif": "gif",
    ".webp": "webp",
    ".csv": "csv",
    ".zip": "archive",
}
ENDINGS = {format: suffix for suffix, format in SUFFIXES.items()} | {"archive": ".dcviz.zip"}

# Of a run as it stands; the other formats are of its final set.
OF_RUN: dict[str, Callable[[Store, str, float], bytes]] = {
    "gif": lambda store, run, seconds: animated(store, run, "gif", seconds),
    "webp": lambda store, run, seconds: animated(store, run, "webp", seconds),
    "csv": lambda store, run, _: curves_csv(store, run).encode(),
    "archive": lambda store, run, _: archived(store, run),
}


def export(  # noqa: PLR0913  (the rest by keyword)
    store: Store, run: str, to: Path, format: str | None = None, *, force: bool = False, seconds: float = SECONDS
) -> Path:
    """Write a run to a file or a folder, whole or not at all.

    Args:
        store: where the run is.
        run: its id.
        to: a file whose ending says the format (one of `SUFFIXES`); beside an npz or safetensors lies the training
            script as NAME.npz.train.py. Or a folder, which then holds the data, recipe.json, run.json and train.py.
        format: one of `FORMATS`; by default as the ending of ``to`` says, else npz.
        force: replace what is there: a file, or a folder that is an earlier export and nothing else.
        seconds: that an animation takes.

    Returns:
        The file or folder.

    Raises:
        Refused: an unknown format, a run that has not got what is asked for, points of the plane as pictures, a
            place that is taken.
    """
    to = Path(to).expanduser()
    format = _chosen(format, to)
    named = SUFFIXES.get(to.suffix.lower()) == format
    if not named and (to.suffix.lower() in SUFFIXES or format in OF_RUN):
        right = ENDINGS.get(format, "no ending (a folder)")
        raise Refused(f"{to.name} does not end as the format {format} does: give {right}, or leave out --format.")
    if format in OF_RUN:
        write_files(to, {to.name: OF_RUN[format](store, run, seconds)}, force)
    elif named:
        write_files(to, single(content_of(store, run), format, to.name), force)
    else:
        write_folder(to, files_of(content_of(store, run), format), force)
    return to


def bundle(store: Store, run: str, format: str = "npz", *, seconds: float = SECONDS) -> tuple[str, bytes]:
    """A run as one download: a file name and its bytes; a zip where the format has several files."""
    format = _chosen(format, Path())
    name = f"dcviz-{run}"
    if format in OF_RUN:
        return f"{name}{ENDINGS[format]}", OF_RUN[format](store, run, seconds)
    files = files_of(content_of(store, run), format)
    if format == "sheet":
        return f"{name}.png", files["sheet.png"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for file, data in files.items():
            packed.writestr(f"{name}/{file}", data)
    return f"{name}-{format}.zip", out.getvalue()


def _chosen(format: str | None, to: Path) -> str:
    format = format or SUFFIXES.get(to.suffix.lower(), "npz")
    if format not in FORMATS:
        raise unknown("export format", format, FORMATS)
    return format
