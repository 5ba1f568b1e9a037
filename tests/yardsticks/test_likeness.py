import numpy as np
import pytest
import torch
from prdc import compute_prdc

from dcviz.evaluation import run_to_end
from dcviz.types import stack_classes
from dcviz.yardsticks import LIKENESS, panel
from dcviz.yardsticks.likeness import apart, balls, shares
from dcviz.yardsticks.making import _model_space, _of_each
from dcviz.yardsticks.two_samples import two_sample_accuracy


def clouds(counts, d=3, shift=0.0, seed=0):
    """Classes one after another, float64."""
    at = torch.Generator().manual_seed(seed)
    return stack_classes(torch.randn(sum(counts), d, generator=at, dtype=torch.float64) + shift, list(counts))


def parts(batch):
    return [x[w > 0] for x, w in zip(batch.x, batch.weights, strict=True)]


@pytest.mark.parametrize(("real", "fake"), [((60, 40), (12, 7)), ((50, 50, 30), (9, 9, 9))])
def test_shares_are_the_means_over_classes_of_the_authors_package(real, fake):
    """Classes of other sizes too: padding is nobody's neighbour."""
    x, y = clouds(real), clouds(fake, shift=0.4, seed=1)
    truth = [compute_prdc(a.numpy(), b.numpy(), 5) for a, b in zip(parts(x), parts(y), strict=True)]
    found = shares(balls(x), y)
    assert list(found) == ["precision", "recall", "density", "coverage"]
    assert found == pytest.approx({name: np.mean([t[name] for t in truth]) for name in found}, abs=1e-6)


def test_where_there_are_no_balls_there_is_no_number():
    assert "recall" not in shares(balls(clouds((30, 30))), clouds((9, 5), seed=1))
    assert shares(balls(clouds((30, 5))), clouds((9, 9), seed=1)) == {}


def test_told_apart_is_the_two_sample_accuracy_over_a_half():
    x, y = clouds((90, 70)), clouds((30, 30), shift=1.0, seed=1)
    fake, at = torch.cat(parts(y)), torch.Generator().manual_seed(4)
    truth = two_sample_accuracy(torch.cat(parts(x)), fake, torch.Generator().manual_seed(4))
    assert apart(balls(x), fake, at) == pytest.approx(truth / 0.5)
    assert apart(balls(x), fake + 50, torch.Generator()) == 2
    assert apart(balls(x), fake[:3], at) is None


@pytest.fixture(scope="module")
def digits(referenced):
    data, reference = referenced("digits")
    return data, run_to_end(panel(data, 10, reference))


def start(data, seed=0):
    at = torch.Generator().manual_seed(seed)
    return _model_space(data, _of_each(data.train.y, 10, len(data.classes), at))


def test_a_random_subset_is_as_alike_as_random_subsets_are_and_noise_is_not(digits):
    data, made = digits
    low, high = made.like_band
    x, y = start(data, seed=123)
    found = made.likeness(x, y)
    assert list(found) == [one.name for one in LIKENESS if one.more]
    assert all(0.9 * low < value < 1.1 * high for value in found.values())
    assert low < 1 < high
    assert made.told_apart(x, y)["told apart"] < 1.2
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    assert made.likeness(noise, y)["precision"] == 0
    assert made.told_apart(noise, y)["told apart"] > 1.9


def test_it_is_kept_with_the_panel(referenced, cache):
    data, reference = referenced("moons")
    first, again = (run_to_end(panel(data, 8, reference, cache=cache)) for _ in range(2))
    assert again.alike == first.alike
    assert set(first.alike) == {"precision", "recall", "density", "coverage"}


def test_everyone_says_what_it_is():
    for one in LIKENESS:
        assert len(one.label) <= 16  # it stands beside a curve
        assert one.sentence.endswith(".")
        assert one.formula
        assert one.source.link.startswith("https://")
