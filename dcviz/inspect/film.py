"""One synthetic image through all kept frames: its pictures, its path on the map, its nearest real samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dcviz import embed
from dcviz.data import dataset
from dcviz.embed.leaks import Nearness, leak_check
from dcviz.errors import Refused
from dcviz.inspect.leaks import driven, framed
from dcviz.inspect.snapshot import snapshot
from dcviz.types import Dataset, Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from dcviz.runs.frames import Framer
    from dcviz.runs.store import Run, Store

PLACED = ("pca", "points", "neighbours", "weights", "off")  # what a frame knows of where an image lies


@dataclass(frozen=True, eq=False)
class Film:
    """One image at n steps. Arrays have a row for each step; NaN where it is not known yet where the image lies."""

    image: int
    label: int
    steps: tuple[int, ...]
    images: np.ndarray | None  # (n, channels, height, width) uint8; None in the plane
    places: dict[str, np.ndarray]  # by PLACED, those that any frame has
    spaces: dict[str, Nearness] = field(default_factory=dict)  # empty until compared
    real: dict[int, np.ndarray] = field(default_factory=dict)  # the real samples named in spaces, by position
    real_ids: dict[int, int] = field(default_factory=dict)
    real_labels: dict[int, int] = field(default_factory=dict)
    exact: tuple[int, ...] = ()  # the steps at which S itself was compared, not its picture


def film_of(
    store: Store,
    run: str,
    image: int,
    progress: Progress = silent,
    publish: Callable[[Film], None] = lambda film: None,
) -> Film:
    """The film of an image, published first without its real neighbours.

    Neighbours are those of the kept pictures (8 bits a pixel); where S is kept in full precision, of S itself.

    Raises:
        Refused: no such run or image, no picture yet, or data that cannot be read.
        Cancelled: from ``progress``.
    """
    row = store.run(run)
    frames = _frames(store, row, progress)
    film = _strip(frames, image)
    publish(film)
    data = dataset(row.config.data, progress)
    framer = framed(store, data, progress)
    assert framer.reference is not None  # prepared
    x, exact = _model_space(store, row, data, film)
    film = replace(film, exact=exact, places=_placed(film, framer, x))
    spaces = driven(leak_check(data, framer.reference, x, cache=store), "comparing with all real samples", progress)
    return _with_real(film, spaces, data)


def _frames(store: Store, row: Run, progress: Progress) -> list[tuple[int, dict[str, np.ndarray]]]:
    """Every kept frame, and the newest; those that are thinned out meanwhile are passed over."""
    found: dict[int, dict[str, np.ndarray]] = {}
    steps = store.frames(row.id)
    for i, step in enumerate(steps):
        progress("reading frames", i / len(steps))
        try:
            found[step] = store.frame(row.id, step)[1]
        except Refused:
            continue
    step, arrays = store.frame(row.id)
    return sorted({**found, step: arrays}.items())


def _strip(frames: Sequence[tuple[int, dict[str, np.ndarray]]], image: int) -> Film:
    import numpy as np

    at = [int(np.flatnonzero(f["ids"] == image)[0]) if (f["ids"] == image).any() else -1 for _, f in frames]
    own = [(step, f, i) for (step, f), i in zip(frames, at, strict=True) if i >= 0]
    if not own:
        ids = frames[-1][1]["ids"]
        raise Refused(f"there is no image {image} in this run: choose from {int(ids.min())} to {int(ids.max())}.")
    images = np.stack([f["images"][i] for _, f, i in own]) if "images" in own[0][1] else None
    places = {key: _rows([f[key][i] if key in f else None for _, f, i in own]) for key in PLACED}
    kept = {key: rows for key, rows in places.items() if rows is not None}
    return Film(image, int(own[-1][1]["labels"][own[-1][2]]), tuple(step for step, _, _ in own), images, kept)


def _rows(rows: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Rows as one array, NaN where one is missing; None where all are."""
    import numpy as np

    some = next((row for row in rows if row is not None), None)
    if some is None:
        return None
    blank = np.full(np.shape(some), np.nan, np.float32)
    return np.stack([np.asarray(blank if row is None else row, np.float32) for row in rows])


def _model_space(store: Store, row: Run, data: Dataset, film: Film) -> tuple[Tensor, tuple[int, ...]]:
    """The image at every step ``(n, *shape)``, and the steps at which it is kept in full precision."""
    import torch

    stored = torch.from_numpy(film.places["points"]) if film.images is None else torch.from_numpy(film.images) / 255
    x = data.transform.forward(stored.float())
    if data.planar:
        return x, film.steps
    whole = {*store.checkpoints(row.id), *([row.steps] if store.final(row.id) else [])}
    exact = []
    for i, step in enumerate(film.steps):
        if step not in whole:
            continue
        at = snapshot(store, row, data, step)
        if at.source in ("final", "checkpoint"):  # a newer checkpoint may have pushed it out meanwhile
            x[i] = at.x[at.position(film.image)]
            exact.append(step)
    return x, tuple(exact)


def _placed(film: Film, framer: Framer, x: Tensor) -> dict[str, np.ndarray]:
    """Where the image lies, at steps from before the map was ready, too."""
    import numpy as np
    import torch

    if film.images is None or framer.reference is None:
        return film.places
    late = np.isnan(film.places["off"]) if "off" in film.places else np.ones(len(film.steps), bool)
    if not late.any():
        return film.places
    at = embed.place(framer.view, framer.reference, x[late], torch.full((int(late.sum()),), film.label))
    found = {"neighbours": at.neighbours, "weights": at.weights, "off": at.off}
    places = dict(film.places)
    for key, rows in found.items():
        places[key] = places.get(key, np.full((len(late), *rows.shape[1:]), np.nan, np.float32)).copy()
        places[key][late] = rows
    return places


def _with_real(film: Film, spaces: dict[str, Nearness], data: Dataset) -> Film:
    import numpy as np

    from dcviz.data.transforms import pixels

    named = np.unique(np.concatenate([near.nearest.ravel() for near in spaces.values()]))
    stored = pixels(data.train.x[named])
    shown = (stored if data.planar else (stored * 255).round().byte()).numpy()
    positions = named.tolist()
    return replace(
        film,
        spaces=spaces,
        real=dict(zip(positions, shown, strict=True)),
        real_ids=dict(zip(positions, data.train.id[named].tolist(), strict=True)),
        real_labels=dict(zip(positions, data.train.y[named].tolist(), strict=True)),
    )
