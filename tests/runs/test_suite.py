"""The suite for runs in a store."""

from dataclasses import replace

import pytest

from dcviz.errors import Refused
from dcviz.evaluation import run_to_end
from dcviz.evaluation.suite.generalisation import Generalisation
from dcviz.records import EvaluationProtocol
from dcviz.runs.configure import configure
from dcviz.runs.service import open_job
from dcviz.runs.suite import final_subject, measure_suite, opened, reports
from dcviz.runs.worker import drive

SHORT = EvaluationProtocol(network="mlp", width=16, updates=5, seeds=1)


@pytest.fixture
def run(store):
    config = configure(data="moons", divergence="energy", regime="data", budget=3, steps=4)
    run = store.create(replace(config, evaluation=SHORT, live=None))
    drive(store, lambda claimed: open_job(store, claimed), run)
    return run


def test_reports_are_kept_with_the_run(store, run):
    assert reports(store, run) == {}
    found, refused = run_to_end(measure_suite(store, run, [Generalisation.quick()]))
    assert refused == []
    assert reports(store, run) == {("generalisation", "quick"): found[0]}
    kinds = {f.of for f in found[0].figures}
    assert kinds == {"synthetic", "random", "herding", "medoids", "centroids", "whole set"}
    again, _ = run_to_end(measure_suite(store, run, [Generalisation.quick()]))
    assert again[0].figures == found[0].figures
    assert again[0].seconds < found[0].seconds
    alone, _ = run_to_end(measure_suite(store, run, [Generalisation.quick()], beside=False))
    assert {f.of for f in alone[0].figures} == {"synthetic"}


def test_a_set_is_made_again_by_its_own_method(store, run):
    judge, subject = opened(store, run)
    same = run_to_end(subject.remake(judge.dataset, 0, None))
    assert same.key == subject.key
    fewer = run_to_end(subject.remake(judge.dataset, 0, 1))
    other = run_to_end(subject.remake(judge.dataset, 1, None))
    assert len({subject.key, fewer.key, other.key}) == 3


def test_a_run_without_a_set_is_refused(store):
    waiting = store.create(configure(data="moons", steps=3))
    with pytest.raises(Refused, match="no final set yet"):
        final_subject(store, waiting)
