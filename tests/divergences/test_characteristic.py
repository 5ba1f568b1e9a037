"""Characteristic functions: numpy's, the Gaussian MMD that they estimate, and frequencies that are learned."""

import numpy as np
import pytest
import torch

from dcviz.divergences import CFD, MMD, NCFM
from dcviz.divergences.ncfm import sample
from tests.divergences.test_properties import CHECKS, FAILS, HOLDS, scale

DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(39, 5)), 0.4 + 1.3 * DRAW.normal(size=(9, 5))
W, V = DRAW.dirichlet(np.ones(39)), DRAW.dirichlet(np.ones(9))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def value(divergence, x, y, w=None, v=None, seed=0):
    x, y, w, v = (None if a is None else torch.as_tensor(a) for a in (x, y, w, v))
    return float(divergence.value(divergence.fit(x, seeded(seed), w), y, v)[0])


def gradient(divergence, x, y, seed=0):
    leaf = torch.tensor(y).requires_grad_()
    found = divergence.value(divergence.fit(torch.tensor(x), seeded(seed)), leaf)[0]
    return torch.autograd.grad(found, leaf)[0]


def phi(z, m, t):
    return m @ np.exp(1j * z @ t)  # (F,)


# ---------------------------------------------------------------------------------------------------------- CFD


def test_cfd_is_the_mean_squared_difference_of_characteristic_functions():
    cfd = CFD(count=50)
    t, h = (part.numpy() for part in cfd.fit(torch.tensor(X), seeded(), torch.tensor(W))[:2])
    expected = np.mean(np.abs(phi(X, W, t / h[0]) - phi(Y, V, t / h[0])) ** 2)
    assert value(cfd, X, Y, W, V) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("scales", ["one", "multi"])
@pytest.mark.parametrize("rule", ["fixed", "real median"])
def test_with_gaussian_frequencies_it_is_the_gaussian_mmd(scales, rule):
    """Bochner: values of 65,536 frequencies to 1 %; gradients err by more, most at narrow widths, as 1/√F too."""
    mmd, many, few = MMD("gauss", 1.2, scales, rule), *(CFD(n, 1.2, scales, rule) for n in (65536, 4096))
    assert value(many, X, Y, W, V) == pytest.approx(value(mmd, X, Y, W, V), rel=0.01)
    true = gradient(mmd, X, Y)
    errors = [float((gradient(cfd, X, Y) - true).norm() / true.norm()) for cfd in (many, few)]
    assert errors[0] < 0.4 * errors[1]
    if (scales, rule) == ("one", "real median"):
        assert errors[0] < 0.02


def test_the_estimate_has_no_bias_and_the_error_stated():
    mmd = value(MMD("gauss", scales="one"), X, Y)
    found = np.array([value(CFD(100, scales="one"), X, Y, seed=seed) for seed in range(100)])
    assert abs(found.mean() - mmd) < 3 * found.std() / 10
    assert found.std() < 2 * mmd / 100**0.5


def test_the_real_side_of_many_points_is_a_sum_over_blocks():
    x = torch.randn(2500, 3, generator=seeded(1), dtype=torch.float64)
    cosine, sine = CFD(count=20).fit(x, seeded())[3]
    t, h, centre, _ = CFD(count=20).fit(x, seeded())
    whole = torch.exp(1j * ((x - centre) / h @ t)).mean(0)
    torch.testing.assert_close(torch.complex(cosine, sine), whole)


# --------------------------------------------------------------------------------------------------------- NCFM


def unit(z):
    return z / np.linalg.norm(z, axis=1, keepdims=True)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.5), (0.2, 0.9), (1.0, 0.3), (1.0, 1.0)])
def test_ncfm_is_the_authors_formula(alpha, beta):
    ncfm = NCFM(50, alpha, beta)
    t = ncfm.fit(torch.tensor(X), seeded())[0].numpy()
    a, b = phi(unit(X), W, t), phi(unit(Y), V, t)
    modulus = (np.abs(a) - np.abs(b)) ** 2
    angle = 2 * (np.abs(a) * np.abs(b) - (a * b.conj()).real)
    assert value(ncfm, X, Y, W, V) == pytest.approx(np.mean(np.sqrt(alpha * modulus + beta * angle)), rel=1e-9)


def test_equal_weights_are_the_mean_difference():
    t = NCFM().fit(torch.tensor(X), seeded())[0].numpy()
    mean = np.mean(np.abs(phi(unit(X), W, t) - phi(unit(Y), V, t)))
    assert value(NCFM(amplitude=1.0, phase=1.0), X, Y, W, V) == pytest.approx(mean, rel=1e-12)
    assert value(NCFM(), X, Y, W, V) == pytest.approx(mean * 0.5**0.5, rel=1e-12)


