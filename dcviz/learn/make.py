"""Condense the runs of the lessons and pack them for the package itself.

    python -m dcviz.learn.make [NAME ...] [--numbers]

Without names all that is missing or configured otherwise is made, in some minutes on two cores; ``--numbers`` measures
what stands beside the runs, too, for which MNIST must lie in DCVIZ_DATA.
"""

from __future__ import annotations

import gzip
import json
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dcviz.errors import Refused, unknown
from dcviz.figures import placed
from dcviz.learn.prepared import FOLDER, INDEX, NUMBERS, VERSION, about, compressed, file_of, view_name
from dcviz.learn.runs import GOOD, LIVE, RUNS, Looked
from dcviz.records import DataConfig, RunConfig, Score, to_json
from dcviz.runs.files import write_whole
from dcviz.runs.store import Store

if TYPE_CHECKING:
    from dcviz.evaluation.suite import Judge

PLACE = Path(__file__).with_name(FOLDER)
MEASURED = 14  # steps at which the accuracy is measured, about


def main(arguments: Sequence[str] | None = None) -> None:
    """Rewrite what is named, or what is not as it should be."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RUNS)}; what is missing by default")
    parser.add_argument("--numbers", action="store_true", help="measure what stands beside the runs, too")
    asked = parser.parse_args(arguments)
    for name in asked.names:
        if name not in RUNS:
            raise SystemExit(str(unknown("prepared run", name, RUNS)))
    PLACE.mkdir(exist_ok=True)
    held = _held(INDEX)
    with tempfile.TemporaryDirectory() as home:
        store = Store(home)
        for name in asked.names or [name for name in RUNS if not current(name, held)]:
            held[name] = made(store, name, PLACE)
            _write(INDEX, held)
            print(f"{name}: {(PLACE / f'{name}.npz').stat().st_size / 1000:.0f} kB", flush=True)  # noqa: T201
        held["real"] = {name: made_view(store, name, data, PLACE) for name, data in sorted(views_of(RUNS).items())}
        held = {name: value for name, value in held.items() if name in RUNS or name in ("real", "version")}
        _write(INDEX, held)
        if asked.numbers:
            from dcviz.learn.numbers import measured

            _write(NUMBERS, {"version": VERSION, **measured(store)})
    for path in PLACE.glob("*.npz"):
        if path.stem not in RUNS and path.stem.removeprefix("real-") not in held["real"]:
            path.unlink()


def current(name: str, held: Mapping[str, Any], place: Path = PLACE) -> bool:
    """Whether a run lies there as it is configured now."""
    config = json.loads(to_json(RUNS[name]()))
    return (place / f"{name}.npz").is_file() and held.get(name, {}).get("config") == config


def views_of(names: Sequence[str] | Mapping[str, Any]) -> dict[str, DataConfig]:
    """The real views that some runs are drawn on, by name."""
    return {view_name(config.data): config.data for config in (RUNS[name]() for name in names)}


def made(store: Store, name: str, place: Path) -> dict[str, Any]:
    """Condense one run, write its arrays, and return what the index says of it.

    Raises:
        Refused: if it does not end as it should.
    """
    from dcviz.replay.reel import real_of
    from dcviz.runs.service import open_job
    from dcviz.runs.worker import drive

    config = RUNS[name]()
    view = real_of(store, config.data)  # first: frames then lie on the map from the beginning
    assert view is not None
    run = store.create(config, queue=False)
    row = drive(store, lambda claimed: open_job(store, claimed), run)
    if row.status != "done":
        raise Refused(f"{name} is {row.status}: {row.text}")
    frames = [(step, _frame(store.frame(run, step)[1], view)) for step in store.frames(run)]
    curves = {key: _half(*curve) for key, curve in store.metrics(run).items()}
    curves["accuracy"] = accuracies(config, store, run)
    write_whole(place / f"{name}.npz", file_of(frames, curves))
    scores: list[Score] = store.scores(run)
    return about(
        row.title, config, curves, scores, seconds=round(row.seconds, 2), made_by=machine(), bytes=_bytes(curves),
        good={key: figure for looked in GOOD.get(name, ()) for key, figure in good(store, run, looked).items()},
    )  # fmt: skip


def good(store: Store, run: str, looked: Looked) -> dict[str, list[float]]:
    """Mean and spread of every quantity of a property, by its name and place."""
    from dcviz.evaluation import run_to_end
    from dcviz.evaluation.suite import assess, chosen
    from dcviz.evaluation.suite.words import place
    from dcviz.runs.suite import opened

    (quick,) = chosen(looked.property)
    judge, subject = opened(store, run, protocol=looked.judge)
    judge = _with_all_rows(judge, store.run(run).config.data)
    report = run_to_end(assess(judge, [subject], replace(quick, **looked.settings)))
    before = looked.judge.network if looked.judge is not None else ""
    return {f"{before} {f.quantity} {place(f.at)}".strip(): [f.mean, f.std] for f in report.figures}


def _with_all_rows(judge: Judge, data: DataConfig) -> Judge:
    """Where the data are private: judged by all of their rows, in the public transform, and not by the public tenth.

    The rows of a lesson are drawn at random and nobody's, and an attacker plays with as many of them in every variant.
    """
    from dcviz.data import dataset

    if not data.private:
        return judge
    every, public = dataset(replace(data, private=False)), judge.dataset
    mark = f"{every.fingerprint}/{public.fingerprint}"
    return replace(judge, dataset=replace(every, transform=public.transform, fingerprint=mark))


def made_view(store: Store, name: str, data: DataConfig, place: Path) -> dict[str, Any]:
    """Write the real view of a data set, and return what the index says of it."""
    from dcviz.replay.reel import real_of

    view = real_of(store, data)
    assert view is not None
    arrays = {key: value for key, value in view.items() if isinstance(value, np.ndarray)}
    small = {"labels": np.int32, "ids": np.int32, "pca": np.float16, "umap": np.float16}
    arrays = {key: value.astype(small.get(key, value.dtype)) for key, value in arrays.items()}
    write_whole(place / f"real-{name}.npz", compressed(arrays))
    facts = {key: value for key, value in view.items() if key not in arrays and value is not None}
    return {**facts, **trust(view)}


def trust(view: Mapping[str, Any], k: int = 15) -> dict[str, float]:
    """Of the k nearest neighbours of a real sample in pixels, the fraction that is among its k nearest on each map."""
    from sklearn.neighbors import NearestNeighbors

    if "thumbs" not in view:
        return {}

    def near(points: np.ndarray) -> np.ndarray:
        return NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)  # (n, k), itself left out

    true = near(view["thumbs"].reshape(len(view["thumbs"]), -1).astype(np.float32))
    found = {kind: near(view[kind]) for kind in ("umap", "pca")}
    same = {kind: [np.isin(a, b).mean() for a, b in zip(true, at, strict=True)] for kind, at in found.items()}
    return {f"kept_{kind}": round(float(np.mean(values)), 4) for kind, values in same.items()}


def accuracies(config: RunConfig, store: Store, run: str) -> tuple[np.ndarray, np.ndarray]:
    """The accuracy on held-out samples at some steps: the run once more, as its draws are the same."""
    from dcviz.condensing.loop import condense
    from dcviz.condensing.save_at import SaveAt
    from dcviz.data.secret import Key
    from dcviz.evaluation import fitting, measure, run_to_end
    from dcviz.runs.problem import build

    key = Key(store.noise_key(), run) if config.data.private else None  # of the same noise
    setup = build(config, cache=store, key=key)
    protocol, found = fitting(LIVE, setup.dataset.shape), []
    for saved in condense(setup.problem, setup.start, save_at=SaveAt(MEASURED)):
        s = saved.state.synthetic
        batch = s.map(lambda t: t.detach().clone()).decode()
        work = measure(
            batch.x, batch.y, setup.dataset, protocol, label_kind=s.label_kind, views=s.views, step_size=s.step_size()
        )
        found.append((saved.state.step, run_to_end(work).mean))
    steps, values = zip(*found, strict=True)
    return np.array(steps), np.array(values)


def machine() -> str:
    """Under what it was made."""
    import os

    import torch

    from dcviz import __version__

    cores = f"{os.cpu_count()} cores ({platform.machine()})"
    return f"dcviz {__version__}, torch {torch.__version__.split('+')[0]}, {cores}"


def _frame(frame: Mapping[str, np.ndarray], view: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What is drawn of a frame; its places on the map are its own, so that the weights need not be kept."""
    kept = {key: frame[key] for key in ("images", "points", "labels", "ids", "neighbours", "off") if key in frame}
    if "images" in frame:
        kept |= {"pca": frame["pca"], "umap": placed(frame, view, "umap")}
    return kept


def _half(steps: Any, values: Any) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(steps), np.asarray(values, np.float32)


def _bytes(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> int:
    return int(curves["bytes"][1][-1])


def _held(name: str) -> dict[str, Any]:
    path = PLACE / name
    held: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes())) if path.is_file() else {}
    return held if held.get("version") == VERSION else {"version": VERSION}


def _write(name: str, tree: Mapping[str, Any]) -> None:
    write_whole(PLACE / name, gzip.compress(json.dumps(tree, sort_keys=True).encode(), mtime=0))


if __name__ == "__main__":
    main()
