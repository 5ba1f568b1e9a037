"""Gradient matching against gradients worked out in NumPy, and networks that train on S or on T."""

import numpy as np
import pytest
import torch

from dcviz import registry
from dcviz.discrepancies.gradients.distances import DISTANCES
from dcviz.discrepancies.gradients.matching import FRESH, _hidden, class_gradient, class_gradients
from dcviz.discrepancies.gradients.mixing import cutmix
from dcviz.errors import Refused
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.types import silent


def by_hand(x, label, weight, bias):
    """The gradient of the mean cross-entropy of logistic regression: residualᵀ x / n, and the residual's mean."""
    z = x @ weight.T + bias
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[:, label] -= 1
    return p.T @ x / len(x), p.mean(0)


def apart(name, real, fake):
    """The four distances between (weight, bias) and (weight, bias)."""
    a, b = (np.concatenate([w.ravel(), v]) for w, v in (real, fake))
    norms = [np.linalg.norm(side[0], axis=1) for side in (real, fake)]
    return {
        "rows": (1 - (real[0] * fake[0]).sum(1) / (norms[0] * norms[1] + 1e-6)).sum(),
        "cosine": 1 - a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-6),
        "mse": ((a - b) ** 2).sum(),
        "l1": np.abs(a - b).sum(),
    }[name]


@pytest.mark.parametrize("name", DISTANCES)
def test_the_distance_of_a_linear_networks_gradients_is_that_of_numpy(name):
    at = torch.Generator().manual_seed(3)
    net = network("linear", (2,), 3, generator(0, "net")).double()
    weights = {k: v.detach().requires_grad_() for k, v in net.named_parameters()}
    real, fake = (torch.randn(n, 2, generator=at, dtype=torch.float64) for n in (7, 2))
    over = list(weights)
    wanted = class_gradient(net, weights, real, torch.full((7,), 1 / 7, dtype=torch.float64), 1, over)
    both = torch.stack([torch.zeros_like(fake), fake])  # of class 0 and of class 1
    _, found = class_gradients(net, weights, both, torch.full((2, 2), 0.5, dtype=torch.float64), over)
    weight, bias = (weights[k].detach().numpy() for k in ("head.weight", "head.bias"))
    expected = apart(name, by_hand(real.numpy(), 1, weight, bias), by_hand(fake.numpy(), 1, weight, bias))
    assert float(DISTANCES[name](wanted, found)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", ["convnet", "mlp"])
def test_all_classes_at_once_are_the_classes_one_by_one(kind):
    at = torch.Generator().manual_seed(4)
    net = network(kind, (1, 8, 8), 3, generator(0, "net"), width=6).double()
    weights = {k: v.detach() for k, v in net.named_parameters()}
    live = {k: v.clone().requires_grad_() for k, v in weights.items()}
    x = torch.randn(3, 4, 1, 8, 8, generator=at, dtype=torch.float64)
    mass = torch.tensor([[0.25] * 4, [0.5, 0.5, 0.0, 0.0], [0.0] * 4], dtype=torch.float64)
    found = class_gradients(net, weights, x, mass, list(weights))
    for c, together in enumerate(found):
        alone = class_gradient(net, live, x[c], mass[c], c, list(weights))
        for a, b in zip(alone, together, strict=True):
            assert torch.allclose(a, b, rtol=1e-10, atol=1e-14)


def test_hidden_weights_are_those_of_convolutions():
    net = network("convnet", (1, 28, 28), 10, generator(0, "net"), width=4)
    counted = _hidden(dict(net.named_parameters()))
    assert [dict(net.named_parameters())[name].dim() for name in counted] == [4, 4, 4]


@pytest.mark.parametrize("distance", DISTANCES)
def test_gradients_of_s_agree_with_finite_differences(distance):
    at = torch.Generator().manual_seed(5)
    net = network("mlp", (2,), 3, generator(0, "net"), width=6).double()
    weights = {k: v.detach().requires_grad_() for k, v in net.named_parameters()}
    mass, over = torch.full((4,), 0.25, dtype=torch.float64), _hidden(weights)
    real = torch.randn(4, 2, generator=at, dtype=torch.float64)
    g_real = class_gradient(net, weights, real, mass, 2, over)

    def loss(fake):
        found = list(class_gradients(net, weights, fake, mass.expand(3, 4), over))
        return DISTANCES[distance](g_real, found[2]) + 0.5 * DISTANCES[distance](g_real, found[0])

    fake = torch.randn(3, 4, 2, generator=at, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss, fake, eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("on", ["synthetic", "real"])
def test_between_updates_the_network_takes_a_plain_step_on_the_set_that_is_asked_for(on, moons_real, moons_start):
    d = registry.build(
        "discrepancy",
        {"name": "gradient-matching", "width": 8, "inner": 1, "trained_on": on, "inner_batch": 50, "rate": 0.3},
    )
    net = d.prepare(moons_real.at(0), moons_start.plan(), generator(0, "prepare"), silent)
    before = {k: v.detach().clone() for k, v in net.named_parameters()}
    after = d.advance(net, {**FRESH, "weights": before}, moons_real.at(7), moons_start, generator(0, "advance"))
    if on == "real":
        batch = moons_real.at(7).shuffled(50)
        x, y = batch.x, batch.y
    else:
        x, y = moons_start.decode().x, moons_start.classes
    torch.nn.functional.cross_entropy(net(x), y).backward()
    for name, value in net.named_parameters():
        assert torch.allclose(after["weights"][name], value.detach() - 0.3 * value.grad, atol=1e-6)


def test_momentum_and_decay_are_those_of_torch(moons_real, moons_start):
    params = {"width": 8, "inner": 5, "inner_batch": 64, "rate": 0.1, "momentum": 0.9, "decay": 0.01, "outer": 9}
    d = registry.build("discrepancy", {"name": "gradient-matching", **params})
    net = d.prepare(moons_real.at(0), moons_start.plan(), generator(0, "prepare"), silent)
    state = {"weights": {k: v.detach().clone() for k, v in net.named_parameters()}, "velocity": None, "updates": 0}
    optimiser = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
    x, y = moons_start.decode().x, moons_start.classes
    for _ in range(2):  # the velocity lives on from one update of S to the next
        state = d.advance(net, state, moons_real.at(7), moons_start, generator(0, "advance"))
        for _ in range(5):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(net(x), y).backward()
            optimiser.step()
    for name, value in net.named_parameters():
        assert torch.allclose(state["weights"][name], value, atol=1e-5)


def test_cutmix_keeps_the_share_of_each_partner():
    """Images that are constant and say their class: the mean of a mixture is that of its labels."""
    y = torch.arange(8) % 4
    x = y.float()[:, None, None, None].expand(-1, 1, 16, 16).clone()
    for seed in range(20):
        mixed, labels = cutmix(x, y, 4, generator(seed, "mix"))
        assert torch.allclose(labels.sum(1), torch.ones(8))
        assert torch.allclose(mixed.mean((1, 2, 3)), labels @ torch.arange(4.0), atol=1e-5)


def test_cutmix_of_points_is_refused():
    with pytest.raises(Refused, match="set cutmix to 0"):
        cutmix(torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64), 2, generator(0, "mix"))
