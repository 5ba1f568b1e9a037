"""Zip files from anywhere: looked through before a byte is unpacked, read member by member, never extracted."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dcviz.errors import Refused

COUNT = 200_000  # members
TOTAL = 4 * 2**30  # bytes, unpacked
RATIO = 200  # unpacked ÷ packed; photographs and drawings stay far below
RATIO_FROM = 16 * 2**20  # bytes: what is smaller does no harm


@contextmanager
def open_zip(
    path: Path | IO[bytes],
    name: str = "",
    *,
    count: int | None = None,
    total: int | None = None,
    in_place: bool = False,
) -> Iterator[zipfile.ZipFile]:
    """A zip whose list of members is safe to read from.

    The sizes are those that the archive declares; `zipfile` never reads more than that of a member.

    Args:
        path: the file, or one that is open or in memory; the latter needs a ``name``.
        name: what refusals call it.
        count: members, at most; `COUNT` unless given.
        total: bytes of all members together, unpacked, at most; `TOTAL` unless given.
        in_place: whether members that are not compressed are left out of that, as they are read where they lie.

    Raises:
        Refused: not a zip, or hostile: paths outside, links, a password, a bomb.
    """
    name, count, total = name or Path(str(path)).name, count or COUNT, total or TOTAL
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        kind = name.rpartition(".")[2]
        raise Refused(f"{name} is not a readable {kind} file ({error}): write or download it again.") from error
    with archive:
        members = archive.infolist()
        if len(members) > count:
            raise Refused(f"{name} has {len(members):,} members; the limit is {count:,}: split it, or take fewer.")
        for info in members:
            _check(info, name)
        counted = [i for i in members if not in_place or i.compress_type != zipfile.ZIP_STORED]
        unpacked = sum(info.file_size for info in counted)
        if unpacked > total:
            raise Refused(
                f"{name} would unpack to {unpacked / 2**30:.1f} GB; the limit is {total / 2**30:.0f} GB: shrink the "
                "images, or take fewer."
            )
        yield archive


def _check(info: zipfile.ZipInfo, file: str) -> None:
    name = info.orig_filename
    parts = name.replace("\\", "/").split("/")
    if not name or not info.filename:
        raise Refused(f"{file} has a member without a name: pack it again.")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise Refused(f"{file} has a member outside its own folder ({name!r}): pack it again without such paths.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refused(f"{file} has a symbolic link ({name!r}): pack the files themselves.")
    if info.flag_bits & 1:
        raise Refused(f"{file} is protected by a password ({name!r}): pack it again without one.")
    if info.file_size > RATIO_FROM and info.file_size > RATIO * max(info.compress_size, 1):
        raise Refused(
            f"{file} looks like a zip bomb: {name!r} would unpack from {info.compress_size:,} to "
            f"{info.file_size:,} bytes; pack it again without compression if you trust it."
        )
