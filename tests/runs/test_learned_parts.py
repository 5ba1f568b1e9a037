"""What is learned beside the images goes with the set: through the store, evaluation, export and a fork."""

import dataclasses
import json
from functools import partial

import numpy as np
import pytest

from dcviz.data import dataset
from dcviz.evaluation import measure, run_to_end
from dcviz.loaded import CondensedSet
from dcviz.records import EvaluationProtocol
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.export import export
from dcviz.runs.store import Store
from dcviz.runs.worker import drive

PARAMS = {"width": 8, "experts": 1, "epochs": 4, "latest": 2, "inner": 3, "expert_batch": 512, "labels": "learned"}
SGD = EvaluationProtocol(network="mlp", width=16, updates=20, optimiser="sgd", rate=0.01, seeds=1)
SMALL = {"data": "digits", "budget": 2, "steps": 4, "live": None, "evaluation": SGD}


def trajectories(**choices):
    params = {**PARAMS, **choices.pop("params", {})}
    return configure(discrepancy={"name": "trajectory-matching", **params}, **{**SMALL, **choices})


def run_of(store, config):
    run = service.launch(store, config)
    assert drive(store, partial(service.open_job, store), run).status == "done"
    return run


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("learned") / "home")


@pytest.fixture(scope="module")
def run(store):
    return run_of(store, trajectories())


def test_the_recipe_names_labels_and_step_size_and_evaluation_honours_them(store, run):
    arrays, recipe = store.final(run)
    assert arrays["labels"].shape == (20, 10)
    assert recipe.labels == "logits"
    assert recipe.step_size == pytest.approx(float(arrays["rate"]))
    assert recipe.step_size != pytest.approx(0.02, rel=1e-3)  # it was 0.02 at first
    made, data = CondensedSet.of_run(store, run), dataset("digits")
    again = run_to_end(
        measure(made.x, made.y, data, SGD, label_kind=made.recipe.labels, step_size=made.recipe.step_size)
    )
    (score,) = [s for s in store.scores(run) if s.of == "synthetic"]
    assert (score.protocol, score.values, score.step_size) == (SGD, again.values, recipe.step_size)
    assert service.evaluate_run(store, run).values == score.values
    plain = run_to_end(measure(made.x, made.y.argmax(1), data, SGD))
    assert plain.values != score.values


def test_labels_are_counted_exported_and_trained_on(store, run, tmp_path):
    arrays, recipe = store.final(run)
    made = CondensedSet.of_run(store, run)
    assert made.bytes == 4 * (20 * 64 + 20 * 10 + 1)  # images, labels, the step size
    with np.load(export(store, run, tmp_path / "out.npz")) as file:
        np.testing.assert_array_equal(file["y"], arrays["labels"])
        assert json.loads(str(file["recipe"]))["step_size"] == recipe.step_size
    folder = export(store, run, tmp_path / "folder", "folder")
    with np.load(folder / "labels.npz") as file:
        np.testing.assert_array_equal(file["y"], arrays["labels"])
        np.testing.assert_array_equal(file["classes"], np.repeat(np.arange(10), 2))


def test_a_fork_goes_on_with_labels_and_step_size(store, run):
    config = trajectories(steps=2, seed=1)
    fork = service.fork(store, run, 4, config)
    assert drive(store, partial(service.open_job, store), fork).status == "done"
    before, after = store.final(run)[0], store.final(fork)[0]
    assert not np.array_equal(before["labels"], after["labels"])
    assert np.abs(before["labels"] - after["labels"]).max() < 0.5  # two steps from where the parent was
    assert abs(before["rate"] - after["rate"]) < 0.01


def test_a_fork_learns_what_its_parent_did_not_have(store):
    parent = run_of(store, configure(divergence="energy", regime="data", **SMALL))
    fork = service.fork(store, parent, 4, trajectories(steps=2))
    assert drive(store, partial(service.open_job, store), fork).status == "done"
    arrays, recipe = store.final(fork)
    assert arrays["labels"].shape == (20, 10)
    assert recipe.step_size != pytest.approx(0.02, rel=1e-6)  # where it starts


def test_what_a_fork_does_not_learn_stays_as_it_was(store, run):
    config = configure(divergence="energy", regime="data", **SMALL)
    straight, broken = (service.fork(store, run, 4, config) for _ in range(2))
    assert drive(store, partial(service.open_job, store), straight).status == "done"
    before, after = store.final(run)[0], store.final(straight)[0]
    np.testing.assert_array_equal(after["labels"], before["labels"])
    np.testing.assert_array_equal(after["rate"], before["rate"])
    assert not np.array_equal(after["images"], before["images"])
    assert store.final(straight)[1].labels == "logits"
    store.enqueue(broken, until=2)
    assert drive(store, partial(service.open_job, store), broken).status == "paused"
    service.resume(store, broken)
    assert drive(store, partial(service.open_job, store), broken).status == "done"
    np.testing.assert_array_equal(store.final(broken)[0]["images"], after["images"])
    assert store.final(broken)[1] == store.final(straight)[1]


def test_a_run_that_is_interrupted_goes_on_bit_for_bit_with_cached_experts(store, run):
    config = trajectories()
    other = service.launch(store, config)
    store.enqueue(other, until=2)
    assert drive(store, partial(service.open_job, store), other).status == "paused"
    service.resume(store, other)
    assert drive(store, partial(service.open_job, store), other).status == "done"
    for key, value in store.final(run)[0].items():
        np.testing.assert_array_equal(value, store.final(other)[0][key], err_msg=key)


def test_assigned_labels_come_with_the_end(store):
    run = run_of(store, trajectories(params={"labels": "assigned", "held": True}))
    arrays, recipe = store.final(run)
    assert recipe.labels == "probabilities"
    np.testing.assert_allclose(arrays["labels"].sum(1), 1, atol=1e-5)
    (score,) = [s for s in store.scores(run) if s.of == "synthetic"]
    assert score.values == service.evaluate_run(store, run).values


def test_multi_formation_has_a_label_for_each_decoded_image(store):
    run = run_of(store, trajectories(parameterisation="multi-formation-2", budget=1))
    arrays, recipe = store.final(run)
    assert (arrays["images"].shape, arrays["labels"].shape) == ((10, 1, 8, 8), (40, 10))
    assert recipe.expand == 4
    assert len(CondensedSet.of_run(store, run).y) == 40


def test_adam_does_not_take_the_step_size_of_sgd(store):
    adam = dataclasses.replace(SGD, optimiser="adam", rate=3e-3)
    run = run_of(store, trajectories(evaluation=adam))
    (score,) = [s for s in store.scores(run) if s.of == "synthetic"]
    assert store.final(run)[1].step_size is not None
    assert score.step_size is None
