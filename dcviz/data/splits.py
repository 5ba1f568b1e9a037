"""From a source to a `Dataset`: choose classes and samples, hold a tenth out, fit the transform, take the fingerprint.

Which samples go where follows from a hash of their position, not from a random number generator: the same
everywhere, in every version of every library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.data import transforms
from dcviz.data.catalogue import refuse_few, refuse_thin
from dcviz.data.rows import chunks, some
from dcviz.errors import Refused, unknown
from dcviz.randomness import derived_seed
from dcviz.records import DataConfig
from dcviz.types import Dataset, Progress, Samples, Split

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

HELD_OUT = 10  # one in so many training samples
HELD_OUT_MOST = 10_000  # of them: with more, a live accuracy takes longer and says no more (± 0.3 %)


@dataclass(frozen=True)
class Source:
    """Labelled samples as they come, before any choice."""

    name: str
    title: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    held_out: Split | None = None  # where the source makes its own; otherwise a tenth of train
    score: Callable[[Tensor, Tensor], Tensor] | None = None  # ∇ log p of each class, where the source knows it
    groups: np.ndarray | None = None  # the name of each sample's group, by id, where the source has such
    public: Split | None = None  # what the owner of private rows declares public; otherwise a tenth of train


def finish(source: Source, config: DataConfig, progress: Progress) -> Dataset:
    """The data set of a source under a configuration.

    Raises:
        Refused: unknown or too few classes, a size or an imbalance that leaves a class with fewer than two samples,
            noise for data that are not planar, groups or a transform that do not fit.
    """
    from dcviz.data.imbalance import long_tailed

    if config.noise is not None and source.train.x.dim() > 2:
        raise Refused(f"noise is a property of the planar sets; leave it out for {source.name}.")
    source = choose_classes(source, config.classes)
    title = source.title
    if config.private:
        title, (train, held_out) = f"{title}, public part", public_parts(source)
    else:
        train, held_out = without_held_out(source)
        train = long_tailed(train, config.imbalance, config.seed, source.classes)
        train = thin(train, config.size, config.seed, len(source.classes))
    transform = transforms.fit(config.transform, train.x, progress)
    parts = train, held_out, source.test
    mark = fingerprint(source.classes, parts, config.transform)
    made = Dataset(source.name, title, source.classes, *parts, transform, mark, source.score)
    progress("data ready", 1.0)
    return _with_groups(made, source, config)


def _with_groups(made: Dataset, source: Source, config: DataConfig) -> Dataset:
    """The data set with its column of groups: that of the file, else the source's own."""
    from dcviz.data.groups import grouped, read_groups

    if config.groups is not None:
        column = read_groups(Path(config.groups).expanduser(), made)
    elif source.groups is not None:
        column = grouped(source.groups, source.groups, made)
    else:
        return made
    mark = hashlib.blake2b(f"{made.fingerprint} {column.key}".encode(), digest_size=16).hexdigest()
    return replace(made, column=column, fingerprint=mark)


def without_held_out(source: Source) -> tuple[Split, Split]:
    """The training part, and what is held out of it: by the source itself, or a tenth of every class.

    Of more than 100,000 samples, 10,000 are held out, each class in its proportion.
    """
    if source.held_out is not None:
        return source.train, source.held_out
    return split_off(source.train, HELD_OUT, most=HELD_OUT_MOST)


def public_parts(source: Source) -> tuple[Split, Split]:
    """Of a source with private rows: what is shown and compared with, and what is held out. Neither is private.

    Where the owner declares a public part, half of it each; otherwise another tenth of the training part, and the
    tenth that is held out for all runs.
    """
    if source.public is not None:
        return split_off(source.public, 2)
    train, held_out = without_held_out(source)
    return split_off(train, HELD_OUT)[1], held_out


def private_rows(source: Source) -> Split:
    """The training rows that `public_parts` leaves."""
    return source.train if source.public is not None else split_off(without_held_out(source)[0], HELD_OUT)[0]


def make_split(x: Samples, y: Tensor, first: int = 0) -> Split:
    """A split of samples numbered from ``first`` on."""
    import torch

    return Split(x.contiguous() if isinstance(x, torch.Tensor) else x, y.long(), torch.arange(first, first + len(y)))


def pick(split: Split, indices: Tensor) -> Split:
    """Some samples of a split, in the given order."""
    return Split(some(split.x, indices), split.y[indices], split.id[indices])


