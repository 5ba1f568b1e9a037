"""The prepared runs that ship: whole, small, as they are configured now, and as the command would make them."""

import json

import numpy as np
import pytest

from dcviz.condensing.save_at import SaveAt
from dcviz.errors import Refused
from dcviz.learn import make, prepared
from dcviz.learn.lessons import LESSONS
from dcviz.learn.numbers import SEEDS, WAYS
from dcviz.learn.prepared import file_of, index, packed_frames, real, unpacked_frames
from dcviz.learn.runs import FRAMES, LIVE, RUNS
from dcviz.records import to_json
from dcviz.runs.files import from_npz
from dcviz.runs.store import Store

BYTES = 2_000_000  # of all that ships


def test_all_that_the_lessons_need_ships_and_nothing_else():
    there = {path.name for path in make.PLACE.iterdir()}
    data = make.views_of(RUNS)
    assert there == {f"{n}.npz" for n in RUNS} | {f"real-{d}.npz" for d in data} | {prepared.INDEX, prepared.NUMBERS}
    assert sum(path.stat().st_size for path in make.PLACE.iterdir()) <= BYTES
    assert {variant.run for lesson in LESSONS for variant in lesson.variants} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_a_prepared_run_is_whole_and_as_it_is_configured_now(name):
    assert make.current(name, index()), f"run: python -m dcviz.learn.make {name}"
    run = prepared.prepared(name)
    assert run.config == RUNS[name]()
    steps = [step for step, _ in run.frames]
    assert steps == list(SaveAt(run.config.saving.frames).of(run.steps))
    assert len(steps) <= FRAMES
    view, planar = real(run.view), "points" in run.frames[0][1]
    classes = len(view["classes"])
    for _, frame in run.frames:
        assert len(set(frame["ids"].tolist())) == classes * run.config.budget
        assert np.bincount(frame["labels"]).tolist() == [run.config.budget] * classes
        assert {"off", "neighbours", "points"} <= set(frame) if planar else {"images", "pca", "umap"} <= set(frame)
        assert frame["neighbours"].max() < len(view["ids"])
        assert all(np.isfinite(value).all() for value in frame.values() if value.dtype.kind == "f")
    moved = [frame["points" if planar else "images"] for _, frame in run.frames]
    assert not np.array_equal(moved[0], moved[-1])
    assert {"objective", "accuracy", "off"} <= set(run.metrics)
    assert any(name.startswith("yardstick:") for name in run.metrics)
    assert {"synthetic", "random", "whole set"} <= {s.of for s in run.scores if s.protocol.split == "test"}
    assert "torch" in run.made_by


def test_the_real_views_need_no_computation():
    digits = real("digits")
    n = len(digits["ids"])
    assert digits["thumbs"].shape == (n, 1, 8, 8)
    assert digits["umap"].shape == digits["pca"].shape == (n, 2)
    assert 0 < digits["kept_pca"] < digits["kept_umap"] < 1
    assert real("eight-gaussians")["umap"] is None


def test_what_stands_beside_the_runs_was_measured_as_declared():
    found = prepared.numbers()
    assert [way["title"] for way in found["protocols"]] == [way.title for way in WAYS]
    for way, declared in zip(found["protocols"], WAYS, strict=True):
        assert way["protocol"] == json.loads(to_json(declared.protocol))
        assert len(way["S"]) == len(way["random"]) == SEEDS
    assert [row["title"] for row in found["mnist"]] == ["DC, scale small", "DM, scale small", "random real images"]


def test_frames_are_packed_without_loss_but_for_half_precision():
    at = np.random.default_rng(0)
    frames = [
        (
            step,
            {
                "images": at.integers(0, 256, (4, 1, 3, 2), np.uint8),
                "labels": np.array([0, 0, 1, 1]),
                "ids": np.arange(4),
                "neighbours": at.integers(0, 900, (4, 15)),
                "pca": at.normal(size=(4, 2)).astype(np.float32),
                "off": at.uniform(0, 100, 4).astype(np.float32),
            },
        )
        for step in (0, 1, 7)
    ]
    found = unpacked_frames(packed_frames(frames))
    assert [step for step, _ in found] == [0, 1, 7]
    for (_, before), (_, after) in zip(frames, found, strict=True):
        for key in ("images", "labels", "ids"):
            assert np.array_equal(before[key], after[key])
        assert np.array_equal(before["neighbours"][:, : prepared.NEAREST], after["neighbours"])
        for key in ("pca", "off"):
            assert np.allclose(before[key], after[key], rtol=1e-3)
            assert after[key].dtype == np.float32
    curves = {"objective": (np.arange(3), np.array([1.0, 0.5, 0.25]))}
    assert np.array_equal(from_npz(file_of(frames, curves))["curve0"], [1.0, 0.5, 0.25])


def test_samples_that_change_their_order_are_not_packed():
    frame = {"images": np.zeros((2, 1, 2, 2), np.uint8), "labels": np.array([0, 1]), "ids": np.array([0, 1])}
    with pytest.raises(AssertionError, match="order"):
        packed_frames([(0, frame), (1, {**frame, "ids": np.array([1, 0])})])


@pytest.mark.parametrize("content", [None, b"PK not whole"])
def test_a_missing_or_damaged_file_is_refused_with_its_cure(tmp_path, monkeypatch, content):
    monkeypatch.setattr(prepared, "files", lambda package: tmp_path)
    (tmp_path / prepared.FOLDER).mkdir()
    if content is not None:
        (tmp_path / prepared.FOLDER / "plane-mean.npz").write_bytes(content)
    with pytest.raises(Refused, match=r"python -m dcviz\.learn\.make plane-mean"):
        prepared.arrays_of("plane-mean")


def test_an_unknown_run_is_refused_by_the_command():
    with pytest.raises(SystemExit, match="did you mean 'plane-mean'"):
        make.main(["plane-meen"])


def test_another_configuration_is_noticed():
    held = dict(index())
    assert make.current("plane-mean", held)
    held["plane-mean"] = {**held["plane-mean"], "config": {**held["plane-mean"]["config"], "seed": 7}}
    assert not make.current("plane-mean", held)
    assert RUNS["plane-mean"]().live == LIVE


@pytest.mark.slow
def test_the_command_makes_what_ships(tmp_path):
    about = make.made(Store(tmp_path / "home"), "plane-energy", tmp_path)
    shipped = index()["plane-energy"]
    assert about["config"] == shipped["config"]
    assert about["curves"] == shipped["curves"]
    made = dict(unpacked_frames(from_npz((tmp_path / "plane-energy.npz").read_bytes())))
    for step, frame in prepared.prepared("plane-energy").frames:
        assert np.allclose(made[step]["points"], frame["points"], atol=0.02)  # other threads and versions round
