import numpy as np
import pytest
import torch
from prdc import compute_prdc

from dcviz.yardsticks.neighbours import Uncovered, prdc, radii


def clouds(n, m, d, shift=0.0, seed=0):
    at = np.random.default_rng(seed)
    return torch.from_numpy(at.normal(size=(n, d))), torch.from_numpy(at.normal(size=(m, d)) * 0.8 + shift)


@pytest.mark.parametrize("sizes", [(200, 150, 3), (60, 61, 64), (300, 20, 10)])
@pytest.mark.parametrize("k", [1, 5])
def test_all_four_are_those_of_the_authors_package(sizes, k):
    x, y = clouds(*sizes, shift=0.3)
    truth = compute_prdc(x.numpy(), y.numpy(), k)
    assert prdc(x, y, k) == pytest.approx(truth, abs=1e-12)


def test_coverage_of_equal_distributions_is_as_expected():
    """Naeem et al. 2020, section 3.3: 1 - 2^-k for N = M, whatever the dimension."""
    for d in (1, 8):
        found = [prdc(*(torch.randn(1000, d, generator=at) for _ in range(2)), k=3)["coverage"] for at in seeds(3)]
        assert np.mean(found) == pytest.approx(1 - 2**-3, abs=0.01)


def seeds(n):
    return [torch.Generator().manual_seed(i) for i in range(n)]


def test_where_there_are_no_balls_there_is_no_number():
    x, y = clouds(50, 5, 3)
    found = prdc(x, y, 5)
    assert found["recall"] is None
    assert found["coverage"] is not None
    assert prdc(x[:5], y, 5) == {"precision": None, "recall": None, "density": None, "coverage": None}


def test_uncovered_is_one_minus_coverage_class_by_class_and_ignores_padding():
    (x, y), (p, q) = clouds(60, 12, 4), clouds(40, 7, 4, shift=1.0, seed=1)
    truth = [1 - compute_prdc(a.numpy(), b.numpy(), 5)["coverage"] for a, b in ((x, y), (p, q))]
    real, fake = padded(x, p), padded(y, q)
    side = Uncovered().fit(real[0], torch.Generator(), real[1])
    assert Uncovered().value(side, *fake)[0].tolist() == pytest.approx(truth, abs=1e-6)


def padded(a, b):
    x = torch.zeros(2, len(a), a.shape[1], dtype=a.dtype)
    x[0], x[1, : len(b)] = a, b
    w = torch.zeros(2, len(a), dtype=a.dtype)
    w[0], w[1, : len(b)] = 1 / len(a), 1 / len(b)
    return x, w


def test_the_uncovered_share_does_what_is_declared_of_it():
    """Other than zero, symmetric, triangle and separates: the balls are those of the real side."""
    x, y = clouds(40, 9, 3)
    side = Uncovered().fit(x, torch.Generator())
    value = Uncovered().value(side, y)[0]
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=x.dtype)).Q
    turned = Uncovered().fit(x @ turn + 5, torch.Generator())
    assert 0 <= value <= 1
    assert Uncovered().value(side, torch.cat([y, y]))[0] == value
    assert Uncovered().value(turned, y @ turn + 5)[0] == pytest.approx(float(value))
    back = Uncovered().value(Uncovered().fit(y, torch.Generator()), x)[0]
    assert back != value
    assert Uncovered().value(Uncovered().fit(x[:4], torch.Generator()), y)[0] == 0  # too few for a ball: all is near


def test_a_point_is_not_its_own_neighbour_but_its_double_is():
    x = torch.tensor([[0.0], [0.0], [3.0]])
    assert radii(x, 1).tolist() == [0, 0, 3]
    assert radii(x, 2).tolist() == [3, 3, 3]
    assert radii(x, 3).tolist() == [torch.inf] * 3
