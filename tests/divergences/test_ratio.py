"""Divergences of the density ratio: closed forms, optimisers of scipy, neighbours by a tree, small and odd sets."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.spatial import cKDTree
from scipy.stats import norm

from dcviz.divergences import JS, KL, Chi2
from dcviz.divergences._critic import features

from .test_properties import CHECKS, FAILS, HOLDS, scale

CRITICS = [KL("seeking"), KL("covering"), JS(), Chi2("seeking"), Chi2("covering")]
every = pytest.mark.parametrize("divergence", CRITICS, ids=repr)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def blob(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def number(divergence, x, y):
    return float(divergence.value(divergence.fit(x, seeded(1)), y)[0])


def shifted(n, d, length=1.0):
    """Two normal samples at a distance, each with the moments of its law, so that chance plays a smaller part."""
    x, y = blob(n, d, seed=1), blob(n, d, seed=2)
    x, y = ((a - a.mean(0)) @ torch.linalg.cholesky(torch.linalg.inv(torch.cov(a.T.reshape(d, n)).reshape(d, d)))
            for a in (x, y))  # fmt: skip
    y[:, 0] += length
    return x, y


def shannon(length):
    p, q = norm(0).pdf, norm(length).pdf
    return quad(
        lambda t: (p(t) * np.log(2 * p(t) / (p(t) + q(t))) + q(t) * np.log(2 * q(t) / (p(t) + q(t)))) / 2, -9, 9
    )[0]


TRUE = {"kl": 0.5, "js": shannon(1.0), "chi2": math.e - 1}
WITHIN = {  # relative error at 2,000 points each, one unit apart: the ridge holds tails down, most where they decide
    "kl": {1: 0.08, 2: 0.08, 10: 0.2},
    "js": {1: 0.1, 2: 0.1, 10: 0.2},
    "chi2": {1: 0.35, 2: 0.35, 10: 0.5},
}


@every
@pytest.mark.parametrize("d", [1, 2, 10])
def test_the_critic_comes_near_the_closed_form(divergence, d):
    found, true = number(divergence, *shifted(2000, d)), TRUE[divergence.name]
    assert found == pytest.approx(true, rel=WITHIN[divergence.name][d])


OBJECTIVES = {
    "kl": lambda p, q: p.mean() - np.exp(q).mean() + 1,
    "js": lambda p, q: math.log(2) - (np.logaddexp(0, -p).mean() + np.logaddexp(0, q).mean()) / 2,
    "chi2": lambda p, q: 2 * p.mean() - 2 * q.mean() - np.square(q).mean(),
}


@every
def test_newton_finds_what_a_general_optimiser_finds(divergence):
    """On the same features; as much below as the general one falls short, and never above."""
    x, y = blob(60, 2), 0.7 + blob(9, 2, seed=1)
    *critic, phi, _ = divergence.fit(x, seeded())
    psi = features(tuple(critic), y)
    if getattr(divergence, "direction", "covering") == "seeking":
        phi, psi = psi, phi
    phi, psi = phi.numpy(), psi.numpy()

    def loss(theta):
        return divergence.ridge / 2 * theta @ theta - OBJECTIVES[divergence.name](phi @ theta, psi @ theta)

    best = -minimize(loss, np.zeros(phi.shape[1]), method="L-BFGS-B", options={"maxiter": 5000, "maxfun": 10**6}).fun
    found = float(divergence.value(divergence.fit(x, seeded()), y)[0])
    assert found == pytest.approx(best, rel=1e-5)
    assert found >= best - 1e-9


@every
def test_a_warm_critic_keeps_up_with_moving_points(divergence):
    x, y = blob(100, 3), 1 + blob(8, 3, seed=1)
    side, state = divergence.fit(x, seeded()), None
    for i in range(10):
        y = y + 0.02 * blob(8, 3, seed=i + 5)
        value, state = divergence.value(side, y, None, state)
    torch.testing.assert_close(value, divergence.value(side, y)[0], rtol=1e-5, atol=0)
    assert state.shape == (1 + divergence.units + 3,)


@every
def test_both_sets_count_the_same_however_large(divergence):
    x, y = blob(30, 2), 0.5 + blob(5, 2, seed=1)
    side = divergence.fit(x, seeded())
    *critic, phi, w = side
    larger = (*critic, torch.cat([phi] * 40), torch.cat([w] * 40) / 40)
    torch.testing.assert_close(divergence.value(larger, y)[0], divergence.value(side, y)[0], rtol=1e-8, atol=0)


@pytest.mark.parametrize("divergence", [KL("seeking"), JS(), Chi2("seeking")], ids=repr)
def test_far_apart_the_pull_fades_and_does_not_vanish(divergence):
    x = blob(50, 2)
    side = divergence.fit(x, seeded())
    for distance in (30.0, 3000.0):
        y = (distance + blob(5, 2, seed=1)).requires_grad_()
        value = divergence.value(side, y)[0]
        slope = torch.autograd.grad(value, y)[0]
        assert value.isfinite()
        assert (slope.mean(0) > 0).all()  # going home makes it fall


@pytest.mark.parametrize("name", ["kl", "chi2"])
def test_far_apart_covering_has_no_pull(name):
    """Points that explain nothing get no share of what is unexplained: a known weakness, stated in the docstring."""
    kind = {"kl": KL, "chi2": Chi2}[name]
    x, y = blob(50, 2), 3000 + blob(5, 2, seed=1)

    def pull(divergence):
        leaf = y.clone().requires_grad_()
        return float(torch.autograd.grad(divergence.value(divergence.fit(x, seeded()), leaf)[0], leaf)[0].sum(0).norm())

    assert pull(kind("covering")) < 0.01 * pull(kind("seeking"))


# ----------------------------------------------------------------------------------------------------- neighbours


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("direction", ["covering", "seeking"])
def test_neighbours_are_those_of_a_tree(direction, k):
    """Wang, Kulkarni, Verdú (2009), Eq. 5."""
    x, y = blob(40, 3), 0.3 + blob(25, 3, seed=1)
    p, q = (x, y) if direction == "covering" else (y, x)
    to = cKDTree(q).query(p, k=[k])[0][:, 0]
    own = cKDTree(p).query(p, k=[k + 1])[0][:, 0]
    expected = 3 * np.log(to / own).mean() + math.log(len(q) / (len(p) - 1))
    found = number(KL(direction, estimator="neighbours", neighbours=k), x, y)
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("d", "low", "high"), [(2, 0.42, 0.58), (10, 0.25, 0.45)])
def test_neighbours_fall_short_in_high_dimension(d, low, high):
    """True ½: good in the plane, a third too little in ten dimensions, where the critic errs by a fifth."""
    x, y = shifted(2000, d)
    assert low < number(KL(estimator="neighbours"), x, y) < high


def test_with_fewer_points_than_neighbours_the_farthest_is_taken():
    x, y = blob(30, 2), blob(2, 2, seed=1)
    few, enough = (number(KL("covering", estimator="neighbours", neighbours=k), x, y) for k in (2, 5))
    own = [cKDTree(x).query(x, k=[k + 1])[0][:, 0] for k in (2, 5)]
    assert enough - few == pytest.approx(2 * np.log(own[0] / own[1]).mean(), abs=1e-4)


def test_a_single_point_is_compared_with_the_median_distance():
    x, y = blob(30, 2), blob(1, 2, seed=1)
    kl = KL("seeking", estimator="neighbours", neighbours=1)
    unit = float(kl.fit(x, seeded(1))[1])
    expected = 2 * math.log(cKDTree(x).query(y, k=1)[0][0] / unit) + math.log(30)
    assert number(kl, x, y) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("direction", ["covering", "seeking"])
def test_only_nearest_neighbours_are_moved(direction):
    x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    y = torch.tensor([[1.5], [1.6], [9.0]], dtype=torch.float64, requires_grad=True)
    kl = KL(direction, estimator="neighbours", neighbours=1)
    slope = torch.autograd.grad(kl.value(kl.fit(x, seeded()), y)[0], y)[0][:, 0]
    if direction == "covering":
        assert slope[0] > 0  # the one that both real points look at; the others are left where they are
        assert not slope[1:].any()
    else:
        assert slope.all()


@pytest.mark.parametrize("direction", ["covering", "seeking"])
def test_of_neighbours_only_what_is_declared_holds(direction):
    divergence = KL(direction, estimator="neighbours")
    for key in CHECKS.keys() - {"separates"}:  # not by any example, only up to what a finite sample can show
        violation = abs(float(CHECKS[key](divergence) / scale(divergence)))
        assert violation < HOLDS if key in divergence.holds else violation >= 0.9 * FAILS, key
