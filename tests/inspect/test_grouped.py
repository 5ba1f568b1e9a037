"""The groups of the samples on the map: the column that data bring, else the classes."""

import numpy as np
import pytest

from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.inspect.grouped import groups_of_run
from dcviz.runs.configure import configure
from dcviz.runs.store import Store
from dcviz.runs.view import prepare_view, ready_view


def silent(what, fraction):
    pass


def test_every_sample_of_the_map_has_its_group(tmp_path):
    store = Store(tmp_path)
    config = configure(data="moons-minority", divergence="energy", regime="data", budget=2, steps=0)
    run = store.create(config, queue=False)
    with pytest.raises(Refused, match="not ready yet"):
        groups_of_run(store, run, silent)
    prepare_view(store, config.data)
    found, view, data = groups_of_run(store, run, silent), ready_view(store, config.data), dataset(config.data)
    assert (found.named, found.names) == (True, data.groups.names)
    place = {int(id): i for i, id in enumerate(data.train.id)}
    expected = [int(data.groups.train[place[int(id)]]) for id in view["ids"]]
    assert found.of.tolist() == expected
    assert np.bincount(found.of).min() < 0.1 * len(expected)


def test_without_a_column_the_classes_are_the_groups(tmp_path):
    store = Store(tmp_path)
    config = configure(data="moons", divergence="energy", regime="data", budget=2, steps=0)
    run = store.create(config, queue=False)
    prepare_view(store, config.data)
    found, view = groups_of_run(store, run, silent), ready_view(store, config.data)
    assert not found.named
    assert (found.of == view["labels"]).all()
