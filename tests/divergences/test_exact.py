"""Exact transport: scipy's linear programme, assignment and one-dimensional distance."""

import sys

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from dcviz.divergences import ExactOT
from dcviz.errors import Refused

DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(24, 5)), 0.4 + 1.3 * DRAW.normal(size=(9, 5))
W, V = DRAW.dirichlet(np.ones(24)), DRAW.dirichlet(np.ones(9))
powers = pytest.mark.parametrize("p", [1, 2])


def number(p, x, y, w=None, v=None):
    x, y, w, v = (None if a is None else torch.as_tensor(a) for a in (x, y, w, v))
    exact = ExactOT(p)
    return float(exact.value(exact.fit(x, torch.Generator(), w), y, v)[0])


@powers
def test_it_is_the_linear_programme(p):
    work = cdist(X, Y) ** p
    N, M = work.shape
    rows, columns = np.kron(np.eye(N), np.ones(M)), np.kron(np.ones(N), np.eye(M))
    solved = linprog(work.ravel(), A_eq=np.concatenate([rows, columns]), b_eq=np.concatenate([W, V]))
    assert number(p, X, Y, W, V) == pytest.approx(solved.fun, rel=1e-9)


@powers
@pytest.mark.parametrize("dimensions", [3, 50])
def test_equal_sizes_are_an_assignment(p, dimensions):
    draw = np.random.default_rng(2)
    x, y = draw.normal(size=(2, 60, dimensions))
    work = cdist(x, y + 0.2) ** p
    assert number(p, x, y + 0.2) == pytest.approx(work[linear_sum_assignment(work)].mean(), rel=1e-10)


def test_on_a_line_it_is_scipys():
    expected = wasserstein_distance(X[:, 0], Y[:, 0], W, V)
    assert number(1, X[:, :1], Y[:, :1], W, V) == pytest.approx(expected, rel=1e-10)


def test_the_uniform_law_and_its_midpoints():
    N, M = 6000, 4
    x, y = (np.arange(N)[:, None] + 0.5) / N, (np.arange(M)[:, None] + 0.5) / M
    assert number(2, x, y) == pytest.approx(1 / (12 * M**2), rel=1e-5)
    assert number(1, x, y) == pytest.approx(1 / (4 * M), rel=1e-5)


@powers
def test_a_move_costs_its_length(p):
    move = np.array([1.0, -2.0, 0.5, 0.0, 1.0])
    assert number(p, X, X + move) == pytest.approx(np.linalg.norm(move) ** p, rel=1e-12)


def test_far_apart_the_plan_keeps_its_digits():
    """The squared distances differ in the eleventh digit; about their own centres they do not."""
    far = np.array([1e6, 0, 0, 0, 0])
    shift = X.mean(0) - Y.mean(0)
    near = number(2, X, Y) - shift @ shift
    found = number(2, X, Y + far) - np.square(X.mean(0) - Y.mean(0) - far).sum()
    assert found == pytest.approx(near, abs=1e-2)  # of 1e12: the plan is the same, its number keeps 14 digits
    gradients = []
    for y in (Y, Y + far):
        leaf, exact = torch.tensor(y).requires_grad_(), ExactOT()
        value, _ = exact.value(exact.fit(torch.tensor(X), torch.Generator()), leaf)
        gradients.append(torch.autograd.grad(value, leaf)[0])
    np.testing.assert_allclose(gradients[1] - gradients[0], np.tile(2 * far / 9, (9, 1)), atol=1e-6)


@powers
def test_the_gradient_is_that_of_finite_differences(p):
    x, y = torch.tensor(X), torch.tensor(Y[:4]).requires_grad_()
    exact = ExactOT(p)
    side = exact.fit(x, torch.Generator(), torch.tensor(W))
    assert torch.autograd.gradcheck(lambda y: exact.value(side, y)[0], y, atol=1e-7)


def test_the_gradient_points_to_the_mean_of_the_cell():
    x, y = torch.tensor(X), torch.tensor(Y[:1]).requires_grad_()  # one cell: all of the mass
    exact = ExactOT()
    value, _ = exact.value(exact.fit(x, torch.Generator()), y)
    torch.testing.assert_close(torch.autograd.grad(value, y)[0], 2 * (y.detach() - x.mean(0)))


def test_without_pot_the_refusal_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(Refused, match=r"pip install 'dcviz\[ot\]'"):
        ExactOT().fit(torch.tensor(X), torch.Generator())
    with pytest.raises(Refused, match="from 1 to 2"):
        ExactOT(3)


def test_a_solver_that_gives_up_is_refused_with_the_cure(monkeypatch):
    monkeypatch.setattr("dcviz.divergences.exact.PIVOTS", 1)
    exact = ExactOT()
    side = exact.fit(torch.tensor(X), torch.Generator())
    with pytest.raises(Refused, match="use fewer real points"), pytest.warns(UserWarning, match="numItermax"):
        exact.value(side, torch.tensor(Y))
