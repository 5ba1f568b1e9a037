"""The library: what a program or a notebook gets."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

import dcviz
from dcviz.records import EvaluationProtocol, RunConfig
from dcviz.runs.configure import configure
from dcviz.runs.service import open_job
from dcviz.runs.store import Store
from dcviz.runs.worker import drive

SHORT = EvaluationProtocol(updates=20, seeds=2)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with one finished run of soft work: three classes of digits, from noise."""
    home = tmp_path_factory.mktemp("home")
    store = Store(home)
    config = configure(
        data={"name": "digits", "classes": ["3", "5", "8"]},
        divergence="mean",
        regime="data",
        budget=2,
        steps=12,
        start="noise",
        live=None,
        evaluation=SHORT,
    )
    run = store.create(config, name="three", queue=False)
    assert drive(store, lambda claimed: open_job(store, claimed), run).status == "done"
    return home


@pytest.fixture
def run(home):
    return dcviz.list_runs(home=home)[0].id


def test_every_public_name_is_there_and_stays_callable():
    """A public name that is also a subpackage would become a module as soon as that is imported."""
    import dcviz.condensing.loop
    import dcviz.data
    import dcviz.evaluation
    import dcviz.runs.store  # noqa: F401

    for name in dcviz.__all__:
        if name != "__version__":
            assert callable(getattr(dcviz, name)), name
    with pytest.raises(AttributeError, match="has no attribute 'condens'"):
        _ = dcviz.condens


def test_condensing_yields_the_kept_steps_and_its_outcome_last():
    choices = {"data": "digits", "divergence": "mean", "regime": "data", "budget": 1, "steps": 6, "start": "noise"}
    steps = list(dcviz.condense(**choices))
    assert [s.step for s in steps] == list(range(7))
    assert steps[0].objective is None
    assert steps[-1].objective < steps[1].objective
    assert [s.outcome for s in steps[:-1]] == [None] * 6
    assert steps[-1].outcome.status == "done"
    assert steps[-1].images.shape == (10, 1, 8, 8)
    assert 0 <= steps[-1].images.min() <= steps[-1].images.max() <= 1
    assert steps[-1].labels.tolist() == list(range(10))
    assert steps[-1].classes == tuple("0123456789")


def test_a_kept_step_is_not_changed_by_later_ones():
    steps, first = [], None
    for step in dcviz.condense(data="moons", divergence="energy", regime="data", budget=2, steps=5):
        first = step.images.copy() if first is None else first
        steps.append(step)
    np.testing.assert_array_equal(steps[0].images, first)
    assert not np.array_equal(steps[-1].images, first)


def test_a_step_shows_itself_as_a_sheet_and_points_do_not():
    image = next(dcviz.condense(data="digits", budget=3, steps=0, start="noise"))
    assert Image.open(io.BytesIO(image._repr_png_())).size == (3 * 9 + 1, 10 * 9 + 1)
    points = next(dcviz.condense(data="moons", budget=3, steps=0, divergence="energy", regime="data"))
    assert points._repr_png_() is None


def test_a_whole_configuration_does_the_same_as_its_choices():
    choices = {"data": "moons", "divergence": "energy", "regime": "data", "budget": 2, "steps": 4}
    by_choices = list(dcviz.condense(**choices))[-1]
    by_config = list(dcviz.condense(configure(**choices)))[-1]
    np.testing.assert_array_equal(by_choices.images, by_config.images)


@pytest.mark.parametrize(
    ("choices", "cure"),
    [
        ({"data": "digit"}, "did you mean 'digits'"),
        ({"divergence": "enrgy"}, "did you mean 'energy'"),
        ({"budget": 0}, "choose from 1 to 100"),
        ({"preset": "dm", "divergence": "mmd"}, "not several of them"),
        ({"budgets": 3}, "has no 'budgets'"),
        ({"device": "gpu"}, "choose auto"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_cure(choices, cure):
    with pytest.raises(dcviz.Refused, match=cure):
        next(dcviz.condense(**choices))


def test_a_configuration_and_choices_together_are_refused():
    with pytest.raises(dcviz.Refused, match="not both"):
        next(dcviz.condense(RunConfig(), budget=3))


def test_a_finished_run_is_a_data_set_for_training(home, run):
    loaded = dcviz.load(run, home=home)
    assert isinstance(loaded, torch.utils.data.Dataset)
    assert len(loaded) == 6
    x, y = next(iter(torch.utils.data.DataLoader(loaded, batch_size=6)))
    assert x.shape == (6, 1, 8, 8)
    assert y.tolist() == [0, 0, 1, 1, 2, 2]
    assert loaded.recipe.classes == ("3", "5", "8")
    assert 0 <= loaded.pixels.min() <= loaded.pixels.max() <= 1
    arrays, _ = Store(home).final(run)
    std, mean = (torch.from_numpy(arrays[f"transform.{key}"]) for key in ("std", "mean"))
    torch.testing.assert_close(loaded.pixels, (x * std + mean).clamp(0, 1))


def test_it_shows_itself_in_a_notebook(home, run):
    bundle = dcviz.load(run, home=home)._repr_mimebundle_()
    assert bundle["text/plain"] == "CondensedSet('three': 6 samples of 1×8×8 in 3 classes)"
    assert Image.open(io.BytesIO(bundle["image/png"])).size == (2 * 9 + 1, 3 * 9 + 1)


def test_loading_what_is_not_finished_says_how_to_finish_it(home):
    waiting = Store(home).create(RunConfig(), queue=False)
    with pytest.raises(dcviz.Refused, match=f"dcviz resume {waiting}"):
        dcviz.load(waiting, home=home)
    Store(home).delete(waiting)


def test_evaluating_again_gives_the_score_of_the_run_and_keeps_it(home, run):
    """The run was judged by the worker, slice by slice; the same protocol must give the same number here."""
    stored = next(s for s in Store(home).scores(run) if s.of == "synthetic")
    again = dcviz.evaluate(run, home=home)
    assert again.values == stored.values
    assert again.protocol == SHORT
    other = dcviz.evaluate(run, EvaluationProtocol(network="linear", width=0, updates=15, seeds=1), home=home)
    assert other in Store(home).scores(run)
    assert len(other.values) == 1
