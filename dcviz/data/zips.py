"""Zip files from anywhere: looked through before a byte is unpacked, read member by member, never extracted."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcviz.errors import Refused

COUNT = 200_000  # members
TOTAL = 4 * 2**30  # bytes, unpacked
RATIO = 200  # unpacked ÷ packed; photographs and drawings stay far below
RATIO_FROM = 16 * 2**20  # bytes: what is smaller does no harm


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip whose list of members is safe to read from.

    The sizes are those that the archive declares; `zipfile` never reads more than that of a member.

    Raises:
        Refused: not a zip, or hostile: paths outside, links, a password, a bomb.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        raise Refused(
            f"{path.name} is not a readable {path.suffix.lstrip('.')} file ({error}): write or download it again."
        ) from error
    with archive:
        members = archive.infolist()
        if len(members) > COUNT:
            raise Refused(f"{path.name} has {len(members):,} members; the limit is {COUNT:,}: split it, or take fewer.")
        for info in members:
            _check(info, path)
        total = sum(info.file_size for info in members)
        if total > TOTAL:
            raise Refused(
                f"{path.name} would unpack to {total / 2**30:.1f} GB; the limit is {TOTAL / 2**30:.0f} GB: shrink the "
                "images, or take fewer."
            )
        yield archive


def _check(info: zipfile.ZipInfo, path: Path) -> None:
    name = info.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise Refused(f"{path.name} has a member outside its own folder ({name!r}): pack it again without such paths.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refused(f"{path.name} has a symbolic link ({name!r}): pack the files themselves.")
    if info.flag_bits & 1:
        raise Refused(f"{path.name} is protected by a password ({name!r}): pack it again without one.")
    if info.file_size > RATIO_FROM and info.file_size > RATIO * max(info.compress_size, 1):
        raise Refused(
            f"{path.name} looks like a zip bomb: {name!r} would unpack from {info.compress_size:,} to "
            f"{info.file_size:,} bytes; pack it again without compression if you trust it."
        )
