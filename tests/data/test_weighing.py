"""T with its groups weighed: masses, counts and frequencies against NumPy."""

import numpy as np
import pytest
import torch

from dcviz.data import dataset
from dcviz.data.sampler import Real
from tests.grouped import group_of

MASS = torch.tensor([[0.5, 0.5], [0.9, 0.1]])


@pytest.fixture(scope="module")
def data():
    return dataset("moons-minority")


@pytest.fixture(scope="module")
def source(data):
    return Real(data, torch.device("cpu"), 0)


def by_cell(data, batch):
    """Mass and number of samples of each class and group ``(C, G)``."""
    mass, number = np.zeros((2, 2)), np.zeros((2, 2), int)
    for c in range(2):
        for w, i in zip(batch.weights[c].tolist(), batch.id[c].tolist(), strict=True):
            if i >= 0:
                g = int(group_of(data, torch.tensor([i])))
                mass[c, g] += w
                number[c, g] += 1
    return mass, number


@pytest.mark.parametrize("size", [10, 128, 500, 5000])
def test_a_batch_has_the_masses_exactly(data, source, size):
    real = source.at(3)
    mass, number = by_cell(data, real.weighed(MASS).batch(size))
    assert mass == pytest.approx(MASS.numpy(), abs=1e-6)
    assert (number >= 1).all()
    assert (number.sum(1) <= size).all()
    assert (number <= source.group_counts.numpy()).all()
    wanted = np.minimum(size * MASS.numpy(), source.group_counts.numpy())
    assert (number >= np.floor(wanted).clip(1)).all()  # a large cell gets what a small one lacks
    if size >= 128:
        assert number[0, 1] == 30  # the whole small cell
    if size <= 970:
        assert number.sum(1).tolist() == [size, size] or number[1].sum() == size


def test_no_sample_comes_twice_and_classes_are_right(source):
    real = source.at(1)
    batch = real.weighed(MASS).batch(200)
    y = {int(i): int(c) for i, c in zip(source.id, source.y, strict=True)}
    for c in range(2):
        ids = [i for i in batch.id[c].tolist() if i >= 0]
        assert len(ids) == len(set(ids))
        assert {y[i] for i in ids} == {c}


def test_draws_repeat_themselves_and_differ_by_step(source):
    first, again, other = (source.at(step).weighed(MASS).batch(20).id for step in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_shuffled_batch_has_the_frequencies(data, source):
    mass = MASS * torch.tensor([[0.2], [0.8]])
    real = source.at(0)
    batch = real.weighed(mass).shuffled(4000)
    found = np.zeros((2, 2))
    np.add.at(found, (batch.y.numpy(), group_of(data, batch.id).numpy()), 1 / 4000)
    assert found == pytest.approx(mass.numpy(), abs=1 / 4000)  # drawn evenly, not by luck alone
    first = batch.id[:400]
    assert 0.02 < (group_of(data, first) == 1).float().mean() < 0.35  # and in no order


def test_a_group_alone_comes_whole_and_once(data, source):
    real = source.at(0)
    view = real.weighed(source.group_counts * torch.tensor([0, 1]))
    batch = view.shuffled(1000)
    assert sorted(batch.id.tolist()) == sorted(source.id[group_of(data, source.id) == 1].tolist())
    assert len(set(view.shuffled(20).id.tolist())) == 20
    assert view.batch(1000).present is None


def test_a_class_without_mass_is_absent(source):
    batch = source.at(0).weighed(torch.tensor([[0.0, 0.0], [1.0, 1.0]])).batch(50)
    assert batch.present == (1,)
    assert float(batch.weights[0].sum()) == 0
    assert (batch.id[0] == -1).all()
    assert float(batch.weights[1].sum()) == pytest.approx(1)


def test_the_whole_and_the_counts_stay_those_of_t(source):
    real = source.at(0)
    view = real.weighed(MASS)
    assert torch.equal(torch.cat([b.id for b in view.whole()]), source.id)
    assert torch.equal(view.counts, real.counts)
    assert view.fingerprint == real.fingerprint
    assert view.score is None  # that of T as it is
    assert len(view.poisson(1.0).id) == 2000
