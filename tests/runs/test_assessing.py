"""Measuring in the background: in order, once each, told when it cannot be, stopped when it is told to."""

import threading
from dataclasses import replace

import pytest

from dcviz.evaluation.suite.cost import Cost
from dcviz.records import EvaluationProtocol
from dcviz.runs import assessing, suite
from dcviz.runs.assessing import Asked
from dcviz.runs.configure import configure
from dcviz.runs.service import open_job
from dcviz.runs.suite import reports, seconds_key
from dcviz.runs.worker import drive

SHORT = EvaluationProtocol(network="mlp", width=16, updates=5, seeds=1)


@pytest.fixture
def run(store):
    config = configure(data="moons", divergence="energy", regime="data", budget=3, steps=4)
    run = store.create(replace(config, evaluation=SHORT, live=None))
    return drive(store, lambda claimed: open_job(store, claimed), run)


def test_what_is_asked_for_is_measured_and_what_cannot_be_is_told(store, run, eventually):
    cost, attacked = Asked(run.id, "cost"), Asked(run.id, "robustness")
    rows = {run.id: run}
    assert assessing.expected(store, rows, [cost]) == (Cost.usual, False)
    assert assessing.expected(store, rows, [cost, cost])[0] < 2 * Cost.usual  # rivals are measured once
    assessing.ask(store, cost, attacked, cost)
    eventually(lambda: assessing.progress(store) is None, seconds=60)
    assert set(reports(store, run.id)) == {("cost", "quick")}
    assert "points of the plane" in assessing.trouble(store, attacked)
    assert assessing.trouble(store, cost) == ""
    first, further = store.get_fact(seconds_key(run.config, "cost", "quick"))
    assert (first > 0, further) == (True, None)
    seconds, measured = assessing.expected(store, rows, [cost])
    assert measured
    assert 0 < seconds < first  # its rivals are known now
    assert "choose a run on images" in assessing.refusal("robustness", planar=True)
    assert assessing.refusal("robustness", planar=False) == assessing.refusal("cost", planar=True) == ""


def test_it_can_be_stopped_and_goes_on_when_asked_again(store, run, eventually, monkeypatch):
    entered, go_on, done = threading.Event(), threading.Event(), []

    def slow(store, run, properties):
        entered.set()
        yield "first", 0.25
        go_on.wait(20)
        yield "second", 0.5
        done.append(run)
        return [], []

    monkeypatch.setattr(suite, "measure_suite", slow)
    assessing.ask(store, Asked(run.id, "cost"), Asked(run.id, "privacy"))
    assert entered.wait(20)
    eventually(lambda: assessing.progress(store).fraction == 0.25)
    assert assessing.progress(store).waiting == (Asked(run.id, "privacy"),)
    assessing.drop(store)
    assert assessing.progress(store) is None
    go_on.set()
    eventually(lambda: not assessing._bench(store).thread.is_alive())
    assert done == []
    assessing.ask(store, Asked(run.id, "cost"))
    eventually(lambda: done == [run.id])
    eventually(lambda: assessing.progress(store) is None)


def test_trouble_of_any_kind_ends_one_measurement_alone(store, run, eventually, monkeypatch):
    def broken(store, run, properties):
        yield "x", 0.5
        raise ArithmeticError("no number")

    monkeypatch.setattr(suite, "measure_suite", broken)
    one = Asked(run.id, "cost")
    assessing.ask(store, one)
    eventually(lambda: "no number" in assessing.trouble(store, one))
    eventually(lambda: assessing.progress(store) is None)
