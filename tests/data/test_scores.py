"""The scores of the planar sets against numerical integration, Bessel functions, and the points themselves."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import ive
from scipy.stats import norm

from dcviz.data import dataset, scores, toy
from dcviz.data.sampler import Real
from dcviz.data.scores import score_of, score_of_all
from dcviz.records import DataConfig

every = pytest.mark.parametrize("name", toy.FIGURES)


def score(name, x, c, noise=None, dtype=torch.float64):
    x = torch.as_tensor(x, dtype=dtype).reshape(-1, 2)
    return score_of(name, noise or toy.NOISE[name])(x, torch.full((len(x),), c))


def figure(name, c):
    """The curve by its two uniform numbers."""
    return lambda u: toy.FIGURES[name](torch.tensor([c]), torch.full((1, 2), u, dtype=torch.float64))[0].numpy()


def log_density(name, c, noise):
    """Log p up to a constant, by adaptive integration or as a product of distribution functions."""
    if name == "checkerboard":
        fields = [(i, j) for i in range(4) for j in range(4) if (i + j) % 2 == c]

        def mass(v, k):
            return norm.cdf((v + 1 - k / 2) / noise) - norm.cdf((v + 0.5 - k / 2) / noise)

        return lambda x: math.log(sum(mass(x[0], i) * mass(x[1], j) for i, j in fields))
    curve = figure(name, c)

    def one(u, x):
        return math.exp(-np.square(x - curve(u)).sum() / (2 * noise**2))

    cuts = np.linspace(0, 1, 41)
    return lambda x: math.log(sum(quad(one, a, b, args=(x,))[0] for a, b in zip(cuts, cuts[1:], strict=False)))


@pytest.mark.parametrize("name", ["moons", "spirals", "checkerboard"])
def test_the_score_is_the_slope_of_the_integrated_density(name):
    noise = {"moons": 0.08, "spirals": 0.06, "checkerboard": 0.1}[name]
    at = np.random.default_rng(0)
    for c in (0, 1):
        log_p, step = log_density(name, c, noise), 1e-4
        points, _ = toy.draw(name, 6, 2, 2 * noise, torch.Generator().manual_seed(1))
        for x in [*points.double().numpy()[c::2], at.normal(size=2) * 0.4]:
            expected = [(log_p(x + e) - log_p(x - e)) / (2 * step) for e in step * np.eye(2)]
            assert score(name, x, c, noise)[0].numpy() == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_a_ring_has_bessel_functions():
    noise = 0.05
    for c, R in ((0, 1.0), (1, 0.5)):
        for r in (0.02, 0.4, 0.97, 1.3):
            z = r * R / noise**2
            expected = (-r + R * ive(1, z) / ive(0, z)) / noise**2
            turned = np.array([math.cos(0.7), math.sin(0.7)])
            assert score("rings", r * turned, c)[0].numpy() == pytest.approx(expected * turned, rel=1e-6, abs=1e-6)


def test_a_mode_has_the_score_of_its_gaussian():
    x = torch.tensor([[1.01, -0.03]], dtype=torch.float64)
    found = score("eight-gaussians", x, 0)
    torch.testing.assert_close(found, (torch.tensor([[1.0, 0.0]]) - x) / 0.07**2)


@pytest.mark.parametrize("name", ["moons", "rings", "spirals"])
def test_the_quadrature_has_converged(name, monkeypatch):
    for times, error in ((1, 1e-9), (3, 1e-6)):  # where the points are, and up to ten noises off the curve
        x = toy.draw(name, 400, 2, times * toy.NOISE[name], torch.Generator().manual_seed(0))[0]
        coarse = score(name, x, 1)
        with monkeypatch.context() as finer:
            finer.setattr(scores, "PANEL", 0.5)
            fine = score(name, x, 1)
        assert float(((coarse - fine).norm(dim=1) / fine.norm(dim=1)).max()) < error


@every
def test_the_points_agree_with_their_score(name):
    """E s = 0 and E s xᵀ = -I for x from p (integration by parts), within 4.5 standard errors."""
    points, y = toy.draw(name, 6_000, 2, toy.NOISE[name], torch.Generator().manual_seed(3))
    for c in (0, 1):
        x = points[y == c].double()
        s = torch.cat([score(name, part, c) for part in x.split(500)])
        products = torch.cat([s, (s.unsqueeze(2) * x.unsqueeze(1)).flatten(1)], 1)
        expected = torch.tensor([0.0, 0, -1, 0, 0, -1], dtype=x.dtype)
        error = (products.mean(0) - expected) / (products.std(0) / len(x) ** 0.5)
        assert float(error.abs().max()) < 4.5


@every
@pytest.mark.parametrize("transform", ["normalise", "zca"])
def test_in_model_space_the_score_follows_the_transform(name, transform):
    """Again E s = 0, E s zᵀ = -I, on the sampler's own points."""
    real = Real(dataset(DataConfig(name=name, size=4_000, transform=transform)), torch.device("cpu"), 0).at(0)
    z = torch.cat([part.x for part in real.whole()]).double()
    y = torch.cat([part.y for part in real.whole()])
    s = torch.cat([real.score(*part) for part in zip(z.split(500), y.split(500), strict=True)])
    for c in (0, 1):
        products = (s.unsqueeze(2) * z.unsqueeze(1))[y == c]
        error = (products.mean(0) + torch.eye(2)) / (products.std(0) / len(products) ** 0.5)
        assert float(error.abs().max()) < 4.5


