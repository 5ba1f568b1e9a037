import re
import time

import pytest

from dcviz.records import EvaluationProtocol, RunConfig, Score
from dcviz.runs.store import Store
from dcviz.ui import status
from dcviz.yardsticks import Parting


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def run(store):
    from dcviz.runs.store import Owner

    id = store.create(RunConfig(steps=1000))
    owner = Owner.here()
    store.claim(owner, "cpu", id)
    store.beat(id, owner, step=312, seconds=8.0, phase="condensing")
    return store.run(id)


def plain(html):
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html))


def test_a_running_line_says_where_it_is_and_how_long_it_takes(run):
    text = plain(status.line(run, status.Numbers(40.0, 0.871, {"random": 0.78, "whole set": 0.98}, 3, 100)))
    for words in (
        "running",
        "312 / 1,000 steps",
        "40 steps/s",
        "17 s left",
        "held-out accuracy 87.1 %",
        "random 78.0",
        "3 of 100",
    ):
        assert words in text
    assert "sign of life" not in text


def test_a_silent_run_says_since_when(run):
    text = plain(status.line(run, status.Numbers(), now=time.time() + 12))
    assert "12 s since the last sign of life" in text


@pytest.mark.parametrize(("state", "cure"), [("failed", "other parameters"), ("interrupted", "Press resume")])
def test_trouble_is_said_with_its_cure_and_cannot_inject_markup(store, run, state, cure):
    store.release(run.id, state, "the loss became <b>non-finite</b> at step 31.")
    html = status.line(store.run(run.id), status.Numbers())
    assert cure in html
    assert "&lt;b&gt;non-finite" in html
    assert "<b>non-finite" not in html


def score(of, mean, split="test", seeds=3):
    return Score(mean, 0.003, (mean,) * seeds, EvaluationProtocol(split=split, seeds=seeds), of)


def test_the_tested_result_stands_beside_its_rivals_under_the_same_protocol_only(run):
    scores = [
        score("random", 0.5, "held_out", 1),
        score("synthetic", 0.948),
        score("random", 0.921),
        score("herding", 0.93),
        score("centroids", 0.934),
        score("support points", 0.935),
        score("whole set", 0.971),
    ]
    final = status.final_of(scores)
    html = status.line(run, status.Numbers(accuracy=0.9, baselines={"random": 0.5}, final=final, bytes=22160.0))
    assert "The set takes 22,160 bytes" in html
    text = plain(html)
    assert "test accuracy 94.8 ± 0.3 % , 3 networks" in text
    assert "random 92.1 ± 0.3 · best selection (support points) 93.5 ± 0.3 · whole set 97.1 ± 0.3" in text
    assert "held-out" not in text
    assert "50.0" not in text
    assert "3 fresh ConvNets of width 32, each trained for 300 updates" in html


def test_a_parting_is_flagged_said_and_leads_to_its_frame(run):
    html = status.line(run, status.Numbers(parting=Parting(120, 2.5)))
    assert "after step 120 the objective falls, the yardsticks rise" in plain(html)
    assert f'href="?run={run.id}&amp;step=120"' in html
    assert "the middle yardstick rises (2.5-fold)" in html
    assert "yardsticks" not in status.line(run, status.Numbers())


def test_without_a_test_there_is_no_result():
    assert status.final_of([score("random", 0.9), score("synthetic", 0.9, "held_out")]) is None


def test_a_live_accuracy_says_how_it_was_measured(run):
    live = EvaluationProtocol(updates=150, seeds=1, split="held_out", network="mlp", width=64)
    html = status.line(run, status.Numbers(accuracy=0.9, protocol=live))
    assert "One fresh MLP of width 64, trained for 150 updates" in html
    assert "held-out tenth" in html


def test_what_is_to_be_said_of_a_finished_run_is_on_its_line(store, run):
    store.release(run.id, "done", "the synthetic set ended where it began.")
    assert "ended where it began" in plain(status.line(store.run(run.id), status.Numbers()))


def test_rivals_say_from_how_many_samples_they_were_chosen(run):
    score = Score(0.9, 0.0, (0.9,), EvaluationProtocol(), of="herding", among=21399)
    assert status.among_of([score, Score(0.8, 0.0, (0.8,), EvaluationProtocol(), of="random")]) == 21399
    assert status.among_of([]) is None
    said = "Chosen from at most 21,399 samples of each class."
    some = {"herding": 0.9}
    assert said in status.line(run, status.Numbers(baselines=some, among=21399))
    assert "Chosen" not in status.line(run, status.Numbers(baselines=some))
    final = status.Final(Score(0.95, 0.0, (0.95,), EvaluationProtocol()), {"herding": score})
    assert said in status.line(run, status.Numbers(final=final))
