"""What all runs on the same private rows have spent together."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from dcviz.records import DataConfig
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.export import export
from dcviz.runs.ledger import RULE, source_of
from dcviz.runs.store import Store
from dcviz.runs.worker import drive

QUICK = {"evaluation.updates": 5, "evaluation.seeds": 1, "evaluation.network": "mlp", "evaluation.width": 8}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr("dcviz.embed.umap_of", lambda view, reference, cache=None: view.pca)
    return Store(tmp_path / "home")


def private(name="private-embedding", **choices):
    given = {"data": "moons", "budget": 2, "steps": 8, "live": None, **choices}
    settings = {**QUICK, **given.pop("settings", {})}
    return configure(objectives=[name], settings=settings, **given)


def worked(store, config, steps=None, **more):
    run = service.launch(store, config, **more)
    if steps is not None:
        store.enqueue(run, until=steps)
    drive(store, partial(service.open_job, store), run)
    return run


def test_five_runs_at_one_have_spent_five(store):
    assert store.spent_together() == {}
    for seed in range(5):
        worked(store, private(seed=seed))
    spent = store.spent_together()["moons"]
    assert spent.epsilon == pytest.approx(5.0)
    assert spent.delta == pytest.approx(5e-5)
    assert spent.releases == 5
    assert spent.neighbours == ("one row replaced by any other",)
    assert str(spent) == "ε ≤ 5, δ ≤ 5e-05 in 5 releases"


def test_a_shared_release_counts_once_and_another_promise_apart(store):
    first = worked(store, private())
    worked(store, private(steps=5, budget=3))
    fork = service.fork(store, first, 4, private(steps=6))
    drive(store, partial(service.open_job, store), fork)
    assert store.run(fork).status == "done"
    assert (store.spent_together()["moons"].epsilon, store.spent_together()["moons"].releases) == (1.0, 1)
    worked(store, private(settings={"objective.private-embedding.epsilon": 0.25}))
    assert store.spent_together()["moons"].epsilon == pytest.approx(1.25)
    worked(store, private(data="rings"))
    worked(store, configure(data="moons", budget=2, steps=2, live=None, settings=QUICK))  # open: no account
    assert {data: spent.releases for data, spent in store.spent_together().items()} == {"moons": 2, "rings": 1}


def test_a_run_that_was_stopped_counts_for_what_it_has_released(store):
    pytest.importorskip("dp_accounting")
    gradients = private("private-gradients", steps=40)
    run = worked(store, gradients, 4)
    assert store.run(run).status == "paused"
    so_far = float(store.metrics(run)["epsilon"][1][-1])
    assert 0 < so_far < 1
    assert store.spent_together()["moons"].epsilon == pytest.approx(so_far)
    worked(store, private())
    both = store.spent_together()["moons"]
    assert both.epsilon == pytest.approx(1 + so_far)
    assert len(both.neighbours) == 2


def test_what_was_released_is_not_taken_back_by_deleting_the_run(store):
    run, other = worked(store, private()), worked(store, private(seed=1))
    before = store.spent_together()
    store.delete(run)
    assert store.spent_together() == before
    assert store.empty_bin() == [run]
    assert store.spent_together() == before
    assert Store(store.home).spent_together() == before
    store.delete(other)
    store.empty_bin()
    assert store.spent_together() == before


def test_runs_from_before_marks_count_each_for_itself(store):
    for seed in (0, 0):
        run = worked(store, private(seed=seed))
        with store.db.write() as db:
            for number, text in db.execute("SELECT number, payload FROM events WHERE kind = 'guarantee'").fetchall():
                old = {key: value for key, value in json.loads(text).items() if key != "release"}
                db.execute("UPDATE events SET payload = ? WHERE number = ?", (json.dumps(old), number))
    assert store.run(run).status == "done"
    assert store.spent_together()["moons"].releases == 2


def test_data_are_the_same_by_name_or_by_path_whatever_part_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = DataConfig("moons", private=True)
    assert source_of(whole) == source_of(replace(whole, size=500, seed=3)) == "moons"
    own = DataConfig("pets", "pets.npz", private=True)
    assert source_of(own) == source_of(replace(own, name="cats", path=str(tmp_path / "pets.npz")))
    assert source_of(own) != source_of(whole)


def test_the_command_line_says_it(store, monkeypatch, capsys):
    from dcviz.cli import main

    worked(store, private())
    worked(store, private(seed=1))
    monkeypatch.setenv("DCVIZ_HOME", str(store.home))
    monkeypatch.setattr("dcviz.cli.doctor.STEP_SECONDS", 0.01)
    for command, stream in (("runs", "err"), ("doctor", "out")):
        monkeypatch.setattr("sys.argv", ["dcviz", command])
        with pytest.raises(SystemExit):
            main()
        said = getattr(capsys.readouterr(), stream)
        assert "moons" in said
        assert "ε ≤ 2, δ ≤ 2e-05 in 2 releases" in said


def test_the_status_of_a_run_says_it(store):
    from dcviz.ui import status
    from dcviz.ui.spent import together

    run = worked(store, private())
    worked(store, private(seed=1))
    row = store.run(run)
    said = together(store, row.config.data)
    assert "ε ≤ 2" in status.line(row, status.Numbers(epsilon=1.0, together=said))
    assert together(store, DataConfig("moons")) == ""
    assert together(store, DataConfig("rings", private=True)) == ""


def test_an_export_says_what_it_comes_to(store):
    run, _ = worked(store, private()), worked(store, private(seed=1))
    export(store, run, store.home / "out.npz", "npz")
    with np.load(store.home / "out.npz", allow_pickle=False) as held:
        said = json.loads(str(held["run"]))["guarantee"]
    assert said["epsilon"] == 1.0
    assert said["together"]["epsilon"] == 2.0
    assert said["together"]["rule"] == RULE
