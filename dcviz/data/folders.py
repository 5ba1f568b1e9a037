"""A folder or zip with one folder of images for each class, optionally below ``train``, ``test`` and ``public``."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.data import pictures
from dcviz.data.arrays import BESIDE
from dcviz.data.files import Part, Read
from dcviz.data.zips import COUNT, open_zip
from dcviz.errors import Refused
from dcviz.types import Progress

if TYPE_CHECKING:
    import numpy as np

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff"})
OTHER_IMAGES = frozenset({".svg", ".svgz", ".heic", ".heif", ".avif", ".jp2", ".psd", ".eps", ".pdf", ".ppm", ".ico"})
FILE_BYTES = 512 * 2**20  # of one image file
DECODED = 2 * 2**30  # bytes of all images together, as uint8
TELL = 64  # images between two words of progress


@dataclass(frozen=True)
class Member:
    """One image file, in a folder or in a zip."""

    parts: tuple[str, ...]  # its path, from the root
    size: int  # bytes
    read: Callable[[], bytes]

    @property
    def label(self) -> str:
        """Its path as people write it."""
        return "/".join(self.parts)


def read_folder(path: Path, progress: Progress) -> Read:
    """All images of a folder of class folders.

    Raises:
        Refused: no images, images outside class folders, links to folders, damaged or too many or too large images.
    """
    found = []
    for place, folders, files in os.walk(path, onerror=_raise):
        for folder in folders:
            if Path(place, folder).is_symlink():
                raise Refused(f"{Path(place, folder)} is a link to a folder, which is not followed: copy the folder.")
        inner = Path(place).relative_to(path).parts
        for file in files:
            full = Path(place, file)
            found.append(Member((*inner, file), full.stat().st_size if full.is_file() else 0, full.read_bytes))
            if len(found) > COUNT:
                raise Refused(f"{path.name} has more than {COUNT:,} files: take fewer.")
    return _read(sorted(found, key=lambda m: m.parts), path.resolve().name, progress)


def read_zip(path: Path, progress: Progress) -> Read:
    """All images of a zip of class folders, without unpacking it to the disk.

    Raises:
        Refused: as `read_folder`, and a damaged or hostile zip.
    """
    with open_zip(path) as archive:
        found = [
            Member(tuple(info.filename.split("/")), info.file_size, _reader(archive, info))
            for info in archive.infolist()
            if not info.is_dir()
        ]
        return _read(sorted(found, key=lambda m: m.parts), path.name, progress)


def _raise(error: OSError) -> None:
    raise error


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return archive.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise Refused(
                f"{info.filename} in {Path(str(archive.filename)).name} is damaged ({error}): pack the zip again."
            ) from error

    return read


def _read(members: Sequence[Member], name: str, progress: Progress) -> Read:
    kept = _images(members, name)
    parts = _parts(kept, name)
    classes = tuple(sorted({m.parts[0] for m in parts["train"]}, key=_natural))
    for part in BESIDE:
        for member in parts.get(part, ()):
            if member.parts[0] not in classes:
                raise Refused(
                    f"the {part} part of {name} has the class {member.parts[0]!r}, which train has not: add it there."
                )
    everything = [m for part in parts.values() for m in part]
    size, channels = _common(everything, name, progress)
    x = _decode(everything, size, channels, progress)
    if channels == 3 and (x[:, :1] == x[:, 1:]).all():
        x = x[:, :1].copy()  # greys that were saved as colours
    return _divide(x, parts, classes)


def _images(members: Sequence[Member], name: str) -> list[Member]:
    """The images among the files: hidden files and what is no image are passed over, other image formats refused."""
    kept = []
    for member in members:
        if any(part.startswith((".", "__MACOSX")) for part in member.parts):
            continue
        suffix = os.path.splitext(member.parts[-1])[1].lower()
        if suffix in OTHER_IMAGES:
            raise Refused(f"{member.label} is {suffix}, which is not read: convert it to PNG, or leave it out.")
        if suffix not in IMAGES:
            continue
        if member.size > FILE_BYTES:
            raise Refused(
                f"{member.label} has {member.size / 2**30:.1f} GB; an image may have 0.5 GB: shrink it first."
            )
        kept.append(member)
    if not kept:
        raise Refused(
            f"{name} has no images (png, jpg, bmp, webp, gif, tiff): give it one folder of images for each class."
        )
    return kept


def _parts(members: list[Member], name: str) -> dict[str, list[Member]]:
    """Training images, and those of other parts where folders say so; every path begins with the class."""
    while len({m.parts[0] for m in members}) == 1 and all(len(m.parts) > 2 for m in members):
        members = [_below(m) for m in members]  # a wrapper around everything
    tops = {m.parts[0].lower() for m in members if len(m.parts) > 2}
    named = {m.parts[0].lower() for m in members}
    if named == tops and "train" in named and len(named) > 1 and named <= {"train", *BESIDE}:
        ordered = [part for part in ("train", *BESIDE) if part in named]
        groups = {part: [_below(m) for m in members if m.parts[0].lower() == part] for part in ordered}
    else:
        groups = {"train": members}
    for member in (m for group in groups.values() for m in group):
        if len(member.parts) < 2:
            raise Refused(
                f"{member.label} of {name} lies in no class folder: put it into a folder named for its class."
            )
    return groups


def _below(member: Member) -> Member:
    return Member(member.parts[1:], member.size, member.read)


def _natural(name: str) -> list[tuple[int, int | str]]:
    """Numbers in names count as numbers: 2 before 10."""
    return [(0, int(p)) if p.isdecimal() else (1, p.casefold()) for p in re.split(r"(\d+)", name) if p] + [(2, name)]


def _common(members: list[Member], name: str, progress: Progress) -> tuple[tuple[int, int], int]:
    """The (width, height) to bring all to, and the channels: one if all are grey.

    The commonest size where half of the images have it, otherwise the median width and height.
    """
    import numpy as np

    headers = []
    for i, member in enumerate(members):
        if i % TELL == 0:
            progress(f"looking through {name}", 0.3 * i / len(members))
        headers.append(pictures.header(member.read(), member.label))
    (size, times), *_ = Counter((h.width, h.height) for h in headers).most_common(1)
    if 2 * times < len(headers):
        width, height = np.median([(h.width, h.height) for h in headers], axis=0)
        size = int(width), int(height)
    channels = 1 if all(h.grey for h in headers) else 3
    needed = len(members) * channels * size[0] * size[1]
    if needed > DECODED:
        raise Refused(
            f"{len(members):,} images of {size[0]}×{size[1]} would take {needed / 2**30:.1f} GB; the limit is "
            f"{DECODED / 2**30:.0f} GB: shrink the images of {name} first, for example to 64×64."
        )
    return size, channels


def _decode(members: list[Member], size: tuple[int, int], channels: int, progress: Progress) -> np.ndarray:
    """All images ``(N, channels, H, W)`` uint8."""
    import numpy as np

    x = np.empty((len(members), channels, size[1], size[0]), np.uint8)
    for i, member in enumerate(members):
        if i % TELL == 0:
            progress("reading images", 0.3 + 0.6 * i / len(members))
        x[i] = pictures.decode(member.read(), member.label, size, channels)
    return x


def _divide(x: np.ndarray, parts: dict[str, list[Member]], classes: tuple[str, ...]) -> Read:
    import numpy as np

    index = {name: c for c, name in enumerate(classes)}
    found, first = {}, 0
    for part, members in parts.items():
        found[part] = Part(x[first : first + len(members)], np.array([index[m.parts[0]] for m in members], np.int64))
        first += len(members)
    return Read(classes, found["train"], found.get("test"), found.get("public"))
