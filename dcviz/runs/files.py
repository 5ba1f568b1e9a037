"""Arrays as files: written whole or not at all, read with nothing executed."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from tokenize import TokenError
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as tensors

Arrays = dict[str, np.ndarray]
KEY = "dcviz"  # of our JSON in a safetensors header
NPZ_LEVEL = 1  # of zlib: 8-bit pictures shrink little more at 6, and take three times as long
SPOILT = (  # what zipfile and numpy raise on bytes that are not what they should be
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, MemoryError),
    *(ValueError, TypeError, KeyError, SyntaxError, TokenError, OverflowError),
)


class Damaged(Exception):
    """A file that is not whole, or not of the kind expected."""


def write_whole(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write under a temporary name and rename: readers see the old file or the new one, never a part.

    ``sync`` waits until it would survive a power cut, too.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        _replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync and os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name, too
        finally:
            os.close(folder)


def _replace(temporary: Path, path: Path) -> None:
    for wait in (0.01, 0.05, 0.2):
        try:
            os.replace(temporary, path)
            return
        except PermissionError:  # Windows, while another window reads the old file
            time.sleep(wait)
    os.replace(temporary, path)


def remove_temporaries(folder: Path) -> None:
    """Delete what an interrupted writer left."""
    for path in folder.rglob(".*.tmp"):
        path.unlink(missing_ok=True)


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as a compressed npz; equal arrays give equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for key, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED, NPZ_LEVEL)
    return out.getvalue()


def from_npz(data: bytes) -> Arrays:
    """The arrays of an npz.

    Raises:
        Damaged: it is not one, is cut off, or holds objects.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except SPOILT as error:
        raise Damaged(str(error)) from error


def packed(arrays: Mapping[str, np.ndarray], meta: Any) -> bytes:
    """Arrays and JSON as safetensors, with a checksum: the format has none."""
    plain = {key: np.asarray(array, order="C") for key, array in arrays.items()}
    header = {"meta": meta, "crc": _checksum(plain)}
    return tensors.save(plain, {KEY: json.dumps(header)})


def unpacked(data: bytes) -> tuple[Arrays, Any]:
    """The arrays and JSON of `packed`.

    Raises:
        Damaged: it is cut off, changed, or not ours.
    """
    try:
        arrays = dict(sorted(tensors.load(data).items()))  # which come in another order each time
        length = int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][KEY])
        meta, crc = header["meta"], header["crc"]
    except (SafetensorError, RecursionError, ValueError, KeyError, TypeError) as error:
        raise Damaged(str(error)) from error
    if crc != _checksum(arrays):
        raise Damaged("its checksum is wrong")
    return arrays, meta


def _checksum(arrays: Arrays) -> int:
    crc = 0
    for key in sorted(arrays):
        array = arrays[key]
        crc = zlib.crc32(f"{key} {array.dtype} {array.shape}".encode(), crc)
        crc = zlib.crc32(array.tobytes() if array.ndim == 0 or not array.flags.c_contiguous else array.data, crc)
    return crc
