import itertools
import statistics
import time
from dataclasses import replace

import pytest
import torch

from dcviz.condensing.start import start
from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.evaluation import fitting, measure, run_to_end
from dcviz.randomness import generator
from dcviz.records import EvaluationProtocol, Score, from_json, to_json
from dcviz.types import Views

SHORT = EvaluationProtocol(updates=60, seeds=2)


@pytest.fixture(scope="module")
def digits():
    return dataset("digits")


@pytest.fixture(scope="module")
def chosen(digits):
    return start("medoids", digits, 5, generator(0, "start"))


def test_score_holds_protocol_values_and_spread(digits, chosen):
    score = run_to_end(measure(*chosen, digits, SHORT))
    assert score.protocol == SHORT
    assert len(score.values) == 2
    assert score.mean == pytest.approx(statistics.fmean(score.values))
    assert score.std == pytest.approx(statistics.stdev(score.values))
    assert score.mean > 0.85
    assert score.seconds > 0
    assert from_json(Score, to_json(score)) == score
    assert run_to_end(measure(*chosen, digits, replace(SHORT, seeds=1))).std == 0


def test_same_seed_same_values_other_seed_others(digits, chosen):
    protocol = replace(SHORT, augment="crop_rotate")
    one, two, other = (run_to_end(measure(*chosen, digits, protocol, seed=s)).values for s in (0, 0, 1))
    assert one == two
    assert one != other


def test_the_split_of_the_protocol_is_tested(digits, chosen):
    score = run_to_end(measure(*chosen, digits, replace(SHORT, split="held_out")))
    hits = [v * len(digits.held_out) for v in score.values]
    assert hits == pytest.approx([round(h) for h in hits])
    only_right = replace(digits, test=digits.held_out)
    assert run_to_end(measure(*chosen, only_right, SHORT)).values == score.values


def test_work_comes_in_small_slices_with_rising_fractions(digits, chosen):
    work, fractions, slowest = measure(*chosen, digits, SHORT), [], 0.0
    while True:
        began = time.perf_counter()
        fraction = next(work, None)
        slowest = max(slowest, time.perf_counter() - began)
        if fraction is None:
            break
        fractions.append(fraction)
    assert len(fractions) >= 2 * 60
    assert all(a <= b for a, b in itertools.pairwise(fractions))
    assert fractions[-1] == pytest.approx(1)
    assert slowest < 0.3


def test_soft_labels_are_honoured(digits, chosen):
    x, y = chosen
    hard = run_to_end(measure(x, y, digits, SHORT))
    same = run_to_end(measure(x, torch.eye(10)[y], digits, SHORT, label_kind="probabilities"))
    wrong = run_to_end(measure(x, torch.eye(10)[(y + 1) % 10], digits, SHORT, label_kind="values"))
    assert same.mean == pytest.approx(hard.mean, abs=0.02)
    assert wrong.mean < 0.1


def test_stored_views_take_the_place_of_the_labels(digits, chosen):
    x, y = chosen
    still = torch.eye(2, 3).expand(4, len(x), 2, 3)
    right, wrong = (torch.eye(10)[(y + shift) % 10].expand(4, -1, -1) for shift in (0, 1))
    protocol = replace(SHORT, batch=16)
    good, bad = (
        run_to_end(measure(x, y, digits, protocol, label_kind="probabilities", views=Views(labels, still)))
        for labels in (right, wrong)
    )
    assert good.mean > 0.85
    assert bad.mean < 0.1
    assert good.protocol == protocol


def test_planar_data_is_judged_by_an_mlp():
    moons = dataset("moons")
    x, y = start("real", moons, 20, generator(0, "start"))
    with pytest.raises(Refused, match="choose the network mlp"):
        run_to_end(measure(x, y, moons, SHORT))
    protocol = fitting(SHORT, moons.shape)
    assert (protocol.network, protocol.width) == ("mlp", 128)
    assert run_to_end(measure(x, y, moons, protocol)).mean > 0.8
    assert fitting(SHORT, (1, 8, 8)) is SHORT
