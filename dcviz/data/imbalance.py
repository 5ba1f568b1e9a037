"""Long-tailed T: the classes fall off in size, from the first, which is largest, to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.data.splits import pick, stratified
from dcviz.errors import Refused
from dcviz.types import Split

if TYPE_CHECKING:
    import numpy as np

FEWEST = 2  # samples of the last class


def long_tailed(split: Split, factor: float, seed: int, names: tuple[str, ...]) -> Split:
    r"""The split with classes of sizes :math:`n\,f^{-c/(C-1)}`, in their order, samples chosen by hash of their ids.

    The exponential profile of Cui, Jia, Lin, Song and Belongie, Class-Balanced Loss Based on Effective Number of
    Samples, 2019, https://arxiv.org/abs/1901.05555, section 5.1; n is as large as the classes allow.

    Raises:
        Refused: a factor below 1, or one that leaves the last class fewer than two samples.
    """
    import numpy as np
    import torch

    if factor == 1:
        return split
    if not 1 < factor < float("inf"):
        raise Refused(f"an imbalance of {factor:g} is out of range: 1 leaves the data as it is, 100 is a long tail.")
    y = split.y.numpy()
    quota = profile(np.bincount(y, minlength=len(names)), factor)
    if quota[-1] < FEWEST:
        most = int(quota[0] // FEWEST)
        raise Refused(
            f"an imbalance of {factor:g} leaves class {names[-1]!r} {quota[-1]} real samples, and it needs {FEWEST}: "
            f"give at most {most}, or take more of the data."
        )
    return pick(split, torch.from_numpy(stratified(y, split.id.numpy(), quota, seed)).nonzero()[:, 0])


def profile(counts: np.ndarray, factor: float) -> np.ndarray:
    """The sizes ``(C,)``: exponential, the first ``factor`` times the last, none above its class's count.

    >>> import numpy as np
    >>> profile(np.array([100, 100, 100]), 4.0).tolist()
    [100, 50, 25]
    """
    import numpy as np

    shape = factor ** -np.linspace(0, 1, len(counts))
    return np.rint((counts / shape).min() * shape).astype(np.int64)
