"""S comes from the most exact source that is kept, and says which."""

import numpy as np
import pytest
import torch

from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.inspect import label_of, snapshot
from dcviz.loaded import CondensedSet

CHOICES = {"divergence": "energy", "regime": "data", "budget": 2, "steps": 4}


def test_the_end_is_in_full_precision_and_other_steps_are_pictures(store, done):
    run = done(**CHOICES)
    data = dataset(run.config.data)
    last, first = snapshot(store, run, data), snapshot(store, run, data, 0)
    assert (last.step, last.source, first.source) == (4, "final", "picture")
    assert torch.equal(last.x, CondensedSet.of_run(store, run.id).x)
    shown = data.transform.inverse(first.x)
    np.testing.assert_allclose(shown.numpy() * 255, store.frame(run.id, 0)[1]["images"], atol=1e-3)


def test_a_step_with_a_checkpoint_is_in_full_precision(store, done):
    run = done(**CHOICES)
    at = snapshot(store, run, dataset(run.config.data), 4)
    step, arrays, meta = store.load_checkpoint(run.id, 4)
    assert step == 4
    assert at.inner is not None
    assert any(np.array_equal(array, at.x.numpy()) for array in arrays.values())


def test_several_images_of_one_stored_are_decoded(store, done):
    run = done(**CHOICES, parameterisation="multi-formation-2")
    at = snapshot(store, run, dataset(run.config.data))
    assert torch.equal(at.x, CondensedSet.of_run(store, run.id).x)
    assert len(at.x) == len(at.ids) == 80
    assert at.position(7) == 7
    with pytest.raises(Refused, match="choose from 0 to 79"):
        at.position(80)


def test_points_of_the_plane_are_kept_as_they_are(store, done):
    run = done(data="moons", **CHOICES)
    data = dataset(run.config.data)
    assert snapshot(store, run, data, 2).source == "points"
    np.testing.assert_allclose(
        data.transform.inverse(snapshot(store, run, data, 2).x).numpy(), store.frame(run.id, 2)[1]["points"], atol=1e-6
    )


def test_a_step_that_is_not_kept_is_refused(store, done):
    run = done(**CHOICES)
    with pytest.raises(Refused, match="keeps no frame of step 77"):
        snapshot(store, run, dataset(run.config.data), 77)


def test_hard_labels_are_one_class(store, done):
    run = done(**CHOICES)
    label = label_of(store, run, dataset(run.config.data), 5)
    assert label.kind == "hard"
    assert label.values.argmax() == 2
    assert label.step is None


def test_learned_labels_temperature_and_step_size_are_those_of_the_final_set(store, done):
    rfad = done(preset="rfad", budget=1, steps=2)
    arrays, _ = store.final(rfad.id)
    label = label_of(store, rfad, dataset(rfad.config.data), 3)
    np.testing.assert_array_equal(label.values, arrays["labels"][3])
    assert label.temperature == pytest.approx(float(np.exp(arrays["temperature"][0])))
    assert (label.kind, label.step, label.rate) == ("values", 2, None)


def test_stored_views_give_a_mean_and_a_range(store, done):
    run = done(preset="sre2l", budget=1, steps=2)
    arrays, recipe = store.final(run.id)
    label = label_of(store, run, dataset(run.config.data), 3)
    assert label.views == recipe.views == len(arrays["views"])
    np.testing.assert_allclose(label.values, arrays["views"][:, 3].mean(0), rtol=1e-5)
    assert (label.low <= label.values + 1e-6).all()
    assert (label.values <= label.high + 1e-6).all()
    assert label.values.sum() == pytest.approx(1, abs=1e-3)
