"""The kernels and estimators of the MMD: scikit-learn's kernels, wide networks, known means, properties."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from sklearn.metrics import pairwise

from dcviz.divergences import MMD, Energy
from dcviz.divergences._clouds import cloud
from dcviz.divergences._embedding import kernel_mean
from tests.divergences.test_properties import CHECKS, FAILS, HOLDS, scale

DRAW = np.random.default_rng(0)
X, Y = 0.5 + DRAW.normal(size=(39, 5)), 0.4 + 1.3 * DRAW.normal(size=(9, 5))
W, V = DRAW.dirichlet(np.ones(39)), DRAW.dirichlet(np.ones(9))


def value(divergence, x, y, w=None, v=None):
    x, y, w, v = (None if a is None else torch.as_tensor(a) for a in (x, y, w, v))
    return float(divergence.value(divergence.fit(x, torch.Generator().manual_seed(0), w), y, v)[0])


def v_statistic(k, x, y, w, v):
    return w @ k(x, x) @ w + v @ k(y, y) @ v - 2 * w @ k(x, y) @ v


def u_statistic(k, x, y, w, v):
    def within(z, m):
        pairs = np.outer(m, m) * (1 - np.eye(len(m)))
        return (pairs * k(z, z)).sum() / pairs.sum()

    return within(x, w) + within(y, v) - 2 * w @ k(x, y) @ v


def network(depth, offset, tangent):
    """Cho and Saul's recursion with numpy, one pair of points at a time."""

    def one(x, y):
        s, p, q = x @ y + offset, x @ x + offset, y @ y + offset
        theta = s
        for _ in range(depth):
            t = math.acos(min(1.0, max(-1.0, s / math.sqrt(p * q))))
            s = math.sqrt(p * q) / math.pi * (math.sin(t) + (math.pi - t) * math.cos(t)) + offset
            theta = s + (math.pi - t) / math.pi * theta
            p, q = p + offset, q + offset
        return theta if tangent else s

    return lambda x, y: np.array([[one(a, b) for b in y] for a in x])


H = 0.8
SKLEARN = {
    "gauss": lambda x, y: pairwise.rbf_kernel(x, y, gamma=1 / (2 * H**2)),
    "laplace": lambda x, y: np.exp(-pairwise.euclidean_distances(x, y) / H),
    "energy": lambda x, y: -pairwise.euclidean_distances(x, y) / H,
    "polynomial": lambda x, y: pairwise.polynomial_kernel(x, y, degree=3, gamma=1 / H**2, coef0=0.7),
    "linear": lambda x, y: pairwise.linear_kernel(x, y) / H**2,
    "nngp": lambda x, y: network(2, 0.7, False)(x / H, y / H),
    "ntk": lambda x, y: network(2, 0.7, True)(x / H, y / H),
}


@pytest.mark.parametrize(("estimator", "sums"), [("biased", v_statistic), ("unbiased", u_statistic)])
@pytest.mark.parametrize("kernel", SKLEARN)
def test_mmd_is_the_double_sum_of_its_kernel(kernel, estimator, sums):
    mmd = MMD(kernel, H, "one", "fixed", estimator, offset=0.7)
    for w, v in ((W, V), (np.full(39, 1 / 39), np.full(9, 1 / 9))):
        assert value(mmd, X, Y, w, v) == pytest.approx(sums(SKLEARN[kernel], X, Y, w, v), rel=1e-9)


def test_kid_is_an_unbiased_cubic_kernel():
    """KID's kernel is (⟨x,y⟩/D + 1)³."""
    kid = MMD("polynomial", math.sqrt(5), rule="fixed", estimator="unbiased")
    expected = u_statistic(lambda x, y: (x @ y.T / 5 + 1) ** 3, X, Y, np.full(39, 1 / 39), np.full(9, 1 / 9))
    assert value(kid, X, Y) == pytest.approx(expected, rel=1e-12)


def test_the_energy_kernel_is_the_energy_distance():
    assert value(MMD("energy", rule="fixed"), X, Y, W, V) == value(Energy(), X, Y, W, V)
    assert value(MMD("energy"), X, Y, W, V) == pytest.approx(value(Energy(), X, Y, W, V) / np.median(pdist(X)))


