"""A configuration as a command line and as Python means the same when it is read back, to the last value."""

import shlex
import sys
from dataclasses import replace

import pytest

from dcviz import registry
from dcviz.errors import Refused
from dcviz.records import DataConfig, EvaluationProtocol, OptimiserConfig, RunConfig, SavingConfig, TermConfig
from dcviz.runs.configure import configure
from dcviz.runs.export.commands import changes_of, command_line, python, remarks
from dcviz.runs.store import Owner, Store


def parsed(line, monkeypatch):
    """The configuration that the real command line makes of a line; nothing is run."""
    from dcviz.cli import condense, main

    found = []
    monkeypatch.setattr(condense, "_condense", lambda config, *_: found.append(config))
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None)
    return found[0]


PRESETS = [(n, scale, b) for n, p in registry.known("preset").items() for scale in p.scales for b in (1, 10)]
CELLS = [("energy", "data"), ("mmd", "random-features"), ("sinkhorn", "trained-features")]
METHODS = [name for name in registry.known("discrepancy") if name != "match"]

ODD = {
    "a path": configure(data=DataConfig("pets, 'n' \"dogs\"", path="/home/a b/it's $HOME/`x`", classes=("cat", "dog"))),
    "a path that a shell would change": configure(data=DataConfig(path="relative/../~x")),
    "classes with commas": configure(data=DataConfig("mnist", classes=("1, 2", " 3"))),
    "texts that read as numbers": configure(data=DataConfig(name="true", transform="zca"), start="1"),
    "live": configure(live=EvaluationProtocol(updates=7, seeds=2, split="held_out", augment="crop_scale")),
    "no live": configure(data="moons", divergence="ksd", regime="data", live=None),
    "evaluation": configure(evaluation=EvaluationProtocol("mlp", 64, rate=0.1 + 0.2)),
    "no steps": configure(steps=0, start="medoids", seed=-7),
    "data": configure(data=DataConfig("rings", size=100, noise=1e-17, seed=4)),
    "a device": configure(device="cuda:1", clamp=True, parameterisation="multi-formation-2"),
    "an optimiser": configure(optimiser=OptimiserConfig("sgd", {"images": 1e-9}, momentum=1 / 3, betas=(0.5, 0.75))),
    "saving": configure(saving=SavingConfig(7, 0.1)),
    "a preset changed by hand": configure(preset="dm", scale="paper", settings={"regime.width": 7, "augment": "flip"}),
    "a kernel": configure(divergence="mmd", regime="data", settings={"divergence.kernel": "laplace"}),
    "several terms": configure(
        terms=[
            {"discrepancy": "match", "params": {"divergence": {"name": "mean"}}, "weight": 0.25},
            {"discrepancy": "ridge", "params": {"width": 8}, "weight": 1 / 3},
        ]
    ),
    "objectives": configure(
        data="moons-minority",
        divergence="energy",
        regime="data",
        objectives=[{"name": "group-weights", "weights": "majority=70, minority=30"}, "group-budgets"],
    ),
    "a long tail and groups": configure(data=DataConfig(imbalance=0.1 + 20, groups="/home/a b/groups.npz")),
    "groups that a shell would change": configure(data=DataConfig("moons-minority", groups="x.npz", minority=0.1)),
    "a weight": configure(terms=[{"discrepancy": "ridge", "weight": 2.0}]),
}


@pytest.mark.parametrize("preset", PRESETS, ids=str)
def test_a_preset_is_said_by_its_name(preset, monkeypatch):
    name, scale, budget = preset
    config = configure(preset=name, scale=scale, budget=budget)
    line = command_line(config)
    assert f"--preset {name}" in line
    assert "--set" not in line
    assert parsed(line, monkeypatch) == config


@pytest.mark.parametrize("method", [*CELLS, *METHODS], ids=str)
def test_a_method_is_said_by_its_name(method, monkeypatch):
    named = {"discrepancy": method} if isinstance(method, str) else dict(zip(("divergence", "regime"), method))  # noqa: B905
    fair = isinstance(method, str) and registry.find("discrepancy", method).serves == "fair"
    config = configure(**named, data="moons-minority" if fair else "digits", budget=3, steps=17, seed=5)
    line = command_line(config)
    assert "--set" not in line
    assert parsed(line, monkeypatch) == config


@pytest.mark.parametrize("what", ODD)
def test_whatever_is_unusual_survives_the_shell(what, monkeypatch):
    config = ODD[what]
    assert parsed(command_line(config), monkeypatch) == config


@pytest.mark.parametrize("what", ODD)
def test_python_means_the_same(what, monkeypatch):
    seen = []
    monkeypatch.setattr("dcviz.library.condense", lambda **given: seen.append(configure(**given)) or [])
    monkeypatch.setattr("dcviz.runs.problem.build", lambda config: seen.append(config) or sys.exit())
    for changes in ({}, {3: {"images": 0.5}}):
        script = python(ODD[what], changes)
        with pytest.raises((SystemExit, NameError)):  # nothing was condensed
            exec(compile(script, "run.py", "exec"), {})
    assert seen == [ODD[what]] * 2


def test_a_run_whose_rate_was_changed_is_repeated_by_its_python_to_the_bit(tmp_path):
    from dcviz.runs.service import open_job
    from dcviz.runs.worker import drive

    config = configure(data="moons", divergence="energy", regime="data", budget=2, steps=20, live=None)
    config = replace(config, evaluation=EvaluationProtocol(updates=1, seeds=1))
    store = Store(tmp_path)
    run = store.create(config, queue=False)
    job_done = drive(store, lambda claimed: changed_at(open_job(store, claimed), 0, 0.5), run)
    assert job_done.status == "done", job_done.text
    assert changes_of(store, run) == {0: {"images": 0.5}}
    assert any("the command does not" in remark for remark in remarks(store, run))
    space = {}
    exec(compile(python(config, changes_of(store, run)), "run.py", "exec"), space)
    repeated = space["state"].synthetic.parameters["images"].numpy()
    assert repeated.tobytes() == store.final(run)[0]["images"].tobytes()
    plain = {}
    exec(compile(python(config), "run.py", "exec"), plain)
    assert plain["images"].tobytes() != space["images"].numpy().tobytes(), "the change matters"


def changed_at(job, step, rate):
    from dcviz.runs.store import Command

    assert job.step == step
    job.apply(Command("rate", {"group": "images", "rate": rate}))
    return job


def test_what_the_configuration_does_not_repeat_is_said(tmp_path):
    store = Store(tmp_path)
    parent = store.create(configure(), queue=False)
    fork = store.create(configure(), parent=parent, parent_step=3, queue=False)
    assert remarks(store, parent) == []
    assert remarks(store, fork) == [f"It began as a fork of {parent} at step 3; this begins at its own start."]
    cut = store.create(configure(), time_limit=1.0)
    owner = Owner.here()
    store.claim(owner, "cpu", cut)
    store.beat(cut, owner, step=7, seconds=1.0)
    store.release(cut, "done", "", owner)
    assert remarks(store, cut) == ["It stopped at step 7 as its time was up; this goes on to step 500."]


def test_what_cannot_be_repeated_here_is_refused_in_words():
    with pytest.raises(Refused, match="there is no discrepancy 'mine'"):
        command_line(RunConfig(terms=(TermConfig("mine"),)))
    with pytest.raises(Refused, match="read from a file"):
        python(RunConfig(terms=()))
