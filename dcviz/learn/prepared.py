"""The prepared runs as they ship with the package: frames, curves and scores, read in a moment and never computed."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from dcviz.errors import Refused
from dcviz.records import DataConfig, RunConfig, Score, from_dict, to_json
from dcviz.runs.files import Damaged, from_npz

VERSION = 1  # of the files' form
FOLDER, INDEX, NUMBERS = "shipped", "runs.json.gz", "numbers.json.gz"
NEAREST = 6  # real neighbours kept of each synthetic image
EXACT, HALF = ("labels", "ids"), ("pca", "umap", "off")  # the same in all frames; kept in half precision
CURE = "run: python -m dcviz.learn.make"

Frame = Mapping[str, np.ndarray]
Curves = Mapping[str, tuple[np.ndarray, np.ndarray]]  # name -> (steps, values)


@dataclass(frozen=True)
class Prepared:
    """A finished run that ships with the package; drawn like one of the store."""

    id: str  # its name
    title: str
    config: RunConfig
    frames: tuple[tuple[int, Frame], ...]  # (step, arrays), ascending
    metrics: Curves
    scores: tuple[Score, ...]
    seconds: float  # of condensing
    made_by: str  # versions and machine
    good: Mapping[str, Sequence[float]]  # of the evaluation suite: mean and spread by quantity and place

    @property
    def steps(self) -> int:
        """Of condensing."""
        return self.config.steps

    @property
    def view(self) -> str:
        """The name of the real view that it is drawn on."""
        return view_name(self.config.data)

    @property
    def offered(self) -> RunConfig:
        """The configuration to go on from: as it was made, but for what only the lessons need."""
        plain = RunConfig()
        return replace(self.config, saving=plain.saving, live=plain.live)


def prepared(name: str) -> Prepared:
    """A prepared run by its name.

    Raises:
        Refused: if its files are missing or damaged.
    """
    return _read(name)


@cache
def _read(name: str) -> Prepared:
    about = index().get(name)
    if about is None:
        raise Refused(f"the prepared run {name!r} is missing: {CURE} {name}")
    arrays = arrays_of(name)
    return Prepared(
        id=name,
        title=about["title"],
        config=from_dict(RunConfig, about["config"]),
        frames=unpacked_frames(arrays),
        metrics={key: (arrays[f"curve{i}.steps"], arrays[f"curve{i}"]) for i, key in enumerate(about["curves"])},
        scores=tuple(from_dict(Score, score) for score in about["scores"]),
        seconds=about["seconds"],
        made_by=about["made_by"],
        good=about.get("good", {}),
    )


def view_name(data: DataConfig) -> str:
    """What the real view of data is called: of private ones it holds the public part alone."""
    return f"{data.name}-public" if data.private else data.name


@cache
def real(data: str) -> Mapping[str, Any]:
    """The real view of data, by `view_name`, as `dcviz.runs.view.real_view` gives it; nothing is fitted."""
    about = index()["real"][data]
    arrays = arrays_of(f"real-{data}")
    return {"umap": None, **{key: _full(value) for key, value in arrays.items()}, **about}


@cache
def index() -> dict[str, Any]:
    """What the runs are, by name; under ``real`` what the data sets are."""
    return _json(INDEX)


@cache
def numbers() -> dict[str, Any]:
    """What was measured beside the runs: one set under several protocols, and ours beside published numbers."""
    return _json(NUMBERS)


def arrays_of(name: str) -> dict[str, np.ndarray]:
    """The arrays of one file.

    Raises:
        Refused: if it is missing or damaged.
    """
    place = files("dcviz.learn") / FOLDER / f"{name}.npz"
    try:
        return from_npz(place.read_bytes())
    except FileNotFoundError:
        raise Refused(f"the prepared run {name!r} is missing: {CURE} {name}") from None
    except Damaged as error:
        raise Refused(f"the prepared run {name!r} is damaged ({error}): {CURE} {name}") from error


def _json(name: str) -> dict[str, Any]:
    place = files("dcviz.learn") / FOLDER / name
    if not place.is_file():
        raise Refused(f"the lessons' {name} is missing: {CURE}")
    found: dict[str, Any] = json.loads(gzip.decompress(place.read_bytes()))
    if found.get("version") != VERSION:
        raise Refused(f"the lessons' {name} has version {found.get('version')}, not {VERSION}: {CURE}")
    return found


# ------------------------------------------------------------------------------------------------------ form


def packed_frames(frames: Sequence[tuple[int, Frame]]) -> dict[str, np.ndarray]:
    """Frames as few arrays that compress well: time is their last axis; of 8-bit images differences, modulo 256."""
    first = frames[0][1]
    for _, frame in frames:
        assert all(np.array_equal(frame[key], first[key]) for key in EXACT), "samples must keep their order"
    arrays = {"steps": np.array([step for step, _ in frames], np.int32)}
    arrays |= {key: np.asarray(first[key], np.int32) for key in EXACT}
    for key in set(first) - set(EXACT):
        every = np.stack([frame[key] for _, frame in frames])
        if key == "images":
            every = np.diff(every, axis=0, prepend=np.zeros_like(every[:1]))
        elif key == "neighbours":
            every = every[..., :NEAREST].astype(np.uint16)
        elif key in HALF:
            every = every.astype(np.float16)
        arrays[key] = np.moveaxis(every, 0, -1)
    return arrays


def unpacked_frames(arrays: Mapping[str, np.ndarray]) -> tuple[tuple[int, Frame], ...]:
    """The inverse of `packed_frames`, up to half precision."""
    there = [key for key in arrays if key not in (*EXACT, "steps") and not key.startswith("curve")]
    moving = {key: np.ascontiguousarray(np.moveaxis(arrays[key], -1, 0)) for key in there}
    if "images" in moving:
        moving["images"] = np.cumsum(moving["images"], axis=0, dtype=np.uint8)
    same = {key: arrays[key] for key in EXACT}
    return tuple(
        (int(step), {**same, **{key: _full(value[i]) for key, value in moving.items()}})
        for i, step in enumerate(arrays["steps"])
    )


def file_of(frames: Sequence[tuple[int, Frame]], curves: Curves) -> bytes:
    """A run's arrays as one file."""
    arrays = packed_frames(frames)
    for i, (steps, values) in enumerate(curves.values()):
        arrays |= {f"curve{i}.steps": np.asarray(steps, np.int32), f"curve{i}": np.asarray(values, np.float32)}
    return compressed(arrays)


def compressed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as an npz, as small as it gets: it is written once and copied with every installation."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def about(title: str, config: RunConfig, curves: Curves, scores: list[Score], **facts: Any) -> dict[str, Any]:
    """What the index says of a run."""
    return {
        "title": title,
        "config": json.loads(to_json(config)),
        "curves": list(curves),
        "scores": [asdict(score) for score in scores],
        **facts,
    }


def _full(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) if values.dtype == np.float16 else values