def test_inner_products_are_measured_in_the_median_norm_or_that_of_the_joint_sample():
    median = np.median(np.linalg.norm(X, axis=1))
    joint = math.sqrt(np.square(np.concatenate([X, Y])).sum() / 48)
    for rule, h in (("real median", median), ("joint mean", joint)):
        fixed = value(MMD("polynomial", h, rule="fixed"), X, Y, W, V)
        assert value(MMD("polynomial", rule=rule), X, Y, W, V) == pytest.approx(fixed, rel=1e-12)


@pytest.mark.parametrize(("kernel", "depth"), [("nngp", 1), ("nngp", 2), ("ntk", 1), ("ntk", 2)])
def test_infinite_networks_are_the_limit_of_wide_ones(kernel, depth):
    """The mean over ten networks 1,000 wide: within 4 standard errors, which are below 5 % of the value."""
    x, y, offset = torch.tensor(X[:6]), torch.tensor(Y[:4]), 0.5
    found = []
    for seed in range(10):
        at = torch.Generator().manual_seed(seed)
        sizes = [5] + [1000] * depth
        layers = [
            (torch.randn(b, a, generator=at, dtype=x.dtype), torch.randn(b, generator=at, dtype=x.dtype))
            for a, b in zip(sizes, sizes[1:], strict=False)
        ]
        head = torch.randn(1000, generator=at, dtype=x.dtype)
        leaves = [p.requires_grad_() for layer in layers for p in layer]

        def features(z, layers=layers):
            for i, (w, b) in enumerate(layers):
                z = (z @ w.T * (2 / w.shape[1] if i else 1.0) ** 0.5 + offset**0.5 * b).relu()
            return z * (2 / 1000) ** 0.5  # of the next layer

        if kernel == "nngp":
            found.append(float((features(x).mean(0) - features(y).mean(0)).detach().square().sum()))
        else:  # of the means of its training features, the gradients; those of the output's weights included
            gap = (features(x).mean(0) - features(y).mean(0)).detach().square().sum()
            f = (features(x) @ head).mean() - (features(y) @ head).mean()
            found.append(float(gap + sum(g.square().sum() for g in torch.autograd.grad(f, leaves))))
    expected = value(MMD(kernel, rule="fixed", depth=depth, offset=offset), X[:6], Y[:4])
    error = np.std(found, ddof=1) / 10**0.5
    assert abs(np.mean(found) - expected) < 4 * error
    assert error < 0.05 * expected


def test_dm_in_wide_random_networks_is_the_mmd_of_their_kernel():
    """Weights of variance 1 (and 2/width after the layer), biases of variance c: 400 fresh networks, 4 s.e. < 2 %."""
    x, y, c = torch.tensor(X), torch.tensor(Y), 0.3
    at, found = torch.Generator().manual_seed(5), []
    for _ in range(400):
        w = torch.randn(5, 512, generator=at, dtype=x.dtype)
        b = math.sqrt(c) * torch.randn(512, generator=at, dtype=x.dtype)
        psi = [math.sqrt(2 / 512) * (z @ w + b).relu().mean(0) for z in (x, y)]
        found.append(float((psi[0] - psi[1]).square().sum()))
    expected = value(MMD("nngp", rule="fixed", depth=1, offset=c), X, Y)
    error = np.std(found) / 20
    assert abs(np.mean(found) - expected) < 4 * error
    assert 4 * error < 0.02 * 4 * expected


# --------------------------------------------------------------------------------------------------- estimators


@pytest.mark.parametrize("shift", [0.0, 0.6])
def test_the_u_statistic_has_the_true_mean(shift):
    """300 draws of two Gaussians: within 3 standard errors of the closed form; V lies above by its null bias."""
    d, h, n, m = 3, 1.3, 40, 10
    draw = np.random.default_rng(7)
    sets = [(draw.normal(size=(n, d)), shift + draw.normal(size=(m, d))) for _ in range(300)]
    peak = (h**2 / (h**2 + 2)) ** (d / 2)
    truth = 2 * peak * (1 - math.exp(-d * shift**2 / (2 * (h**2 + 2))))
    u = np.array([value(MMD("gauss", h, "one", "fixed", "unbiased"), x, y) for x, y in sets])
    v = np.array([value(MMD("gauss", h, "one", "fixed"), x, y) for x, y in sets])
    assert abs(u.mean() - truth) < 3 * u.std() / 300**0.5
    assert abs(v.mean() - truth - (1 - peak) * (1 / n + 1 / m)) < 3 * v.std() / 300**0.5
    if not shift:
        assert 0.3 < (u < 0).mean() < 0.8  # an unbiased estimator of 0 is below it about half of the time


