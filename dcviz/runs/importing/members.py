"""The members of an archive, read with a limit, and refused by name where they are damaged."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from dcviz.errors import Refused
from dcviz.runs.files import Arrays, Damaged, unpacked

BYTES = 2**31  # of an archive, unpacked, at most
TEXT_BYTES = 2**27  # of its JSON and its CSV
LARGEST = 2**62  # of whole numbers: the store's database holds no larger ones
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


def base(name: str) -> str:
    """The last part of a member's name, fit to be said in one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in name.rpartition("/")[2])


def unpacked_of(file: zipfile.ZipFile, member: str, name: str) -> tuple[Arrays, Any]:
    """The arrays and JSON of a safetensors member."""
    try:
        return unpacked(bytes_of(file, member, name))
    except (Damaged, RecursionError) as error:
        raise Refused(f"{base(member)} of {name} is damaged ({error}): export the run again.") from error


def tree_of(file: zipfile.ZipFile, member: str, name: str) -> Mapping[str, Any]:
    """The named values of a JSON member; numbers that no run has are refused."""
    text = text_of(file, member, name)
    try:
        tree = json.loads(text, parse_constant=_float, parse_float=_float, parse_int=_int)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{base(member)} of {name} is damaged ({error}): export the run again.") from error
    if not isinstance(tree, Mapping):
        raise Refused(f"{base(member)} of {name} is damaged (no set of named values): export the run again.")
    return tree


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is not finite")
    return value


def _int(text: str) -> int:
    value = int(text)
    if abs(value) > LARGEST:
        raise ValueError(f"{text[:20]} is too large")
    return value


def text_of(file: zipfile.ZipFile, member: str, name: str) -> str:
    """A member as text."""
    try:
        return bytes_of(file, member, name, TEXT_BYTES).decode()
    except UnicodeDecodeError as error:
        raise Refused(f"{base(member)} of {name} is damaged ({error}): export the run again.") from error


def bytes_of(file: zipfile.ZipFile, member: str, name: str, most: int = BYTES) -> bytes:
    """A member as it is."""
    try:
        info = file.getinfo(member)
        if info.file_size > most:
            raise Refused(f"{base(member)} of {name} has {info.file_size:,} bytes; the limit is {most:,}.")
        return file.read(info)
    except KeyError as error:
        raise Refused(f"{name} lacks {base(member)}: export the run again.") from error
    except DAMAGED as error:
        raise Refused(f"{base(member)} of {name} is damaged ({error}): export the run again.") from error
