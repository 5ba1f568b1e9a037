"""A whole run as one file, ``NAME.dcviz.zip``: plain JSON, CSV and arrays, which `dcviz.runs.importing` reads back.

- ``run.json``: what it is (kind, format), the run's row, configuration, scores, events, kept steps
- ``curves.csv``: every number, as `dcviz.runs.export.curves` writes it
- ``frames/00000042.npz``: what is shown of a kept step
- ``final.safetensors``: the final set in full precision with its recipe, where there is one
- ``checkpoint.safetensors``: the newest full state, where the run can go on from it
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.records import to_json
from dcviz.runs.export.curves import to_csv
from dcviz.runs.files import npz, packed
from dcviz.runs.rows import versions

if TYPE_CHECKING:
    from dcviz.runs.store import Run, Store

KIND, FORMAT = "dcviz run", 1
ABOUT, CURVES, FINAL, CHECKPOINT = "run.json", "curves.csv", "final.safetensors", "checkpoint.safetensors"
ROW = (
    *("id", "name", "note", "created", "status", "text", "step", "seconds"),
    *("parent", "parent_step", "device", "time_limit"),
)  # of the run's row; the rest follows from the configuration or is of the moment


def frame_name(step: int) -> str:
    """Where the frame of a step lies."""
    return f"frames/{step:08d}.npz"


def archived(store: Store, run: str) -> bytes:
    """A run that rests, with everything that the store holds of it but older checkpoints.

    Raises:
        Refused: it is running or waits in the queue; it was written by another version.
    """
    row = store.run(run)
    if row.status in ("running", "queued"):
        raise Refused(f"{run} is {row.status}: pause it, or let it end, before you take all of it along.")
    final, checkpoint = store.final(run), store.load_checkpoint(run) if row.resumable else None
    steps = store.frames(run)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        _add(file, ABOUT, json.dumps(_about(store, row, steps), indent=2, ensure_ascii=False).encode(), shrink=True)
        _add(file, CURVES, to_csv(store.metrics(run)).encode(), shrink=True)
        for step in steps:
            _add(file, frame_name(step), npz(store.frame(run, step)[1]))
        if final is not None:
            _add(file, FINAL, packed(final[0], to_json(final[1])))
        if checkpoint is not None:
            at, arrays, meta = checkpoint
            _add(file, CHECKPOINT, packed(arrays, {**meta, "step": at}))
    return out.getvalue()


def _about(store: Store, row: Run, steps: list[int]) -> dict[str, Any]:
    return {
        "kind": KIND,
        "format": FORMAT,
        "written_with": versions(),
        "run": {key: getattr(row, key) for key in ROW} | {"tags": list(row.tags), "versions": row.versions},
        "config": json.loads(to_json(row.config)),
        "scores": [dataclasses.asdict(score) for score in store.scores(row.id)],
        "events": [dataclasses.asdict(event) for event in store.events(row.id)],
        "frames": steps,
    }


def _add(file: zipfile.ZipFile, name: str, data: bytes, *, shrink: bool = False) -> None:
    """A member without a time of its own: the same run gives the same bytes."""
    file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED if shrink else zipfile.ZIP_STORED)