@every
def test_far_away_the_score_points_home_with_finite_numbers(name):
    for distance in (3.0, 1e3, 1e6):
        for dtype in (torch.float32, torch.float64):
            x = (distance * torch.tensor([[1.0, 0.3], [-0.2, 1.0]], dtype=dtype)).requires_grad_()
            s = score(name, x, 0, dtype=dtype)
            assert s.isfinite().all()
            assert (torch.linalg.vecdot(s, x) < 0).all()
            assert torch.autograd.grad(s.sum(), x)[0].isfinite().all()


@every
def test_single_precision_is_close_to_double_near_the_figure(name):
    x = toy.draw(name, 500, 2, toy.NOISE[name], torch.Generator().manual_seed(0))[0]
    exact = score(name, x, 0)
    assert float((score(name, x, 0, dtype=torch.float32) - exact).norm() / exact.norm()) < 1e-3


@every
def test_the_slope_of_the_score_is_that_of_finite_differences(name):
    x = toy.draw(name, 8, 2, toy.NOISE[name], torch.Generator().manual_seed(0))[0]
    assert torch.autograd.gradcheck(
        lambda x: toy.NOISE[name] ** 2 * score(name, x, 0), x.double().requires_grad_(), eps=1e-7, atol=1e-4
    )


def test_no_noise_no_score():
    assert all(score_of(name, 0.0) is None for name in toy.FIGURES)
    assert score_of("moons", 1e-4) is None  # too thin for the quadrature
    assert Real(dataset("digits"), torch.device("cpu"), 0).at(0).score is None


@pytest.mark.parametrize("name", ["moons", "eight-gaussians"])
def test_the_score_of_all_weighs_the_classes_by_their_densities(name):
    noise, step = 0.1, 1e-4
    at = torch.tensor([[0.3, 0.2], [-0.9, 0.4], [0.1, -0.7]], dtype=torch.float64)
    if name == "moons":
        logs = [log_density(name, c, noise) for c in (0, 1)]
    else:
        centres = toy.eight_gaussians(torch.arange(8) % 2, torch.arange(8).div(2, rounding_mode="floor")[:, None] / 4)
        logs = [lambda x: math.log(np.exp(-np.square(x - centres.numpy()).sum(1) / (2 * noise**2)).sum())]
    found = score_of_all(name, noise)(at).numpy()

    def log_p(x):
        return math.log(sum(math.exp(log(x)) for log in logs))

    for x, got in zip(at.numpy(), found, strict=True):
        expected = [(log_p(x + e) - log_p(x - e)) / (2 * step) for e in step * np.eye(2)]
        assert got == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_the_checkerboard_alone_keeps_its_light_fields():
    x = torch.tensor([[-0.7, -0.8], [0.2, 0.9]], dtype=torch.float64)
    zero = torch.zeros(2, dtype=torch.long)
    assert torch.equal(score_of_all("checkerboard", 0.05)(x), score_of("checkerboard", 0.05)(x, zero))
