"""Published labels: whole numbers, soft, or none but the order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dcviz.errors import Refused
from dcviz.runs.export.content import file_name

if TYPE_CHECKING:
    from dcviz.types import Dataset

KINDS = ("auto", "hard", "probabilities", "logits", "values")
CLOSE = 1e-3  # of a sum of probabilities to 1


def labelled(
    y: np.ndarray | None, count: int, data: Dataset, kind: str, folders: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray | None, str, str]:
    """The class of each image, soft labels where there are some, their kind, and in words what they were taken for.

    Args:
        y: whole numbers ``(n,)``, rows ``(n, C)``, or None: the same number of each class, in order.
        count: how many images there are.
        data: what they were made from.
        kind: one of `KINDS`; ``auto`` looks at the values.
        folders: names of class folders that ``y`` counts.

    Returns:
        ``(n,)`` int64 from 0 to C - 1; ``(n, C)`` float32 or None; one of `KINDS` but the first; a phrase.

    Raises:
        Refused: the wrong number, values that are no classes, a class without an image.
    """
    names = data.classes
    if kind not in KINDS:
        raise Refused(f"{kind!r} is no kind of label: choose one of {', '.join(KINDS)}.")
    if y is None:
        return _in_order(count, names), None, "hard", "no labels: taken in order, the same number of each class"
    if len(y) != count:
        raise Refused(f"there are {count:,} images and {len(y):,} labels: give one label for each image.")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2:
        return _soft(y, names, kind)
    if kind not in ("auto", "hard"):
        raise Refused(f"labels that are {kind} are rows of {len(names)} numbers; these are single numbers.")
    classes = _whole(y)
    words = "labels: whole numbers"
    if folders is not None:
        classes, words = _of_folders(folders, names)[classes], "labels: the class folders"
    _check(classes, names)
    return classes, None, "hard", words


def _in_order(count: int, names: Sequence[str]) -> np.ndarray:
    each, left = divmod(count, len(names))
    if left or not each:
        raise Refused(
            f"there are no labels, and {count:,} images are not the same number of {len(names)} classes each."
        )
    return np.repeat(np.arange(len(names)), each)


def _whole(y: np.ndarray) -> np.ndarray:
    if y.dtype.kind == "f" and (not np.isfinite(y).all() or (y != y.round()).any()):
        raise Refused("the labels are not whole numbers: give the number of a class for each image, or rows.")
    if y.size and (np.abs(y.astype(np.float64)) > 2**31).any():
        raise Refused("the labels are too large to be numbers of classes.")
    return y.astype(np.int64)


def _soft(y: np.ndarray, names: Sequence[str], kind: str) -> tuple[np.ndarray, np.ndarray | None, str, str]:
    if y.shape[1] != len(names):
        raise Refused(
            f"the labels are rows of {y.shape[1]}, and there are {len(names)} classes: choose the right data."
        )
    if not np.isfinite(y.astype(np.float64)).all():
        raise Refused("some labels are NaN or infinite: the file is damaged.")
    rows = y.astype(np.float32)
    classes = rows.argmax(1)
    _check(classes, names)
    whole = bool(((rows == 0) | (rows == 1)).all() and (rows.sum(1) == 1).all())
    if kind == "hard" or (kind == "auto" and whole):
        return classes, None, "hard", "labels: the largest of each row"
    sums = bool((rows >= 0).all() and (np.abs(rows.sum(1) - 1) < CLOSE).all())
    if kind == "probabilities" and not sums:
        raise Refused("the rows of labels are not probabilities (from 0, with the sum 1): they may be logits.")
    found = kind if kind != "auto" else "probabilities" if sums else "logits"
    return classes, rows, found, f"soft labels: {found}"


def _of_folders(folders: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """The class of each folder: by its name, by the number in it, else by its place in the order."""
    known = {_plain(name): c for c, name in enumerate(names)}
    by_name = [known.get(_plain(folder)) for folder in folders]
    if None not in by_name and len(set(by_name)) == len(folders):
        return np.array(by_name)
    numbers = [re.findall(r"\d+", folder) for folder in folders]
    if all(len(found) == 1 and len(found[0]) < 9 for found in numbers):
        by_number = [int(found[0]) for found in numbers]
        if len(set(by_number)) == len(folders) and max(by_number) < len(names):
            return np.array(by_number)
    if len(folders) != len(names):
        some = ", ".join(map(repr, folders[:4]))
        raise Refused(f"the folders ({some}, …) are not named as the classes ({', '.join(names[:4])}, …): rename them.")
    return np.arange(len(names))


def _plain(name: str) -> str:
    """A name of a class or its folder without what an export puts before it.

    >>> _plain("0_T-shirt_top"), _plain("T-shirt/top"), _plain("7")
    ('t-shirt_top', 't-shirt_top', '7')
    """
    return file_name(re.sub(r"^\d+_", "", name)).casefold()


def _check(classes: np.ndarray, names: Sequence[str]) -> None:
    if classes.min() < 0 or classes.max() >= len(names):
        raise Refused(f"the labels go from {classes.min()} to {classes.max()}; classes are 0 to {len(names) - 1}.")
    missing = sorted(set(range(len(names))) - set(classes.tolist()))
    if missing:
        raise Refused(
            f"class {names[missing[0]]!r} has no image: leave that class out (classes), or give the whole set."
        )
