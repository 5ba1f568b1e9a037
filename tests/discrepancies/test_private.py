"""The mechanisms against what is known of them: sensitivities by brute force, the energy of the noise, plain steps."""

import dataclasses
import math

import pytest
import torch

from dcviz import registry
from dcviz.data import dataset
from dcviz.data.confidential import Confidential
from dcviz.data.secret import Key, Secret
from dcviz.discrepancies.gradients.distances import DISTANCES
from dcviz.discrepancies.private.gradients import PrivateGradients, clipped_sum
from dcviz.errors import Refused
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.types import Split, silent

CPU = torch.device("cpu")
RELEASES = [
    {"name": "private-embedding", "frequencies": 20},
    {"name": "private-embedding", "frequencies": 20, "weights": "released"},
    {"name": "private-means", "width": 8, "networks": 3},
    {"name": "private-means", "width": 8, "clip": 0.05},  # all are cut
]


def rows_of(x, y):
    return Split(torch.as_tensor(x), torch.as_tensor(y), torch.arange(len(y)))


def confidential(rows, key=None, public="moons", seed=0):
    return Confidential(rows, dataset(public), CPU, seed, None, key=key or Key())


def silence(monkeypatch):
    monkeypatch.setattr(Secret, "normal", lambda self, shape, *question: torch.zeros(shape, dtype=torch.float64))


def prepared(d, real, start):
    return d.prepare(real.at(0), start.plan(), generator(0, "prepare"), silent)


@pytest.mark.parametrize("params", RELEASES, ids=lambda p: "-".join(map(str, p.values())))
def test_no_neighbour_moves_a_release_by_more_than_the_noise_was_made_for(params, moons_start, monkeypatch):
    """One row in turn replaced by hostile ones, in its own class and in the other."""
    silence(monkeypatch)
    d = registry.build("discrepancy", {**params, "delta": 1e-3})
    x, y = torch.randn(6, 2, generator=generator(0, "x")), torch.tensor([0, 1, 0, 1, 0, 1])
    hostile = [[0.0, 0.0], [1e30, -1e30], [3e38, 3e38], [math.inf, 0.0], [math.nan, 1.0], [-5.0, 5.0], [1e-30, 0]]
    before = prepared(d, confidential(rows_of(x, y)), moons_start)
    same = other = 0.0
    for i in range(len(y)):
        for value in hostile:
            for label in (0, 1):
                x2, y2 = x.clone(), y.clone()
                x2[i], y2[i] = torch.tensor(value), label
                after = prepared(d, confidential(rows_of(x2, y2)), moons_start)
                moved = float((after["means"] - before["means"]).norm())
                assert math.isfinite(moved)
                same, other = (max(same, moved), other) if label == y[i] else (same, max(other, moved))
    N, slack = len(y), 1 + 1e-5
    assert same <= 2 / N * slack
    assert other <= math.sqrt(2) / N * slack
    assert max(same, other) > 0.8 / N, "the neighbours did something"


def test_neighbours_in_opposite_places_reach_the_sensitivity(moons_start, monkeypatch):
    """2/N is not only a bound: one frequency, half a turn apart."""
    silence(monkeypatch)
    d = registry.build("discrepancy", {"name": "private-embedding", "frequencies": 1, "delta": 1e-3})
    d = dataclasses.replace(d, bandwidth=1.0)
    x, y = torch.zeros(5, 2), torch.tensor([0, 1, 0, 1, 0])
    one = prepared(d, confidential(rows_of(x, y)), moons_start)
    found = 0.0
    for angle in torch.linspace(0, 2 * math.pi, 400):
        x2 = x.clone()
        x2[0] = 6 * torch.tensor([float(angle.cos()), float(angle.sin())])
        two = prepared(d, confidential(rows_of(x2, y)), moons_start)
        found = max(found, float((two["means"] - one["means"]).norm()))
    assert 1.9 / 5 < found <= 2 / 5 * (1 + 1e-5)


