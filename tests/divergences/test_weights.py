"""How a divergence answers to mass instead of place: its gradient in the weights."""

import pytest
import torch

from dcviz import registry
from dcviz.divergences import MMD, MaxSliced, Sinkhorn

PLANNED = {"exact-ot"}  # solved by a simplex: autograd does not reach the weights
CONVERGED = {
    "sinkhorn": Sinkhorn(iterations=1000),
    "max-sliced": MaxSliced(ascent=100),
}  # envelope theorem: the optimum
VARIANTS = [
    *(CONVERGED.get(name, found()) for name, found in registry.known("divergence").items() if name not in PLANNED),
    MMD("laplace", rule="joint mean"),
    MMD("ntk", estimator="unbiased"),
    Sinkhorn(blur=1.0),
]


def clouds():
    draw = torch.Generator().manual_seed(4)
    x = torch.randn(40, 2, generator=draw, dtype=torch.float64)
    y = 0.4 + 0.7 * torch.randn(9, 2, generator=draw, dtype=torch.float64)
    w = 0.5 + torch.rand(9, generator=draw, dtype=torch.float64)
    move = torch.randn(9, generator=draw, dtype=torch.float64)
    return x, y, w / w.sum(), (move - move.mean()) / 9


@pytest.mark.parametrize("divergence", VARIANTS, ids=repr)
def test_the_gradient_in_the_weights_is_what_moving_mass_does(divergence):
    x, y, w, move = clouds()
    side = divergence.fit(x, torch.Generator().manual_seed(0))
    leaf = w.clone().requires_grad_()
    (slope,) = torch.autograd.grad(divergence.value(side, y, leaf)[0], leaf)
    step = 1e-3

    def at(part):
        return float(divergence.value(side, y, w + part * step * move)[0])

    assert float(slope @ move) == pytest.approx((at(1) - at(-1)) / (2 * step), rel=0.02, abs=1e-6)


@pytest.mark.parametrize("name", sorted(PLANNED))
def test_a_solver_has_no_gradient_in_the_weights(name):
    pytest.importorskip("ot")
    x, y, w, _ = clouds()
    found = registry.find("divergence", name)()
    value, _ = found.value(found.fit(x, torch.Generator()), y, w.requires_grad_())
    assert not value.requires_grad
