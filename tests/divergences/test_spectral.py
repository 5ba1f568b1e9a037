"""The spectral discrepancy: numpy's eigenvalues, its own definition, Lanczos' method beside the exact one."""

import numpy as np
import pytest
import torch

from dcviz.divergences import Spectral

DRAW = np.random.default_rng(0)
W, V = DRAW.dirichlet(np.ones(39)), DRAW.dirichlet(np.ones(9))


def number(divergence, x, y, w=None, v=None):
    x, y, w, v = (None if a is None else torch.as_tensor(a) for a in (x, y, w, v))
    return float(divergence.value(divergence.fit(x, torch.Generator().manual_seed(0), w), y, v)[0])


def clouds(n, m, dimensions, seed=1):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(n, dimensions)), 0.4 + 1.3 * draw.normal(size=(m, dimensions))


def expected(x, y, w=None, v=None):
    w, v = (np.full(len(a), 1 / len(a)) if b is None else b for a, b in ((x, w), (y, v)))
    return 4 * np.abs(np.linalg.eigvalsh((x.T * w) @ x - (y.T * v) @ y)).max()


@pytest.mark.parametrize("dimensions", [5, 60, 300])  # the last by Lanczos' method, exact at this rank
def test_it_is_four_times_the_largest_eigenvalue(dimensions):
    x, y = clouds(39 if dimensions < 300 else 30, 9, dimensions)
    w = W[: len(x)] / W[: len(x)].sum()
    assert number(Spectral(), x, y, w, V) == pytest.approx(expected(x, y, w, V), rel=1e-10)
    assert number(Spectral(radius=3.0), x, y, w, V) == pytest.approx(9 * expected(x, y, w, V), rel=1e-10)


def test_it_is_the_largest_disagreement_of_two_linear_predictors():
    x, y = clouds(39, 9, 3)
    found, draw = number(Spectral(), x, y), np.random.default_rng(3)

    def disagreement(h, other):
        return abs(np.square(x @ (h - other)).mean() - np.square(y @ (h - other)).mean())

    pairs = draw.normal(size=(20000, 2, 3))
    pairs /= np.linalg.norm(pairs, axis=-1, keepdims=True)
    best = max(disagreement(h, other) for h, other in pairs)
    assert 0.97 * found < best <= found
    values, vectors = np.linalg.eigh(x.T @ x / 39 - y.T @ y / 9)
    top = vectors[:, np.abs(values).argmax()]
    assert disagreement(top, -top) == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(600, 10), (400, 50), (1500, 1)])
@pytest.mark.parametrize("kind", ["normal", "rectified"])
def test_lanczos_is_close_in_many_dimensions_and_never_above(n, m, kind):
    x, y = clouds(n, m, 1024)
    if kind == "rectified":  # as after a network's last layer
        x, y = np.maximum(x, 0), np.maximum(y, 0)
    exact, found = expected(x, y), number(Spectral(), x, y)
    assert exact * (1 - 1e-3) <= found <= exact * (1 + 1e-9)


def test_a_later_call_continues_from_the_last_vector():
    """Without structure the extreme eigenvalues crowd: the second call must not lose what the first has found."""
    x, y = (torch.tensor(a) for a in clouds(1500, 500, 1024))
    spectral = Spectral()
    side, state, found = spectral.fit(x, torch.Generator().manual_seed(0)), None, []
    for _ in range(4):
        value, state = spectral.value(side, y, None, state)
        found.append(float(value))
    exact = expected(x.numpy(), y.numpy())
    assert exact * (1 - 1e-6) <= found[-1] <= exact * (1 + 1e-9)
    # Another eigenvector takes over: the fresh part of the start finds it.
    other = y.clone()
    other[0] = 40 * torch.linalg.svd(y, full_matrices=False).Vh[7]
    assert float(spectral.value(side, other, None, state)[0]) == pytest.approx(
        expected(x.numpy(), other.numpy()), rel=1e-6
    )


def test_the_gradient_beyond_the_exact_size_is_that_of_finite_differences():
    x, y = (torch.tensor(a) for a in clouds(9, 4, 200))
    spectral = Spectral()
    side = spectral.fit(x, torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(lambda y: spectral.value(side, y)[0], y.requires_grad_(), atol=1e-7, fast_mode=True)


def test_coinciding_eigenvalues_give_one_of_their_gradients():
    x, y = torch.eye(3, dtype=torch.float64), torch.zeros(2, 3, dtype=torch.float64)
    y[0, 0] = 1e-3
    spectral = Spectral()
    leaf = y.clone().requires_grad_()
    value, _ = spectral.value(spectral.fit(x, torch.Generator()), leaf)
    assert float(value.detach()) == pytest.approx(4 / 3, rel=1e-5)
    assert torch.autograd.grad(value, leaf)[0].isfinite().all()
