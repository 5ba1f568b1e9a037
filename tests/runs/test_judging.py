"""Testing with MLPs in the background: what lacks it, what it leaves, and how it ends."""

import time
from dataclasses import replace

import numpy as np
import pytest

from dcviz.records import EvaluationProtocol, Recipe, RunConfig, Score
from dcviz.runs import judging
from dcviz.runs.store import Owner, Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


@pytest.fixture
def run(store):
    """A finished run on the digits with grey images, tested with ConvNets; its numbers are made up."""
    protocol = EvaluationProtocol(updates=3, seeds=1)
    id, owner, classes = store.create(RunConfig(budget=1, evaluation=protocol)), Owner.here(), np.arange(10)
    store.claim(owner, "cpu", id)
    held = {"images": np.zeros((10, 1, 8, 8), np.float32), "classes": classes, "ids": classes}
    held |= {"transform.mean": np.zeros((1, 1, 1), np.float32), "transform.std": np.ones((1, 1, 1), np.float32)}
    store.save_final(id, held, Recipe(tuple("0123456789"), (1, 8, 8)))
    store.save_score(id, Score(0.5, 0.0, (0.5,), protocol))
    store.release(id, "done", "", owner)
    return store.run(id)


def until_done(store, seconds=30):
    end = time.monotonic() + seconds
    while judging.progress(store) is not None:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_set_is_tested_with_mlps_under_its_own_protocol_beside_random_samples(store, run):
    assert judging.lacks(store, run)
    judging.start(store, [run])
    until_done(store)
    assert judging.trouble(store) == ""
    found = {s.of: s for s in store.scores(run.id) if s.protocol.network == "mlp"}
    assert set(found) == {"synthetic", "random"}
    assert found["synthetic"].protocol == judging.other(run.config.evaluation)
    assert found["synthetic"].protocol.updates == 3
    assert not judging.lacks(store, run)


def test_only_finished_sets_that_were_tested_lack_it(store, run):
    assert not judging.lacks(store, replace(run, status="failed"))
    untested = store.run(store.create(run.config, queue=False))
    assert not judging.lacks(store, replace(untested, status="done"))


def test_trouble_is_told_in_words(store, run):
    judging.start(store, [replace(run, id=run.id + "0")])
    until_done(store)
    assert "there is no run" in judging.trouble(store)
