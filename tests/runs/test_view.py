"""The real data as screens show it."""

import time

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.records import DataConfig, EvaluationProtocol, RunConfig
from dcviz.runs import view as views
from dcviz.runs.store import Store


@pytest.fixture
def store(tmp_path):
    yield Store(tmp_path / "home")
    for thread in list(views._threads.values()):
        thread.join()  # a thread that is cut off inside compiled code would take the whole process with it


def ready(store, config, seconds=60.0):
    """The complete view, as a screen would get it by asking again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = views.real_view(store, config)
        if found is not None and found["complete"]:
            return found
        time.sleep(0.05)
    raise AssertionError(f"no complete view of {config.name} after {seconds} s")


def test_the_digits_come_with_their_map(store):
    found = ready(store, DataConfig())
    n = len(found["ids"])
    assert found["thumbs"].shape == (n, 1, 8, 8)
    assert found["pca"].shape == found["umap"].shape == (n, 2)
    assert found["accuracy"] > 0.9
    assert found["classes"] == [str(c) for c in range(10)]
    assert sum(found["counts"].values()) == 1797


def test_points_of_the_plane_are_their_own_map(store):
    found = ready(store, DataConfig(name="moons"))
    assert found["points"].shape == (len(found["ids"]), 2)
    assert found["umap"] is None


def test_a_second_process_reads_what_the_first_prepared(store, monkeypatch):
    first = ready(store, DataConfig(name="rings"))
    monkeypatch.setattr(views, "_seen", {})
    monkeypatch.setattr(views, "prepare_view", None)  # must not be needed
    again = views.real_view(Store(store.home), DataConfig(name="rings"))
    assert np.array_equal(first["points"], again["points"])


def test_few_views_are_kept_in_memory_and_those_in_use_stay(store, monkeypatch):
    monkeypatch.setattr(views, "_seen", {})
    monkeypatch.setattr(views, "SEEN", 2)
    moons, rings, spirals = (DataConfig(name=name) for name in ("moons", "rings", "spirals"))
    for config in (moons, rings, moons, spirals):
        ready(store, config)
    assert [views.seen_view(store, config) is not None for config in (moons, rings, spirals)] == [True, False, True]
    assert ready(store, rings)["points"].shape[1] == 2


def test_data_that_cannot_be_read_are_refused_and_tried_again_later(store, monkeypatch):
    config = DataConfig(name="own", path=str(store.home / "nothing.npz"))
    depths = []
    for _ in range(3):
        with pytest.raises(Refused, match=r"nothing\.npz") as refusal:
            ready(store, config)
        depths.append(len(refusal.traceback))
    assert depths[1] == depths[2]  # an error that is raised again would keep all that it ever passed
    monkeypatch.setattr(views, "LOOK_SECONDS", 0.0)
    np.savez(
        config.path,
        x_train=np.random.default_rng(0).random((40, 8, 8)).astype(np.float32),
        y_train=np.arange(40) % 2,
    )
    end = time.monotonic() + 30
    found = None
    while found is None and time.monotonic() < end:
        try:
            found = views.real_view(store, config)
        except Refused:
            time.sleep(0.05)
    assert found["shape"] == [1, 8, 8]


def test_a_changed_file_gets_a_new_view(store, monkeypatch):
    path = store.home / "mine.npz"
    monkeypatch.setattr(views, "LOOK_SECONDS", 0.0)
    keys = set()
    for n in (40, 44):
        np.savez(path, x_train=np.zeros((n, 8, 8), np.float32), y_train=np.arange(n) % 2)
        keys.add(views.view_key(DataConfig(name="own", path=str(path))))
    assert len(keys) == 2


def test_known_baselines_of_the_digits_are_there_at_once(store):
    assert views.known_baselines(store, RunConfig()) == {}  # nobody has looked at the data yet
    ready(store, DataConfig())
    found = views.known_baselines(store, RunConfig())
    assert {"random", "herding", "medoids", "centroids", "whole set"} == set(found)
    assert found["whole set"].mean > found["random"].mean
    assert views.known_baselines(store, RunConfig(live=None)) == {}
    assert views.known_baselines(store, RunConfig(live=EvaluationProtocol(updates=7))) == {}
