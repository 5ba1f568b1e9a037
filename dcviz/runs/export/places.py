"""Where exports are written: whole or not at all, and never over something else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex

from dcviz.errors import Refused
from dcviz.runs.files import write_whole


def write_files(to: Path, files: Mapping[str, bytes], force: bool) -> None:
    """Files beside each other, in the folder of ``to``.

    Raises:
        Refused: one of them is there already and not to be replaced, or a folder; the disk does not take them.
    """
    for name in files:
        path = to.with_name(name)
        if path.is_dir():
            raise Refused(f"{path} is a folder: choose another name.")
        if path.exists() and not force:
            raise Refused(f"{path} is already there: choose another place, or replace it with --force.")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_whole(to.with_name(name), data)
    except OSError as error:
        raise Refused(f"{to} could not be written: {error.strerror or error}.") from error


def write_folder(to: Path, files: Mapping[str, bytes], force: bool) -> None:
    """The files in a new folder, written beside its place and then renamed.

    Raises:
        Refused: the place is taken by something that is not to be replaced; the disk does not take them.
    """
    if to.is_file():
        raise Refused(f"{to} is a file: choose a folder.")
    _bring_back(to.resolve())
    taken = to.is_dir() and any(to.iterdir())
    if taken and not force:
        raise Refused(f"{to} is not empty: choose another place, or replace it with --force.")
    if taken and not ((to / "recipe.json").is_file() and (to / "run.json").is_file()):
        raise Refused(f"{to} holds something else than an earlier export: choose another place.")
    try:
        _swap(to.resolve(), files)  # "." and links, too
    except OSError as error:
        raise Refused(f"{to} could not be written: {error.strerror or error}.") from error


def _bring_back(to: Path) -> None:
    """What lay here before an export that was killed between its two renames."""
    if to.exists() or not to.parent.is_dir():
        return
    aside = [
        path for path in to.parent.iterdir() if re.fullmatch(rf"\.{re.escape(to.name)}\.[0-9a-f]{{8}}\.old", path.name)
    ]
    if aside:
        max(aside, key=lambda path: path.stat().st_mtime).rename(to)


def _swap(to: Path, files: Mapping[str, bytes]) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    made, old = (to.with_name(f".{to.name}.{token_hex(4)}.{kind}") for kind in ("new", "old"))
    try:
        for name, data in files.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_bytes(data)
        if to.exists():
            to.rename(old)
        made.rename(to)
    finally:
        shutil.rmtree(made, ignore_errors=True)
        if old.exists() and not to.exists():  # the second rename failed: what was there comes back
            old.rename(to)
        shutil.rmtree(old, ignore_errors=True)
