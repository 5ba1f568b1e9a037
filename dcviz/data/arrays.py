"""Images as arrays: ``x_train, y_train``, and parts ``test`` and ``public`` likewise; without pickle, checked first."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dcviz.data.files import Part, Read
from dcviz.data.rows import Rows
from dcviz.data.stored import DAMAGED, header, in_file, in_npz
from dcviz.data.zips import open_zip
from dcviz.errors import Refused

if TYPE_CHECKING:
    import numpy as np

MOST = 1000  # arrays in an npz that is read whole
KEYS = ("x_train", "y_train", "x_test", "y_test", "x_public", "y_public", "class_names")
BESIDE = ("test", "public")  # parts that may stand beside train


def read_npz(path: Path) -> Read:
    """Images ``(N, H, W)``, ``(N, H, W, 1 or 3)`` or ``(N, 1 or 3, H, W)``, uint8 or floats in [0, 1]; labels ``(N,)``.

    Raises:
        Refused: a missing or damaged array, objects, shapes, labels or values that do not fit.
    """
    with open_zip(path, in_place=True) as archive:
        held = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
        refuse_incomplete(held, path.name)
        found = {key: _member(path, archive, held[key]) for key in KEYS if key in held}
    return _of(found)


def _member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray | Rows:
    rows = in_npz(path, archive, info)
    return array_of(archive, info, path.name) if rows is None else rows


def holds_arrays(folder: Path) -> bool:
    """Whether a folder has arrays in files of their own, rather than images."""
    return (folder / "x_train.npy").is_file()


def read_arrays(folder: Path) -> Read:
    """As `read_npz`, from ``x_train.npy``, ``y_train.npy`` and so on in a folder."""
    held = {key: folder / f"{key}.npy" for key in KEYS if (folder / f"{key}.npy").is_file()}
    refuse_incomplete(held, folder.name)
    return _of({key: in_file(file) for key, file in held.items()})


def refuse_incomplete(held: Collection[str], name: str) -> None:
    """Refuse images without labels, and labels without images."""
    if "x_train" not in held or "y_train" not in held:
        raise Refused(
            f"{name} has the arrays {', '.join(sorted(held)) or 'none'}; it needs x_train and y_train "
            "(and may have x_test, y_test, class_names)."
        )
    for part in BESIDE:
        if (f"x_{part}" in held) != (f"y_{part}" in held):
            raise Refused(f"{name} has only one of x_{part} and y_{part}: give both, or neither.")


def _of(found: Mapping[str, np.ndarray | Rows]) -> Read:
    parts = {
        part: (_images(found[f"x_{part}"], f"x_{part}"), _labels(_whole(found[f"y_{part}"]), f"y_{part}"))
        for part in ("train", *BESIDE)
        if f"x_{part}" in found
    }
    names = found.get("class_names")
    return _together(parts, None if names is None else _whole(names))


def _whole(array: np.ndarray | Rows) -> np.ndarray:
    """An array in memory: labels of as many rows as make a large file, say."""
    return array[:].numpy() if isinstance(array, Rows) else array


def every_array(file: Path | IO[bytes], name: str, total: int) -> dict[str, np.ndarray]:
    """All arrays of an npz of at most ``total`` bytes, by name; refused as by `read_npz`."""
    with open_zip(file, name, count=MOST, total=total) as archive:
        return {info.filename.removesuffix(".npy"): array_of(archive, info, name) for info in archive.infolist()}


def array_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> np.ndarray:
    """One array, after its header says that it is plain numbers and as long as the file."""
    from numpy.lib import format as npy

    key = info.filename.removesuffix(".npy")
    try:
        with archive.open(info) as content:
            shape, dtype, length = header(content)
            if not dtype.hasobject:
                if math.prod(shape) * dtype.itemsize + length != info.file_size:
                    raise ValueError("its length is not what its header says")
                with archive.open(info) as again:
                    return npy.read_array(again, allow_pickle=False)
    except DAMAGED as error:
        raise Refused(f"the array {key} of {name} is damaged ({error}): write the file again.") from error
    raise Refused(
        f"the array {key} of {name} holds Python objects, which may carry code and are never read: store plain "
        "numbers, and names as np.array(names, dtype=str)."
    )


def _images(x: np.ndarray | Rows, key: str) -> np.ndarray | Rows:
    """Images ``(N, channels, H, W)``, uint8 or float32 in [0, 1]."""
    import numpy as np

    if isinstance(x, Rows):
        return x.viewed(lambda array: _channels_first(array, key))
    x = _channels_first(x, key)
    if x.dtype == np.uint8:
        return np.ascontiguousarray(x)
    if x.dtype == bool:
        return np.ascontiguousarray(x) * np.uint8(255)
    if np.issubdtype(x.dtype, np.integer):
        if x.min() < 0 or x.max() > 255:
            raise Refused(f"{key} has whole numbers from {x.min()} to {x.max()}: pixels are 0 to 255, as uint8.")
        return np.ascontiguousarray(x, dtype=np.uint8)
    if not np.issubdtype(x.dtype, np.floating):
        raise Refused(f"{key} has values of type {x.dtype}: give uint8, or floats in [0, 1].")
    return _unit(np.ascontiguousarray(x, dtype=np.float32), key)


def _unit(x: np.ndarray, key: str) -> np.ndarray:
    import numpy as np

    low, high = float(x.min()), float(x.max())  # not a number, if one is
    if not np.isfinite([low, high]).all():
        image = int(np.flatnonzero(~np.isfinite(x).all(axis=(1, 2, 3)))[0])
        raise Refused(f"{key} has pixels that are NaN or infinite, first in image {image}: replace or drop them.")
    if low < -1e-6 or high > 1 + 1e-6:  # the rounding of someone's division
        cure = f"divide {key} by 255" if low >= 0 and high <= 255 else "undo its normalisation"
        raise Refused(f"{key} has values from {low:g} to {high:g}; floats must lie in [0, 1]: {cure}, or store uint8.")
    return x.clip(0, 1)


def _channels_first(x: np.ndarray, key: str) -> np.ndarray:
    import numpy as np

    given = f"{key} has the shape {x.shape}"
    wanted = "give (N, H, W), (N, H, W, 1 or 3) or (N, 1 or 3, H, W)"
    if x.ndim == 3 and x.size:
        return x[:, None]
    if x.ndim != 4 or not x.size:
        raise Refused(f"{given}: {wanted}.")
    first, last = x.shape[1] in (1, 3), x.shape[3] in (1, 3)
    if first == last:
        why = "either side could be the channels" if first else "neither side is 1 or 3 channels"
        raise Refused(f"{given}; {why}: {wanted}.")
    return x if first else np.moveaxis(x, 3, 1)


def _labels(y: np.ndarray, key: str) -> np.ndarray:
    import numpy as np

    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise Refused(f"{key} has the shape {y.shape}: give one whole number for each image (of one-hot rows, argmax).")
    if not np.issubdtype(y.dtype, np.integer):
        raise Refused(f"{key} has values of type {y.dtype}: give whole numbers, and their names in class_names.")
    return y.astype(np.int64)


Pair = tuple["np.ndarray | Rows", "np.ndarray"]


def _together(given: dict[str, Pair], names: np.ndarray | None) -> Read:
    """Check that the arrays belong together, and number the classes from 0."""
    import numpy as np

    for part, (x, y) in given.items():
        if len(x) != len(y):
            raise Refused(f"x_{part} has {len(x):,} images and y_{part} {len(y):,} labels: give one label an image.")
    first, values = given["train"][0], np.unique(given["train"][1])
    for part, (x, y) in given.items():
        if x.shape[1:] != first.shape[1:]:
            raise Refused(f"x_{part} has images of {x.shape[1:]} and x_train of {first.shape[1:]}: give one shape.")
        strange = np.setdiff1d(y, values)
        if len(strange):
            raise Refused(f"y_{part} has the class {strange[0]}, which y_train has not: drop it, or add it there.")
    if len({_of_bytes(x) for x, _ in given.values()}) > 1:
        given = {part: (_as_float(x, part), y) for part, (x, y) in given.items()}
    classes = tuple(map(str, values)) if names is None else _names(names, values)
    parts = {part: Part(x, np.searchsorted(values, y)) for part, (x, y) in given.items()}
    return Read(classes, parts["train"], parts.get("test"), parts.get("public"))


def _of_bytes(x: np.ndarray | Rows) -> bool:
    return isinstance(x, Rows) or x.dtype == "u1"


def _as_float(x: np.ndarray | Rows, part: str) -> np.ndarray:
    import numpy as np

    if isinstance(x, Rows):
        raise Refused(f"x_{part} is uint8 and too large to be read whole, and another part is not: store all as uint8.")
    return x.astype(np.float32) / 255 if _of_bytes(x) else x


def _names(names: np.ndarray, values: np.ndarray) -> tuple[str, ...]:
    """The name of each label, which must then be an index into the names."""
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise Refused(f"class_names has type {names.dtype} and shape {names.shape}: give np.array(names, dtype=str).")
    known = [n.decode("utf-8", "replace") if isinstance(n, bytes) else str(n) for n in names]
    if len(set(known)) != len(known) or not all(n.strip() for n in known):
        raise Refused("class_names has a name twice or an empty one: give every class a name of its own.")
    if values.min() < 0 or values.max() >= len(known):
        raise Refused(
            f"y_train has labels from {values.min()} to {values.max()}, but class_names has {len(known)} names: labels "
            f"must lie from 0 to {len(known) - 1}."
        )
    absent = sorted(set(range(len(known))) - set(values.tolist()))
    if absent:
        raise Refused(f"class {known[absent[0]]!r} of class_names has no image in x_train: add some, or drop the name.")
    return tuple(known)
