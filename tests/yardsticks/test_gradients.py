import pytest
import torch

from dcviz.yardsticks.gradients import angle, gradient


def test_the_gradient_of_a_linear_network_is_that_known_by_hand():
    """Of softmax regression at W = 0: the mean of (1/C - e_c) xᵀ, every class weighing the same."""
    net = torch.nn.Linear(3, 2)
    torch.nn.init.zeros_(net.weight)
    torch.nn.init.zeros_(net.bias)
    x, y = torch.randn(5, 3), torch.tensor([0, 0, 0, 1, 1])
    mass = torch.tensor([1 / 6, 1 / 6, 1 / 6, 1 / 4, 1 / 4])
    (found,) = gradient(net, x, y, mass)
    pull = (x[3:].mean(0) - x[:3].mean(0)) / 4
    assert torch.allclose(found, torch.stack([pull, -pull]), atol=1e-6)


def test_the_angle_is_that_of_rows():
    real = [torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0], [1.0, 1.0]])]
    fake = [torch.tensor([[5.0, 0.0], [3.0, 0.0], [0.0, 0.0], [-1.0, -1.0]])]
    assert float(angle(real, fake)) == pytest.approx((0 + 1 + 0 + 2) / 4)
    assert float(angle(real, real)) == pytest.approx(0, abs=1e-6)
