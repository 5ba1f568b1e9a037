"""Your own images: an npz or a folder of arrays, or a folder or zip of class folders."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.data.rows import Rows
from dcviz.data.splits import Source, make_split, split_off
from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.types import Progress, Split

if TYPE_CHECKING:
    import numpy as np

TEST_ONE_IN = 6  # of every class, where no test part is given
TEST_MOST = 50_000  # of these: with more, a test takes longer and says no more (± 0.1 %)
FEWEST = 6  # images a class, so that a test, a held-out image and something to learn from remain
FEWEST_TRAIN = 4  # where a test part is given
SMALLEST_SIDE = 4  # pixels


@dataclass(frozen=True)
class Part:
    """Images as they were read."""

    x: np.ndarray | Rows  # (N, channels, H, W) uint8, or float32 in [0, 1]
    y: np.ndarray  # (N,) int64, 0..C-1


@dataclass(frozen=True)
class Read:
    """What a file or folder holds."""

    classes: tuple[str, ...]
    train: Part
    test: Part | None
    public: Part | None = None  # what the owner declares public where train is private; not looked at otherwise


def source(config: DataConfig, progress: Progress) -> Source:
    """The images at ``config.path``; without a test part, one in six of every class becomes the test, 50,000 at most.

    Where they are private, all of train is: the test then comes from the part that is declared public.

    Raises:
        Refused: a path, an archive, an image or an array that does not fit, by name and with the cure.
    """
    path = Path(str(config.path)).expanduser()
    try:
        read = _read(path, progress)
    except PermissionError as error:
        raise Refused(f"{error.filename or path} may not be read: give this user the right to read it.") from error
    _check(read, path)
    name = config.name
    if config.private:
        train, public = _split(read.train), _public(read, path)
        if read.test is None:
            public, test = split_off(public, TEST_ONE_IN, most=TEST_MOST)
        else:
            test = _split(read.test, first=len(train))
        return Source(name, name, read.classes, train, test, public=public)
    train = _split(read.train)
    if read.test is None:
        train, test = split_off(train, TEST_ONE_IN, most=TEST_MOST)
    else:
        test = _split(read.test, first=len(train))
    return Source(name, name, read.classes, train, test)


def stamp(path: str) -> str:
    """What changes when a file, or any file in a folder, is changed: hash of names, sizes and times."""
    place = Path(path).expanduser()
    digest = hashlib.blake2b(str(place.absolute()).encode(), digest_size=16)
    found = [place, *sorted(place.rglob("*"))] if place.is_dir() else [place]
    for file in found:
        with suppress(OSError):  # vanished or forbidden: reading it says so
            state = file.stat()
            digest.update(f"{file}\0{state.st_size}\0{state.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read(path: Path, progress: Progress) -> Read:
    from dcviz.data import arrays, folders

    if not path.exists():
        raise Refused(f"there is nothing at {path.absolute()}: check the path.")
    if path.is_dir() and arrays.holds_arrays(path):
        return arrays.read_arrays(path)
    if path.is_dir():
        return folders.read_folder(path, progress)
    if path.suffix.lower() == ".zip":
        return folders.read_zip(path, progress)
    if path.suffix.lower() == ".npz":
        return arrays.read_npz(path)
    raise Refused(
        f"{path.name} is of no kind that can be read: give an .npz with x_train and y_train, a folder with these as "
        "x_train.npy and y_train.npy, or a folder or .zip with one folder of images for each class."
    )


def _split(part: Part, first: int = 0) -> Split:
    import torch

    x = part.x if isinstance(part.x, Rows) else torch.from_numpy(part.x)
    return make_split(x, torch.from_numpy(part.y), first)


def _public(read: Read, path: Path) -> Split:
    """What the owner declares public, numbered after the rows that are not."""
    import numpy as np

    if read.public is None:
        raise Refused(
            f"{path.name} is to be private, and declares no part public: add x_public and y_public to the npz, or a "
            "folder public beside train, with images that anybody may see; the map, the margin, baselines and tests "
            "are made from them."
        )
    counts = np.bincount(read.public.y, minlength=len(read.classes))
    few = int(counts.argmin())
    if counts[few] < FEWEST:
        raise Refused(
            f"the public part of {path.name} has {counts[few]} images of class {read.classes[few]!r}: give at least "
            f"{FEWEST} of each, to be shown, held out and tested on."
        )
    return _split(read.public, first=len(read.train.y) + (0 if read.test is None else len(read.test.y)))


def _check(read: Read, path: Path) -> None:
    """Refuse what leaves nothing to condense, hold out or test."""
    import numpy as np

    classes = read.classes
    if len(classes) < 2:
        raise Refused(f"{path.name} has one class only ({', '.join(classes)}): give at least two to tell apart.")
    side = min(read.train.x.shape[2:])
    if side < SMALLEST_SIDE:
        raise Refused(f"the images of {path.name} are {side} pixels narrow: give at least {SMALLEST_SIDE} a side.")
    counts = np.bincount(read.train.y, minlength=len(classes))
    fewest, few = (FEWEST, "") if read.test is None else (FEWEST_TRAIN, "training ")
    for name, count in zip(classes, counts, strict=True):
        if count < fewest:
            images = f"{count} {few}image{'' if count == 1 else 's'}"
            raise Refused(
                f"class {name!r} of {path.name} has {images}, too few to train, hold out and test: give at least "
                f"{fewest}, or leave the class out."
            )
