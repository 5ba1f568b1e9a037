"""Arrays in numpy's format, in files of their own or uncompressed in an npz: many bytes stay where they lie."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import IO, TYPE_CHECKING

from dcviz.data.rows import MAPPED_FROM, Mapping, Rows
from dcviz.data.zips import TOTAL
from dcviz.errors import Refused

if TYPE_CHECKING:
    import numpy as np

LOCAL = 30  # bytes of a member's own header in a zip, before its name; at 26 the lengths of name and extra field
BLOCK = 2**20  # bytes read at a time for a checksum
DAMAGED = (  # what zipfile and numpy's header reader raise on bytes that are not what they should be
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError),
    *(ValueError, TypeError, KeyError, SyntaxError, TokenError, OverflowError, MemoryError),
)


def header(content: IO[bytes]) -> tuple[tuple[int, ...], np.dtype, int]:
    """Shape, type and the header's own length in bytes."""
    shape, dtype, _, length = _header(content)
    return shape, dtype, length


def _header(content: IO[bytes]) -> tuple[tuple[int, ...], np.dtype, bool, int]:
    """As `header`, and whether the first axis runs fastest."""
    from numpy.lib import format as npy

    version = npy.read_magic(content)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"npy version {version} is not for plain arrays")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(content)
    return shape, dtype, fortran, content.tell()


def in_npz(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Rows | None:
    """An array of bytes that lies uncompressed in an npz and is too large to be read whole; else None.

    It is read through once, for the checksum that the archive keeps of it.

    Raises:
        Refused: it is damaged.
    """
    if info.compress_type != zipfile.ZIP_STORED or info.file_size < MAPPED_FROM:
        return None
    key = info.filename.removesuffix(".npy")
    try:
        with path.open("rb") as file:
            file.seek(info.header_offset)
            local = file.read(LOCAL)
            start = info.header_offset + LOCAL + sum(struct.unpack_from("<HH", local, 26))
        if local[:4] != b"PK\x03\x04" or start + info.file_size > path.stat().st_size:
            raise ValueError("it does not lie where the archive says")
        found = _rows(path, start, info.file_size)
        if found is not None and _checksum(path, start, info.file_size) != info.CRC:
            raise ValueError("its checksum is not that of the archive")
    except (*DAMAGED, struct.error) as error:
        raise Refused(f"the array {key} of {path.name} is damaged ({error}): write the file again.") from error
    return found


def in_file(path: Path) -> np.ndarray | Rows:
    """The array of an npy file: one of many bytes stays there, another is read.

    Raises:
        Refused: objects, a damaged file, or floats of more than 4 GB.
    """
    import numpy as np

    try:
        size = path.stat().st_size
        found = _rows(path, 0, size) if size >= MAPPED_FROM else None
        if found is not None:
            return found
        if size > TOTAL:
            raise Refused(
                f"{path.name} has {size / 2**30:.1f} GB, and is read whole unless it holds uint8; the limit is "
                f"{TOTAL / 2**30:.0f} GB: store pixels as uint8 from 0 to 255, which then stay on the disk."
            )
        with path.open("rb") as content:
            if header(content)[1].hasobject:
                raise Refused(f"{path.name} holds Python objects, which may carry code and are never read.")
        return np.load(path, allow_pickle=False)
    except DAMAGED as error:
        raise Refused(f"the array {path.name} is damaged ({error}): write the file again.") from error


def _rows(path: Path, start: int, size: int) -> Rows | None:
    """The array that begins at a byte of a file, if it is one of bytes in C order."""
    with path.open("rb") as content:
        content.seek(start)
        shape, dtype, fortran, here = _header(content)
    if dtype != "u1" or fortran:
        return None
    if math.prod(shape) + here - start != size:
        raise ValueError("its length is not what its header says")
    mapping = Mapping(path)
    return Rows(mapping, mapping.array(here, shape))


def _checksum(path: Path, start: int, size: int) -> int:
    """The CRC-32 of a part of a file."""
    found = 0
    with path.open("rb") as file:
        file.seek(start)
        while size > 0 and (part := file.read(min(size, BLOCK))):
            found, size = zlib.crc32(part, found), size - len(part)
    return found
