import math
from dataclasses import replace

import pytest
import torch

from dcviz.condensing.start import start
from dcviz.evaluation import measure, run_to_end
from dcviz.evaluation.suite import Judge, assess, synthetic
from dcviz.evaluation.suite.fair_scores import FairScores, augmentation_robust, hardened, label_robust, normalised
from dcviz.evaluation.suite.subject import rival
from dcviz.randomness import generator
from tests.evaluation.suite.conftest import SHORT

FAST = FairScores(rates=2)


def figures(report, of="synthetic"):
    return {f.quantity: f for f in report.figures if f.of == of}


@pytest.fixture
def quick(digits):
    return Judge(digits, replace(SHORT, updates=25), budget=2)


def test_worked_examples():
    """Real .848, set .489, random .26: IOR .229, HLR .359, so that α = -.065."""
    assert label_robust(0.489 - 0.26, 0.848 - 0.489) == pytest.approx(0.242, abs=5e-4)
    assert label_robust(1 - 0.26, 0.0) == pytest.approx((math.exp(0.37) - math.exp(-1)) / (math.e - math.exp(-1)))
    assert label_robust(0.0, 0.0, 1.0) == augmentation_robust(0.0, 0.0) == normalised(0)
    assert normalised(1) == 1
    assert normalised(-1) == 0
    assert augmentation_robust(0.2, 0.1, 1.0) == normalised(0.2)


def test_scores_follow_from_the_accuracies(quick, few):
    found = figures(run_to_end(assess(quick, [few], FAST)))
    assert found["hard-accuracy"].values == found["own-accuracy"].values  # its labels are hard
    scores = [label_robust(i, h) for i, h in zip(found["ior"].values, found["hlr"].values, strict=True)]
    assert list(found["lrs"].values) == pytest.approx(scores)
    assert 0 < found["ars"].mean < 1
    assert len(found["lrs"].values) == 3


def test_the_whole_set_recovers_itself_and_random_does_not_improve_on_itself(quick, digits):
    subjects = [rival(kind, digits, 2) for kind in ("whole set", "random")]
    report = run_to_end(assess(quick, subjects, FAST))
    assert figures(report, "whole set")["hlr"].values == (0.0, 0.0, 0.0)
    assert figures(report, "random")["ior"].values == (0.0, 0.0, 0.0)
    assert figures(report, "random")["ars"].mean == pytest.approx(normalised(0))
    assert figures(report, "whole set")["lrs"].mean > figures(report, "random")["lrs"].mean


def test_the_rate_is_chosen_on_held_out_samples_alone(quick, few, digits):
    protocol, made = quick.protocol, run_to_end(few.made(0))
    rates = FAST.tried(protocol)
    assert rates == pytest.approx([0.003, 0.003 * math.sqrt(10)])
    held, test = (
        [run_to_end(measure(made.x, made.y, digits, replace(protocol, rate=r, split=split))) for r in rates]
        for split in ("held_out", "test")
    )
    best = max(range(2), key=lambda i: (held[i].values[0], rates[i]))
    found = figures(run_to_end(assess(quick, [few], FAST)))["own-accuracy"]
    assert found.values == test[best].values
    spoiled = replace(digits, test=replace(digits.test, y=(digits.test.y + 1) % 10))  # what it says cannot matter
    other = figures(run_to_end(assess(Judge(spoiled, protocol, 2), [few], FAST)))["own-accuracy"]
    assert other.mean < 0.3


def test_a_learned_rate_is_tried_where_it_means_something():
    sgd = replace(SHORT, optimiser="sgd", rate=0.01)
    assert 0.37 in FairScores().tried(sgd, 0.37)
    assert 0.37 not in FairScores().tried(SHORT, 0.37)
    assert len(FairScores().tried(sgd)) == 5
    assert FairScores().tried(sgd)[2] == 0.01


def test_soft_labels_stand_beside_random_images_with_soft_labels(quick, few):
    made = run_to_end(few.made(0))
    wrong = torch.eye(10)[(made.y + 1) % 10]  # labels by another's class: the images are right, the labels not
    soft = synthetic(made.x, wrong, label_kind="probabilities")
    report = run_to_end(assess(quick, [soft], FAST))
    found = figures(report)
    assert found["own-accuracy"].mean < 0.2
    assert "labels by a network" in found["ior"].protocol
    hard = hardened(soft)
    assert (hard.label_kind, hard.views) == ("hard", None)
    assert torch.equal(run_to_end(hard.made(0)).y, (made.y + 1) % 10)
    assert hardened(few) is few


def test_points_of_the_plane_have_no_augmentation(moons):
    subject = synthetic(*start("real", moons, 5, generator(0, "s")))
    report = run_to_end(assess(Judge(moons, replace(SHORT, updates=10), 5), [subject], FAST))
    assert set(figures(report)) == {"hard-accuracy", "own-accuracy", "hlr", "ior", "lrs"}
    assert any("left out" in note for note in report.notes)
