"""Central moments beside scipy's."""

import numpy as np
import pytest
import torch
from scipy.stats import moment

from dcviz.divergences import CentralMoments, Mean

DRAW = np.random.default_rng(0)
X, Y = DRAW.gamma(2.0, size=(39, 5)), 0.4 + 1.3 * DRAW.normal(size=(9, 5))


def number(divergence, x, y, w=None, v=None):
    x, y, w, v = (None if a is None else torch.as_tensor(a) for a in (x, y, w, v))
    return float(divergence.value(divergence.fit(x, torch.Generator(), w), y, v)[0])


@pytest.mark.parametrize("order", [1, 2, 3, 5, 8])
def test_the_moments_are_scipys(order):
    r = X.max() - X.min()
    expected = np.linalg.norm(X.mean(0) - Y.mean(0)) / r
    for k in range(2, order + 1):
        expected += np.linalg.norm(moment(X, k) - moment(Y, k)) / r**k
    assert number(CentralMoments(order), X, Y) == pytest.approx(expected, rel=1e-12)


def test_weights_are_repetitions():
    counts = np.array([1, 2, 3, 1, 1, 4, 1, 2, 1])
    repeated = np.repeat(Y, counts, axis=0)
    weighted = number(CentralMoments(), X, Y, None, counts / counts.sum())
    assert weighted == pytest.approx(number(CentralMoments(), X, repeated), rel=1e-12)
    assert number(CentralMoments(), Y, X, counts / counts.sum()) == pytest.approx(
        number(CentralMoments(), repeated, X), rel=1e-12
    )


def test_the_first_order_alone_is_the_distance_of_the_means():
    r = X.max() - X.min()
    assert number(CentralMoments(1), X, Y) == pytest.approx(number(Mean(), X, Y) ** 0.5 / r, rel=1e-12)


def test_a_third_moment_is_seen_from_order_three():
    """Mean 0 and variance 2 both, one of them skewed; the even fourth moment would see it too."""
    straight, skewed = 2**0.5 * np.array([[-1.0], [1.0]]), np.array([[-1.0], [-1.0], [2.0]])
    assert number(CentralMoments(2), straight, skewed) == pytest.approx(0, abs=1e-12)
    assert number(CentralMoments(3), straight, skewed) == pytest.approx(2 / 8**1.5, rel=1e-9)