def test_the_energy_of_the_noise_is_that_of_the_formula(moons_start, monkeypatch):
    D, N, draws = 50, 200, 40
    d = registry.build("discrepancy", {"name": "private-embedding", "frequencies": D})
    rows = rows_of(torch.randn(N, 2), torch.arange(N) % 2)
    noisy = [prepared(d, confidential(rows), moons_start)["means"] for _ in range(draws)]
    silence(monkeypatch)
    true = prepared(d, confidential(rows), moons_start)["means"]
    energies = torch.tensor([float((m - true).square().sum()) for m in noisy])
    expected = 2 * 2 * D * (2 * 3.7306 / N) ** 2
    error = expected * math.sqrt(2 / (4 * D)) / math.sqrt(draws)  # of a mean of chi squares
    assert abs(float(energies.mean()) - expected) < 4 * error


def test_shares_are_released_with_noise_of_their_own(moons_start):
    d = registry.build("discrepancy", {"name": "private-embedding", "weights": "released", "epsilon": 5.0})
    rows = rows_of(torch.randn(2000, 2), torch.tensor([0] * 400 + [1] * 1600))
    context = prepared(d, confidential(rows), moons_start)
    assert context["shares"][0] == pytest.approx(0.2, abs=0.05)
    assert float(context["shares"][0]) != 0.2
    plain, both = dataclasses.replace(d, weights="equal").noise(2000), d.noise(2000)
    assert both["means"] == pytest.approx(math.sqrt(2) * plain["means"]), "two releases share the budget"
    assert both["shares"] == pytest.approx(both["means"] / math.sqrt(2)), "sensitivity √2/N instead of 2/N"
    equal = prepared(dataclasses.replace(d, weights="equal"), confidential(rows), moons_start)
    assert equal["shares"].tolist() == [0.5, 0.5], "the true ones have no part in it"


def test_the_same_question_has_the_same_answer_and_another_one_other_noise(moons_start):
    d = registry.build("discrepancy", {"name": "private-embedding"})
    rows, key = rows_of(torch.randn(100, 2), torch.arange(100) % 2), Key()
    first = prepared(d, confidential(rows, key), moons_start)
    again = prepared(d, confidential(rows, key), moons_start)
    assert torch.equal(first["means"], again["means"])
    assert first["mark"] == again["mark"]
    changed = rows_of(rows.x.clone(), rows.y)
    changed.x[0, 0] += 1e-3
    others = [
        prepared(d, confidential(rows), moons_start),  # another key
        prepared(d, confidential(changed, key), moons_start),
        prepared(dataclasses.replace(d, epsilon=1.01), confidential(rows, key), moons_start),
    ]
    for other in others:
        assert other["mark"] != first["mark"]
        assert float((other["means"] - first["means"]).norm()) > 0.01, "not the same noise on other sums"
        with pytest.raises(Refused, match="release them a second time"):
            d.refuse_stale(other, d.begin(first, moons_start, generator(0, "begin")))


def test_no_seed_gives_the_noise_away(moons_start):
    """Nor is there a generator of few seeds behind it: 10,000 normal numbers look normal, and keys make them."""
    a, b = Secret(Key().bytes, b"rows"), Secret(Key().bytes, b"rows")
    numbers = a.normal((100, 100), "question")
    assert torch.equal(numbers, a.normal((100, 100), "question"))
    assert not torch.equal(numbers, b.normal((100, 100), "question"))
    assert abs(float(numbers.mean())) < 0.05
    assert float(numbers.std()) == pytest.approx(1, abs=0.05)
    assert float(numbers.abs().max()) < 6
    assert Key() != Key()
    assert "bytes" not in repr(Key())


