from statistics import NormalDist

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from dcviz.yardsticks import two_sample_accuracy
from dcviz.yardsticks.two_samples import DECAY, _logistic


def gaussians(n, m, d, away, seed=0):
    at = torch.Generator().manual_seed(seed)
    x, y = torch.randn(n, d, generator=at, dtype=torch.float64), torch.randn(m, d, generator=at, dtype=torch.float64)
    y[:, 0] += away
    return x, y, at


@pytest.mark.parametrize("away", [0.0, 0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("sizes", [(8000, 8000), (12000, 4000)])
def test_between_gaussians_it_is_the_bayes_accuracy(away, sizes):
    found = two_sample_accuracy(*gaussians(*sizes, 5, away))
    assert found == pytest.approx(NormalDist().cdf(away / 2), abs=0.02)  # two standard errors of 4,000 tests


def test_the_classifier_is_that_of_scikit_learn():
    x, y, _ = gaussians(90, 70, 4, 1.0)
    both = torch.cat([x, y])
    units = (both - both.mean(0)) / both.std(0)
    weight, bias = _logistic(x, y)
    # sklearn minimises ½|w|² + C Σ s loss with s = n/(2 n_c): C n/2 = 1/(2 DECAY)
    theirs = LogisticRegression(C=1 / (DECAY * len(both)), class_weight="balanced", tol=1e-10, max_iter=1000)
    theirs.fit(units.numpy(), [0] * 90 + [1] * 70)
    scores = theirs.decision_function(units.numpy())
    assert (both @ weight + bias).numpy() == pytest.approx(scores, abs=1e-3)


def test_few_samples_and_separable_sets_give_finite_numbers_or_none():
    x, y, at = gaussians(3, 50, 2, 0.0)
    assert two_sample_accuracy(x, y, at) is None
    assert two_sample_accuracy(torch.zeros(10, 2), torch.ones(10, 2), at) == 1
    assert two_sample_accuracy(torch.zeros(10, 2), torch.zeros(10, 2), at) <= 0.5


def test_the_same_generator_gives_the_same_number():
    found = [two_sample_accuracy(*gaussians(50, 30, 3, 0.7)) for _ in range(2)]
    assert found[0] == found[1]
