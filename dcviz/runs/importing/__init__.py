"""Runs and published synthetic sets from elsewhere, looked through before anything is written down."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.runs.importing.archive import is_archive, read
from dcviz.runs.importing.labels import KINDS
from dcviz.runs.importing.parts import Parts, Row, adopt
from dcviz.runs.importing.pixels import SCALES
from dcviz.runs.importing.published import find
from dcviz.runs.importing.sets import Fitted, Taken, fitted
from dcviz.runs.labels import NAME_LENGTH, short
from dcviz.runs.rows import Event, versions

if TYPE_CHECKING:
    from dcviz.records import Status
    from dcviz.runs.store import Store

__all__ = ["KINDS", "SCALES", "Brought", "Taken", "bring"]

SAID = 1000  # characters of what a set was taken for


@dataclass(frozen=True)
class Brought:
    """What an import has become."""

    run: str  # its id here
    said: str  # what it was taken for, in a sentence
    whole: bool  # a run with its history; otherwise a set


def bring(
    store: Store, paths: Sequence[Path], taken: Taken | None = None, *, name: str = "", status: Status = "done"
) -> Brought:
    """Read a run or a synthetic set into a store, whole or not at all.

    Args:
        store: where it goes.
        paths: one archived run; or the files, the folder or the zip of one set (`dcviz.runs.importing.published`).
        taken: how a set is to be taken.
        name: of the run it becomes; else the archived name, or that of the file.
        status: of the run that a set becomes: ``queued`` for evaluation by a worker, ``paused`` by the caller.

    Raises:
        Refused: nothing to read, another version, damaged or hostile files, what does not fit the data.
    """
    paths = [Path(path).expanduser() for path in paths]
    if not paths:
        raise Refused("no file was given: choose a .dcviz.zip, or the files of a synthetic set.")
    short("a name", name, NAME_LENGTH)
    if len(paths) == 1 and paths[0].is_file() and _means_run(paths[0]):
        parts = read(paths[0], store)
        if name:
            parts = replace(parts, row=replace(parts.row, name=name))
        return Brought(adopt(store, parts), f"the run {parts.row.name or parts.row.id} with its history", whole=True)
    label = paths[0].name
    found = fitted(find(paths, (taken or Taken()).number), taken or Taken(), label)
    return Brought(adopt(store, _parts(store, found, label, name, status)), found.said, whole=False)


def _means_run(path: Path) -> bool:
    return path.name.lower().endswith(".dcviz.zip") or is_archive(path)


def _parts(store: Store, found: Fitted, label: str, name: str, status: Status) -> Parts:
    """The run of a set: one frame, and a word on where it came from."""
    import torch

    from dcviz.runs.files import npz
    from dcviz.runs.frames import Framer
    from dcviz.runs.kept import set_of

    framer = Framer(store, found.data)
    for _ in framer.prepare_if_known():
        pass
    synthetic = set_of(found.arrays, found.recipe, torch.device("cpu"))
    frame, now = framer.arrays(synthetic), time.time()
    origin = f"Imported from {label}: {found.said}."[:SAID]
    row = Row(name=name or Path(label).stem[:NAME_LENGTH], note=origin, created=now, status=status)
    event = Event(0, "imported", {"file": label, "said": found.said[:SAID], "dcviz": versions()["dcviz"]}, now)
    return Parts(found.config, row, (found.arrays, found.recipe), frames={0: npz(frame)}, events=[event])
