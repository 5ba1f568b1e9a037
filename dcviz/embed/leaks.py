"""The leak check: how near synthetic samples lie to their nearest real ones, and whether that is nearer than usual.

What is usual is measured: the same distance from real samples that were held out. A sample counts as memorised when
it is closer to a real training sample than 95 % of the held-out ones are to theirs, and stands that close to this one
alone: an average of many real images is close to many of them, and copies none.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dcviz.caching import Cache, key_of
from dcviz.data.transforms import pixels
from dcviz.embed.references import CHUNK, Reference, features, stratified
from dcviz.randomness import generator
from dcviz.types import Dataset

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


class Indexed(Protocol):
    """Rows that are looked at a part at a time: ``(N, D)``, or samples ``(N, *shape)`` to be flattened."""

    def __len__(self) -> int:
        """N."""

    def __getitem__(self, at: Any) -> Tensor:
        """Some rows, by slice or by indices."""


NEAREST = 6  # real samples found for each: the nearest, and five that it is compared with
SPARE = 10  # more that are measured again exactly, after a quick product has ordered them
SURE = 5.0  # percentile of held-out real samples below which a sample is nearer, or more alone with one, than usual
HELD = 1000  # held-out samples measured, at most
BLOCK = 2048  # real samples compared at once
QUERIES = 512  # samples measured exactly at once
FEATURES = 2**29  # bytes of features held in memory; of more samples they are computed anew for each pass
VERSION = 1  # raised when the measure changes, so that older cached numbers are not taken

_mapped: dict[tuple[str, str], Tensor] = {}  # features of all real samples, by fingerprint and reference; the last


@dataclass(frozen=True)
class Nearness:
    """The nearest real training samples of M samples in one space, and how unusual it is to be so near."""

    nearest: np.ndarray  # (M, k) int64, positions in the training part, nearest first
    distance: np.ndarray  # (M, k) float32, Euclidean
    percentile: np.ndarray  # (M,) float32: held-out samples, per cent, that are nearer to their nearest
    alone: np.ndarray  # (M,) float32: the same for the distance to the nearest ÷ the mean distance to the next ones

    @property
    def memorised(self) -> np.ndarray:
        """Which ``(M,)`` are nearer to a real sample, and more to it alone, than 95 % of held-out ones."""
        return (self.percentile < SURE) & (self.alone < SURE)


def leak_check(
    dataset: Dataset, reference: Reference, x: Tensor, *, cache: Cache | None = None
) -> Generator[float, None, dict[str, Nearness]]:
    """Where samples ``x (M, *shape)`` in model space come near to the real training samples, as work in slices.

    Spaces: ``pixels``, Euclidean in [0, 1], and ``features`` of the map's reference network; for planar data the
    ``plane`` alone. Every real training sample is looked at: the neighbours are those of brute force. O(NMD).

    Returns:
        A `Nearness` for each space. Percentiles are NaN where nothing is held out.
    """
    import numpy as np

    found = {}
    for name, queries, real, held in (yield from _spaces(dataset, reference, x)):
        key = key_of("leaks", VERSION, HELD, name, dataset.fingerprint, reference.key)
        usual = cache.load_cached("leaks", key) if cache is not None else None
        if usual is None:
            _, far = yield from nearest(held, real, NEAREST)
            usual = {"distance": np.sort(far[:, 0].numpy()), "ratio": np.sort(_ratio(far).numpy())}, {}
            if cache is not None:
                cache.save_cached("leaks", key, *usual)
        at, far = yield from nearest(queries, real, NEAREST)
        percentile = _below(usual[0]["distance"], far[:, 0].numpy())
        alone = _below(usual[0]["ratio"], _ratio(far).numpy())
        found[name] = Nearness(at.numpy(), far.numpy(), percentile, alone)
    return found


def nearest(queries: Tensor, real: Indexed, k: int) -> Generator[float, None, tuple[Tensor, Tensor]]:
    """The k nearest rows of ``real (N, D)`` to each of ``queries (M, D)``: positions and distances ``(M, min(k, N))``.

    A quick product orders them block by block; the best are measured again by their differences, which is exact where
    a product would cancel: between a sample and its copy. Of a few equal distances the first positions win.
    """
    import torch

    k, wide = min(k, len(real)), min(k + SPARE, len(real))
    middle = _rows(real, slice(0, BLOCK)).mean(0)  # smaller numbers cancel less
    centred = _rows(queries, slice(None)) - middle
    best = torch.empty(len(queries), 0)
    at = torch.empty(len(queries), 0, dtype=torch.int64)
    for first in range(0, len(real), BLOCK):
        part = _rows(real, slice(first, first + BLOCK)) - middle  # (n, D)
        squared = part.square().sum(1) - 2 * centred @ part.T  # (M, n), less |query|²
        here = torch.arange(first, first + len(part)).expand_as(squared)
        squared, here = torch.cat([best, squared], 1), torch.cat([at, here], 1)
        best, chosen = squared.topk(min(wide, squared.shape[1]), largest=False)
        at = here.gather(1, chosen)
        yield min(1.0, (first + BLOCK) / len(real))
    at = at.sort(1).values
    exact = []
    for rows, mine in zip(at.split(QUERIES), queries.split(QUERIES), strict=True):
        difference = _rows(real, rows.flatten()).unflatten(0, rows.shape) - _rows(mine, slice(None))[:, None]
        exact.append(difference.double().square().sum(2).sqrt())
        yield 1.0
    far = torch.cat(exact) if exact else best.double()
    far, order = far.sort(dim=1, stable=True)
    return at.gather(1, order)[:, :k], far[:, :k].float()


def _spaces(
    dataset: Dataset, reference: Reference, x: Tensor
) -> Generator[float, None, list[tuple[str, Tensor, Indexed, Tensor]]]:
    """Each space: its name, the queries, all real training samples, and the held-out ones, as rows."""
    x = x.detach().cpu().float()
    held = stratified(dataset.held_out, HELD, len(dataset.classes), generator(0, "leaks held out"))
    own, other = dataset.transform.inverse(x), pixels(dataset.held_out.x[held])
    if dataset.planar:
        return [("plane", own, dataset.train.x, other)]
    real = yield from _features(dataset, reference)
    return [
        ("pixels", own.clamp(0, 1).flatten(1), dataset.train.x, other.flatten(1)),
        ("features", _seen(reference, x), real, _seen(reference, dataset.transform.forward(other))),
    ]


class _Seen:
    """Features of real training samples, computed whenever they are asked for."""

    def __init__(self, dataset: Dataset, reference: Reference) -> None:
        self._dataset, self._reference = dataset, reference

    def __len__(self) -> int:
        return len(self._dataset.train)

    def __getitem__(self, at: slice | Tensor) -> Tensor:
        return _seen(self._reference, self._dataset.transform.forward(pixels(self._dataset.train.x[at])))


def _seen(reference: Reference, x: Tensor) -> Tensor:
    import torch

    return torch.cat([features(reference, part).flatten(1) for part in x.split(CHUNK)])


def _features(dataset: Dataset, reference: Reference) -> Generator[float, None, Indexed]:
    """Features of all real training samples; in memory for the data set looked at last, where they are not too many."""
    import torch

    if 4 * len(dataset.train) * reference.features.shape[1] > FEATURES:
        return _Seen(dataset, reference)

    key = dataset.fingerprint, reference.key
    if key not in _mapped:
        parts: list[Tensor] = []
        for part in dataset.train.x.split(CHUNK):
            parts.append(_seen(reference, dataset.transform.forward(pixels(part))))
            yield len(parts) * CHUNK / max(len(dataset.train), 1)
        _mapped.clear()
        _mapped[key] = torch.cat(parts)
    return _mapped[key]


def _rows(x: Indexed, at: slice | Tensor) -> Tensor:
    """Rows as floats: pixels are stored as bytes."""
    return pixels(x[at]).flatten(1)


def _ratio(far: Tensor) -> Tensor:
    """The distance to the nearest over the mean distance to the next ones ``(M,)``; 1 where there are none."""
    if far.shape[1] < 2:
        return far.new_ones(len(far))
    return far[:, 0] / far[:, 1:].mean(1).clamp_min(1e-12)


def _below(usual: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The share of ``usual``, ascending, below each value, in per cent."""
    import numpy as np

    if not len(usual):
        return np.full(len(values), np.nan, np.float32)
    return (100 * np.searchsorted(usual, values) / len(usual)).astype(np.float32)
