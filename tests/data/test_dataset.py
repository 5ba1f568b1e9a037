import numpy as np
import pytest
import torch

from dcviz.data import catalogue, dataset
from dcviz.data.splits import hashed, proportional
from dcviz.errors import Refused
from dcviz.records import DataConfig

TOYS = [i for i in catalogue() if i.planar]


def ids(part):
    return set(part.id.tolist())


def counts(part, classes=10):
    return torch.bincount(part.y, minlength=classes)


def test_digits_have_the_sizes_and_values_of_their_description(digits):
    assert len(digits.train) + len(digits.held_out) == 1347
    assert len(digits.test) == 450
    assert digits.shape == (1, 8, 8)
    assert not digits.planar
    for part in (digits.train, digits.held_out, digits.test):
        assert part.x.dtype == torch.float32
        assert part.y.dtype == part.id.dtype == torch.int64
        assert part.x.min() == 0
        assert part.x.max() == 1


def test_digits_are_scikit_learns(digits):
    from sklearn.datasets import load_digits

    known = load_digits()
    for part in (digits.train, digits.held_out, digits.test):
        assert np.array_equal(part.x[:, 0].numpy() * 16, known.images[part.id.numpy()])
        assert np.array_equal(part.y.numpy(), known.target[part.id.numpy()])


def test_splits_are_disjoint_and_cover_the_source(digits):
    train, held, test = map(ids, (digits.train, digits.held_out, digits.test))
    assert not train & held
    assert not train & test
    assert not held & test
    assert train | held | test == set(range(1797))


def test_splits_are_stratified(digits):
    whole = sum(counts(p) for p in (digits.train, digits.held_out, digits.test))
    assert (counts(digits.test) - whole * 450 / 1797).abs().max() < 1
    assert (counts(digits.held_out) - (whole - counts(digits.test)) / 10).abs().max() <= 0.5


def test_the_fingerprint_is_the_same_everywhere(digits):
    # computed once on Linux, x86-64, torch 2.15: bundled baselines are stored under it
    assert digits.fingerprint == "b223044f5d5304b4676dd8a93572cd86"
    assert dataset("checkerboard").fingerprint == "f2054507c53a057735b6c34417df5b24"


def test_the_fingerprint_tells_transform_size_and_classes_apart(digits):
    others = [
        DataConfig(transform="zca"),
        DataConfig(size=500),
        DataConfig(size=500, seed=1),
        DataConfig(classes=("0", "1")),
    ]
    marks = {dataset(c).fingerprint for c in others} | {digits.fingerprint}
    assert len(marks) == 5


def test_the_seed_moves_neither_the_test_nor_the_held_out_part(digits):
    other = dataset(DataConfig(size=300, seed=7))
    assert ids(other.test) == ids(digits.test)
    assert ids(other.held_out) == ids(digits.held_out)
    assert ids(other.train) < ids(digits.train)


def test_a_chosen_size_is_met_and_keeps_the_proportions(digits):
    thin = dataset(DataConfig(size=333))
    assert len(thin.train) == 333
    assert (counts(thin.train) - counts(digits.train) * 333 / 1211).abs().max() < 1
    assert len(dataset(DataConfig(size=10_000)).train) == 1211  # no more than there is


def test_chosen_classes_are_renumbered_in_the_order_of_the_source(digits):
    pair = dataset(DataConfig(classes=("8", "3")))
    assert pair.classes == ("3", "8")
    for part in (pair.train, pair.held_out, pair.test):
        assert set(part.y.tolist()) == {0, 1}
    where = {int(i): int(y) for i, y in zip(digits.train.id, digits.train.y, strict=True)}
    assert [where[i] for i in pair.train.id.tolist()] == [(3, 8)[y] for y in pair.train.y.tolist()]


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (DataConfig("digts"), "no data set 'digts'; did you mean 'digits'.*cifar10.*moons"),
        (DataConfig(classes=("0", "ten")), "no class of digits 'ten'.*Known: 0, 1"),
        (DataConfig(classes=("0",)), "1 class of digits was chosen; choose at least 2"),
        (DataConfig(classes=("0", "0")), "choose at least 2"),
        (DataConfig(classes=()), "no class of digits was chosen; choose at least 2"),
        (DataConfig(size=19), "19 real samples for 10 classes is too few: give at least 20"),
        (DataConfig(size=-1), "too few"),
        (DataConfig(noise=0.1), "noise is a property of the planar sets"),
        (DataConfig("moons", noise=-0.1), "noise of -0.1 is out of range"),
        (DataConfig("moons", noise=float("nan")), "out of range"),
        (DataConfig("moons", size=3), "3 points of moons are out of range: choose from 4 to 200,000"),
        (DataConfig("moons", size=10**9), "out of range"),
        (DataConfig(transform="pca"), "no transform 'pca'.*Known: none, normalise, zca"),
    ],
)
def test_bad_configurations_are_refused_with_the_cure(config, text):
    with pytest.raises(Refused, match=text):
        dataset(config)


