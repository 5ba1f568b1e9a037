"""Files of tensors, read without running anything that they carry: .pt, .npz, .npy, .safetensors."""

from __future__ import annotations

import io
import math
import pickle
import re
import struct
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcviz.data.arrays import DAMAGED, every_array, header
from dcviz.data.zips import open_zip
from dcviz.errors import Refused

if TYPE_CHECKING:
    import numpy as np

    Tree = Any  # nested dicts, lists and tuples of arrays, tensors, numbers and texts

SUFFIXES = (".pt", ".pth", ".npz", ".npy", ".safetensors")
BYTES = 2**31  # of one file, and of what it unpacks to, at most
NUMBERS = 2**28  # in one array: a gigabyte as float32
NAMED = re.compile(r"GLOBAL ([\w.]{1,80})")  # what a pickle wanted to call, in torch's words

_allowing = threading.Lock()  # torch's list of allowed names is one for the process


def load(path: Path) -> Tree:
    """What a file holds.

    Raises:
        Refused: it is too large, damaged, of no kind that is read, or holds Python objects.
    """
    size = path.stat().st_size
    if size > BYTES:
        raise Refused(
            f"{path.name} has {size / 2**30:.1f} GB; the limit is {BYTES / 2**30:.0f} GB: give a smaller set."
        )
    suffix = path.suffix.lower()
    if suffix in (".pt", ".pth"):
        return _of_torch(path)
    if suffix == ".npz":
        return every_array(path, path.name, BYTES)
    if suffix == ".npy":
        return _of_npy(path)
    if suffix == ".safetensors":
        return _of_safetensors(path)
    raise Refused(f"{path.name} is of no kind that can be read: give {', '.join(SUFFIXES)}, a zip or a folder.")


def array(leaf: Any, name: str) -> np.ndarray:
    """A tensor or array as plain numbers; floats become float32.

    Raises:
        Refused: it is sparse, quantised, complex, of texts, or too large.
    """
    import numpy as np
    import torch

    if isinstance(leaf, torch.Tensor):
        odd = leaf.layout != torch.strided or leaf.is_quantized or leaf.device.type != "cpu" or leaf.is_complex()
        if odd or leaf.is_nested:
            raise Refused(
                f"{name} holds a tensor that is not plain numbers ({leaf.type()}): save it dense, on the CPU."
            )
        _refuse_large(leaf.numel(), name)  # an expanded tensor is small in the file
        leaf = (leaf.float() if leaf.is_floating_point() else leaf).detach().contiguous().numpy()
    found = np.asarray(leaf)
    _refuse_large(found.size, name)
    if found.dtype.kind not in "biuf":
        raise Refused(f"{name} holds values of type {found.dtype}: give numbers.")
    with np.errstate(over="ignore"):  # what becomes infinite is refused as such
        return np.ascontiguousarray(found.astype(np.float32) if found.dtype.kind == "f" else found)


def _refuse_large(numbers: int, name: str) -> None:
    if numbers > NUMBERS:
        raise Refused(f"{name} holds an array of {numbers:,} numbers; the limit is {NUMBERS:,}: give a smaller set.")


def _of_torch(path: Path) -> Tree:
    """Tensors, numbers and texts in lists and dicts; whatever else a pickle asks for is refused before it is made."""
    import torch

    try:
        if zipfile.is_zipfile(path):
            with open_zip(path, total=BYTES):
                pass  # its members are no bomb
        with _allowing, torch.serialization.safe_globals(_numbers()):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = NAMED.search(str(error))
        what = f" ({found[1]})" if found else ""
        raise Refused(
            f"{path.name} holds Python objects{what}, which may carry code and are never read, or is damaged: save "
            "a list of two tensors, images and labels."
        ) from error
    except Refused:
        raise
    except (*DAMAGED, struct.error, LookupError, AttributeError, AssertionError, RecursionError) as error:
        raise Refused(f"{path.name} is damaged ({_short(error)}): write or download it again.") from error


def _numbers() -> list[Any]:
    """Stand-ins for what numpy's numbers are pickled with: the accuracies that published files hold beside the set."""

    class Kind:
        """numpy.dtype, of numbers only."""

        def __init__(self, code: Any, *_: Any) -> None:
            if not isinstance(code, str) or not re.fullmatch(r"[<>=|]?[fiub]\d{1,2}", code):
                raise ValueError(f"{str(code)[:20]!r} is no type of numbers")
            self.code = code

        def __setstate__(self, state: Any) -> None:
            """What follows says the order of bytes, which published files never change."""

    def scalar(kind: Any, data: Any) -> float:
        import numpy as np

        if not isinstance(kind, Kind) or not isinstance(data, bytes):
            raise ValueError("a number is not written as one")
        return float(np.frombuffer(data, kind.code, 1)[0])

    names = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    return [(Kind, "numpy.dtype"), *((scalar, name) for name in names)]


def _of_npy(path: Path) -> np.ndarray:
    from numpy.lib import format as npy

    data = path.read_bytes()
    try:
        shape, dtype, length = header(io.BytesIO(data))
        if not dtype.hasobject:
            if math.prod(shape) * dtype.itemsize + length != len(data):
                raise ValueError("its length is not what its header says")
            return npy.read_array(io.BytesIO(data), allow_pickle=False)
    except DAMAGED as error:
        raise Refused(f"{path.name} is damaged ({_short(error)}): write or download it again.") from error
    raise Refused(f"{path.name} holds Python objects, which may carry code and are never read: store plain numbers.")


def _of_safetensors(path: Path) -> Tree:
    import json

    from safetensors import SafetensorError
    from safetensors.torch import load

    data = path.read_bytes()
    try:
        found = dict(load(data))
        head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        return {**found, **{key: str(text) for key, text in head.get("__metadata__", {}).items()}}
    except (SafetensorError, RecursionError, *DAMAGED, AttributeError) as error:
        raise Refused(f"{path.name} is damaged ({_short(error)}): write or download it again.") from error


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
