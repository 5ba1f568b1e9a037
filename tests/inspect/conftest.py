"""Runs that are taken to their end once, for all tests that look at them."""

import pytest

from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.store import Store
from dcviz.runs.worker import drive


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("inspected"))


@pytest.fixture(scope="session")
def done(store):
    """Makes a run and takes it to its end, with as few networks trained as can be; the same choices, the same run."""
    made = {}

    def make(**choices):
        key = repr(sorted(choices.items()))
        if key not in made:
            evaluation = {"updates": 1, "seeds": 1, "width": 4}
            config = configure(live=None, evaluation=evaluation, **choices)
            run = store.create(config)
            row = drive(store, lambda claimed: service.open_job(store, claimed), run)
            assert row.status == "done", row.text
            made[key] = run
        return store.run(made[key])

    return make
