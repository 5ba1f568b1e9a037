"""An archived run, read back: every part checked before anything is written."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcviz.data.catalogue import catalogue
from dcviz.data.zips import open_zip
from dcviz.errors import Refused
from dcviz.records import FINAL as ENDED
from dcviz.records import Recipe, RunConfig, Score, from_dict, from_json, to_json
from dcviz.runs.export.archive import ABOUT, CHECKPOINT, CURVES, FINAL, FORMAT, KIND, frame_name
from dcviz.runs.export.curves import from_csv
from dcviz.runs.files import Arrays
from dcviz.runs.importing.finals import check_final
from dcviz.runs.importing.frames import checked
from dcviz.runs.importing.members import BYTES, base, bytes_of, text_of, tree_of, unpacked_of
from dcviz.runs.importing.parts import Parts, Row
from dcviz.runs.labels import NAME_LENGTH, NOTE_LENGTH, check_tag, short
from dcviz.runs.rows import Deleted, Event, check_id

if TYPE_CHECKING:
    from dcviz.runs.store import Store

MEMBERS = 2000  # of an archive, at most
FRAMES, EVENTS = 1000, 100_000
LONGEST = 2**20  # characters of a configuration
CLASSES = 1000  # where nothing says how many there are
KIND_OF_EVENT = re.compile(r"[a-z][a-z -]{0,39}")


@dataclass(frozen=True)
class _Event:
    """An event as the archive has it."""

    step: int
    kind: str
    payload: Mapping[str, Any]
    at: float


@dataclass(frozen=True)
class _About:
    """What an archive says of its run."""

    kind: str
    format: int
    written_with: Mapping[str, Any]
    run: Row
    config: RunConfig
    scores: tuple[Score, ...]
    events: tuple[_Event, ...]
    frames: tuple[int, ...]


def is_archive(path: Path) -> bool:
    """Whether a file is a zip with the run.json of an archive; nothing else in it is looked at."""
    if not zipfile.is_zipfile(path):
        return False
    with open_zip(path) as file:
        name = next((n for n in file.namelist() if base(n) == ABOUT and n.count("/") < 2), None)
        return name is not None and tree_of(file, name, path.name).get("kind") == KIND


def read(path: Path, store: Store) -> Parts:
    """The run of an archive, as it is to stand in a store.

    Raises:
        Refused: no archive, one of another version, or one that is damaged or was made to do harm.
    """
    with open_zip(path, count=MEMBERS, total=BYTES) as file:
        name = next((n for n in file.namelist() if base(n) == ABOUT and n.count("/") < 2), None)
        if name is None:
            raise Refused(f"{path.name} holds no archived run (no {ABOUT}): give a .dcviz.zip that dcviz has exported.")
        tree, root = tree_of(file, name, path.name), name.removesuffix(ABOUT)
        about = _about(tree, path.name)
        held = set(file.namelist())
        final = _final(file, root + FINAL, path.name) if root + FINAL in held else None
        checkpoint = _checkpoint(file, root + CHECKPOINT, path.name) if root + CHECKPOINT in held else None
        classes = _classes(about.config, final)
        frames, shapes = {}, set()
        for step in about.frames:
            member = root + frame_name(step)
            data = bytes_of(file, member, path.name)
            frames[step], shape = checked(data, f"{path.name}/{frame_name(step)}", classes)
            shapes.add(shape)
        if len(shapes) > 1:
            raise Refused(f"{path.name} is damaged (its frames differ in size): export the run again.")
        curves = from_csv(text_of(file, root + CURVES, path.name))
    events = [Event(e.step, e.kind, dict(e.payload), e.at) for e in about.events]
    row = _row(about, store, path.name, checkpoint is not None)
    origin = {"file": path.name, "run": about.run.id, "dcviz": str(about.written_with.get("dcviz", ""))[:40]}
    events.append(Event(row.step, "imported", origin, row.created))
    return Parts(about.config, row, final, checkpoint, frames, curves, about.scores, events)


# ----------------------------------------------------------------------------------------------------- its own words


def _about(tree: Mapping[str, Any], file: str) -> _About:
    if tree.get("kind") != KIND:
        raise Refused(f"{file} holds no archived run: give a .dcviz.zip that dcviz has exported.")
    made = tree.get("written_with")
    version = str(made.get("dcviz", "?"))[:40] if isinstance(made, Mapping) else "?"
    if tree.get("format") != FORMAT:
        raise Refused(
            f"{file} was written by dcviz {version} in format {str(tree.get('format'))[:20]}, and this dcviz reads "
            f"format {FORMAT}: use the same version of dcviz in both places."
        )
    try:
        about = from_dict(_About, tree)
        _check(about)
    except Refused as refusal:
        raise Refused(f"{file}, written by dcviz {version}, cannot be read here: {refusal}") from refusal
    except (TypeError, RecursionError) as error:  # a record lacks a field, or is nested without end
        raise Refused(f"{file} is damaged (its {ABOUT} is not whole): export the run again.") from error
    return about


def _check(about: _About) -> None:
    """Refuse values that no run has."""
    run, config = about.run, about.config
    check_id(run.id)
    if run.parent is not None:
        check_id(run.parent)
    short("its name", run.name, NAME_LENGTH)
    short("its note", run.note, NOTE_LENGTH)
    short("its text", run.text, NOTE_LENGTH)
    short("its device", run.device, 40)
    short("its versions", json.dumps(dict(run.versions)), NOTE_LENGTH)
    short("its configuration", to_json(config), LONGEST)
    for tag in run.tags:
        check_tag(tag)
    _finite("created", run.created, 0, 1e11)
    _finite("seconds", run.seconds, 0, 1e10)
    _finite("time_limit", run.time_limit if run.time_limit is not None else 1.0, 1e-9, 1e10)
    _finite("steps", config.steps, 0, 10**9)
    _finite("step", run.step, 0, config.steps)
    _finite("parent_step", run.parent_step or 0, 0, 10**9)
    _finite("budget", config.budget, 1, 10**5)
    if len(about.frames) > FRAMES or len(about.events) > EVENTS or len(set(about.frames)) != len(about.frames):
        raise Refused(f"it has {len(about.frames)} frames and {len(about.events)} events.")
    for step in about.frames:
        _finite("the step of a frame", step, 0, config.steps)
    for score in about.scores:
        for value in (score.mean, score.std, *score.values):
            _finite("a score", value, 0, 1)
    for event in about.events:
        _check_event(event, config)


def _check_event(event: _Event, config: RunConfig) -> None:
    if not KIND_OF_EVENT.fullmatch(event.kind) or len(json.dumps(dict(event.payload))) > NOTE_LENGTH:
        raise Refused(f"{event.kind[:40]!r} is no kind of event.")
    _finite("the step of an event", event.step, 0, config.steps)
    _finite("the time of an event", event.at, 0, 1e11)
    if event.kind == "rate":
        rate, group = event.payload.get("rate"), event.payload.get("group")
        if not isinstance(rate, float | int) or group not in config.optimiser.rates:
            raise Refused("an event sets a learning rate that the run has not.")
        _finite("a learning rate", rate, 1e-300, 1e300)


def _finite(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # nor is NaN
        raise Refused(f"{what} is {value:g}; it must be from {low:g} to {high:g}.")


def _row(about: _About, store: Store, file: str, checkpoint: bool) -> Row:
    """The run's row here: what was under way rests, and where it came from is said."""
    run = about.run
    status, text = run.status, run.text
    if status not in ENDED:
        status = "interrupted" if checkpoint else "cancelled"
        text = (
            ""
            if checkpoint
            else f"it was {run.status} where it came from, and came without a checkpoint to go on from."
        )
    version = str(about.written_with.get("dcviz", "?"))[:40]
    origin = f"Imported from {file[:200]} (run {run.id}, dcviz {version})."
    note = f"{run.note}\n\n{origin}".strip()[-NOTE_LENGTH:]
    same = run.parent is not None and _is_parent(store, run.parent, about.config)
    return replace(run, status=status, text=text, note=note, parent=run.parent if same else None)


