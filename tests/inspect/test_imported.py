"""A set from a file has one picture and no objective of its own; all else is known of it."""

import time

from dcviz.inspect import Inspector, leaks_of_run
from dcviz.runs.export import export
from dcviz.runs.importing import bring

CHOICES = {"divergence": "energy", "regime": "data", "budget": 2, "steps": 4}


def test_an_imported_set_is_looked_into_without_an_objective_of_its_own(store, done, tmp_path):
    run = done(**CHOICES)
    brought = bring(store, [export(store, run.id, tmp_path / "set.npz")]).run
    before, after = leaks_of_run(store, run.id), leaks_of_run(store, brought)
    assert after.spaces["features"].nearest.tolist() == before.spaces["features"].nearest.tolist()
    page, end = Inspector(store), time.monotonic() + 60
    while not (page.shown(brought, 3).whole and page.pulls(brought, 0, ("data/energy",)).whole):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert page.shown(brought, 3).value.film.steps == (0,)
    assert list(page.pulls(brought, 0, ("data/energy",)).value.found) == ["data/energy"]
