"""The max-sliced distance: a move, a grid of the plane, the Gaussians' own maximum, and where it is smooth."""

import math

import numpy as np
import ot
import pytest
import torch

from dcviz.divergences import MaxSliced
from dcviz.divergences._clouds import cloud
from dcviz.divergences.max_sliced import rise


def seeded():
    return torch.Generator().manual_seed(0)


def blob(n, d, seed, spread=1.0, shift=0.0):
    draw = torch.Generator().manual_seed(seed)
    return shift + spread * torch.randn(n, d, generator=draw, dtype=torch.float64)


def number(divergence, x, y, w=None, v=None):
    return float(divergence.value(divergence.fit(x, seeded(), w), y, v)[0])


@pytest.mark.parametrize("dimensions", [2, 30, 2048])
def test_a_move_costs_its_squared_length(dimensions):
    x, move = blob(20, dimensions, 1), blob(1, dimensions, 2)
    assert number(MaxSliced(), x, x + move) == pytest.approx(float(move.square().sum()), rel=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_in_the_plane_it_is_the_best_of_a_fine_grid(seed):
    x, y = blob(40, 2, seed).numpy(), blob(9, 2, seed + 20, 1.3, 0.1).numpy()
    angle = np.linspace(0, np.pi, 2001)[:-1]  # a kink between two of them is missed by 1e-4
    grid = np.stack([np.cos(angle), np.sin(angle)])
    draw = np.random.default_rng(seed)
    w, v = draw.dirichlet(np.ones(40)), draw.dirichlet(np.ones(9))
    expected = max(ot.emd2_1d(x @ g, y @ g, w, v) for g in grid.T)
    found = number(MaxSliced(), *(torch.tensor(a) for a in (x, y, w, v)))
    assert expected * (1 - 1e-3) < found < expected * (1 + 1e-3)


def test_axes_stretched_differently_differ_most_along_the_most_stretched():
    """A cloud and its image under diag(s) with s ≥ 1: along θ at most Σ θ²(s-1)²E x², so the largest term."""
    x, stretch = blob(500, 6, 3), torch.tensor([1.0, 1.2, 1.0, 3.0, 1.5, 1.1], dtype=torch.float64)
    x = torch.cat([x, -x])
    x = torch.linalg.solve_triangular(torch.linalg.cholesky(x.T @ x / len(x)), x.T, upper=False).T  # covariance I
    assert number(MaxSliced(), x, x * stretch) == pytest.approx(4.0, rel=0.02)  # sup of shadows is never above
    assert number(MaxSliced(), x, x * stretch) <= 4.0 * 1.02


def test_the_search_continues_from_the_last_direction():
    """Shorter searches, one after the other, reach what many long ones from everywhere reach."""
    x, y = blob(300, 128, 1), blob(20, 128, 2, 1.3, 0.1)
    best = number(MaxSliced(directions=512, ascent=20), x, y)
    sliced, state, found = MaxSliced(ascent=3), None, []
    side = sliced.fit(x, seeded())
    for _ in range(12):
        value, state = sliced.value(side, y, None, state)
        found.append(float(value))
    assert found[-1] > 0.97 * best
    assert all(later >= before * (1 - 1e-12) for before, later in zip(found, found[1:], strict=False))
    assert state.shape == (128,)
    assert float(state.norm()) == pytest.approx(1)


def test_the_gradient_is_that_of_the_shadows_along_the_direction_found():
    x, y = blob(9, 20, 1), blob(4, 20, 2, 1.0, 0.3)
    v = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=x.dtype)
    sliced, leaf = MaxSliced(), y.clone().requires_grad_()
    value, theta = sliced.value(sliced.fit(x, seeded()), leaf, v)
    found = torch.autograd.grad(value, leaf)[0]
    real = cloud(x)

    def height(y):
        return float(rise(real, cloud(y, v, real[3]), theta.unsqueeze(-1))[0])

    assert height(y) == pytest.approx(float(value.detach()), rel=1e-12)
    step = 1e-6
    for j in range(4):
        for k in range(0, 20, 5):
            move = torch.zeros_like(y)
            move[j, k] = step
            slope = (height(y + move) - height(y - move)) / (2 * step)
            assert float(found[j, k]) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_where_the_maximum_is_smooth_the_gradient_is_that_of_the_maximum():
    """Two clouds one beside the other: no shadows tie where they are farthest apart."""
    x, y = blob(9, 2, 0), 0.3 + blob(4, 2, 1)
    v = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=x.dtype)
    sliced = MaxSliced(ascent=25)
    side = sliced.fit(x, seeded())
    assert torch.autograd.gradcheck(
        lambda y: sliced.value(side, y, v)[0], y.requires_grad_(), atol=1e-7, fast_mode=True
    )


def test_descent_brings_the_clouds_together():
    angle = 2 * math.pi * torch.arange(60, dtype=torch.float64) / 60
    x, y = torch.stack([angle.cos(), angle.sin()], -1), (0.1 * blob(8, 2, 5)).requires_grad_()
    sliced, state = MaxSliced(), None
    side, adam, values = sliced.fit(x, seeded()), torch.optim.Adam([y], lr=0.1), []
    for _ in range(25):
        adam.zero_grad()
        value, state = sliced.value(side, y, None, state)
        value.backward()
        adam.step()
        values.append(float(value.detach()))
    assert min(values[-8:]) < 0.2 * values[0]
