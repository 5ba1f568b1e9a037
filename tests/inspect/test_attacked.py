"""Where attacks lead: on real samples, with a network trained on the set, placed on the map of the real data."""

from dataclasses import replace

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.inspect.attacked import EACH, attacked_of_run
from dcviz.records import EvaluationProtocol
from dcviz.runs.configure import configure
from dcviz.runs.service import open_job
from dcviz.runs.store import Store
from dcviz.runs.view import prepare_view
from dcviz.runs.worker import drive

SHORT = EvaluationProtocol(network="mlp", width=32, updates=60, seeds=1)


def done(store, **choices):
    config = replace(configure(budget=2, steps=2, **choices), evaluation=SHORT, live=None)
    return drive(store, lambda claimed: open_job(store, claimed), store.create(config)).id


def silent(what, fraction):
    pass


def test_samples_are_moved_on_every_map_and_named_anew(tmp_path):
    store = Store(tmp_path)
    run = done(store)
    with pytest.raises(Refused, match="not ready yet"):
        attacked_of_run(store, run, silent)
    prepare_view(store, store.run(run).config.data)
    told = []
    found = attacked_of_run(store, run, lambda what, fraction: told.append(what))
    count = 10 * EACH
    assert set(found.before) == set(found.after) == {"pca", "umap"}
    assert all(found.before[kind].shape == found.after[kind].shape == (count, 2) for kind in found.before)
    assert np.bincount(found.labels).tolist() == [EACH] * 10
    assert not np.allclose(found.before["pca"], found.after["pca"])
    assert (found.named != found.labels).mean() > 0.2, "an undefended network gives way"
    assert "PGD" in found.words
    assert "attacking" in told
    again = attacked_of_run(store, run, silent)
    assert (again.named == found.named).all()


def test_points_of_the_plane_are_refused(tmp_path):
    store = Store(tmp_path)
    run = done(store, data="moons", divergence="energy", regime="data")
    with pytest.raises(Refused, match="choose images"):
        attacked_of_run(store, run, silent)
