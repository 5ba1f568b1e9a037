"""Truths known independently of this code: scipy, POT, closed forms."""

import math

import numpy as np
import ot
import pytest
import torch
from scipy.spatial.distance import cdist, pdist
from scipy.stats import energy_distance

from dcviz.divergences import MMD, Energy, Mean, Moments, Sinkhorn, Sliced
from dcviz.divergences._clouds import cloud, median_distance
from dcviz.divergences.sinkhorn import between
from dcviz.errors import Refused

DRAW = np.random.default_rng(0)
# 39 points have an odd number of pairs: one median, whatever the convention.
X, Y = DRAW.normal(size=(39, 5)), 0.4 + 1.3 * DRAW.normal(size=(9, 5))
W, V = DRAW.dirichlet(np.ones(39)), DRAW.dirichlet(np.ones(9))
wide = pytest.mark.parametrize("dimensions", [5, 60])  # both forms of the distances


def number(divergence, x, y, w=None, v=None):
    x, y, w, v = (None if a is None else torch.as_tensor(a) for a in (x, y, w, v))
    return float(divergence.value(divergence.fit(x, torch.Generator().manual_seed(0), w), y, v)[0])


def kernel_sum(k, x, y, w, v):
    return w @ k(cdist(x, x)) @ w + v @ k(cdist(y, y)) @ v - 2 * w @ k(cdist(x, y)) @ v


def clouds(dimensions):
    draw = np.random.default_rng(1)
    return draw.normal(size=(39, dimensions)), 0.4 + 1.3 * draw.normal(size=(9, dimensions))


# ------------------------------------------------------------------------------------------- moments, energy


def test_mean_is_the_linear_kernel():
    expected = W @ (X @ X.T) @ W + V @ (Y @ Y.T) @ V - 2 * W @ (X @ Y.T) @ V
    assert number(Mean(), X, Y, W, V) == pytest.approx(expected, rel=1e-12)


@wide
def test_moments_are_those_of_numpy(dimensions):
    x, y = clouds(dimensions)  # 60 dimensions with 39 points: no covariance is formed
    gap = np.cov(x.T, aweights=W, ddof=0) - np.cov(y.T, aweights=V, ddof=0)
    expected = np.square(W @ x - V @ y).sum() + np.square(gap).sum()
    assert number(Moments(), x, y, W, V) == pytest.approx(expected, rel=1e-12)


def test_energy_on_a_line_is_scipys_squared():
    x, y = X[:, 0], Y[:, 0]
    expected = energy_distance(x, y, W, V) ** 2
    assert number(Energy(), x[:, None], y[:, None], W, V) == pytest.approx(expected, rel=1e-10)


@wide
def test_energy_is_the_kernel_of_minus_the_distance(dimensions):
    x, y = clouds(dimensions)
    assert number(Energy(), x, y, W, V) == pytest.approx(kernel_sum(np.negative, x, y, W, V), rel=1e-10)


def test_energy_of_the_uniform_law_and_its_midpoints():
    N, M = 6000, 4  # N midpoints stand for the uniform law: an error of order 1/N²; more rows than one chunk
    x, y = (np.arange(N)[:, None] + 0.5) / N, (np.arange(M)[:, None] + 0.5) / M
    assert number(Energy(), x, y) == pytest.approx(1 / (6 * M**2), rel=1e-5)


# ------------------------------------------------------------------------------------------------------- MMD

FORMS = {
    "gauss": lambda h: lambda r: np.exp(-(r**2) / (2 * h**2)),
    "laplace": lambda h: lambda r: np.exp(-r / h),
    "imq": lambda h: lambda r: (1 + r**2 / h**2) ** -0.5,
}


@wide
@pytest.mark.parametrize("scales", [("one", [1.0]), ("multi", [0.125, 0.25, 0.5, 1.0, 2.0])])
@pytest.mark.parametrize("kernel", FORMS)
def test_mmd_is_the_double_sum_of_its_kernel(kernel, scales, dimensions):
    x, y = clouds(dimensions)
    h = 0.7 * np.median(pdist(x))
    parts = [kernel_sum(FORMS[kernel](h * s), x, y, W, V) for s in scales[1]]
    assert number(MMD(kernel, 0.7, scales[0]), x, y, W, V) == pytest.approx(np.mean(parts), rel=1e-9)


