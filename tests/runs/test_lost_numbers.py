"""NaN and divergence at any point: the run ends, says the remedy, shows nothing spoilt and keeps what can be forked."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest
import torch

from dcviz import registry
from dcviz.condensing.loop import condense
from dcviz.discrepancies.match import Match
from dcviz.records import EvaluationProtocol
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.problem import build
from dcviz.runs.store import Store
from dcviz.runs.worker import drive
from dcviz.training import Diverged

QUICK = EvaluationProtocol(updates=10, seeds=1, network="mlp", width=16)
WILD = replace(QUICK, optimiser="sgd", rate=1e30)
STEPS = 30


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


@pytest.fixture(autouse=True)
def losing():
    """A discrepancy that loses its numbers at a step: in the gradient, in the loss, or when it finishes."""

    @registry.register
    @dataclass(frozen=True)
    class Losing(Match):
        name = "losing"

        def gradient(self, context, state, real, synthetic, generator):
            terms, gradients, state = super().gradient(context, state, real, synthetic, generator)
            step = (state or {}).get("step", 0) + 1 if isinstance(state, dict) else Losing.step + 1
            Losing.step = step
            if Losing.where == "gradient" and step == Losing.at:
                gradients = {k: torch.full_like(v, torch.nan) for k, v in gradients.items()}
            if Losing.where == "loss" and step == Losing.at:
                terms = {k: v * torch.nan for k, v in terms.items()}
            return terms, gradients, state

        def finish(self, context, state, real, synthetic, generator):
            return synthetic.map(lambda t: t * torch.nan) if Losing.where == "finish" else synthetic

    def lose(where, at=0):
        Losing.where, Losing.at, Losing.step = where, at, 0

    yield lose
    registry._added["discrepancy"].pop("losing")


def losing_config(**more):
    return configure(
        data="moons", budget=3, discrepancy={"name": "losing", "regime": "data"},
        **{"steps": STEPS, "live": None, "evaluation": QUICK, **more},
    )  # fmt: skip


def run_to_end(store, run):
    return drive(store, partial(service.open_job, store), run)


def all_whole(store, run):
    """Whatever there is to see or to go on from is made of numbers; returns the steps of the checkpoints."""
    for step in store.frames(run):
        assert np.isfinite(store.frame(run, step)[1]["points"]).all(), step
    assert np.isfinite(store.frame(run)[1]["points"]).all(), "the latest picture"
    for step in store.checkpoints(run):
        _, arrays, _ = store.load_checkpoint(run, step)
        assert all(np.isfinite(a).all() for a in arrays.values() if a.dtype.kind == "f"), step
    return store.checkpoints(run)


@pytest.mark.parametrize("where", ["gradient", "loss"])
@pytest.mark.parametrize("at", [1, 2, 17, STEPS])
def test_numbers_lost_at_a_step_end_the_run_with_the_last_whole_state_kept(store, losing, where, at):
    losing(where, at)
    run = service.launch(store, losing_config())
    row = run_to_end(store, run)
    assert row.status == "failed"
    assert f"non-finite at step {at}" in row.text
    assert "lower the learning rate" in row.text
    assert store.final(run) is None
    kept = all_whole(store, run)
    assert max(store.frames(run)) < at or where == "loss"
    if at > 2:
        assert kept, "nothing to fork"
        assert f"Its state of step {kept[-1]} is whole and kept: fork it there" in row.text
        losing("nowhere")
        fork = service.fork(store, run, kept[-1], configure(data="moons", budget=3, steps=5, regime="data",
                            divergence="energy", live=None, evaluation=QUICK))  # fmt: skip
        assert run_to_end(store, fork).status == "done"


def test_numbers_lost_when_it_finishes_leave_the_state_before(store, losing):
    losing("finish")
    run = service.launch(store, losing_config())
    row = run_to_end(store, run)
    assert row.status == "failed"
    assert f"became non-finite at step {STEPS}" in row.text
    assert all_whole(store, run)[-1] == STEPS
    assert store.final(run) is None
    assert store.scores(run) == []


def test_a_set_that_runs_away_is_no_result(store):
    sgd = {"optimiser.name": "sgd", "optimiser.rates.images": 1e6, "optimiser.momentum": 0.0}
    far = configure(data="moons", regime="data", divergence="mean", budget=2, steps=3, live=None, evaluation=QUICK,
                    settings=sgd)  # fmt: skip
    row = run_to_end(store, service.launch(store, far))
    assert row.status == "failed"
    assert "the images diverged" in row.text
    assert "lower the learning rate" in row.text
    assert store.final(row.id) is None


def test_a_network_that_diverges_while_it_judges_is_no_score(store, losing):
    losing("nowhere")
    run = service.launch(store, losing_config(evaluation=WILD))
    row = run_to_end(store, run)
    assert row.status == "failed"
    assert "diverged while it was trained at a rate of 1e+30: lower that rate" in row.text
    assert store.scores(run) == []
    assert store.final(run) is not None, "the set itself is well"
    assert service.evaluate_run(store, run, QUICK).mean > 0


def test_a_live_accuracy_that_diverges_costs_only_itself(store, losing):
    losing("nowhere")
    run = service.launch(store, losing_config(live=replace(WILD, split="held_out"), steps=300))
    row = run_to_end(store, run)
    told = [event for event in store.events(run) if event.kind == "refused"]
    assert told
    assert "lower that rate" in told[0].payload["text"]
    assert len(told) == 1, "said once"
    assert row.status == "done"
    assert "accuracy" not in store.metrics(run)


@pytest.mark.parametrize("at", [5, STEPS])
def test_the_library_says_the_same(losing, at):
    losing("gradient", at)
    setup = build(losing_config())
    *_, last = condense(setup.problem, setup.start)
    assert last.outcome.status == "failed"
    assert f"non-finite at step {at}" in last.outcome.text


def test_a_teacher_that_diverges_says_so_and_is_not_kept(moons):
    from dcviz.data.sampler import Real
    from dcviz.discrepancies.teachers import Teacher, taught_from
    from dcviz.training import Training

    class Kept(dict):
        def load_cached(self, kind, key):
            return None

        def save_cached(self, kind, key, arrays, meta):
            self[key] = arrays

    kept = Kept()
    real = Real(moons, torch.device("cpu"), 0, kept).at(0)
    teacher = Teacher("mlp", 8, Training(updates=5, optimiser="sgd", rate=1e30))
    with pytest.raises(Diverged, match="diverged while it was trained at a rate of 1e"):
        taught_from(0, real, teacher, lambda what, fraction: None)
    assert kept == {}
