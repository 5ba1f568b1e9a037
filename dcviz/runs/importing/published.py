"""Synthetic sets as their authors publish them: which tensors of which files are images, which are labels.

Read as the public code writes them:

- DC, DSA, DM, DataDAM, CAFE, IDM: ``res_….pt``, a dict whose ``data`` lists [images, labels] of each experiment
- MTT, TESLA, DATM: ``images_best.pt`` with ``labels_best.pt`` and perhaps ``lr_best.pt``
- IDC, DREAM: ``data.pt``, [images, labels]
- KIP: an npz (or two npy) of images and labels
- SRe2L and others: a folder or zip of class folders
- what dcviz exports: npz, safetensors, or the zip of either
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dcviz.data.zips import open_zip
from dcviz.errors import Refused
from dcviz.runs.importing.tensors import BYTES, NUMBERS, SUFFIXES, array, load

if TYPE_CHECKING:
    import numpy as np

# Names under which images and labels are stored, by how often they are met.
IMAGES = ("images", "image_syn", "images_syn", "image", "x", "x_syn", "x_train", "syn_images", "data", "x_proto")
LABELS = ("labels", "label_syn", "labels_syn", "label", "y", "y_syn", "y_train", "syn_labels", "targets", "y_proto")
OWN, TEXTS = {"x", "y", "classes", "ids", "recipe"}, ("recipe", "run")  # in an export of dcviz
MOST = 1000  # sets in one file
DEEPEST = 6  # lists within lists
LONGEST_NAME = 60  # of a file that is unpacked: in any letters, every disk takes it
FILES = 20  # of tensors, in one import


@dataclass(frozen=True)
class Found:
    """What the files hold, as they hold it."""

    x: np.ndarray  # images, of three to four dimensions; or those of class folders
    y: np.ndarray | None  # labels (n,) or (n, C); None: not given
    classes: tuple[str, ...] | None = None  # names of class folders, where y counts them
    step_size: float | None = None  # learned with the images
    own: Mapping[str, Any] | None = None  # the arrays and recipe of an export of dcviz
    said: str = ""  # which of several sets this is


def find(paths: Sequence[Path], number: int | None = None) -> Found:
    """The set in some files: one with all of it, or images in one and labels in another.

    Args:
        paths: files, or one folder or zip.
        number: which of several sets, from 1; the last unless given, which the public code saves as its best.

    Raises:
        Refused: there are no images, the files are damaged or hostile, or ``number`` is none of them.
    """
    for path in paths:
        if not path.exists():
            raise Refused(f"there is nothing at {path.absolute()}: check the path.")
    if len(paths) == 1 and paths[0].is_dir():
        return _in_folder(paths[0], number)
    if len(paths) == 1 and paths[0].suffix.lower() == ".zip":
        return _in_zip(paths[0], number)
    return _in_files([*paths, *_companions(paths)], number)


def _companions(paths: Sequence[Path]) -> Iterator[Path]:
    """The labels and the step size that lie beside a single file of images."""
    if len(paths) != 1 or "images" not in paths[0].name:
        return
    for word in ("labels", "lr", "syn_lr"):
        beside = paths[0].with_name(paths[0].name.replace("images", word))
        if beside.is_file():
            yield beside


def _in_files(paths: Sequence[Path], number: int | None) -> Found:
    if len(paths) > FILES:
        raise Refused(f"{len(paths)} files of tensors are too many for one set: give its images and its labels.")
    trees = {path.name: load(path) for path in paths}
    for name, tree in trees.items():
        if isinstance(tree, Mapping) and set(tree) >= OWN:
            own = {k: str(v) if k in TEXTS else array(v, f"{k} of {name}") for k, v in tree.items()}
            return Found(array(tree["x"], name), array(tree["y"], name), own=own)
    sets = [(name, *pair) for name, tree in trees.items() for pair in pairs(tree)]
    if not sets:
        held = "; ".join(f"{name} holds {_in_words(tree)}" for name, tree in trees.items())
        raise Refused(f"no images were found: {held[:300]}. Give tensors of (n, channels, height, width).")
    if number is not None and not 1 <= number <= len(sets):
        raise Refused(f"there is no set {number}: give a number from 1 to {len(sets)}.")
    name, images, labels = sets[len(sets) - 1 if number is None else number - 1]
    beside = {other: tree for other, tree in trees.items() if other not in [holder for holder, *_ in sets]}
    if labels is None:
        first = name.replace("images", "labels")  # where there are several, those of the same step
        order = sorted(beside, key=lambda other: other != first)
        labels = next((found for other in order for found in _labels(beside[other])), None)
    return Found(
        array(images, name),
        None if labels is None else array(labels, name),
        step_size=next((float(tree) for tree in beside.values() if _is_number(tree) and 0 < float(tree) < 1e3), None),
        said=f"set {number or len(sets)} of {len(sets)} in {name}" if len(sets) > 1 else "",
    )


def pairs(tree: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    """Images with their labels, or None where these are not beside them, from whatever a file holds."""
    if _is_array(tree):
        return [(tree, None)] if _is_images(tree) else []
    if isinstance(tree, Mapping):
        return _named(tree, depth)
    if not isinstance(tree, (list, tuple)) or depth > DEEPEST or len(tree) > NUMBERS:
        return []
    if len(tree) in (2, 3) and _is_images(tree[0]) and not _is_images(tree[1]):
        return [(tree[0], tree[1] if _is_labels(tree[1]) else None)]
    found: list[tuple[Any, Any]] = []
    for item in tree[:MOST]:
        found += pairs(item, depth + 1) if not _is_number(item) else []
    return found[:MOST]


def _named(tree: Mapping[Any, Any], depth: int) -> list[tuple[Any, Any]]:
    known = {str(key).lower(): value for key, value in tree.items()}
    images = next((known[key] for key in IMAGES if _is_images(known.get(key))), None)
    if images is None:
        inner = known.get("data")
        return pairs(inner, depth + 1) if inner is not None and not _is_array(inner) and depth <= DEEPEST else []
    return [(images, next((known[key] for key in LABELS if _is_labels(known.get(key))), None))]


def _labels(tree: Any) -> Iterator[Any]:
    """Labels in a file of their own."""
    if _is_labels(tree):
        yield tree
    elif isinstance(tree, Mapping):
        yield from (value for key in LABELS for name, value in tree.items() if name == key and _is_labels(value))


# ------------------------------------------------------------------------------------------------ zips and folders


def _in_folder(path: Path, number: int | None) -> Found:
    tensors = sorted(file for file in path.rglob("*") if _is_tensors(file.relative_to(path).as_posix()))
    if tensors:
        return _in_files(_best(tensors), number)
    from dcviz.data.folders import read_folder

    return _of_classes(read_folder(path, lambda what, fraction: None))


def _in_zip(path: Path, number: int | None) -> Found:
    """Files of tensors in a zip, else its class folders; nothing is unpacked but the former, to a folder of ours."""
    with open_zip(path, total=BYTES) as archive, tempfile.TemporaryDirectory() as folder:
        inside = [i for i in archive.infolist() if _is_tensors(i.filename)]
        if len(inside) > FILES:
            raise Refused(f"{path.name} has {len(inside)} files of tensors: pack the images and labels of one set.")
        files = [_unpacked(archive, info, Path(folder), path.name) for info in inside]
        if files:
            return _in_files(_best(files), number)
    from dcviz.data.folders import read_zip

    return _of_classes(read_zip(path, lambda what, fraction: None))


def _best(files: Sequence[Path]) -> Sequence[Path]:
    """Of the many files of a run those that its code calls its best; all where none is."""
    return [file for file in files if "best" in file.name] or files


def _is_tensors(member: str) -> bool:
    path = PurePosixPath(member)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in SUFFIXES and path.name != "labels.npz" and not hidden


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path, name: str) -> Path:
    from dcviz.runs.importing.members import base, bytes_of

    to = folder / base(info.filename)[-LONGEST_NAME:]  # its own name only, with its ending: never out of the folder
    if to.exists():
        raise Refused(f"{name} has two files named {to.name}: pack the images and labels of one set.")
    to.write_bytes(bytes_of(archive, info.filename, name))
    return to


def _of_classes(read: Any) -> Found:
    if read.test is not None:
        raise Refused("a synthetic set has no test part: give the folder with the class folders of its images.")
    return Found(read.train.x, read.train.y, read.classes)


# ------------------------------------------------------------------------------------------------------ what is what


def _is_array(value: Any) -> bool:
    return hasattr(value, "ndim") and hasattr(value, "shape")


def _is_images(value: Any) -> bool:
    return _is_array(value) and value.ndim in (3, 4) and min(value.shape) > 0


def _is_labels(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return 0 < len(value) <= NUMBERS and all(isinstance(item, (int, float)) for item in value)
    return _is_array(value) and value.ndim in (1, 2) and min(value.shape) > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) or (_is_array(value) and value.ndim == 0)


def _in_words(tree: Any) -> str:
    if _is_array(tree):
        return f"an array of {'×'.join(map(str, tree.shape)) or 'one number'}"
    if isinstance(tree, Mapping):
        return f"{len(tree)} values named {', '.join(str(key)[:30] for key in list(tree)[:6])}"
    return f"a {type(tree).__name__}" + (f" of {len(tree)}" if isinstance(tree, (list, tuple)) else "")
