"""Each discrepancy against a truth from elsewhere."""

import math

import pytest
import torch
from sklearn.linear_model import Ridge as SklearnRidge

from dcviz import registry
from dcviz.discrepancies import match
from dcviz.discrepancies.gradients.matching import DISTANCES, class_gradient
from dcviz.discrepancies.predictions.ridge import one_hot, ridge_predict
from dcviz.discrepancies.random_features.attention import Attention
from dcviz.discrepancies.random_features.networks import RandomFeatures
from dcviz.discrepancies.weighted import Weighted
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.types import Space, silent

AT = torch.Generator().manual_seed(0)


def test_ridge_predictions_are_those_of_scikit_learn():
    real, fake = (
        torch.randn(40, 8, generator=AT, dtype=torch.float64),
        torch.randn(6, 8, generator=AT, dtype=torch.float64),
    )
    targets = one_hot(torch.tensor([0, 1, 2, 0, 1, 2]), 3).double()
    strength = 0.1 * float((fake @ fake.T).diagonal().mean())
    theirs = SklearnRidge(alpha=strength, fit_intercept=False).fit(fake.numpy(), targets.numpy()).predict(real.numpy())
    assert torch.allclose(ridge_predict(real, fake, targets, 0.1), torch.from_numpy(theirs), atol=1e-10)


def test_regression_targets_sum_to_zero_and_soft_labels_pass():
    assert one_hot(torch.tensor([0, 2]), 4).sum(1).abs().max() < 1e-6
    soft = torch.rand(2, 4)
    assert torch.equal(one_hot(soft, 4), soft)


def test_the_gradient_of_a_linear_network_is_known_by_hand():
    net = network("linear", (2,), 3, generator(0, "net")).double()
    weights = {k: v.detach().requires_grad_() for k, v in net.named_parameters()}
    x = torch.randn(5, 2, generator=AT, dtype=torch.float64)
    found = class_gradient(net, weights, x, torch.full((5,), 0.2), 1, list(weights))
    residual = torch.softmax(net(x), 1) - torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)  # (5, 3)
    by_hand = {2: residual.T @ x / 5, 1: residual.mean(0)}
    for gradient in found:
        assert torch.allclose(gradient, by_hand[gradient.dim()], atol=1e-12)


def test_masked_points_give_no_gradient():
    net = network("mlp", (2,), 3, generator(0, "net"), width=8)
    weights = {k: v.detach().requires_grad_() for k, v in net.named_parameters()}
    x = torch.randn(4, 2, generator=AT)
    masked = torch.cat([x, torch.full((2, 2), 99.0)])
    mass = torch.tensor([0.25] * 4 + [0.0] * 2)
    sides = [class_gradient(net, weights, *side, 0, list(weights)) for side in ((x, mass[:4]), (masked, mass))]
    for a, b in zip(*sides, strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_row_cosine_counts_rows_and_skips_vectors():
    a = [torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), torch.tensor([5.0, 5.0, 5.0])]
    b = [torch.tensor([[3.0, 0.0], [0.0, -1.0], [1.0, -1.0]]), torch.tensor([-5.0, 0.0, 1.0])]
    assert float(DISTANCES["rows"](a, b)) == pytest.approx(0 + 2 + 1, abs=1e-5)  # same, opposite, orthogonal


def test_flat_cosine_and_squared_difference():
    a, b = [torch.tensor([[1.0, 0.0]]), torch.tensor([0.0])], [torch.tensor([[0.0, 1.0]]), torch.tensor([1.0])]
    assert float(DISTANCES["cosine"](a, b)) == pytest.approx(1.0)
    assert float(DISTANCES["cosine"](a, a)) == pytest.approx(0.0, abs=1e-5)
    assert float(DISTANCES["mse"](a, b)) == pytest.approx(3.0)