def test_m3d_measures_the_joint_sample_at_every_step():
    z = np.concatenate([X, Y])
    n = len(z)
    b = np.square(cdist(z, z)).sum() / (n**2 - n)
    w, v = np.full(39, 1 / 39), np.full(9, 1 / 9)
    parts = [kernel_sum(lambda r, i=i: np.exp(-(r**2) / (b * 2.0**i)), X, Y, w, v) for i in range(-2, 3)]
    assert number(MMD(rule="joint mean"), X, Y) == pytest.approx(np.mean(parts), rel=1e-10)


def test_mmd_of_two_gaussians_has_its_closed_form():
    """In the mean over draws, less the known bias of the V-statistic; within four standard errors."""
    d, h, n, shift = 3, 1.3, 300, np.array([0.8, 0.0, -0.3])
    peak = (h**2 / (h**2 + 2)) ** (d / 2)  # E k(x,x')
    expected = 2 * peak * (1 - math.exp(-(shift @ shift) / (2 * (h**2 + 2)))) + 2 * (1 - peak) / n
    mmd, draw = MMD(scales="one", bandwidth=h, rule="fixed"), np.random.default_rng(3)
    found = [number(mmd, draw.normal(size=(n, d)), shift + draw.normal(size=(n, d))) for _ in range(40)]
    assert abs(np.mean(found) - expected) < 4 * np.std(found) / 40**0.5
    assert np.std(found) / 40**0.5 < 0.05 * expected  # the test can see 20 %


def test_mmd_refuses_what_it_does_not_know():
    with pytest.raises(Refused, match="choose one of gauss, laplace, imq"):
        MMD("cauchy")
    with pytest.raises(Refused, match=r"from 0\.01 to 100"):
        MMD(bandwidth=0.0)


