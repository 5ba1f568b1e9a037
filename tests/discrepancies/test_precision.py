"""Networks that compute in bfloat16: nearly the same gradients, and nothing changes where they do not."""

import pytest
import torch

from dcviz import registry
from dcviz.discrepancies.match import Match
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.runs.configure import configure
from dcviz.runs.problem import build

PATHS = {"dm": "regime.precision", "m3d": "regime.precision", "dsa": "precision"}


@pytest.mark.parametrize(("preset", "path"), PATHS.items())
def test_the_gradient_of_s_keeps_its_direction(preset, path):
    found = []
    for precision in ("float32", "bfloat16"):
        setup = build(configure(preset=preset, budget=2, live=None, settings={path: precision}))
        p = setup.problem
        inner = p.discrepancy.begin(p.context, setup.start, generator(0, "begin"))
        terms, gradients, _ = p.discrepancy.gradient(p.context, inner, p.real.at(1), setup.start, generator(0, "loss"))
        found.append((float(p.discrepancy.objective(terms)), gradients["images"].flatten()))
    (exact, wanted), (rough, got) = found
    assert rough != exact
    assert rough == pytest.approx(exact, rel=0.03)
    assert float(torch.cosine_similarity(wanted, got, dim=0)) > 0.99
    assert got.dtype == torch.float32


def test_features_come_back_in_the_samples_own_precision():
    net = network("convnet", (1, 8, 8), 3, generator(0, "net"), width=8).requires_grad_(False)
    x = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    exact = net.embed(x), net(x)
    net.precision = "bfloat16"
    for wanted, got in zip(exact, (net.embed(x), net(x)), strict=True):
        assert got.dtype == torch.float32
        assert not torch.equal(got, wanted)
        assert float((got - wanted).norm() / wanted.norm()) < 0.02


def test_what_came_later_is_not_written_at_its_default():
    plain = registry.describe(Match())
    assert "precision" not in plain["regime"]
    chosen = registry.build("discrepancy", {**plain, "regime": {**plain["regime"], "precision": "bfloat16"}})
    assert registry.describe(chosen)["regime"]["precision"] == "bfloat16"
    assert registry.build("discrepancy", registry.describe(chosen)) == chosen
