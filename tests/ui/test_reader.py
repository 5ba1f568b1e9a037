import contextlib
import threading

import numpy as np
import pytest

from dcviz.records import RunConfig
from dcviz.runs.store import Owner, Store
from dcviz.ui.reader import Kept, Reader, Room

LOOK = ("key", "light")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def run(store):
    return store.create(RunConfig(steps=100))


def frame(step):
    ids = np.arange(20)
    return {
        "images": np.full((20, 1, 8, 8), step, np.uint8),
        "labels": ids // 2,
        "ids": ids,
        "pca": np.zeros((20, 2), np.float32),
    }


def test_a_frame_is_encoded_once_and_shared(store, run):
    store.save_frame(run, 3, frame(3))
    reader = Reader(store)
    first = reader.scene(run, 3, None, LOOK)
    assert reader.scene(run, 3, None, LOOK) is first
    assert reader.scene(run, 3, None, ("key", "dark")) is not first


def test_the_latest_frame_is_found_and_none_is_no_error(store, run):
    reader = Reader(store)
    assert reader.latest(run) is None
    store.save_latest(run, 7, frame(7))
    assert reader.latest(run) == 7
    assert reader.frame(run, 7)["images"][0, 0, 0, 0] == 7


def test_a_step_that_is_written_again_is_shown_anew(store, run):
    reader = Reader(store)
    store.save_frame(run, 3, frame(3))
    assert reader.latest(run) == 3
    before = reader.scene(run, 3, None, LOOK)
    assert "off" not in reader.points(run, 3)
    assert reader.latest(run) == 3
    assert reader.scene(run, 3, None, LOOK) is before
    store.save_frame(run, 3, {**frame(4), "off": np.full(20, 99.0, np.float32)})
    assert reader.latest(run) == 3
    assert reader.points(run, 3)["off"].tolist() == [99.0] * 20
    assert reader.scene(run, 3, None, LOOK) is not before


def test_what_is_asked_for_ahead_is_bounded_but_the_first_always_comes(store, run):
    for step in range(30):
        store.save_frame(run, step, frame(step))
    reader = Reader(store)
    assert [s["step"] for s in reader.scenes(run, range(30), None, LOOK, Room(10**9, 0.0))] == [0]
    assert 1 < len(reader.scenes(run, range(30), None, LOOK, Room(5_000, 10.0))) < 30
    assert len(reader.scenes(run, range(30), None, LOOK, Room(10**9, 10.0))) == 30
    assert reader.scenes(run, [999], None, LOOK) == []


def test_only_new_numbers_are_read_and_late_ones_are_not_missed(store, run):
    owner = Owner.here()
    store.claim(owner, "cpu", run)
    reader = Reader(store)
    store.record(run, [(s, "objective", float(s)) for s in range(5)])
    store.beat(run, owner, step=4, seconds=1.0)
    assert len(reader.metrics(store.run(run))["objective"][0]) == 5
    store.record(run, [(5, "objective", 5.0), (2, "accuracy", 0.5)])
    store.beat(run, owner, step=5, seconds=1.2)
    found = reader.metrics(store.run(run))
    assert found["objective"][1].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["accuracy"][0].tolist() == [2]


def test_yardsticks_that_fill_gaps_later_are_not_missed(store, run):
    owner = Owner.here()
    store.claim(owner, "cpu", run)
    reader = Reader(store)
    store.record(run, [(0, "yardstick:energy", 1.0), (9, "yardstick:energy", 3.0), (0, "random:low", 0.7)])
    store.beat(run, owner, step=9, seconds=1.0)
    assert reader.metrics(store.run(run))["yardstick:energy"][0].tolist() == [0, 9]
    store.record(run, [(4, "yardstick:energy", 2.0)])
    found = reader.metrics(store.run(run))
    assert found["yardstick:energy"][0].tolist() == [0, 4, 9]
    assert found["yardstick:energy"][1].tolist() == [1, 2, 3]
    assert found["random:low"][1].tolist() == [0.7]


