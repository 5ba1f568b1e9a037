"""The kernels of infinitely wide networks beside finite wide ones, integrals, and finite differences."""

import math

import pytest
import torch

from dcviz.divergences._arc_cosine import arc_cosine, deviations, relu_kernels

DOUBLE = torch.float64


def cloud(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def wide(x, y, depth, width, bias, seed):
    """Conjugate and tangent kernel of one finite network, by autograd: ``(N, M)`` each."""
    at = torch.Generator().manual_seed(seed)
    sizes = [x.shape[1], *[width] * depth, 1]
    weights = [
        (torch.randn(b, a, generator=at, dtype=DOUBLE), torch.randn(b, generator=at, dtype=DOUBLE))
        for a, b in zip(sizes, sizes[1:], strict=False)
    ]
    flat = [w.requires_grad_() for pair in weights for w in pair]

    def forward(z):
        for i, (w, b) in enumerate(weights):
            z = z.relu() if i else z
            hidden, z = z, z @ w.T * math.sqrt(2 / w.shape[1]) + math.sqrt(bias) * b
        return hidden, z[:, 0]

    hidden, outputs = zip(*(forward(z) for z in (x, y)), strict=True)
    grads = [
        torch.stack([torch.cat([g.flatten() for g in torch.autograd.grad(o, flat, retain_graph=True)]) for o in side])
        for side in outputs
    ]
    return (2 / width * hidden[0] @ hidden[1].T + bias).detach(), grads[0] @ grads[1].T


@pytest.mark.parametrize("depth", [1, 2])
def test_wide_networks_have_these_kernels(depth):
    """The mean of 100 networks 512 wide lies within 5 of its standard errors, and these are below 2 %."""
    x, y = cloud(4, 6), cloud(3, 6, seed=1)
    drawn = [wide(x, y, depth, 512, 0.1, seed) for seed in range(100)]
    for i, closed in enumerate(relu_kernels(x, y, depth, bias=0.1)):
        values = torch.stack([pair[i] for pair in drawn])
        error = values.std(0) / 10
        assert ((values.mean(0) - closed).abs() < 5 * error).all()
        assert error.max() < 0.02 * closed.abs().max()


def test_the_two_integrals_at_known_angles():
    s = torch.tensor([2.0, 0.0, -2.0, math.sqrt(2)], dtype=DOUBLE)  # angles 0, π/2, π, π/4
    first, zeroth = arc_cosine(s, torch.full_like(s, 2.0))
    quarter = 2 / math.pi * (math.sqrt(0.5) + 0.75 * math.pi * math.sqrt(0.5))
    assert torch.allclose(first, torch.tensor([2.0, 2 / math.pi, 0.0, quarter], dtype=DOUBLE), atol=1e-12)
    assert torch.allclose(zeroth, torch.tensor([1.0, 0.5, 0.0, 0.75], dtype=DOUBLE), atol=1e-12)


@pytest.mark.parametrize("which", [0, 1])
def test_gradients_are_those_of_finite_differences(which):
    x, y = cloud(4, 5).requires_grad_(), cloud(3, 5, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: relu_kernels(a, b, 3, bias=0.1)[which], (x, y))
    assert torch.autograd.gradcheck(lambda a: relu_kernels(a, a, 2, bias=0.1)[which], (x,))  # its diagonal too


def test_kernels_of_a_cloud_with_itself_are_symmetric_and_positive():
    x = cloud(12, 3)
    for kernel in relu_kernels(x, x, 3, bias=0.01):
        assert torch.allclose(kernel, kernel.T, atol=1e-12)
        assert torch.linalg.eigvalsh(kernel).min() > 0


def test_coincident_and_zero_points_give_finite_gradients():
    x = torch.zeros(3, 4, dtype=DOUBLE)
    x[0] = x[1] = 1.0
    x.requires_grad_()
    nngp, ntk = relu_kernels(x, x, 2)
    (gradient,) = torch.autograd.grad((nngp + ntk).sum(), x)
    assert torch.isfinite(gradient).all()
    assert torch.isfinite(nngp).all()
    assert float(nngp[0, 2].detach()) == 0


def test_deviations_broadcast_and_keep_zeros():
    p, q = torch.tensor([[4.0], [0.0]]), torch.tensor([9.0, 1.0])
    assert torch.equal(deviations(p, q), torch.tensor([[6.0, 2.0], [0.0, 0.0]]))
