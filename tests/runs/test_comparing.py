"""What differs, what repeats, what was measured: against truths made by hand."""

import statistics
from dataclasses import replace

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.records import DataConfig, EvaluationProtocol, RunConfig, Score, TermConfig
from dcviz.runs import comparing, racing, service
from dcviz.runs.clock import AXES, TICKS, along, clock, images_per_step
from dcviz.runs.comparing import compare, mixed
from dcviz.runs.configure import configure
from dcviz.runs.differing import ABSENT, differences, groups, labels, settings
from dcviz.runs.store import Store

PROTOCOL = EvaluationProtocol()
OTHER = replace(PROTOCOL, updates=1000)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def made(store, config=None, *, name="", **changes):
    return store.run(store.create(replace(config or RunConfig(), **changes), name=name, queue=False))


def score(store, run, *values, protocol=PROTOCOL, of="synthetic"):
    std = statistics.stdev(values) if len(values) > 1 else 0.0
    store.save_score(run.id, Score(statistics.fmean(values), std, values, protocol, of))


def table(store, *runs, metrics=None, made=None):
    found = groups(runs)
    scores = {run.id: store.scores(run.id) for run in runs}
    return compare(found, {run.id: (metrics or {}).get(run.id, {}) for run in runs}, scores, made or {})


# ----------------------------------------------------------------------------------------------- differences


def test_only_what_differs_is_told_and_the_first_question_first():
    a, b = RunConfig(budget=1, steps=50), RunConfig(budget=10, steps=500, clamp=True)
    found = differences([a, b])
    assert [(d.words, d.values) for d in found] == [
        ("images per class", (1, 10)),
        ("steps", (50, 500)),
        ("pixels kept in range", (False, True)),
    ]
    assert differences([a, a, a]) == []


def test_a_setting_of_one_method_is_absent_in_the_other_and_explained():
    ridge, energy = configure(), configure(divergence="energy", regime="random-features")
    found = {d.path: d for d in differences([ridge, energy])}
    assert found["method"].values == ("ridge", "energy in random features")
    assert found["term.regime.width"].values == (ABSENT, settings(energy)["term.regime.width"])
    assert found["term.regime.width"].words == "regime · width"
    assert found["term.regime.width"].meaning


def test_every_difference_of_any_two_presets_has_words():
    for preset in ("dm", "mtt", "kip"):
        for difference in differences([configure(), configure(preset=preset)]):
            assert difference.words
            assert len(set(map(repr, difference.values))) > 1


def test_the_terms_of_a_sum_are_told_apart():
    both = RunConfig(terms=(TermConfig("ridge"), TermConfig("ridge", weight=0.5)))
    assert settings(both)["term 2.weight"] == 0.5


# ---------------------------------------------------------------------------------------------------- groups


def test_repeats_differ_in_nothing_but_the_seed(store):
    a, c = made(store, seed=2), made(store, budget=1)
    b, d = made(store, seed=0, device="cpu"), made(store, data=DataConfig(seed=1))
    assert [[run.id for run in group] for group in groups([a, b, c, d])] == [[b.id, a.id], [c.id], [d.id]]


def test_a_fork_is_no_repeat_of_its_parent(store):
    parent = made(store)
    fork = store.run(store.create(parent.config, parent=parent.id, parent_step=0, queue=False))
    assert len(groups([parent, fork])) == 2
    assert len(set(labels(groups([parent, fork])))) == 2


def test_labels_say_what_tells_the_groups_apart_and_no_more(store):
    energy = configure(divergence="energy", regime="random-features")
    assert labels(groups([made(store, budget=1, steps=9), made(store, budget=10)])) == ["1 per class", "10 per class"]
    assert labels(groups([made(store), made(store, energy)])) == ["ridge", "energy in random features"]
    mixed = labels(groups([made(store), made(store, budget=1), made(store, energy)]))
    assert len(set(mixed)) == 3
    assert labels(groups([made(store, name="mine"), made(store, budget=1)])) == ["mine", "1 per class"]
    assert labels(groups([made(store)])) == ["ridge"]