def _is_parent(store: Store, parent: str, config: RunConfig) -> bool:
    """Whether a run of that id can be the parent: there is none here, or one that a fork could have come from."""
    from dcviz.runs.fork import refuse_other_shape

    try:
        row = store.run(parent)
    except Deleted:
        return False
    except Refused:
        return True  # a fork of the fork is then refused in words, as where a parent was deleted
    try:
        refuse_other_shape(row.config, config)
    except Refused:
        return False
    return True


# --------------------------------------------------------------------------------------------------------- its arrays


def _final(file: zipfile.ZipFile, member: str, name: str) -> tuple[Arrays, Recipe]:
    """The final set, decoded once to see that it can be."""
    arrays, text = unpacked_of(file, member, name)
    try:
        recipe = from_json(Recipe, text)
    except (TypeError, RecursionError) as error:
        raise Refused(f"the recipe of {name} is damaged ({error}): export the run again.") from error
    check_final(arrays, recipe, name)
    return arrays, recipe


def _checkpoint(file: zipfile.ZipFile, member: str, name: str) -> tuple[int, Arrays, dict[str, Any]]:
    import torch

    from dcviz.condensing.checkpoint import unpack

    arrays, meta = unpacked_of(file, member, name)
    try:
        step, tree = int(meta["step"]), unpack(arrays, meta["skeleton"], torch.device("cpu"))
        whole = {"parameters", "inner", "moments"} <= set(tree) and step >= 0
        _finite("seconds", float(meta["seconds"]), 0, 1e10)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(f"the checkpoint of {name} is damaged ({error}): export the run again.") from error
    if not whole:
        raise Refused(f"the checkpoint of {name} is not whole: export the run again.")
    return step, arrays, meta


def _classes(config: RunConfig, final: tuple[Arrays, Recipe] | None) -> int:
    """How many classes the frames can show."""
    if final is not None:
        return len(final[1].classes)
    if config.data.classes is not None:
        return len(config.data.classes)
    known = {} if config.data.path is not None else {info.name: len(info.classes) for info in catalogue()}
    return known.get(config.data.name, CLASSES)
