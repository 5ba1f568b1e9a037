"""The command line for many runs: label, find, delete and restore, the queue, sweeps, and time limits."""

import json
import sys

import pytest

from dcviz.runs.configure import configure
from dcviz.runs.store import Owner, Store
from dcviz.runs.vary import vary

QUICK = {"evaluation.updates": 10, "evaluation.seeds": 1, "evaluation.network": "mlp", "evaluation.width": 16}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path))
    return Store()


@pytest.fixture
def dcviz(store, monkeypatch, capsys):
    """Calls the command line in this process: (exit code, stdout, stderr)."""

    def call(*arguments):
        from dcviz.cli import main

        monkeypatch.setattr(sys, "argv", ["dcviz", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return end.value.code or 0, said.out, said.err

    return call


def moons(**more):
    choices = {"data": "moons", "divergence": "energy", "regime": "data", "budget": 2, "steps": 20, "live": None}
    return configure(**{**choices, **more}, settings=QUICK)


def test_runs_are_labelled_and_found_by_it(store, dcviz):
    run, other = store.create(moons(), queue=False), store.create(moons(seed=70707), queue=False)
    code, out, _ = dcviz("label", run, "--name", "first", "--note", "look", "--tag", "paper", "--tag", "toy")
    assert (code, out) == (0, f"{run}  first  #paper  #toy\nlook\n")
    assert [r["id"] for r in json.loads(dcviz("runs", "--tag", "paper", "--json")[1])] == [run]
    assert [r["id"] for r in json.loads(dcviz("runs", "energy", "seed", "70707", "--json")[1])] == [other]
    assert [r["id"] for r in json.loads(dcviz("runs", "--sort", "oldest", "--json")[1])] == [run, other]
    assert "No run fits" in dcviz("runs", "--status", "done")[1]
    for wrong, said in (("--sort=acuracy", "no order 'acuracy'; did you mean"), ("--status=dun", "no status 'dun'")):
        code, _, err = dcviz("runs", wrong)
        assert (code, said in err) == (2, True)
    assert dcviz("label", "first", "--untag", "toy", "--note", "")[1] == f"{run}  first  #paper\n"


def test_deleted_runs_come_back(store, dcviz):
    run, other = store.create(moons(), name="first", queue=False), store.create(moons(), queue=False)
    code, _, err = dcviz("delete", run, "nothing-like-it")
    assert (code, "there is no run" in err) == (2, True)
    assert len(store.runs()) == 2, "all are found, or none is deleted"
    assert dcviz("delete", run, other)[0] == 0
    assert store.runs() == []
    assert "for another 7 days: restore it there, or with `dcviz restore" in dcviz("resume", run)[2]
    assert [line.split()[0] for line in dcviz("restore")[1].splitlines()] == [other, run]
    assert dcviz("restore", "first")[1] == f"{run}  restored: first\n"
    assert dcviz("restore", "--empty")[1] == "1 run removed for good.\n"
    assert f"{other} was deleted for good on" in dcviz("restore", other)[2] or "no run" in dcviz("restore", other)[2]
    assert [r.id for r in store.runs()] == [run]


def test_the_queue_is_shown_and_put_in_order(store, dcviz):
    assert dcviz("queue")[1] == "Nothing runs, and nothing waits.\n"
    a, b, c = (store.create(moons(seed=i)) for i in range(3))
    assert [line.split()[:2] for line in dcviz("queue", "--first", c)[1].splitlines()] == [
        [run, "queued"] for run in (c, a, b)
    ]
    assert [r["id"] for r in json.loads(dcviz("queue", "--last", c, "--json")[1])] == [a, b, c]
    dcviz("queue", "--cancel", b)
    assert (store.waiting(), store.run(b).status) == ([a, c], "paused")
    code, _, err = dcviz("queue", "--cancel", b)
    assert (code, "only a run that waits" in err) == (2, True)


def test_a_sweep_is_told_queued_and_worked_through(store, dcviz):
    run = store.create(moons(), queue=False)
    code, out, _ = dcviz("sweep", run, "--repeats", 1, "--budgets", "1,2", "--dry-run")
    assert (code, store.waiting()) == (0, [])
    assert out.startswith("3 runs, 1 more are there already: about ")
    assert "energy in data · moons · 1 per class · seed 1" in out
    code, out, _ = dcviz("sweep", run, "--seeds", "3", "--tag", "mine", "--work")
    assert code == 0, out
    done = store.search(tags=["mine"])[1]
    assert sorted((e.run.config.seed, e.run.status) for e in done) == [(3, "done")]
    assert all(e.accuracy is not None for e in done)
    assert store.run(run).status == "paused"
    for wrong in (("--seeds", "x"), ("--methods", "mdm"), ("--repeats", 1, "--seeds", "1"), ("--seeds", "0-500")):
        code, _, err = dcviz("sweep", run, *wrong)
        assert code in (0, 2)
        assert err.strip(), wrong
    assert len(store.runs()) == 2


def test_a_run_stops_after_its_time_and_resume_ends_it(store, dcviz):
    from dcviz.records import to_json

    (store.home / "config.json").write_text(to_json(vary(moons(), seed=7)))
    code, out, _ = dcviz("condense", "--config", store.home / "config.json", "--stop-after", "1e-9")
    assert code == 0
    assert "stopped at its time limit of 1e-09 s, after 1 of 20 steps: resume it to go on." in out
    (run,) = store.runs()
    assert run.cut_short
    code, _, err = dcviz("resume", "last", "--stop-after", "1e-9")
    assert (code, "give a time limit above that" in err) == (2, True)
    assert dcviz("resume", "last")[0] == 0
    assert (store.run(run.id).status, store.run(run.id).step) == ("done", 20)
    code, _, err = dcviz("resume", "last")
    assert (code, "is done" in err) == (2, True)


def test_working_through_tells_what_failed_and_goes_on(store, dcviz):
    bad = store.create(moons(), device="cuda:7")
    good = store.create(moons(steps=2))
    with store.db.write() as db:  # a configuration that names what is not here
        text = store.run(bad).config_text.replace('"moons"', '"mooms"')
        db.execute("UPDATE runs SET config = ? WHERE id = ?", (text, bad))
    code, _, _ = dcviz("queue", "--work")
    assert code == 1
    assert [store.run(run).status for run in (bad, good)] == ["failed", "done"]


def test_a_running_run_is_not_deleted(store, dcviz):
    run = store.create(moons())
    store.claim(Owner.here(), "cpu", run)
    code, _, err = dcviz("delete", run)
    assert (code, "is running: stop it before you delete it" in err) == (2, True)