def test_a_parameter_stands_first_in_a_label_whose_end_may_be_cut(store):
    narrow, wide = (
        configure(divergence="mmd", regime="data", settings={"divergence.bandwidth": value}) for value in (0.5, 2.0)
    )
    told = labels(groups([made(store), made(store, narrow), made(store, wide)]))
    assert told == ["ridge", "bandwidth 0.5 · mmd in data", "bandwidth 2 · mmd in data"]


# ----------------------------------------------------------------------------------------------------- table


def test_repeats_are_mean_and_spread_over_the_repeats(store):
    runs = [made(store, seed=i) for i in range(3)]
    means = (0.9, 0.93, 0.96)
    for run, mean in zip(runs, means, strict=True):
        score(store, run, mean - 0.01, mean + 0.01)
        score(store, run, 0.5, of="random")
    found = table(store, *runs)
    value = found.rows[0].values["accuracy:convnet"]
    assert (value.mean, value.n) == (pytest.approx(0.93), 3)
    assert value.spread == pytest.approx(np.std(means, ddof=1))
    assert found.rows[0].values["gain"].mean == pytest.approx(0.43)
    one = found.single[0][0].values["accuracy:convnet"]
    assert (one.n, one.spread) == (2, pytest.approx(np.std((0.89, 0.91), ddof=1)))


def test_numbers_under_different_protocols_are_marked_and_not_averaged(store):
    a, b, c = (made(store, seed=i) for i in range(3))
    score(store, a, 0.8)
    score(store, b, 0.9)
    score(store, c, 0.1, protocol=OTHER)
    found = table(store, a, b, c)
    assert found.protocols["accuracy:convnet"] == (PROTOCOL, OTHER)
    assert mixed(found) == ["accuracy:convnet"]
    assert found.rows[0].values["accuracy:convnet"].mean == pytest.approx(0.85)
    assert mixed(table(store, a, b)) == []


def test_a_run_measured_twice_counts_under_the_protocol_that_the_others_share(store):
    a, b = made(store), made(store, budget=1)
    score(store, a, 0.1, protocol=OTHER)
    score(store, a, 0.8)
    score(store, b, 0.7)
    found = table(store, a, b)
    assert mixed(found) == []
    assert [row.values["accuracy:convnet"].mean for row in found.rows] == [0.8, 0.7]


def test_networks_have_columns_of_their_own_and_held_out_scores_none(store):
    run = made(store)
    score(store, run, 0.9)
    score(store, run, 0.8, protocol=replace(PROTOCOL, network="mlp", width=128))
    score(store, run, 0.7, protocol=replace(PROTOCOL, network="linear", split="held_out"))
    names = list(table(store, run).measures)
    assert names[:2] == ["accuracy:convnet", "accuracy:mlp"]
    assert "accuracy:linear" not in names


def test_off_manifold_is_a_share_and_yardsticks_are_the_last(store):
    run = made(store)
    metrics = {
        "off": (np.array([0, 5]), np.array([9.0, 3.0])),
        "yardstick:gaps": (np.array([0, 5]), np.array([2.0, 0.5])),
    }
    found = table(store, run, metrics={run.id: metrics}, made={run.id: 100})
    assert found.rows[0].values["off"].mean == pytest.approx(0.03)
    assert found.rows[0].values["yardstick:gaps"].mean == 0.5
    assert found.measures["yardstick:gaps"].better == "low"


def test_every_common_measure_says_what_it_means():
    assert all(measure.meaning and measure.better in ("high", "low") for measure in comparing.COMMON.values())


# ----------------------------------------------------------------------------------------------------- clock


def test_the_clock_shows_the_newest_frame_that_is_not_later():
    kept = {"a": [0, 10, 20], "b": [0, 4, 8]}
    places = {run: np.array(steps, float) for run, steps in kept.items()}
    found = clock(kept, places, {"a": 20, "b": 8}, 1)
    assert found.ticks.tolist() == [0, 4, 8, 10, 20]
    assert found.frames["a"].tolist() == [0, 0, 0, 10, 20]
    assert found.frames["b"].tolist() == [0, 4, 8, 8, 8]
    assert found.total == 20