@pytest.mark.parametrize("kernel", ["gauss", "energy", "imq"])
def test_gradients_of_both_estimators_differ_in_the_repulsion_alone(kernel):
    """That of U is larger by M/(M-1)."""
    M, y = 4, torch.tensor(Y[:4])
    gradients = {}
    for estimator in ("biased", "unbiased"):
        mmd, leaf = MMD(kernel, 1.0, "one", "fixed", estimator), y.clone().requires_grad_()
        loss = mmd.value(mmd.fit(torch.tensor(X), torch.Generator()), leaf)[0]
        gradients[estimator] = torch.autograd.grad(loss, leaf)[0]
    own = cloud(y)
    push = 2 * kernel_mean(own, own, MMD(kernel, 1.0, "one", "fixed")._at(torch.tensor(1.0)), gradient=True)[1]
    torch.testing.assert_close(gradients["unbiased"] - gradients["biased"], push * (M / (M - 1) - 1))


@pytest.mark.parametrize("kernel", ["gauss", "polynomial", "ntk"])
def test_a_set_of_one_point_keeps_its_own_term(kernel):
    """It has no other pair: then, and only on that side, the estimators agree."""
    biased, unbiased = (MMD(kernel, rule="fixed", estimator=e) for e in ("biased", "unbiased"))
    assert value(unbiased, X[:1], Y[:1]) == pytest.approx(value(biased, X[:1], Y[:1]), rel=1e-12)
    assert value(unbiased, X, Y[:1]) < value(biased, X, Y[:1])
    masked = np.array([0.0, 1.0, 0.0])  # one point beside two masked ones
    assert value(unbiased, X, Y[:3], v=masked) == pytest.approx(value(unbiased, X, Y[1:2]), rel=1e-12)


# --------------------------------------------------------------------------------------------------- properties


@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
@pytest.mark.parametrize("rule", ["fixed", "real median"])
@pytest.mark.parametrize("kernel", SKLEARN)
def test_what_each_kernel_declares_holds_and_what_it_denies_fails(kernel, rule, estimator):
    mmd = MMD(kernel, rule=rule, estimator=estimator)
    for key, check in CHECKS.items():
        violation = float(check(mmd) / abs(scale(mmd)))
        if key in mmd.holds:
            assert violation < HOLDS, key
        else:
            assert violation >= 0.9 * FAILS, key


def test_a_network_without_biases_knows_directions_only_by_their_means():
    """Points along one ray: the mean distance is all that counts."""
    near, apart = np.array([[2.0, 0.0]] * 2), np.array([[1.0, 0.0], [3.0, 0.0]])
    assert abs(value(MMD("nngp", rule="fixed", offset=0.0), near, apart)) < 1e-12
    assert "separates" not in MMD("nngp", offset=0.0).holds
    assert value(MMD("nngp", rule="fixed", offset=1.0), near, apart) > 1e-3


def test_a_polynomial_in_2048_dimensions_is_finite_in_single_precision():
    x, y = (100 * torch.rand(n, 2048, generator=torch.Generator().manual_seed(n)) for n in (20, 5))
    for power in (1, 5):
        mmd = MMD("polynomial", power=power)
        leaf = y.clone().requires_grad_()
        found, _ = mmd.value(mmd.fit(x, torch.Generator()), leaf)
        assert 1e-3 < float(found.detach()) < 1e3
        assert torch.autograd.grad(found, leaf)[0].isfinite().all()


@pytest.mark.parametrize("divergence", [Energy(), MMD("laplace", scales="one")], ids=repr)
def test_self_pairs_do_not_drown_the_gradient_in_single_precision(divergence):
    """The trap of √(expanded square + 1e-12): its slope at a self-pair is 5e5 times pure rounding."""
    draw = torch.Generator().manual_seed(1)
    x = 10 + torch.randn(50, 32, generator=draw)
    y = 10 + torch.randn(6, 32, generator=draw)

    def gradient(x, y):
        leaf = y.clone().requires_grad_()
        return torch.autograd.grad(divergence.value(divergence.fit(x, torch.Generator()), leaf)[0], leaf)[0]

    exact, single = gradient(x.double(), y.double()), gradient(x, y)
    assert float((single.double() - exact).norm() / exact.norm()) < 1e-4
