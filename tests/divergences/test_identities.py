"""What ties the divergences to each other: chains, limits, and the algebra of one synthetic point."""

import pytest
import torch

from dcviz.divergences import Bures, ExactOT, MaxSliced, Mean, Sinkhorn, Sliced


def seeded():
    return torch.Generator().manual_seed(0)


def blob(n, d, seed, spread=1.0, shift=0.0):
    draw = torch.Generator().manual_seed(seed)
    return shift + spread * torch.randn(n, d, generator=draw, dtype=torch.float64)


def number(divergence, x, y):
    return float(divergence.value(divergence.fit(x, seeded()), y)[0])


def gradient(divergence, x, y):
    leaf = y.clone().requires_grad_()
    value, _ = divergence.value(divergence.fit(x, seeded()), leaf)
    return torch.autograd.grad(value, leaf)[0]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(40, 9, 3), (12, 12, 2), (7, 20, 30)])
def test_the_chains_of_inequalities(seed, shape):
    """‖Δμ‖² ≤ Bures² ≤ W2², and SW2² ≤ max-SW2² ≤ W2²."""
    n, m, d = shape
    x, y = blob(n, d, seed), blob(m, d, seed + 50, 0.5 + 0.3 * seed, 0.2)
    means, gaussian, exact = (number(divergence(), x, y) for divergence in (Mean, Bures, ExactOT))
    sliced, largest = number(Sliced(), x, y), number(MaxSliced(), x, y)
    slack = 1 + 1e-9
    assert means <= gaussian * slack
    assert gaussian <= exact * slack
    assert sliced <= largest * slack
    assert means <= largest * slack
    assert largest <= exact * slack


def test_a_linear_image_of_a_gaussian_cloud_is_transported_as_gaussians_are():
    """Under a symmetric positive map the plan is the map: Bures² = W2² for any cloud."""
    x, stretch = blob(30, 3, 1), torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
    assert number(Bures(), x, x * stretch + 2) == pytest.approx(number(ExactOT(), x, x * stretch + 2), rel=1e-10)


def test_sinkhorn_goes_from_exact_transport_to_the_means():
    x, y = blob(60, 3, 1), blob(8, 3, 2, 1.3, 0.4)
    # Below a blur of 0.02 a thousand iterations do not converge: the potentials, and so the value, lag behind.
    assert number(Sinkhorn(0.02, iterations=1000), x, y) == pytest.approx(number(ExactOT(), x, y) / 2, rel=0.01)
    assert number(Sinkhorn(100.0), x, y) == pytest.approx(number(Mean(), x, y) / 2, rel=1e-4)
    exact = gradient(ExactOT(), x, y) / 2
    close = gradient(Sinkhorn(0.04, iterations=1000), x, y)
    assert float((close - exact).norm() / exact.norm()) < 0.05
    torch.testing.assert_close(gradient(Sinkhorn(100.0), x, y), gradient(Mean(), x, y) / 2, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("dimensions", [2, 5])
def test_one_point_is_always_drawn_to_the_mean(dimensions):
    """∇W2² = D·∇SW2² = ∇‖Δμ‖² = 2(y - mean), the sliced one in the mean over directions."""
    x, y = blob(30, dimensions, 1), blob(1, dimensions, 2) + 2
    expected = 2 * (y - x.mean(0))
    for divergence in (Mean(), ExactOT(), Bures()):
        torch.testing.assert_close(gradient(divergence, x, y), expected)
    sliced = dimensions * gradient(Sliced(directions=1024), x, y)
    assert float((sliced - expected).norm() / expected.norm()) < 0.15
    theta = Sliced(directions=1024).fit(x, seeded())[0]  # with its own second moment in place of I/D, to the last digit
    torch.testing.assert_close(gradient(Sliced(directions=1024), x, y), expected @ (theta @ theta.mT) / 1024)