def test_private_rows_answer_only_what_is_accounted():
    real = confidential(rows_of(torch.randn(30, 2), torch.zeros(30).long()))
    sampler = real.at(1)
    for ask in (lambda: sampler.batch(2), lambda: sampler.shuffled(2)):
        with pytest.raises(Refused, match="without an account"):
            ask()
    assert sampler.counts.tolist() == [15, 15], "how many there are of a class is private"
    assert len(torch.cat([b.y for b in sampler.whole(7)])) == sampler.size == 30
    sizes = [len(real.at(step).poisson(0.3).y) for step in range(200)]
    assert 7 < sum(sizes) / 200 < 11
    assert len(set(sizes)) > 5
    assert not torch.equal(
        real.at(1).poisson(0.3).id,
        confidential(rows_of(torch.randn(30, 2), torch.zeros(30).long())).at(1).poisson(0.3).id,
    )


def test_a_step_without_noise_and_clipping_is_the_plain_one(moons_start, monkeypatch):
    """All rows, no noise, no bound: the gradient in S is that of autograd through two plain mean gradients."""
    silence(monkeypatch)
    d = PrivateGradients(rate=1.0, clip=1e6, releases=3, delta=1e-3, distance="mse", width=8)
    rows = rows_of(torch.randn(40, 2), torch.arange(40) % 2)
    real = confidential(rows)
    context = prepared(d, real, moons_start)
    state = d.begin(context, moons_start, generator(0, "begin"))
    terms, gradients, after = d.gradient(context, state, real.at(1), moons_start, generator(0, "loss"))

    net = network("mlp", (2,), 2, generator(0, "loss"), width=8)
    weights = list(net.parameters())
    model_space = dataset("moons").transform.forward(rows.x)
    true = torch.autograd.grad(torch.nn.functional.cross_entropy(net(model_space), rows.y), weights)
    x = moons_start.parameters["images"].clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(net(x), moons_start.classes)
    fake = torch.autograd.grad(loss, weights, create_graph=True)
    plain = DISTANCES["mse"](list(true), list(fake))
    assert float(terms["gradients"].detach()) == pytest.approx(float(plain.detach()), rel=1e-4)
    assert torch.allclose(gradients["images"], torch.autograd.grad(plain, x)[0], atol=1e-6)
    assert after["releases"] == 1


def test_no_row_moves_the_sum_by_more_than_the_clip():
    net = network("mlp", (2,), 2, generator(0, "net"), width=8)
    weights = {k: v.detach() for k, v in net.named_parameters()}
    x, y = 3 * torch.randn(8, 2, generator=generator(0, "x")), torch.arange(8) % 2
    whole = clipped_sum(net, weights, x, y, 0.1)

    def apart(a, b):
        return math.sqrt(sum(float((a[k] - b[k]).square().sum()) for k in a))

    for i in range(8):
        kept = torch.arange(8) != i
        assert apart(whole, clipped_sum(net, weights, x[kept], y[kept], 0.1)) <= 0.1 * (1 + 1e-5)
    for value in ([1e30, 1e30], [math.inf, 0.0], [math.nan, 0.0]):
        more = clipped_sum(net, weights, torch.cat([x, torch.tensor([value])]), torch.cat([y, y[:1]]), 0.1)
        assert apart(whole, more) <= 0.1 * (1 + 1e-5)
    assert (
        apart(clipped_sum(net, weights, x[:0], y[:0], 0.1), {k: torch.zeros_like(v) for k, v in weights.items()}) == 0
    )


def test_steps_beyond_those_that_share_the_budget_are_refused(moons_start):
    d = PrivateGradients(releases=2, width=8, delta=1e-4)
    real = confidential(rows_of(torch.randn(60, 2), torch.arange(60) % 2))
    context = prepared(d, real, moons_start)
    state = d.begin(context, moons_start, generator(0, "begin"))
    spent = [d.spent(context, state)]
    for step in (1, 2):
        _, state = d.loss(context, state, real.at(step), moons_start, generator(0, "loss", step))
        state = d.advance(context, state, real.at(step), moons_start, generator(0, "advance", step))
        spent.append(d.spent(context, state))
    assert spent[0] == 0
    assert spent[0] < spent[1] < spent[2] <= 1.0
    with pytest.raises(Refused, match="all 2 steps that share ε = 1 are done"):
        d.loss(context, state, real.at(3), moons_start, generator(0, "loss", 3))
