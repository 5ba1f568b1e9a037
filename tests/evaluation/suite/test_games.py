"""Estimators of privacy against distributions whose truth is known."""

import math

import numpy as np
import pytest
from scipy.stats import binom, norm
from sklearn.metrics import roc_auc_score

from dcviz.errors import Refused
from dcviz.evaluation.suite.games import (
    auc,
    auc_error,
    calibrated,
    likelihood_ratios,
    lower_bound,
    true_positives,
)


@pytest.fixture
def at():
    return np.random.default_rng(0)


def test_auc_of_two_normals_and_scikit_learn_s(at):
    inside, outside = at.normal(1, 1, 3000), at.normal(0, 1, 3000)
    assert auc(inside, outside) == pytest.approx(norm.cdf(1 / math.sqrt(2)), abs=0.02)
    few = at.integers(0, 3, 40).astype(float), at.integers(0, 3, 30).astype(float)  # many ties
    labels = np.r_[np.ones(40), np.zeros(30)]
    assert auc(*few) == pytest.approx(roc_auc_score(labels, np.concatenate(few)))
    with pytest.raises(Refused, match="play more games"):
        auc(np.array([]), outside)


def test_standard_error_is_the_spread_of_chance(at):
    values = [auc(at.random(12), at.random(20)) for _ in range(2000)]
    assert np.std(values) == pytest.approx(auc_error(12, 20), rel=0.05)
    assert np.mean(values) == pytest.approx(0.5, abs=0.01)


def test_true_positives_of_two_normals(at):
    inside, outside = at.normal(2, 1, 50_000), at.normal(0, 1, 50_000)
    assert true_positives(inside, outside, 0.01) == pytest.approx(norm.sf(norm.isf(0.01) - 2), abs=0.01)
    assert true_positives(outside[:20_000], outside[20_000:], 0.01) == pytest.approx(0.01, abs=0.003)


def halves(at, runs, samples):
    """Each sample in exactly half of the runs."""
    return np.argsort(at.random((runs, samples)), 0) < runs // 2


def test_likelihood_ratio_is_the_best_test(at):
    """Every sample has its own mean, and moves by 1.5 deviations when it is in: Neyman and Pearson know the rest."""
    member = halves(at, 64, 400)
    hard = at.normal(0, 10, 400)  # no common threshold can work
    scores = hard + 1.5 * member + at.normal(0, 1, member.shape)
    ratios = likelihood_ratios(scores, member)
    best = norm.sf(norm.isf(0.01) - 1.5)
    assert true_positives(ratios[member], ratios[~member]) == pytest.approx(best, abs=0.04)
    assert true_positives(scores[member], scores[~member]) < 0.05
    easy = calibrated(scores, member)
    assert true_positives(easy[member], easy[~member]) == pytest.approx(best, abs=0.05)


def test_nothing_is_found_where_nothing_is(at):
    member = halves(at, 8, 2000)
    scores = at.normal(0, 1, 2000) + at.normal(0, 1, member.shape)
    for found in (likelihood_ratios(scores, member), calibrated(scores, member)):
        assert true_positives(found[member], found[~member]) == pytest.approx(0.01, abs=0.006)
        assert auc(found[member][:4000], found[~member][:4000]) == pytest.approx(0.5, abs=3 * auc_error(4000, 4000))
    still = np.zeros((8, 2000))  # a score that never changes
    assert np.isfinite(likelihood_ratios(still, member)).all()
    with pytest.raises(Refused, match="play more games"):
        likelihood_ratios(scores, np.arange(8)[:, None].repeat(2000, 1) < 1)


def test_lower_bound_is_exact_for_randomised_response():
    """The best private answer to one coin is right with chance e^ε/(1+e^ε): the bound is a binomial's quantile."""
    for epsilon in (0.5, 1.0, 2.0):
        q = 1 / (1 + math.exp(-epsilon))
        for correct in (110, 120, 150, 180):
            bound = lower_bound(200, 200, correct, delta=0)
            if bound > 0:
                p = 1 / (1 + math.exp(-bound))
                assert binom.sf(correct - 1, 200, p) == pytest.approx(0.05, abs=1e-6)
        wrong = [lower_bound(40, 40, k, delta=0) > epsilon for k in range(41)]
        assert 0 < binom.pmf(np.arange(41), 40, q)[wrong].sum() <= 0.05  # so often, at most, does it overstate ε


def test_delta_and_abstention_weaken_the_bound():
    assert lower_bound(100, 100, 95, delta=1e-3) < lower_bound(100, 100, 95, delta=0)
    assert lower_bound(100, 100, 95, delta=1e-9) == pytest.approx(lower_bound(100, 100, 95, delta=0), abs=1e-3)
    assert lower_bound(100, 20, 20, delta=0) == lower_bound(20, 20, 20, delta=0)
    with pytest.raises(Refused, match="check the counts"):
        lower_bound(10, 11, 3)
