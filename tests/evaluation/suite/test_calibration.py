import pytest
import torch

from dcviz.evaluation.suite.calibration import calibration_error, confusion, per_class, reliability


def test_confusion_counts_pairs():
    y, predicted = torch.tensor([0, 0, 1, 2, 2, 2]), torch.tensor([0, 1, 1, 2, 0, 2])
    table = confusion(predicted, y, 4)
    from sklearn.metrics import confusion_matrix

    assert table.tolist() == confusion_matrix(y, predicted, labels=range(4)).tolist()
    assert per_class(table) == [0.5, 1.0, pytest.approx(2 / 3), None]


def test_answers_that_are_as_sure_as_they_are_right_have_no_error():
    at = torch.Generator().manual_seed(0)
    p = torch.rand(200_000, 3, generator=at, dtype=torch.float64).softmax(1) ** 3
    p = p / p.sum(1, keepdim=True)
    y = torch.multinomial(p, 1, generator=at)[:, 0]  # labels drawn from the very probabilities
    assert calibration_error(reliability(p, y)) < 0.005


def test_error_of_constant_confidence_is_its_distance_from_the_accuracy():
    p = torch.tensor([[0.9, 0.1]]).repeat(10, 1)
    y = torch.tensor([0] * 6 + [1] * 4)
    table = reliability(p, y)
    assert len(table) == 1
    assert table[0]["share"] == 1
    assert calibration_error(table) == pytest.approx(0.3, abs=1e-6)


def test_bins_are_half_open_and_shares_sum_to_one():
    p = torch.tensor([[1.0, 0.0], [0.6, 0.4], [0.5, 0.5], [0.8, 0.2]], dtype=torch.float64)
    table = reliability(p, torch.zeros(4, dtype=torch.int64), bins=5)
    assert [round(b["low"], 1) for b in table] == [0.4, 0.6, 0.8]  # 0.6 and 0.8 belong to the bins below
    assert sum(b["share"] for b in table) == pytest.approx(1)
