"""Groups of real samples: what fairness is between. By default the classes; or a column of your own."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.types import Dataset, Groups, Split

if TYPE_CHECKING:
    import numpy as np


MOST_BYTES = 2**28  # of a file of groups, unpacked: 64 characters for each of a million samples


def read_groups(path: Path, dataset: Dataset) -> Groups:
    """Groups from an npz with the arrays ``train`` and ``test``: one name or number for each sample of the source.

    Raises:
        Refused: a file that is missing, is no npz of this form, or is shorter than the data; a group without a
            training or without a test sample.
    """
    from dcviz.data.arrays import every_array

    refuse_absent(path)
    held = every_array(path, path.name, MOST_BYTES)
    if not {"train", "test"} <= set(held):
        raise Refused(
            f"{path.name} cannot be read as groups: it has the arrays {', '.join(sorted(held)) or 'none'}; write train "
            "and test with np.savez."
        )
    return grouped(held["train"].astype(str), held["test"].astype(str), dataset)


def refuse_absent(path: Path) -> None:
    """Refuse a file of groups that is not there."""
    if not path.is_file():
        raise Refused(f"there is no file {path}: give an npz with the arrays train and test.")


def grouped(train: np.ndarray, test: np.ndarray, dataset: Dataset) -> Groups:
    """Groups from columns in the order of the source: ``train`` and ``test``, names or numbers."""
    import numpy as np
    import torch

    picked = [_column(train, dataset.train, "train"), _column(test, dataset.test, "test")]
    names = tuple(str(name) for name in np.unique(np.concatenate(picked)))
    number = {name: i for i, name in enumerate(names)}
    inside = [torch.tensor([number[str(v)] for v in column]) for column in picked]
    for name, i in number.items():
        for part, of in zip(("training", "test"), inside, strict=True):
            if not bool((of == i).any()):
                raise Refused(
                    f"group {name!r} has no {part} sample: leave it out, merge it with another, or take more of the "
                    "data."
                )
    if len(names) < 2:
        raise Refused(f"there is one group only, {names[0]!r}: give at least two, or leave the groups out.")
    digest = hashlib.blake2b(repr(names).encode(), digest_size=16)
    for of in inside:
        digest.update(of.numpy().data)
    return Groups(names, inside[0], inside[1], digest.hexdigest())


def _column(column: np.ndarray, split: Split, part: str) -> np.ndarray:
    """The groups of a split's samples; the column is that of the source, or of the split itself."""
    if column.ndim != 1:
        raise Refused(
            f"the groups of {part} have the shape {column.shape}: give one for each sample, in one dimension."
        )
    if len(column) == len(split):
        return column
    last = int(split.id.max())
    if len(column) <= last:
        raise Refused(
            f"the groups of {part} are {len(column)}, but the data has samples up to number {last + 1}: "
            f"give one for each of the source, or for each of the {len(split)} used."
        )
    return column[split.id.numpy()]
