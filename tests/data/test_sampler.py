from dataclasses import replace

import pytest
import torch

from dcviz.data import dataset, sampler
from dcviz.data.sampler import Real
from dcviz.data.splits import make_split
from dcviz.types import Dataset

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def real(digits):
    return Real(digits, CPU, 0)


@pytest.fixture(scope="module")
def uneven(digits):
    """Classes of 3, 1 and 6 samples, interleaved."""
    y = torch.tensor([2, 0, 2, 1, 2, 0, 2, 2, 0, 2])
    x = torch.arange(10).float().reshape(10, 1, 1, 1).expand(10, 1, 2, 2) / 10
    split = make_split(x, y, first=100)
    small = Dataset("uneven", "uneven", ("a", "b", "c"), split, split, split, replace(digits.transform), "f")
    return Real(small, CPU, 0)


def same(a, b):
    return torch.equal(a.x, b.x) and torch.equal(a.id, b.id)


def test_draws_follow_from_seed_and_step_alone(digits, real):
    again = Real(digits, CPU, 0)
    assert same(real.at(5).batch(16), again.at(5).batch(16))
    assert same(real.at(5).shuffled(64), again.at(5).shuffled(64))
    assert not same(real.at(5).batch(16), real.at(6).batch(16))
    assert not same(real.at(5).batch(16), Real(digits, CPU, 1).at(5).batch(16))
    view = real.at(5)
    assert not same(view.batch(16), view.batch(16))  # one stream within a step


def test_a_batch_has_distinct_transformed_samples_of_each_class(digits, real):
    batch = real.at(0).batch(40)
    assert batch.x.shape == (10, 40, 1, 8, 8)
    assert torch.allclose(batch.weights.sum(1), torch.ones(10))
    place = {int(i): n for n, i in enumerate(digits.train.id)}
    for c in range(10):
        assert len(set(batch.id[c].tolist())) == 40
        at = torch.tensor([place[i] for i in batch.id[c].tolist()])
        assert (digits.train.y[at] == c).all()
        assert torch.allclose(batch.x[c], digits.transform.forward(digits.train.x[at]))


def test_every_sample_is_equally_likely(uneven):
    seen = torch.zeros(110)
    for step in range(600):
        batch = uneven.at(step).batch(2)
        seen[batch.id[batch.id >= 0]] += 1
    # class a: 2 of 3; b: always; c: 2 of 6. Standard error of 600 draws: at most 0.02
    expected = torch.tensor([1 / 3, 2 / 3, 1 / 3, 1, 1 / 3, 2 / 3, 1 / 3, 1 / 3, 2 / 3, 1 / 3])
    assert (seen[100:] / 600 - expected).abs().max() < 0.08


def test_a_small_class_comes_whole_and_masked(uneven):
    batch = uneven.at(3).batch(4)
    assert batch.x.shape == (3, 4, 1, 2, 2)
    assert (batch.weights > 0).sum(1).tolist() == [3, 1, 4]
    assert torch.allclose(batch.weights.sum(1), torch.ones(3))
    padding = batch.weights == 0
    assert (batch.id[padding] == -1).all()
    assert (batch.x[padding] == 0).all()
    assert set(batch.id[0].tolist()) == {101, 105, 108, -1}
    x, y = batch.flat()
    assert len(x) == 8
    assert y.tolist() == [0, 0, 0, 1, 2, 2, 2, 2]


def test_all_that_fits_comes_in_the_order_of_the_source_and_draws_nothing(uneven):
    view = uneven.at(0)
    batch = view.batch(6)
    assert batch.id.tolist() == [[101, 105, 108, -1, -1, -1], [103] + [-1] * 5, [100, 102, 104, 106, 107, 109]]
    assert same(batch, uneven.at(9).batch(100))
    assert same(view.shuffled(5), uneven.at(0).shuffled(5))


def test_whole_shuffled_and_poisson_cover_what_they_say(digits, real):
    whole = list(real.at(0).whole(500))
    assert [len(b.y) for b in whole] == [500, 500, 211]
    assert torch.equal(torch.cat([b.id for b in whole]), digits.train.id)
    assert torch.equal(torch.cat([b.y for b in whole]), digits.train.y)
    assert torch.allclose(torch.cat([b.x for b in whole]), digits.transform.forward(digits.train.x))
    some = real.at(0).shuffled(300)
    assert len(set(some.id.tolist())) == 300
    assert len(real.at(0).shuffled(10**6).y) == 1211
    sizes = torch.tensor([len(real.at(s).poisson(0.1).y) for s in range(200)]).float()
    assert sizes.mean() == pytest.approx(121.1, abs=4)  # standard error 0.74
    assert sizes.var() == pytest.approx(1211 * 0.09, rel=0.4)  # binomial
    assert len(real.at(0).poisson(0.0).y) == 0
    assert real.at(0).poisson(0.0).x.shape == (0, 1, 8, 8)


def test_facts_for_discrepancies(digits, real):
    view = real.at(0)
    assert view.shape == (1, 8, 8)
    assert view.fingerprint == digits.fingerprint
    assert view.device == CPU
    assert view.counts.tolist() == torch.bincount(digits.train.y).tolist()


def test_large_sets_are_transformed_batch_by_batch_with_the_same_result(digits, real, monkeypatch):
    monkeypatch.setattr(sampler, "RESIDENT", 0)
    lean = Real(digits, CPU, 0)
    assert lean._resident is None
    for draw in (lambda r: r.at(2).batch(7), lambda r: r.at(2).shuffled(9), lambda r: r.at(2).poisson(0.01)):
        assert torch.allclose(draw(lean).x, draw(real).x)


def test_bytes_and_planar_points_are_sampled_alike(digits):
    stored = replace(digits, train=replace(digits.train, x=(digits.train.x * 255).round().to(torch.uint8)))
    assert (Real(stored, CPU, 0).at(0).batch(5).x - Real(digits, CPU, 0).at(0).batch(5).x).abs().max() < 0.01
    batch = Real(dataset("moons"), CPU, 0).at(0).batch(5)
    assert batch.x.shape == (2, 5, 2)
