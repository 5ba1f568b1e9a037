"""The leak check of a run: every synthetic image beside its nearest real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from dcviz.caching import key_of
from dcviz.data import dataset
from dcviz.embed.leaks import VERSION, Nearness, leak_check
from dcviz.inspect.snapshot import SOURCES, Snapshot, snapshot
from dcviz.runs.frames import Framer
from dcviz.types import Dataset, Progress, silent

if TYPE_CHECKING:
    import numpy as np

    from dcviz.runs.store import Store

T = TypeVar("T")

SPACES = {
    "pixels": "in pixels: Euclidean, each pixel from 0 to 1",
    "features": "in the features of the network trained once on the real data, which also makes the map",
    "plane": "in the plane",
}


@dataclass(frozen=True, eq=False)
class Leaks:
    """The nearest real training samples of all synthetic ones at a step, by space."""

    step: int
    source: str  # what S was read from, in words
    ids: np.ndarray  # (M,)
    classes: np.ndarray  # (M,)
    names: tuple[str, ...]  # of the classes
    spaces: dict[str, Nearness]
    real: np.ndarray  # (N,) ids of the real training samples, by position
    real_classes: np.ndarray  # (N,)

    @property
    def memorised(self) -> np.ndarray:
        """Which ``(M,)`` are memorised in any space."""
        import numpy as np

        return np.any([near.memorised for near in self.spaces.values()], axis=0)


def leaks_of_run(store: Store, run: str, step: int | None = None, progress: Progress = silent) -> Leaks:
    """The leak check of a run's images at a kept step, the newest by default; at once where it was made before.

    Raises:
        Refused: no such run, nothing kept of the step, or data that cannot be read.
        Cancelled: from ``progress``.
    """
    row = store.run(run)
    data = dataset(row.config.data, progress)
    at = snapshot(store, row, data, step)
    spaces = nearness(store, data, at, progress)
    return Leaks(
        at.step,
        SOURCES[at.source],
        at.ids.numpy(),
        at.classes.numpy(),
        data.classes,
        spaces,
        data.train.id.numpy(),
        data.train.y.numpy(),
    )


def nearness(store: Store, data: Dataset, at: Snapshot, progress: Progress) -> dict[str, Nearness]:
    """The leak check of a snapshot, kept by its content."""
    framer = framed(store, data, progress)
    assert framer.reference is not None  # prepared
    seen = hashlib.blake2b(at.x.contiguous().numpy().tobytes(), digest_size=16).hexdigest()
    key = key_of("leaks of", VERSION, data.fingerprint, framer.reference.key, seen)
    found = store.load_cached("leaks", key)
    if found is not None:
        names = [name for name in SPACES if f"{name}/nearest" in found[0]]
        return {s: Nearness(**{f.name: found[0][f"{s}/{f.name}"] for f in fields(Nearness)}) for s in names}
    spaces = driven(leak_check(data, framer.reference, at.x, cache=store), "comparing with all real samples", progress)
    arrays = {f"{s}/{f.name}": getattr(near, f.name) for s, near in spaces.items() for f in fields(Nearness)}
    store.save_cached("leaks", key, arrays, {})
    return spaces


def framed(store: Store, data: Dataset, progress: Progress) -> Framer:
    """The map's view and reference of a data set, ready."""
    framer = Framer(store, data)
    driven(framer.prepare(), "preparing the map's network", progress)
    return framer


def driven(work: Generator[float, None, T], what: str, progress: Progress) -> T:
    """Work in slices, to its end."""
    while True:
        try:
            fraction = next(work)
        except StopIteration as end:
            value: Any = end.value
            return value
        progress(what, fraction)
