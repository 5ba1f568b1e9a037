import numpy as np
import pytest
import torch

from dcviz.condensing.start import start
from dcviz.data.groups import grouped, read_groups
from dcviz.errors import Refused
from dcviz.evaluation import run_to_end
from dcviz.evaluation.suite import Judge, assess, synthetic
from dcviz.evaluation.suite.fairness import Fairness, group_accuracies, group_coverage, group_discrepancy
from dcviz.randomness import generator
from tests.evaluation.suite.conftest import SHORT

FAST = Fairness(samples=50)


def test_accuracies_by_group():
    y = torch.tensor([0, 1, 2, 0, 1, 2])
    predicted = torch.tensor([0, 1, 0, 1, 1, 2])
    assert group_accuracies(predicted, y, torch.tensor([0, 0, 0, 1, 1, 1]), 2) == pytest.approx([2 / 3, 2 / 3])
    assert group_accuracies(predicted, y, torch.tensor([0, 0, 1, 1, 2, 2]), 3) == [1.0, 0.0, 1.0]


def test_a_group_is_at_no_distance_from_itself_and_covered_by_itself():
    x = torch.randn(40, 3, generator=generator(0, "x"))
    y = torch.arange(40) % 2
    assert group_discrepancy(x, y, x, y) == pytest.approx(0, abs=1e-9)
    assert group_coverage(x, y, x, y) == 1
    assert group_coverage(x, y, x + 100, y) == 0
    assert group_coverage(x[:5], y[:5], x, y) is None
    assert group_discrepancy(x, y, x + torch.tensor([100.0, 0, 0]), y) > 150


def test_classes_of_the_set_are_weighted_as_in_the_group():
    """Three quarters of the group are at 0, one quarter at 1; the set has one point of each."""
    x, y = torch.tensor([[0.0], [0.0], [0.0], [1.0]]), torch.tensor([0, 0, 0, 1])
    s, classes = torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1])
    assert group_discrepancy(x, y, s, classes) == pytest.approx(0, abs=1e-9)
    assert group_discrepancy(x[:3], y[:3], s, classes) == pytest.approx(0, abs=1e-9)  # the other class does not count
    assert group_discrepancy(x, y, s[:1], classes[:1]) == pytest.approx(2 * 0.25 - 2 * 0.75 * 0.25)
    assert group_discrepancy(x, y, s, torch.tensor([2, 3])) > 0  # none of its classes: all stands for it


def test_a_set_that_forgets_a_class_is_seen_to(judge, few, digits):
    made = run_to_end(few.made(0))
    kept = made.classes != 3
    lacking = synthetic(made.x[kept], made.y[kept])
    whole, less = (
        {(f.quantity, f.at.get("group")): f for f in run_to_end(assess(judge, [s], FAST)).figures}
        for s in (few, lacking)
    )
    assert less["worst-group", None].mean == 0
    assert less["worst-group", None].detail == {"group": "3"}
    assert less["group-accuracy", "3"].mean == 0
    assert less["group-coverage", "3"].mean == 0
    assert less["group-discrepancy", "3"].mean > whole["group-discrepancy", "3"].mean
    assert less["gap", None].mean > 0.5
    assert whole["worst-group", None].mean > 0
    worst = [min(v) for v in zip(*(whole["group-accuracy", c].values for c in digits.classes), strict=True)]
    assert list(whole["worst-group", None].values) == worst


def test_a_column_of_groups(moons, tmp_path):
    left = {"train": moons.train.x[:, 0] < 0, "test": moons.test.x[:, 0] < 0}
    file = tmp_path / "groups.npz"
    np.savez(file, **{part: np.where(mask.numpy(), "left", "right") for part, mask in left.items()})
    groups = read_groups(file, moons)
    assert groups.names == ("left", "right")
    assert torch.equal(groups.train == 0, left["train"])
    x, y = start("real", moons, 20, generator(0, "s"))
    subject = synthetic(x[x[:, 0] < 0], y[x[:, 0] < 0])  # it knows the left half only
    report = run_to_end(assess(Judge(moons, SHORT, 20, groups=groups), [subject], FAST))
    found = {(f.quantity, f.at.get("group")): f.mean for f in report.figures}
    assert found["group-discrepancy", "left"] < found["group-discrepancy", "right"]
    assert found["group-coverage", "left"] > found["group-coverage", "right"]
    assert found["worst-group", None] <= min(found["group-accuracy", "left"], found["group-accuracy", "right"]) + 1e-9


def test_groups_of_the_whole_source_are_picked_by_number(digits):
    every = np.zeros(1797, np.int64)
    every[digits.test.id[:3].numpy()] = 1
    every[digits.train.id[5:7].numpy()] = 1
    groups = grouped(every, every, digits)
    assert groups.train.sum() == 2
    assert groups.test[:3].tolist() == [1, 1, 1]


def test_columns_that_do_not_fit_are_refused(moons, tmp_path):
    zeros = np.zeros(len(moons.train)), np.zeros(len(moons.test))
    with pytest.raises(Refused, match="group '1.0' has no test sample"):
        grouped(zeros[0] + (np.arange(len(moons.train)) < 5), zeros[1], moons)
    with pytest.raises(Refused, match="give one for each"):
        grouped(zeros[0][:7], zeros[1], moons)
    with pytest.raises(Refused, match="one number or name for each|for each sample"):
        grouped(zeros[0][:, None], zeros[1], moons)
    with pytest.raises(Refused, match="there is no file"):
        read_groups(tmp_path / "none.npz", moons)
    np.savez(tmp_path / "half.npz", train=zeros[0])
    with pytest.raises(Refused, match="np.savez"):
        read_groups(tmp_path / "half.npz", moons)
