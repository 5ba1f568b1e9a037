"""The clock is set forward and back, under a run and under a store: nothing is taken for dead, due or torn by it."""

import os
import time

import psutil
import pytest

from dcviz.runs.rows import BIN_SECONDS, Owner, place
from dcviz.runs.store import Store
from tests.crash import tasks
from tests.crash.test_kills import same, whole

HOUR = 3600.0


@pytest.fixture
def leaping(monkeypatch):
    """Sets the clock of this process, and with it what psutil makes of it for processes that started before."""
    real, began = time.time, psutil.Process.create_time

    def leap(seconds):
        monkeypatch.setattr(time, "time", lambda: real() + seconds)
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: began(self) + seconds)

    return leap


@pytest.fixture
def running(tmp_path):
    store = Store(tmp_path / "home")
    run = store.create(tasks.config("moons"))
    store.claim(Owner.here(), "cpu", run)
    return store, run


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="elsewhere start times are the clock's")
@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_a_living_worker_is_not_taken_for_dead(running, leaping, seconds):
    store, run = running
    leaping(seconds)
    assert store.sweep() == []
    assert store.run(run).alive


def test_a_dead_worker_elsewhere_is_found_though_the_clock_was_set_back(running, leaping):
    store, run = running
    with store.db.write() as db:
        db.execute("UPDATE leases SET host = 'elsewhere'")
    leaping(-HOUR)
    assert not store.run(run).alive
    assert store.sweep() == [run]


@pytest.mark.skipif(place().count(" ") != 2, reason="this machine does not say when it was started")
def test_nothing_of_before_the_machine_was_started_is_alive(running):
    store, run = running
    before = f"{place().rpartition(' ')[0]} 0c8f5a9e-another-boot"
    with store.db.write() as db:
        db.execute("UPDATE leases SET host = ?", (before,))  # its id and start may both be those of a new process
    assert store.sweep() == [run]


def test_a_clock_that_leaps_does_not_empty_the_bin(running, leaping):
    store, run = running
    store.release(run, "cancelled")
    store.delete(run)
    assert store.expire() == []
    leaping(BIN_SECONDS + HOUR)
    assert Store(store.home).expire() == []
    assert [row.id for row in store.bin()] == [run]
    assert store.expire() == [run]  # at the next look the clock still says so


def test_a_run_through_leaps_of_the_clock_has_the_same_bits(zygote, home, truths):
    store, truth = Store(home), truths[1]["moons"][0]
    run = store.create(tasks.config("moons"), queue=False)
    zygote.do("leap", home, run)
    assert store.run(run).status == "done"
    whole(store, run, truth)
    assert same(store.final(run)[0], store.final(truth)[0])
    steps, seconds = store.metrics(run)["seconds"]
    assert (seconds >= 0).all()
    assert seconds[-1] < 60