def test_a_long_clock_is_thinned_and_keeps_both_ends():
    kept = {"a": list(range(0, 3000, 3)), "b": list(range(0, 3000, 7))}
    found = clock(kept, {run: np.array(steps, float) for run, steps in kept.items()}, {}, 1)
    assert len(found.ticks) == TICKS
    assert (found.ticks[0], found.ticks[-1]) == (0, max(kept["a"][-1], kept["b"][-1]))
    for run, steps in kept.items():
        newest = [max(s for s in steps if s <= tick) for tick in found.ticks]
        assert found.frames[run].tolist() == newest


def test_runs_without_frames_leave_the_clock_to_the_others():
    assert clock({"a": [], "b": [0, 2]}, {"a": np.zeros(0), "b": np.array([0.0, 2.0])}, {"a": 5}, 1).frames.keys() == {
        "b"
    }
    assert clock({}, {}, {}, 1).total == 0


def test_axes_count_what_they_say(store):
    run = replace(made(store, steps=400), step=200, seconds=50.0)
    steps = [0, 100, 200]
    assert along("step", run, steps, {}, 10).tolist() == steps
    assert along("share", run, steps, {}, 10).tolist() == [0, 25, 50]
    assert along("seconds", run, steps, {}, 10).tolist() == [0, 25, 50]
    measured = {"seconds": (np.array([0, 100]), np.array([0.0, 40.0]))}
    assert along("seconds", run, steps, measured, 10).tolist() == [0, 40, 80]
    per_step = images_per_step(run.config, 10)
    assert along("images", run, steps, {}, 10).tolist() == [0, 100 * per_step, 200 * per_step]
    assert set(AXES) == {"step", "seconds", "images", "share"}


def test_images_of_a_step_are_the_real_batch_and_all_decoded_ones():
    once = configure(regime="data", divergence="mean", budget=7)
    batch = configure(settings={"batch": 64}, budget=7)
    assert images_per_step(once, 10) == 10 * 7
    assert images_per_step(batch, 10) == 10 * (64 + 7)
    assert images_per_step(replace(batch, parameterisation="multi-formation-2"), 10) == 10 * (64 + 4 * 7)


# ------------------------------------------------------------------------------------------------------ race


def test_equal_image_updates_share_out_the_same_product(store):
    lanes = racing.lanes(store, configure(budget=10, steps=500), (1, 10, 50), "updates")
    assert [(lane.config.budget, lane.config.steps) for lane in lanes] == [(1, 5000), (10, 500), (50, 100)]


def test_equal_seconds_follow_the_time_of_a_step(store):
    base = configure(budget=10, steps=500)
    for budget, seconds in ((1, 0.01), (10, 0.02), (50, 0.05)):
        store.set_fact(service.speed_key(replace(base, budget=budget)), seconds)
    lanes = racing.lanes(store, base, (1, 10, 50), "seconds")
    assert [lane.config.steps for lane in lanes] == [1000, 500, 200]
    assert {lane.seconds for lane in lanes} == {10.0}


def test_a_race_queues_every_lane_with_its_seeds(store):
    base = configure(data="moons", budget=2, steps=10, seed=5)
    runs = racing.race(store, racing.lanes(store, base, (1, 2), "updates"), 2)
    found = [store.run(run).config for run in runs]
    assert [(c.budget, c.steps, c.seed) for c in found] == [(1, 20, 5), (1, 20, 6), (2, 10, 5), (2, 10, 6)]
    assert [len(group) for group in groups([store.run(run) for run in runs])] == [2, 2]
    assert store.tags() == {"race 1": 4}


def test_constants_of_a_preset_follow_the_budget(store):
    base = configure(preset="dm", budget=10, steps=100)
    found = {lane.config.budget: lane.config for lane in racing.lanes(store, base, (1, 10, 50), "updates")}
    for budget, config in found.items():
        assert config.terms == configure(preset="dm", budget=budget).terms
        assert config.steps * budget == 1000


def test_an_impossible_race_is_refused_in_words(store):
    with pytest.raises(Refused, match="two budgets"):
        racing.lanes(store, RunConfig(), (10, 10), "updates")
    with pytest.raises(Refused, match="no steps"):
        racing.lanes(store, RunConfig(steps=0), (1, 10), "updates")
    with pytest.raises(Refused, match="leave it out"):
        racing.lanes(store, RunConfig(steps=500_000), (1, 10), "updates")
