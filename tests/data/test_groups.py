"""Imbalance and groups of the real data, against NumPy."""

import numpy as np
import pytest
import torch

from dcviz.data import dataset
from dcviz.data.imbalance import profile
from dcviz.data.sampler import Real
from dcviz.data.toy import minority_of
from dcviz.errors import Refused
from dcviz.records import DataConfig, from_json, to_json
from dcviz.runs.view import view_key
from tests.grouped import group_of


def counts(data):
    return np.bincount(data.train.y.numpy(), minlength=len(data.classes))


@pytest.fixture
def column(tmp_path, digits):
    """Digits by whether the upper half is the darker one: one name for each of the 1,797 images."""
    from sklearn.datasets import load_digits

    images = load_digits().images
    names = np.where(images[:, :4].sum((1, 2)) > images[:, 4:].sum((1, 2)), "top", "bottom")
    np.savez(tmp_path / "groups.npz", train=names, test=names)
    return tmp_path / "groups.npz", names


def test_a_long_tail_has_the_exponential_profile(digits):
    tail = dataset(DataConfig(imbalance=20.0))
    found, whole = counts(tail), counts(digits)
    shape = 20.0 ** (-np.arange(10) / 9)
    largest = (whole / shape).min()
    assert np.abs(found - largest * shape).max() <= 0.5
    assert found[0] / found[-1] == pytest.approx(20, rel=0.1)
    assert (np.diff(found) < 0).all()  # classes keep their order
    assert set(tail.train.id.tolist()) < set(digits.train.id.tolist())
    for part in ("test", "held_out"):
        assert torch.equal(getattr(tail, part).id, getattr(digits, part).id)


def test_a_profile_never_asks_for_more_than_there_is():
    whole = np.array([50, 100, 100, 10])
    found = profile(whole, 2.0)
    assert (found <= whole).all()
    assert found[0] == pytest.approx(2 * found[-1], abs=1)


def test_which_samples_are_kept_follows_from_the_seed_alone():
    one, again, other = (dataset(DataConfig(imbalance=10.0, seed=s)).train.id for s in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_old_configurations_keep_their_text_and_their_view():
    assert to_json(DataConfig()) == '{"classes": null, "name": "digits", "noise": null, "path": null, "seed": 0, ' + (
        '"size": null, "transform": "normalise"}'
    )
    config = DataConfig(imbalance=3.0, groups="/x.npz", minority=0.1)
    assert from_json(DataConfig, to_json(config)) == config
    assert len({view_key(DataConfig()), view_key(DataConfig(imbalance=3.0)), view_key(config)}) == 3


def test_without_a_column_the_classes_are_the_groups(digits):
    assert digits.column is None
    assert digits.groups.names == digits.classes
    assert torch.equal(digits.groups.train, digits.train.y)
    real = Real(digits, torch.device("cpu"), 0).at(0)
    assert torch.equal(real.group_counts, torch.diag(real.counts))


def test_a_column_of_the_source_follows_the_samples(column, digits):
    file, names = column
    data = dataset(DataConfig(groups=str(file), imbalance=4.0))
    assert data.groups.names == ("bottom", "top")
    for part, of in ((data.train, data.groups.train), (data.test, data.groups.test)):
        assert [data.groups.names[g] for g in of.tolist()] == names[part.id.numpy()].tolist()
    real = Real(data, torch.device("cpu"), 0).at(0)
    for batch in (real.shuffled(50), next(real.whole(100))):
        told = [data.groups.names[g] for g in group_of(data, batch.id).tolist()]
        assert told == names[batch.id.numpy()].tolist()
    table = np.zeros((10, 2), int)
    np.add.at(table, (data.train.y.numpy(), data.groups.train.numpy()), 1)
    assert np.array_equal(real.group_counts.numpy(), table)


def test_a_column_changes_the_fingerprint_and_another_file_is_read_anew(column, digits):
    file, names = column
    first = dataset(DataConfig(groups=str(file)))
    assert first.fingerprint != digits.fingerprint
    np.savez(file, train=names[::-1], test=names[::-1], more=np.zeros(9))
    assert dataset(DataConfig(groups=str(file))).fingerprint != first.fingerprint


def test_two_moons_with_a_small_group():
    data = dataset("moons-minority")
    small = data.groups.train == data.groups.names.index("minority")
    assert data.groups.names == ("majority", "minority")
    assert [int((small & (data.train.y == c)).sum()) for c in (0, 1)] == [30, 30]
    assert int((data.groups.test == 1).sum()) == 150
    assert float(data.train.x[small, 0].min()) > -0.2  # beyond the upper moon, side by side
    upper, lower = (data.train.x[small & (data.train.y == c)].mean(0) for c in (0, 1))
    assert (lower - upper).tolist() == pytest.approx([0.44, 0], abs=0.15)
    tenth = dataset(DataConfig("moons-minority", minority=0.1))
    assert tenth.groups.train.sum() == 200
    assert dataset(DataConfig("moons-minority", minority=0.0)).column is None
    assert minority_of(2000, 2, 0.5).sum() == 1000


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (DataConfig(imbalance=0.5), "imbalance of 0.5 is out of range: 1 leaves the data as it is"),
        (DataConfig(imbalance=float("nan")), "out of range"),
        (DataConfig(imbalance=1000.0), r"leaves class '9' \d real samples, and it needs 2: give at most \d+"),
        (DataConfig("moons", minority=0.1), "two moons have no small group.*choose moons-minority"),
        (DataConfig("moons-minority", minority=0.7), "minority of 0.7 is out of range.*at most 0.5"),
        (DataConfig("moons-minority", minority=1e-4), "at least one of 1000 points"),
        (DataConfig(groups="/nowhere/groups.npz"), "there is no file.*train and test"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_cure(config, text):
    with pytest.raises(Refused, match=text):
        dataset(config)


def test_the_largest_imbalance_that_is_named_can_be_had():
    with pytest.raises(Refused) as refusal:
        dataset(DataConfig(imbalance=1000.0))
    most = float(str(refusal.value).split("at most ")[1].split(",")[0])
    assert counts(dataset(DataConfig(imbalance=most)))[-1] == 2


def test_a_group_that_the_choice_of_data_empties_is_refused(tmp_path, digits):
    names = np.where(np.isin(np.arange(1797), [*digits.train.id[:2].tolist(), *digits.test.id[:2].tolist()]), "a", "b")
    np.savez(tmp_path / "g.npz", train=names, test=names)
    dataset(DataConfig(groups=str(tmp_path / "g.npz")))
    with pytest.raises(Refused, match="group 'a' has no training sample.*take more of the data"):
        dataset(DataConfig(groups=str(tmp_path / "g.npz"), size=20))
    np.savez(tmp_path / "one.npz", train=np.zeros(1797), test=np.zeros(1797))
    with pytest.raises(Refused, match="one group only"):
        dataset(DataConfig(groups=str(tmp_path / "one.npz")))