def test_the_median_distance_is_that_of_the_unmasked_points():
    x = np.random.default_rng(4).normal(size=(61, 30))
    w = np.where(np.arange(61) % 3 == 0, 0.0, 1 / 40)
    junk = np.where(w[:, None] > 0, x, 1e4)
    found = median_distance(cloud(torch.tensor(junk), torch.tensor(w)), torch.Generator())
    d = np.sort(pdist(x[w > 0]))
    assert d[(len(d) - 1) // 2] == pytest.approx(float(found), rel=1e-9)  # the lower of two middle ones


def test_the_median_distance_of_many_points_is_that_of_a_sample():
    x = torch.randn(4000, 8, generator=torch.Generator().manual_seed(0))
    w = torch.zeros(4000)
    w[:3000] = 1 / 3000
    x[3000:] = 1e4
    found = median_distance(cloud(x, w), torch.Generator().manual_seed(1))
    assert float(found) == pytest.approx(np.median(pdist(x[:3000].numpy())), rel=0.03)


# ------------------------------------------------------------------------------------------------ transport


def test_sliced_is_pots_with_the_same_directions():
    sliced = Sliced(directions=30)
    side = sliced.fit(torch.tensor(X), torch.Generator(), torch.tensor(W))
    found = float(sliced.value(side, torch.tensor(Y), torch.tensor(V))[0])
    expected = ot.sliced_wasserstein_distance(X, Y, W, V, projections=side[0].numpy()) ** 2
    assert found == pytest.approx(expected, rel=1e-10)


def test_sliced_on_a_line_is_exact_transport():
    expected = ot.emd2_1d(X[:, 0], Y[:, 0], W, V)
    assert number(Sliced(directions=3), X[:, :1], Y[:, :1], W, V) == pytest.approx(expected, rel=1e-10)


def test_sliced_of_a_move_is_its_squared_length_over_the_dimension():
    move = np.array([1.0, -2.0, 0.5, 0.0, 1.0])
    expected = move @ move / 5
    assert number(Sliced(directions=4096), X, X + move) == pytest.approx(expected, rel=0.05)


def test_sliced_of_the_uniform_law_and_its_midpoints():
    N, M = 6000, 4
    x, y = (np.arange(N)[:, None] + 0.5) / N, (np.arange(M)[:, None] + 0.5) / M
    assert number(Sliced(), x, y) == pytest.approx(1 / (12 * M**2), rel=1e-5)


def epsilon(blur, x):
    return (blur * np.median(pdist(x))) ** 2


@pytest.mark.parametrize("blur", [0.15, 0.4, 1.0])
def test_sinkhorn_is_half_of_pots(blur):
    reg = 2 * epsilon(blur, X)

    def cost(a, b, p, q):
        plan = ot.sinkhorn(p, q, cdist(a, b) ** 2, reg, method="sinkhorn_log", numItermax=2000, warn=False)
        return (plan * cdist(a, b) ** 2).sum() + reg * (plan * np.log(plan / np.outer(p, q) + 1e-300)).sum()

    expected = (cost(X, Y, W, V) - (cost(X, X, W, W) + cost(Y, Y, V, V)) / 2) / 2
    assert number(Sinkhorn(blur, iterations=1000), X, Y, W, V) == pytest.approx(expected, rel=1e-5)


@pytest.mark.filterwarnings("ignore:Sinkhorn did not converge")  # to 1e-9; the value is quadratic in that error
def test_sinkhorn_is_half_of_pots_debiased_solution():
    both = ot.solve_sample(X, Y, reg=2 * epsilon(0.5, X), reg_type="KL", debias=True, max_iter=2000, tol=1e-9).value
    assert number(Sinkhorn(0.5, iterations=1000), X, Y) == pytest.approx(both / 2, rel=1e-5)


def test_sinkhorn_lies_between_exact_transport_and_the_means():
    exact, means = ot.emd2(W, V, cdist(X, Y) ** 2) / 2, number(Mean(), X, Y, W, V) / 2
    assert number(Sinkhorn(0.005, iterations=1000), X, Y, W, V) == pytest.approx(exact, rel=0.01)
    assert number(Sinkhorn(100.0), X, Y, W, V) == pytest.approx(means, rel=1e-4)
    assert means < number(Sinkhorn(0.3), X, Y, W, V) < exact


def eight(n, draw):
    angle = torch.randint(0, 8, (n,), generator=draw) * math.pi / 4
    return 2 * torch.stack([angle.cos(), angle.sin()], -1) + 0.15 * torch.randn(n, 2, generator=draw)


@pytest.mark.parametrize("start", ["real", "centre"])
def test_the_default_sinkhorn_carries_almost_all_of_the_mass(start):
    """Too few iterations from nothing settle in a wrong layout without a word, so masses are what is checked."""
    draw = torch.Generator().manual_seed(2)
    x = eight(800, draw)
    y = eight(16, draw) if start == "real" else 0.1 * torch.randn(16, 2, generator=draw)
    sinkhorn = Sinkhorn()
    real, eps, _ = sinkhorn.fit(x, draw)

    def misplaced(state):
        _, (potential, _), plan = between(real, cloud(y, None, real[3]), eps, sinkhorn.iterations, state)
        assert torch.allclose(plan.sum(-2), torch.full((16,), 1 / 16), rtol=1e-4)
        return float((plan.sum(-1) - 1 / 800).abs().sum()), potential

    error, potential = misplaced(None)
    assert error < 0.01
    for _ in range(20):  # points move; the potential is carried along
        y = y + 0.01 * torch.randn(16, 2, generator=draw)
        error, potential = misplaced(potential)
        assert error < 0.02


def test_sinkhorn_learns_all_modes():
    """From noise at the centre, as planned: each of eight modes takes its share of sixteen points."""
    draw = torch.Generator().manual_seed(5)
    x, y = eight(400, draw), (0.1 * torch.randn(16, 2, generator=draw)).requires_grad_()
    sinkhorn = Sinkhorn(iterations=20)
    side, state, adam = sinkhorn.fit(x, draw), None, torch.optim.Adam([y], lr=0.1)
    for _ in range(100):
        value, state = sinkhorn.value(side, y, None, state)
        adam.zero_grad()
        value.backward()
        adam.step()
    y = y.detach()
    share = torch.atan2(y[:, 1], y[:, 0]).mul(4 / math.pi).round().long() % 8
    assert share.bincount(minlength=8).min() >= 1
    assert float((y.norm(dim=1) - 2).abs().max()) < 0.8
