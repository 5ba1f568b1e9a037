"""The data that comes with the package's own dependencies: scikit-learn's digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.data.catalogue import DIGITS
from dcviz.data.splits import Source, make_split, pick, proportional, stratified
from dcviz.records import DataConfig
from dcviz.types import Progress

if TYPE_CHECKING:
    import numpy as np

TEST = 450  # of the 1,797 digits


def source(config: DataConfig, progress: Progress) -> Source:
    """1,797 real handwritten digits, 8×8, values k/16; 1,347 for training and 450 for the test, always the same.

    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, 1998, https://doi.org/10.24432/C50P49;
    the part that scikit-learn carries.
    """
    import numpy as np
    import torch

    table = _table()  # (1797, 65): 64 pixels 0..16, then the class
    every = make_split(
        torch.from_numpy(table[:, :64].astype(np.float32) / 16).reshape(-1, 1, 8, 8),
        torch.from_numpy(table[:, 64].astype(np.int64)),
    )
    y = every.y.numpy()
    test = torch.from_numpy(stratified(y, every.id.numpy(), proportional(np.bincount(y), TEST), seed=0))
    train = pick(every, (~test).nonzero()[:, 0])
    return Source("digits", "digits", DIGITS, train, pick(every, test.nonzero()[:, 0]))


def _table() -> np.ndarray:
    """The file that ``sklearn.datasets.load_digits`` reads, without the two seconds that its import takes."""
    import gzip
    from importlib.util import find_spec
    from pathlib import Path

    import numpy as np

    spec = find_spec("sklearn")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder, "datasets", "data", "digits.csv.gz")
        if file.is_file():
            with gzip.open(file, "rt") as lines:
                return np.loadtxt(lines, delimiter=",", dtype=np.int16)
    from sklearn.datasets import load_digits

    digits = load_digits()
    return np.column_stack([digits.data, digits.target]).astype(np.int16)