def choose_classes(source: Source, names: tuple[str, ...] | None) -> Source:
    """The source with these classes only, in the source's own order, renumbered from 0."""
    if names is None:
        return source
    for name in names:
        if name not in source.classes:
            raise unknown(f"class of {source.name}", name, source.classes)
    kept = [c for c, name in enumerate(source.classes) if name in names]
    refuse_few(len(kept), source.name)
    return replace(
        source,
        classes=tuple(source.classes[c] for c in kept),
        train=_only(source.train, kept),
        test=_only(source.test, kept),
        held_out=None if source.held_out is None else _only(source.held_out, kept),
        public=None if source.public is None else _only(source.public, kept),
        score=source.score if len(kept) == len(source.classes) else None,  # it goes by the old numbers
    )


def _only(split: Split, kept: list[int]) -> Split:
    import torch

    wanted = torch.tensor(kept)
    found = pick(split, torch.isin(split.y, wanted).nonzero()[:, 0])
    return Split(found.x, torch.searchsorted(wanted, found.y), found.id)


def split_off(split: Split, one_in: int, least: int = 1, most: int | None = None) -> tuple[Split, Split]:
    """What stays, and one in ``one_in`` of every class: the nearest whole number, at least ``least``.

    A class of a single sample stays whole. Both parts keep the order of the source. Where ``most`` is given and that
    were more in all, it is ``most``, each class in its proportion.
    """
    import numpy as np
    import torch

    y = split.y.numpy()
    counts = np.bincount(y)
    quota = np.maximum(np.rint(counts / one_in).astype(np.int64), least) * (counts > least)
    if most is not None and quota.sum() > most:
        quota = proportional(quota, max(most, len(quota) * least), least)
    away = torch.from_numpy(stratified(y, split.id.numpy(), quota, seed=0))
    return pick(split, (~away).nonzero()[:, 0]), pick(split, away.nonzero()[:, 0])


def thin(split: Split, size: int | None, seed: int, class_count: int) -> Split:
    """At most ``size`` samples, each class in its proportion but never below two."""
    import numpy as np
    import torch

    if size is None:
        return split
    refuse_thin(size, class_count)
    if size >= len(split):
        return split
    y = split.y.numpy()
    quota = proportional(np.bincount(y, minlength=class_count), size)
    return pick(split, torch.from_numpy(stratified(y, split.id.numpy(), quota, seed)).nonzero()[:, 0])


def proportional(counts: np.ndarray, total: int, least: int = 2) -> np.ndarray:
    """Whole numbers ``(C,)`` that sum to ``total``, proportional to counts, each at least min(least, count).

    Largest remainders: the numbers that differ from exact proportion by less than one wherever the floor allows.
    """
    import numpy as np

    floor = np.minimum(least, counts)
    share = counts * total / counts.sum()
    given = np.clip(np.floor(share).astype(np.int64), floor, counts)
    while given.sum() != total:
        short = given.sum() < total
        free = given < counts if short else given > floor
        gap = np.where(free, share - given if short else given - share, -np.inf)
        given[gap.argmax()] += 1 if short else -1
    return given


def stratified(y: np.ndarray, ids: np.ndarray, quota: np.ndarray, seed: int) -> np.ndarray:
    """A mask ``(n,)`` that is true for ``quota[c]`` samples of every class c, chosen by hash of their ids."""
    import numpy as np

    order = np.lexsort((hashed(ids, seed), y))  # by class, then hash
    counts = np.bincount(y, minlength=len(quota))
    rank = np.arange(len(y)) - np.repeat(counts.cumsum() - counts, counts)  # position within its class
    mask = np.zeros(len(y), bool)
    mask[order] = rank < np.repeat(quota, counts)
    return mask


def first_of_each(y: Tensor, quota: Tensor, among: Tensor) -> Tensor:
    """Of ``among (n,)``, of classes ``y (n,)``, the first ``quota[c]`` of every class c, class by class; O(n log n)."""
    import torch

    order = y.argsort(stable=True)
    counts = y.bincount(minlength=len(quota))
    rank = torch.arange(len(y)) - (counts.cumsum(0) - counts).repeat_interleave(counts)  # position within its class
    return among[order[rank < quota.repeat_interleave(counts)]]


def hashed(ids: np.ndarray, seed: int) -> np.ndarray:
    """A well-mixed uint64 for every id: the finaliser of SplitMix64 (Steele et al., doi:10.1145/2660193.2660195)."""
    import numpy as np

    z = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(derived_seed(seed, "which samples"))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def fingerprint(classes: tuple[str, ...], parts: tuple[Split, ...], transform: str) -> str:
    """A hash of content, splits and transform; 32 hexadecimal digits.

    The transform enters by name: it follows from the training part, and its last bits differ between machines.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((1, classes, transform)).encode())  # 1: change it when a transform is fitted differently
    for part in parts:
        digest.update(repr((tuple(part.x.shape), str(part.x.dtype))).encode())
        for tensor in chain(chunks(part.x), (part.y, part.id)):
            digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()
