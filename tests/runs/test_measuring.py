"""The yardsticks of runs: on record for every kept frame, within their share, whoever drives the run."""

from functools import partial

import numpy as np
import pytest
import torch

from dcviz.cli import main
from dcviz.runs import measuring, service
from dcviz.runs.configure import configure
from dcviz.runs.frames import Framer
from dcviz.runs.measuring import Measuring
from dcviz.runs.problem import build
from dcviz.runs.store import Store
from dcviz.runs.worker import drive
from dcviz.yardsticks import BAND, LIKE, LIKE_BAND, LIKENESS, PREFIX, YARDSTICKS, Panel, parted

QUICK = {"updates": 20, "seeds": 1, "network": "mlp", "width": 16}


def quick(**choices):
    base = {"data": "moons", "divergence": "energy", "regime": "data", "budget": 4, "steps": 30, "live": None}
    return configure(**{**base, **choices}, settings={f"evaluation.{k}": v for k, v in QUICK.items()})


def run_to(store, run, steps=None):
    if steps is not None:
        store.enqueue(run, until=steps)
    return drive(store, partial(service.open_job, store), run)


def yardsticks(store, run):
    return {name: curve for name, curve in store.metrics(run).items() if name.startswith(PREFIX)}


@pytest.fixture
def patient(monkeypatch):
    """Nothing is left out for want of time, however slow the machine."""
    monkeypatch.setattr(measuring, "GRACE", 600.0)


def test_every_kept_frame_of_a_short_run_is_measured_and_the_band_is_on_record(store, patient):
    run = service.launch(store, quick())
    assert run_to(store, run).status == "done"
    found = yardsticks(store, run)
    assert set(found) == {PREFIX + one.name(True) for one in YARDSTICKS if one.planar}
    for steps, values in found.values():
        assert steps.tolist() == store.frames(run)
        assert np.isfinite(values).all()
    low, high = (store.metrics(run, (name,))[name] for name in BAND)
    assert (low[0].tolist(), high[0].tolist()) == ([0], [0])
    assert low[1][0] < 1 < high[1][0]
    assert found["yardstick:energy, plane"][1][-1] < low[1][0]  # what was optimised beats every random subset


def test_likeness_is_on_record_for_every_third_frame_and_a_classifier_is_asked_once(store, patient):
    run = service.launch(store, quick(budget=6))
    assert run_to(store, run).status == "done"
    metrics = store.metrics(run)
    found = {name: curve for name, curve in metrics.items() if name.startswith(LIKE)}
    assert set(found) == {LIKE + one.name for one in LIKENESS}
    asked = found.pop("likeness:told apart")
    assert asked[0].tolist() == [30]
    assert 0 <= asked[1][0] <= 2
    for steps, values in found.values():
        assert {0, 30} <= set(steps.tolist()) < set(store.frames(run))
        assert len(steps) == pytest.approx(len(store.frames(run)) / 3, abs=2)
        assert np.isfinite(values).all()
    low, high = (metrics[name][1][0] for name in LIKE_BAND)
    assert low < 1 < high


def test_the_last_frame_has_its_likeness_also_where_it_was_measured_before_it_was_known_to_be_the_last(
    store, patient, monkeypatch
):
    monkeypatch.setattr(measuring, "SHARE", 1e9)  # each frame is measured as it comes, every third with its likeness
    run = service.launch(store, quick(budget=6, steps=31))
    assert run_to(store, run).status == "done"
    steps, _ = store.metrics(run)[LIKE + "coverage"]
    assert len(store.frames(run)) == 32
    assert steps.tolist() == [*range(0, 31, 3), 31]


def test_below_six_samples_of_a_class_there_is_no_recall(store):
    run = service.launch(store, quick(steps=3))
    assert run_to(store, run).status == "done"
    assert "likeness:recall" not in store.metrics(run)
    assert "likeness:coverage" in store.metrics(run)


def test_images_are_measured_in_trained_features_too(store):
    run = service.launch(store, quick(data="digits", budget=1, steps=3))
    assert run_to(store, run).status == "done"
    assert set(yardsticks(store, run)) == {PREFIX + one.name(False) for one in YARDSTICKS}