def test_going_back_to_a_checkpoint_forgets_what_was_after_it(store, run):
    owner = Owner.here()
    store.claim(owner, "cpu", run)
    reader = Reader(store)
    store.record(run, [(s, "objective", 1.0) for s in range(50)])
    store.beat(run, owner, step=49, seconds=1.0)
    reader.metrics(store.run(run))
    store.truncate(run, 20)
    assert reader.metrics(store.run(run))["objective"][0].max() == 20


def test_pace_is_that_of_the_last_seconds(store, run):
    owner = Owner.here()
    store.claim(owner, "cpu", run)
    reader = Reader(store)
    for i in range(20):  # one second of work per step at first, a tenth later
        step, seconds = (i, float(i)) if i < 10 else (10 * (i - 9), 10.0 + (i - 9))
        store.beat(run, owner, step=step, seconds=seconds)
        reader.pace(store.run(run))
    assert reader.pace(store.run(run)) == pytest.approx(10, rel=0.2)


def test_kept_forgets_the_oldest():
    kept, made = Kept(2), []
    for key in (1, 2, 1, 3, 1, 2):
        kept.get(key, lambda key=key: made.append(key))
    assert made == [1, 2, 3, 2]


def test_two_windows_that_look_at_once_do_not_double_the_curves(store, run, monkeypatch):
    owner = Owner.here()
    store.claim(owner, "auto", run)
    store.beat(run, owner, step=5, seconds=1.0)
    store.record(run, [(step, "objective", 1.0) for step in range(1, 6)])
    reader, row, both = Reader(store), store.run(run), threading.Barrier(2)
    read = store.metrics

    def slow(*args, **options):
        found = read(*args, **options)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # until the other has read as well, were that possible
        return found

    monkeypatch.setattr(store, "metrics", slow)
    windows = [threading.Thread(target=reader.metrics, args=(row,)) for _ in range(2)]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    assert reader.metrics(row)["objective"][0].tolist() == [1, 2, 3, 4, 5]


def test_what_has_not_changed_is_read_for_the_first_window_only(store, run, monkeypatch):
    owner = Owner.here()
    store.claim(owner, "cpu", run)
    store.record(run, [(1, "objective", 1.0)])
    store.save_frame(run, 1, frame(1))
    store.beat(run, owner, step=1, seconds=1.0)
    reader, asked = Reader(store), []

    def look():
        row = store.run(run)
        return reader.newest(row), reader.kept(row), reader.rates(row), reader.metrics(row)["objective"][0].tolist()

    for name in ("frame", "frames", "events", "metrics"):
        read = getattr(store, name)
        monkeypatch.setattr(
            store, name, lambda *args, name=name, read=read, **named: asked.append(name) or read(*args, **named)
        )
    assert look() == (1, [1], {}, [1])
    first = len(asked)
    assert look() == (1, [1], {}, [1])
    assert len(asked) == first
    store.record(run, [(2, "objective", 1.0)])
    store.log_event(run, 2, "rate", group="images", rate=0.5)
    store.save_latest(run, 2, frame(2))
    store.beat(run, owner, step=2, seconds=2.0)
    assert look() == (2, [1], {2: 0.5}, [1, 2])


def test_the_numbers_of_few_runs_are_kept(store, monkeypatch):
    monkeypatch.setattr("dcviz.ui.reader.RUNS", 3)
    reader = Reader(store)
    runs = [store.create(RunConfig(steps=100, seed=seed)) for seed in range(6)]
    for each in runs:
        store.record(each, [(0, "objective", 1.0)])
        row = store.run(each)
        assert reader.metrics(row)["objective"][1].tolist() == [1.0]
        reader.pace(row)
    assert len(reader._numbers._found) == 3
    assert reader.metrics(store.run(runs[0]))["objective"][1].tolist() == [1.0]