@pytest.mark.parametrize("info", TOYS, ids=lambda i: i.name)
def test_planar_sets_are_as_declared(info):
    toy = dataset(info.name)
    assert (toy.shape, toy.classes, toy.planar) == ((2,), info.classes, True)
    assert (len(toy.train), len(toy.test)) == (info.train, info.test)
    assert counts(toy.train, 2).tolist() == [1000, 1000]
    assert not ids(toy.train) & ids(toy.held_out)
    assert not ids(toy.train) & ids(toy.test)
    assert toy.train.x.abs().max() < 1.5
    assert toy.train.x.abs().amax(0).min() > 0.6
    assert dataset(DataConfig(info.name, seed=1)).fingerprint != toy.fingerprint


@pytest.mark.parametrize("info", TOYS, ids=lambda i: i.name)
def test_the_classes_of_a_noiseless_figure_can_be_told_apart_by_neighbours(info):
    from sklearn.neighbors import KNeighborsClassifier

    toy = dataset(DataConfig(info.name, noise=0.0))
    found = KNeighborsClassifier(1).fit(toy.train.x, toy.train.y).score(toy.test.x, toy.test.y)
    assert found > 0.95


def test_figures_have_their_shape():
    rings = dataset(DataConfig("rings", noise=0.0)).train
    assert torch.allclose(rings.x.norm(dim=1), 1 / (1 + rings.y.float()), atol=1e-5)
    eight = dataset(DataConfig("eight-gaussians", noise=0.0)).train
    assert len(eight.x.mul(1e4).round().unique(dim=0)) == 8
    board = dataset(DataConfig("checkerboard", noise=0.0)).train
    fields = ((board.x + 1) * 2).floor().long()
    assert torch.equal((fields.sum(1) + board.y) % 2, torch.zeros(2000, dtype=torch.long))
    assert len(fields.unique(dim=0)) == 16
    moons = dataset(DataConfig("moons", noise=0.0)).train
    centres = torch.tensor([[-0.5, -0.25], [0.5, 0.25]])[moons.y] / 1.5
    assert torch.allclose((moons.x - centres).norm(dim=1), torch.tensor(2 / 3), atol=1e-5)


def test_noise_has_the_declared_standard_deviation():
    quiet, loud = (dataset(DataConfig("rings", noise=s)).train.x for s in (0.0, 0.2))
    assert (loud - quiet).std() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize(("given", "total"), [([5, 5, 90], 10), ([1, 3, 1000], 50), ([7, 7, 7], 10), ([100] * 10, 20)])
def test_proportional_shares_sum_up_and_respect_floor_and_stock(given, total):
    given = np.array(given)
    share = proportional(given, total)
    assert share.sum() == total
    assert (share >= np.minimum(2, given)).all()
    assert (share <= given).all()


def test_hashes_are_those_of_splitmix64():
    # Vigna's splitmix64.c seeded with s yields, as its n-th output, the mix of s + n·golden
    from dcviz.randomness import derived_seed

    mask, s = 2**64 - 1, derived_seed(3, "which samples")

    def mixed(n):
        z = (s + n * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    assert hashed(np.arange(50), 3).tolist() == [mixed(n) for n in range(50)]


def test_progress_is_told_and_may_cancel(monkeypatch):
    from dcviz import data
    from dcviz.errors import Cancelled

    monkeypatch.setattr(data, "_cache", {})
    heard = []
    dataset("digits", lambda what, fraction: heard.append((what, fraction)))
    assert heard[-1] == ("data ready", 1.0)

    def stop(what, fraction):
        raise Cancelled

    with pytest.raises(Cancelled):
        dataset("moons", stop)


def test_the_data_used_last_stay_in_memory(monkeypatch):
    from dcviz import data

    monkeypatch.setattr(data, "_cache", {})
    first = dataset("digits")
    for name in ("moons", "rings", "spirals"):
        dataset(name)
        assert dataset("digits") is first  # used again, it is not the one to go
    assert len(data._cache) == data.KEPT


def test_the_catalogue_agrees_with_what_is_loaded(digits):
    info = catalogue()[0]
    assert (info.name, info.title, info.classes, info.shape) == ("digits", digits.title, digits.classes, digits.shape)
    assert info.train == len(digits.train) + len(digits.held_out)
    assert info.test == len(digits.test)
    assert len({i.name for i in catalogue()}) == 13


def test_the_same_configuration_is_loaded_once(digits):
    assert dataset("digits") is dataset(DataConfig("digits"))
    assert dataset(DataConfig(classes=["3", "8"])) is dataset(DataConfig(classes=("3", "8")))
