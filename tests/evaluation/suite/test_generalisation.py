from dataclasses import replace

import pytest
import torch

from dcviz.condensing.start import start
from dcviz.errors import Refused
from dcviz.evaluation import measure, run_to_end
from dcviz.evaluation.suite import Judge, assess, chosen, rivals, synthetic
from dcviz.evaluation.suite.generalisation import Generalisation
from dcviz.randomness import generator
from tests.evaluation.suite.conftest import SHORT

TINY = Generalisation(resnet_width=4, vit_width=4, deep_updates=2)


def by(report, quantity, of="synthetic"):
    return {f.at["learner"]: f for f in report.figures if f.quantity == quantity and f.of == of}


def test_network_accuracy_is_that_of_the_evaluation(judge, few, digits):
    report = run_to_end(assess(judge, [few], TINY))
    found = by(report, "accuracy")
    assert list(found) == ["MLP", "ConvNet", "ResNet-18", "ViT", "linear", "k-NN", "ridge"]
    made = run_to_end(few.made(0))
    score = run_to_end(measure(made.x, made.y, digits, SHORT))
    assert found["MLP"].values == score.values
    assert found["MLP"].std == score.std
    assert "40 updates of 64" in found["MLP"].protocol
    for f in found.values():
        table = torch.tensor(f.detail["confusion"])
        assert f.mean == pytest.approx(float(table.diagonal().sum() / table.sum()))
        assert len(f.detail["per_class"]) == 10


def test_classical_learners_are_scikit_learn_s(judge, few, digits):
    from sklearn.neighbors import KNeighborsClassifier

    made = run_to_end(few.made(0))
    theirs = KNeighborsClassifier(1).fit(made.x.flatten(1), made.classes)
    test = digits.transform.forward(digits.test.x).flatten(1)
    found = by(run_to_end(assess(judge, [few], TINY)), "accuracy")
    assert found["k-NN"].values == (theirs.score(test, digits.test.y),)
    assert "Nothing is random" in found["k-NN"].protocol


def test_rivals_have_the_same_figures_and_random_ones_spread(digits):
    judge = Judge(digits, replace(SHORT, updates=10), budget=1)
    report = run_to_end(assess(judge, rivals(digits, 1), TINY))
    kinds = ("random", "herding", "medoids", "centroids", "whole set")
    assert all(by(report, "accuracy", kind).keys() == by(report, "accuracy", "random").keys() for kind in kinds)
    assert len(by(report, "accuracy", "random")["k-NN"].values) == 3
    assert by(report, "accuracy", "random")["k-NN"].std > 0
    best = by(report, "accuracy", "whole set")
    assert best["k-NN"].mean > 0.95
    assert best["k-NN"].mean > by(report, "accuracy", "centroids")["k-NN"].mean


def test_second_time_nothing_is_trained(judge, few):
    first = run_to_end(assess(judge, [few], TINY))
    work = assess(judge, [few], TINY)
    with pytest.raises(StopIteration) as end:
        next(work)
    assert end.value.value.figures == first.figures
    other = run_to_end(assess(judge, [few], replace(TINY, deep_updates=1)))
    assert by(other, "accuracy")["MLP"] == by(first, "accuracy")["MLP"]
    assert by(other, "accuracy")["ViT"] != by(first, "accuracy")["ViT"]


def test_work_that_is_broken_off_goes_on(judge, few):
    work = assess(judge, [few], TINY)
    fractions = [next(work) for _ in range(130)]  # beyond the first networks
    assert all(a <= b for a, b in zip(fractions, fractions[1:], strict=False))
    work.close()
    rest = sum(1 for _ in assess(judge, [few], TINY))
    whole = sum(1 for _ in assess(Judge(judge.dataset, judge.protocol, judge.budget), [few], TINY))
    assert rest < whole - 100


def test_points_of_the_plane_are_for_the_mlp(moons):
    x, y = start("real", moons, 5, generator(0, "s"))
    report = run_to_end(assess(Judge(moons, SHORT, 5), [synthetic(x, y)], TINY))
    assert list(by(report, "accuracy")) == ["MLP", "linear", "k-NN", "ridge"]
    assert any("need images" in note for note in report.notes)


def test_soft_labels_train_networks_and_are_read_by_the_rest(judge, few):
    made = run_to_end(few.made(0))
    soft = synthetic(made.x, torch.eye(10)[made.y], label_kind="probabilities")
    assert soft.key != few.key
    report = run_to_end(assess(judge, [soft], TINY))
    hard = run_to_end(assess(judge, [few], TINY))
    assert by(report, "accuracy")["ridge"].mean == by(hard, "accuracy")["ridge"].mean
    assert by(report, "accuracy")["MLP"].mean == pytest.approx(by(hard, "accuracy")["MLP"].mean, abs=0.02)
    assert any("largest class" in note for note in report.notes)


def test_choices():
    assert chosen("all", "full")[0] == Generalisation()
    assert chosen("generalisation, generalisation") == [Generalisation.quick()]
    with pytest.raises(Refused, match="did you mean 'generalisation'"):
        chosen("generalization")
    with pytest.raises(Refused, match="no property"):
        chosen(" ")
    with pytest.raises(Refused, match="scale"):
        chosen("all", "slow")
