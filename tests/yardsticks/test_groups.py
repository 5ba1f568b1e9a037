"""Rows of the groups beside the yardsticks."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from dcviz.data import dataset
from dcviz.embed import pixels_view, reference
from dcviz.evaluation import run_to_end
from dcviz.records import DataConfig
from dcviz.runs.configure import configure
from dcviz.runs.service import open_job
from dcviz.runs.store import Store
from dcviz.runs.worker import drive
from dcviz.yardsticks import BY_GROUP, panel


@pytest.fixture(scope="module")
def data():
    return dataset("moons-minority")


@pytest.fixture(scope="module")
def made(data):
    return run_to_end(panel(data, 10, run_to_end(reference(data, pixels_view(data)))))


def sample(data, groups, count=10):
    """The first real points of both classes in these groups, and their classes."""
    chosen = [
        ((data.train.y == c) & torch.isin(data.groups.train, torch.tensor(groups))).nonzero()[:count, 0] for c in (0, 1)
    ]
    x = data.transform.forward(data.train.x[torch.cat(chosen)])
    return x, data.train.y[torch.cat(chosen)]


def test_a_row_is_the_energy_distance_from_the_group(data, made):
    x, y = sample(data, [0])
    found = made.distances(x, y)
    assert list(found) == ["majority", "minority"]
    real = data.transform.forward(data.train.x).double().numpy()
    expected = 0.0
    for c in (0, 1):
        t = real[((data.train.y == c) & (data.groups.train == 1)).numpy()]
        s = x[y == c].double().numpy()
        expected += (2 * cdist(t, s).mean() - cdist(t, t).mean() - cdist(s, s).mean()) / 2
    assert found["minority"] == pytest.approx(expected, rel=1e-4)


def test_one_is_a_random_real_subset_and_who_knows_a_group_is_near_it(data, made):
    for name, values in made.apart.items():
        assert len(values) == 10
        assert name in data.groups.names
    without, alone = (made.by_group(*sample(data, groups)) for groups in ([0], [1]))
    assert alone["minority"] < 0.2 < without["minority"]
    assert without["majority"] < alone["majority"]


def test_without_a_column_there_are_no_rows(moons):
    plain = run_to_end(panel(moons, 10, run_to_end(reference(moons, pixels_view(moons)))))
    assert plain.groups == []
    assert plain.by_group(*sample(moons, [0, 1])) == {}


def test_images_have_rows_in_trained_features_from_the_cache_too(tmp_path, digits):
    names = np.where(np.arange(1797) % 5 == 0, "few", "many")
    np.savez(tmp_path / "g.npz", train=names, test=names)
    data, store = dataset(DataConfig(groups=str(tmp_path / "g.npz"))), Store(tmp_path / "home")
    known = run_to_end(reference(data, pixels_view(data), cache=store))
    first, again = (run_to_end(panel(data, 2, known, cache=store)) for _ in range(2))
    x, y = data.transform.forward(data.train.x[:300]), data.train.y[:300]
    one, other = first.by_group(x, y), again.by_group(x, y)
    assert set(one) == {"few", "many"}
    assert one == pytest.approx(other)
    assert all(0 < v < 1 for v in one.values())  # 300 real images are nearer than 20


def test_they_are_on_record_and_weights_bring_the_small_group_near(tmp_path, monkeypatch):
    from dcviz.runs import measuring

    monkeypatch.setattr(measuring, "GRACE", 600.0)
    store, last = Store(tmp_path), {}
    for objectives in ((), ("group-weights",)):
        config = configure(
            data="moons-minority", divergence="energy", regime="data", budget=5, steps=60, live=None,
            settings={"evaluation.updates": 5, "evaluation.seeds": 1}, objectives=objectives,
        )  # fmt: skip
        run = store.create(config, queue=False)
        assert drive(store, lambda claimed: open_job(store, claimed), run).status == "done"
        found = {name: curve for name, curve in store.metrics(run).items() if name.startswith(BY_GROUP)}
        assert set(found) == {"group:majority", "group:minority"}
        steps, values = found["group:minority"]
        assert {0, 60} <= set(steps.tolist()) < set(store.frames(run))
        last[objectives] = values[-1]
    assert last["group-weights",] < 0.8 * last[()]