def test_matching_in_the_data_regime_is_the_divergence_itself(digits_real, digits_start):
    match = registry.build("discrepancy", {"name": "match", "divergence": "energy", "regime": "data", "cap": 20000})
    context = match.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
    state = match.begin(context, digits_start, generator(0, "b"))
    terms, _ = match.loss(context, state, digits_real.at(1), digits_start, generator(0, "l"))
    by_hand = 0.0
    whole = [(b.x, b.y) for b in digits_real.at(0).whole()]
    x, y = (torch.cat(part) for part in zip(*whole, strict=True))
    for c in range(10):
        real, fake = x[y == c].flatten(1).double(), digits_start.by_class().x[c].flatten(1).double()
        n, m = len(real), len(fake)
        within = torch.cdist(real, real).sum() / n**2 + torch.cdist(fake, fake).sum() / m**2
        by_hand += float(2 * torch.cdist(real, fake).mean() - within)
    assert float(terms["energy"]) == pytest.approx(by_hand, rel=1e-4)


def test_fresh_random_features_in_the_mean_estimate_the_pooled_ones(digits_real, digits_start):
    """DM's expectation over networks does not depend on how the networks are drawn (5 standard errors)."""
    drawn = {}
    for pool in (0, 60):
        regime = {"name": "random-features", "width": 8, "pool": pool}
        match = registry.build("discrepancy", {"name": "match", "divergence": "mean", "regime": regime, "batch": 500})
        context = match.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
        state, values = match.begin(context, digits_start, generator(0, "b")), []
        for i in range(60):
            with torch.no_grad():
                terms, state = match.loss(context, state, digits_real.at(i), digits_start, generator(0, "l", i))
            values.append(float(terms["mean"]))
        drawn[pool] = torch.tensor(values)
    spread = math.sqrt(sum(float(v.var()) / len(v) for v in drawn.values()))
    assert abs(float(drawn[0].mean() - drawn[60].mean())) < 5 * spread


def test_a_weighted_sum_adds_gradients_and_leaves_draws_alone(digits_real, digits_start):
    parts = [
        registry.build("discrepancy", {"name": "match", "divergence": d, "regime": "data"}) for d in ("energy", "mean")
    ]
    one, both = Weighted((parts[0],), (1.0,)), Weighted(tuple(parts), (2.0, 0.5))

    def run(d):
        context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
        state = d.begin(context, digits_start, generator(0, "b"))
        return d.gradient(context, state, digits_real.at(1), digits_start, generator(0, "l"))

    alone, (terms, gradients, _) = run(one), run(both)
    other = run(Weighted((parts[1],), (1.0,)))
    assert torch.allclose(gradients["images"], 2 * alone[1]["images"] + 0.5 * other[1]["images"], atol=1e-7)
    assert set(terms) == {"0/energy", "1/mean"}
    assert float(both.objective(terms)) == pytest.approx(2 * float(terms["0/energy"]) + 0.5 * float(terms["1/mean"]))


def test_real_samples_go_through_a_map_in_parts_that_memory_allows(monkeypatch, digits_real):
    regime = RandomFeatures(width=8)
    space = Space.of(digits_real)
    embed = regime.draw(space, generator(0, "net"))
    x = digits_real.at(0).batch(20).x
    whole = match.Match(regime=regime)._embed_classes(embed, x)
    one = 4 * regime.floats(space.shape)
    for cached, held, part in ((40 * one, one, 32), (one, 40 * one, 32), (one, 1000 * one, 64), (1, 1, 1)):
        monkeypatch.setattr(match, "CACHED", cached)
        monkeypatch.setattr(match, "HELD", held)
        sizes = []
        parted = match.Match(regime=regime)._embed_classes(lambda z, s=sizes: s.append(len(z)) or embed(z), x)
        assert set(sizes[:-1]) == {part}
        assert torch.allclose(parted, whole, rtol=1e-5, atol=1e-6)
    together = match.Match(regime=Attention(norm="batch"))._together(space.shape)
    assert together == match.CHUNK  # the statistics are those of the batch
