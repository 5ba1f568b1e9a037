"""The Gaussian Wasserstein distance: POT, closed forms, singular covariances."""

import numpy as np
import ot
import pytest
import torch
from scipy.linalg import sqrtm

from dcviz.divergences import Bures

DRAW = np.random.default_rng(0)
W, V = DRAW.dirichlet(np.ones(39)), DRAW.dirichlet(np.ones(9))


def number(x, y, w=None, v=None):
    x, y, w, v = (None if a is None else torch.as_tensor(a) for a in (x, y, w, v))
    bures = Bures()
    return float(bures.value(bures.fit(x, torch.Generator(), w), y, v)[0])


def clouds(n, m, dimensions):
    draw = np.random.default_rng(1)
    return draw.normal(size=(n, dimensions)), 0.4 + 1.3 * draw.normal(size=(m, dimensions))


def moments(x, w):
    return w @ x, np.cov(x.T, aweights=w, ddof=0)


def test_it_is_pots_distance_of_the_gaussians():
    x, y = clouds(39, 9, 5)
    (mx, cx), (my, cy) = moments(x, W), moments(y, V)
    expected = ot.gaussian.bures_wasserstein_distance(mx, my, cx, cy) ** 2
    assert number(x, y, W, V) == pytest.approx(expected, rel=1e-10)


def root(covariance):
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


def test_singular_covariances_have_their_roots_cut_at_zero():
    """Where POT's root is not a number: 39 and 9 points in 60 dimensions, by numpy's eigenvalues."""
    x, y = clouds(39, 9, 60)
    (mx, cx), (my, cy) = moments(x, W), moments(y, V)
    expected = np.square(mx - my).sum() + np.trace(cx + cy - 2 * root(root(cx) @ cy @ root(cx)))
    assert number(x, y, W, V) == pytest.approx(expected, rel=1e-6)  # roots of rounding errors


def test_commuting_covariances_have_their_roots_compared():
    """Along the axes the covariances commute: the squared distance of the deviations."""
    signs = np.array([[a, b, c] for a in (-1.0, 1) for b in (-1.0, 1) for c in (-1.0, 1)])  # covariance I
    x, y = signs * [1.0, 2.0, 3.0], signs * [2.0, 0.0, 3.5] + [1.0, -1.0, 0.0]
    assert number(x, y) == pytest.approx(1 + 1 + 1**2 + 2**2 + 0.5**2, rel=1e-12)


def test_fid_differs_by_the_divisor_of_the_covariances():
    x, y = clouds(50, 20, 4)
    cx, cy = np.cov(x.T), np.cov(y.T)  # n - 1, as torchmetrics
    cross = 2 * np.trace(sqrtm(sqrtm(cx) @ cy @ sqrtm(cx)).real)
    fid = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(cx + cy) - cross
    shift = np.square(x.mean(0) - y.mean(0)).sum()
    mine = (np.sqrt(50 / 49) * (x - x.mean(0)), np.sqrt(20 / 19) * (y - y.mean(0)))
    assert number(*mine) + shift == pytest.approx(fid, rel=1e-9)


@pytest.mark.parametrize(("M", "low", "high"), [(10, 70, 90), (100, 11, 14)])
def test_two_samples_of_one_gaussian_are_far_apart(M, low, high):
    """The bias that the description warns of, in 64 dimensions."""
    draw = np.random.default_rng(5)
    found = [number(draw.normal(size=(4000, 64)), draw.normal(size=(M, 64))) for _ in range(3)]
    assert low < np.mean(found) < high


@pytest.mark.parametrize(("n", "m", "dimensions"), [(6, 4, 12), (30, 4, 12), (6, 20, 12), (30, 20, 3)])
def test_singular_covariances_have_finite_and_true_gradients(n, m, dimensions):
    x, y = (torch.tensor(a) for a in clouds(n, m, dimensions))
    y[1] = y[0]  # one rank less still, where points are few
    bures = Bures()
    side = bures.fit(x, torch.Generator())
    assert bures.value(side, y)[0].isfinite()
    move = torch.randn(m, dimensions, generator=torch.Generator().manual_seed(2), dtype=y.dtype)
    move[1] = move[0]  # keeps the rank: there the distance is smooth
    leaf = y.clone().requires_grad_()
    slope = float((torch.autograd.grad(bures.value(side, leaf)[0], leaf)[0] * move).sum())
    step = 1e-5
    ends = [float(bures.value(side, y + s * move)[0]) for s in (step, -step)]
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


def test_descent_reaches_the_ellipse():
    x = torch.tensor(clouds(200, 1, 2)[0]) * torch.tensor([3.0, 0.5], dtype=torch.float64) + 1
    y = torch.tensor(clouds(1, 8, 2)[1]).requires_grad_()
    bures = Bures()
    side, adam = bures.fit(x, torch.Generator()), torch.optim.Adam([y], lr=0.1)
    for _ in range(200):
        adam.zero_grad()
        value, _ = bures.value(side, y)
        value.backward()
        adam.step()
    assert float(value.detach()) < 1e-3
    np.testing.assert_allclose(np.cov(y.detach().T, ddof=0), np.cov(x.T, ddof=0), atol=0.1)
