from dataclasses import replace

import pytest
import torch

from dcviz.condensing.start import start
from dcviz.errors import Refused
from dcviz.evaluation import run_to_end
from dcviz.evaluation.suite import Judge, assess, synthetic
from dcviz.evaluation.suite.backdoor import TARGET, Backdoor, named, planted, stamped
from dcviz.evaluation.suite.subject import rival
from dcviz.randomness import generator
from tests.evaluation.suite.conftest import SHORT

FAST = Backdoor(makes=1, steps=2)


def figures(report):
    return {f.quantity: f for f in report.figures}


def test_the_trigger_is_one_white_square():
    x = torch.rand(5, 3, 12, 16) * 0.9
    marked = stamped(x, 0.25)
    changed = marked != x
    assert changed.sum() == 5 * 3 * 9
    assert (marked[:, :, -3:, -3:] == 1).all()
    assert x.max() < 1  # the original stays


def test_some_images_of_other_classes_are_marked_and_renamed(digits):
    data = planted(digits, 0.2, 0.25)
    moved = data.train.y != digits.train.y
    other = int((digits.train.y != TARGET).sum())
    assert int(moved.sum()) == round(0.2 * other)
    assert (data.train.y[moved] == TARGET).all()
    assert torch.equal(data.train.x[moved], stamped(digits.train.x[moved], 0.25))
    assert torch.equal(data.train.x[~moved], digits.train.x[~moved])
    assert data.fingerprint not in (digits.fingerprint, planted(digits, 0.1, 0.25).fingerprint)
    assert data.test is digits.test
    bytes_ = replace(digits, train=replace(digits.train, x=(digits.train.x * 255).byte()))
    assert planted(bytes_, 0.2, 0.25).train.x[moved][:, :, -1, -1].unique().tolist() == [255]


def test_a_network_that_sees_only_the_trigger_is_fooled_by_all(judge, digits):
    def net(x):
        lit = digits.transform.inverse(x)[:, :, -2:, -2:].mean((1, 2, 3)) > 0.99
        return torch.stack([lit.float(), *[0.5 * torch.ones(len(x))] * 9], 1)

    assert (named(judge, net, stamped(digits.test.x, 0.25)) == TARGET).all()
    assert (named(judge, net, digits.test.x) != TARGET).all()


def test_all_data_passes_the_trigger_on_and_untouched_data_does_not(judge, digits):
    subject, longer = rival("whole set", digits, 2), replace(judge.protocol, updates=150)
    found = figures(run_to_end(assess(replace(judge, protocol=longer), [subject], FAST)))
    assert found["success"].mean > 0.8
    assert found["survival"].mean == pytest.approx(1)
    assert found["unplanted"].mean < 0.3
    assert found["poisoned-clean"].mean > 0.8
    assert len(found["success"].values) == 3


def test_a_method_that_never_sees_the_trigger_does_not_pass_it_on(judge, digits):
    x, y = start("medoids", digits, 2, generator(0, "start"))

    def remake(data, seed, steps):
        yield 0.0
        return synthetic(x, y, remake=remake)  # from data that were not planted

    found = figures(run_to_end(assess(judge, [synthetic(x, y, remake=remake)], FAST)))
    assert found["success"].values == found["unplanted"].values
    assert found["survival"].mean < 0.5


def test_what_it_is_not_defined_for(judge, few, moons):
    with pytest.raises(Refused, match="nothing says how this set was made"):
        run_to_end(assess(judge, [few], FAST))
    with pytest.raises(Refused, match="choose images"):
        run_to_end(assess(Judge(moons, SHORT, 2), [rival("random", moons, 2)], FAST))
