"""Killed at random moments, hundreds of times: what was finished is whole, and going on gives the same bits."""

import random
import time
from functools import partial

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.runs import service
from dcviz.runs.store import Store
from dcviz.runs.worker import Worker
from tests.crash import tasks

CASES = [
    pytest.param(kind, kills, seed, marks=marks, id=f"{kind}-{kills}-{seed}")
    for kind, kills, seed, marks in [
        ("digits", 2, 0, []),
        *[(kind, 40, seed, [pytest.mark.crash]) for kind in ("digits", "moons") for seed in (1, 2, 3)],
    ]
]


def sets(store, run, step):
    """The part of a frame that does not depend on how much else there was time for."""
    _, arrays = store.frame(run, step)
    return {key: arrays[key] for key in ("images", "points", "labels", "ids") if key in arrays}


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


class Emptied(Store):
    """A store with nothing to do: its workers keep house, and what waits is left to others."""

    def claim(self, *_):
        return None


def status_is_true(home, run):
    """Whoever opens the store again sees within ten seconds that nobody works on the run."""
    store = Emptied(home)
    looking = Worker(store, partial(service.open_job, store), "none")
    looking.start()
    end = time.monotonic() + 10
    try:
        while store.run(run).status == "running":
            assert time.monotonic() < end, "still said to run after ten seconds"
            time.sleep(0.01)
    finally:
        looking.stop()
    return store.run(run)


def newest(store, run):
    """The picture that a window shows; None while there is none yet, and nothing else may keep it away."""
    try:
        return store.frame(run)
    except Refused as refusal:
        return None if "no picture yet" in str(refusal) else pytest.fail(str(refusal))


def whole(store, run, truth):
    """Everything that a killed run shows is finished, and equals the run that was never killed."""
    kept = store.frames(run)
    for step in kept:
        assert same(sets(store, run, step), sets(store, truth, step)), step
    shown = newest(store, run)
    if shown is None:
        assert not kept
    else:
        at, arrays = shown
        assert at >= (kept or [0])[-1]
        seen = {key: arrays[key] for key in ("images", "points") if key in arrays}
        assert same(seen, {key: value for key, value in sets(store, truth, at).items() if key in seen})
    for step in store.checkpoints(run):
        assert store.load_checkpoint(run, step) is not None, "a torn checkpoint"
    expected = store.metrics(truth)["objective"]
    steps, values = store.metrics(run).get("objective", (np.zeros(0), np.zeros(0)))
    assert np.array_equal(values, expected[1][: len(steps)])
    assert np.array_equal(steps, expected[0][: len(steps)])
    store.final(run)  # none, or a whole one


@pytest.mark.parametrize(("kind", "kills", "seed"), CASES)
def test_a_killed_run_goes_on_to_the_same_bits(kind, kills, seed, zygote, home, truths):
    rng, store = random.Random(seed), Store(home)
    truth, changes = truths[1][kind]
    done = killed = 0
    run = store.create(tasks.config(kind), queue=False)
    while killed < kills or store.run(run).status != "done":
        last = killed >= kills
        when = {} if last else {"at": rng.randint(1, changes)} if rng.random() < 0.7 else {"after": rng.uniform(0, 1.2)}
        killed += zygote.do("run", home, run, **when)["killed"]
        row = status_is_true(home, run)
        whole(store, run, truth)
        assert row.status in ("paused", "interrupted", "done"), row.text
        if row.status == "done":
            done += 1
            assert same({"x": store.final(run)[0]["images"]}, {"x": store.final(truth)[0]["images"]})
            assert store.frames(run) == store.frames(truth)
            assert {s.of: s.mean for s in store.scores(run)} == {s.of: s.mean for s in store.scores(truth)}
            assert not list(store.folder(run).rglob(".*.tmp"))
            if not last:
                run = store.create(tasks.config(kind), queue=False)
    assert done