def test_the_root_biases_the_gradient_of_mini_batches():
    """Of four batches of ten, by several per cent; the same frequencies without the root: none."""
    x = X[:36]

    def bias(divergence):
        full = gradient(divergence, x, Y)
        parts = torch.stack([gradient(divergence, part, Y) for part in np.split(x, 4)]).mean(0)
        return float((parts - full).norm() / full.norm())

    assert bias(NCFM()) > 0.05
    assert bias(CFD(rule="fixed")) < 1e-12
    assert "minibatch" not in NCFM().holds


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_where_the_sets_agree_root_and_modulus_have_a_gradient(dtype):
    """At equal sets, at the origin, and where a characteristic function vanishes."""
    x = torch.tensor(X, dtype=dtype)
    for y in (x.clone(), torch.zeros(3, 5, dtype=dtype), torch.cat([x, torch.zeros(1, 5, dtype=dtype)])):
        for ncfm in (NCFM(), NCFM(amplitude=1.0, phase=0.0), NCFM(amplitude=0.0, phase=1.0)):
            leaf = y.requires_grad_()
            found = ncfm.value(ncfm.fit(x, seeded()), leaf)[0]
            assert torch.autograd.grad(found, leaf)[0].isfinite().all()
    assert not gradient(NCFM(), X, X).any()
    ncfm = NCFM(2, amplitude=1.0, phase=0.3)
    t = torch.full((1, 2), torch.pi / 2, dtype=torch.float64)  # φ of ±1 is cos t = 0
    pair = torch.tensor([[1.0], [-1.0]], dtype=torch.float64).requires_grad_()
    found = ncfm.value((t, (torch.ones(2).double(), torch.zeros(2).double())), pair)[0]
    assert float(found.detach()) == pytest.approx(1.0)
    assert torch.autograd.grad(found, pair)[0].isfinite().all()


def test_more_weight_on_phase_costs_the_triangle():
    """Half-way between two phases, at a smaller amplitude, lies a short cut."""
    east = np.eye(10)[:1]
    around = np.concatenate([np.eye(10), -np.eye(10)])
    for weights, kept in (((0.0, 1.0), False), ((0.5, 0.5), True), ((1.0, 0.3), True)):
        ncfm = NCFM(1024, *weights)
        excess = value(ncfm, east, -east) - value(ncfm, east, around) - value(ncfm, around, -east)
        assert (excess < 0) == kept
        assert ("triangle" in ncfm.holds) == kept


# ---------------------------------------------------------------------------------------- learned frequencies


def climb(rate, steps=60, x=X, y=Y, count=256):
    ncfm = NCFM(count, rate=rate)
    side, state, found = ncfm.fit(torch.tensor(x), seeded()), None, []
    for _ in range(steps):
        value, state = ncfm.value(side, torch.tensor(y), None, state)
        found.append(float(value))
    return found, state


def test_the_sampling_network_finds_frequencies_where_the_sets_differ_more():
    learned, state = climb(1e-2)
    assert np.mean(learned[-10:]) > 1.2 * np.mean(learned[:10])
    assert state["step"] == 60


def test_learning_is_the_same_again_and_goes_on_from_a_state():
    first, _ = climb(1e-2, 8)
    again, _ = climb(1e-2, 8)
    assert first == again
    _, state = climb(1e-2, 5)
    ncfm = NCFM(256, rate=1e-2)
    assert float(ncfm.value(ncfm.fit(torch.tensor(X), seeded()), torch.tensor(Y), None, state)[0]) == first[5]


def test_its_frequencies_are_bounded_normalised_and_new_at_every_call():
    layers = [torch.randn(3, 64), torch.randn(64, 64), torch.randn(64, 3)]
    t = sample(layers, torch.randn(500, 3, generator=seeded()))
    assert t.shape == (500, 3)
    assert float(t.abs().max()) < 1
    torch.testing.assert_close(t.atanh().mean(0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(t.atanh().std(0, correction=0), torch.ones(3), atol=1e-3, rtol=0)
    assert len(set(climb(1e-9, 5)[0])) == 5


def test_the_step_is_that_of_torchs_adam():
    ncfm, layers = NCFM(64, rate=3e-3), None
    side, state = ncfm.fit(torch.tensor(X), seeded()), None
    for _ in range(3):
        before = state
        _, state = ncfm.value(side, torch.tensor(Y), None, state)
        if before is None:
            layers = [p.clone().requires_grad_() for p in ncfm._first(side[0], side[2])["layers"]]
            adam = torch.optim.Adam(layers, lr=3e-3, maximize=True)
        kept = {"layers": [p.detach() for p in layers], "first": [], "second": [], "step": state["step"] - 1}
        slopes = slopes_at(ncfm, side, kept, layers)
        for p, g in zip(layers, slopes, strict=True):
            p.grad = g
        adam.step()
    for ours, theirs in zip(state["layers"], layers, strict=True):
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-7, atol=1e-9)


def slopes_at(ncfm, side, state, layers):
    """The gradient of the discrepancy in the network, written out again with complex numbers."""
    points, w, seed = side
    noise = torch.randn(5, 64, generator=seeded(seed + 3 + state["step"]), dtype=torch.float64).mT
    t = sample(layers, noise).mT
    y = torch.tensor(unit(Y))
    gap = (w.to(torch.cdouble) @ torch.exp(1j * (points @ t))) - torch.exp(1j * (y @ t)).mean(0)
    return torch.autograd.grad((0.5**0.5 * gap.abs()).mean(), layers)


@pytest.mark.parametrize("scales", ["one", "multi"])
def test_at_a_fixed_bandwidth_cfd_declares_more_and_keeps_it(scales):
    cfd = CFD(count=128, scales=scales, rule="fixed")
    assert {"symmetric", "triangle", "minibatch"} <= cfd.holds
    for key, check in CHECKS.items():
        violation = float(check(cfd) / scale(cfd))
        assert violation < HOLDS if key in cfd.holds else violation >= 0.9 * FAILS, key