@pytest.mark.parametrize("leaving", [600.0, 0.0])
def test_a_run_that_was_paused_has_the_same_curves(store, patient, monkeypatch, leaving):
    """Whether what waited was measured at once or after the resume."""
    monkeypatch.setattr(measuring, "LEAVING", leaving)
    through, halted = (service.launch(store, quick()) for _ in range(2))
    run_to(store, through)
    for steps in (1, 7, 8):
        run_to(store, halted, steps)
        if leaving:
            assert yardsticks(store, halted)["yardstick:energy, plane"][0].tolist() == list(range(steps + 1))
    run_to(store, halted)
    one, other = yardsticks(store, through), yardsticks(store, halted)
    assert list(one) == list(other)
    for name, (steps, values) in one.items():
        assert np.array_equal(steps, other[name][0])
        assert np.array_equal(values, other[name][1])


def test_a_run_of_the_command_line_has_them(tmp_path, monkeypatch):
    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path))
    cell = ["--data", "moons", "--divergence", "energy", "--regime", "data", "--budget", "4"]
    monkeypatch.setattr("sys.argv", ["dcviz", "condense", *cell, "--steps", "5", "--set", "evaluation.updates=5"])
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    store = Store(tmp_path)
    (row,) = store.runs()
    assert len(yardsticks(store, row.id)) == 6


def test_a_run_that_fits_its_objective_alone_parts_and_one_that_fits_the_data_does_not(store, patient):
    ridge = {"discrepancy": {"name": "ridge", "width": 16, "batch": 128}, "divergence": None, "regime": None}
    fitted = service.launch(store, quick(data="digits", budget=10, steps=60, start="real", **ridge))
    matched = service.launch(store, quick(data="digits", budget=2, steps=60, start="real"))
    for run in (fitted, matched):
        assert run_to(store, run).status == "done"
    found = parted(store.metrics(fitted))
    assert found is not None
    assert found.step < 20
    assert parted(store.metrics(matched)) is None


@pytest.fixture
def held(store):
    """A measurer of a tiny set on the moons, with its panel, and a set to measure."""
    setup = build(quick())
    framer = Framer(store, setup.dataset)
    for _ in framer.prepare():
        pass
    run = store.create(quick())
    made = Measuring(store, store.run(run), framer, torch.device("cpu"))
    return made, setup.start


def measured(store, made):
    return store.metrics(made.run)["yardstick:energy, plane"][0].tolist()


def test_while_condensing_it_takes_no_more_than_its_share(store, held, monkeypatch):
    made, start = held
    list(made.prepare())
    now = [0.0]
    monkeypatch.setattr(measuring.time, "thread_time", lambda: now[0])
    made._began = 0.0
    slow = Panel.measure

    def measure(self, x, y):
        now[0] += 0.1  # seconds
        return slow(self, x, y)

    monkeypatch.setattr(Panel, "measure", measure)
    for step in range(100):
        made.add(step, start)
        now[0] += 0.2  # to measure all, a third of the time would be needed
        list(made.turn())
    assert made.spent <= measuring.SHARE * now[0] + 0.1
    made._record()
    before = measured(store, made)
    assert before[0] == 0
    assert 8 <= len(before) <= 12
    made.add(100, start)
    list(made.to_end())
    assert measured(store, made)[-1] == 100  # the last always
    assert made.spent <= measuring.SHARE * now[0] + 0.2


def test_what_waits_is_forgotten_from_where_a_run_goes_back_to(store, held):
    made, start = held
    for step in range(9):
        made.add(step, start)
    measuring._left[str(store.home), made.run] = made._waiting
    again = Measuring(store, store.run(made.run), made.framer, torch.device("cpu"))
    again.forget(4)
    list(again.prepare())
    list(again.to_end())
    assert measured(store, made) == [0, 1, 2, 3, 4]


def test_the_newest_comes_first_then_the_widest_gap(held):
    made, start = held
    for step in range(9):
        made.add(step, start)
    list(made.prepare())
    order = []
    while (step := made._next()) is not None:
        order.append(step)
        made._measure()
    made._record()
    assert order[:3] == [0, 8, 4]
    assert set(order[3:5]) == {2, 6}
    assert sorted(order) == list(range(9))


def test_what_waits_is_bounded_and_keeps_first_and_last(held, monkeypatch):
    made, start = held
    monkeypatch.setattr(measuring, "HELD", 10 * 4 * start.stored.numel())
    for step in range(100):
        made.add(step, start)
    assert len(made._waiting) <= 10
    assert {0, 99} <= set(made._waiting)


def test_a_budget_that_takes_all_real_samples_is_measured_by_nothing(store):
    config = quick(data={"name": "moons", "size": 40}, budget=20, steps=2)
    run = service.launch(store, config)
    row = run_to(store, run)
    assert row.status == "done", row.text
    assert yardsticks(store, run) == {}
