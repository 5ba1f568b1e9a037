import math
from dataclasses import replace

import pytest
import torch

from dcviz import embed
from dcviz.data import dataset
from dcviz.divergences.energy import Energy
from dcviz.errors import Refused
from dcviz.evaluation import run_to_end
from dcviz.records import DataConfig
from dcviz.yardsticks import PREFIX, SPACES, YARDSTICKS, panel, panels
from dcviz.yardsticks.making import SAMPLE, SUBSETS, _model_space, _of_each


@pytest.fixture(scope="module")
def digits(referenced):
    data, reference = referenced("digits")
    return data, run_to_end(panel(data, 5, reference))


def start(data, budget=5, seed=0):
    at = torch.Generator().manual_seed(seed)
    return _model_space(data, _of_each(data.train.y, budget, len(data.classes), at))


def test_a_random_subset_measures_about_one_and_noise_far_more(digits):
    data, made = digits
    found = made.measure(*start(data, seed=123))
    low, high = made.band
    assert set(found) == {one.name(False) for one in YARDSTICKS}
    assert all(0.8 * low < value < 1.25 * high for value in found.values())
    assert low < 1 < high
    x, y = start(data)
    noise = made.measure(torch.randn(x.shape, generator=torch.Generator().manual_seed(1)), y)
    assert all(value > 1.5 for name, value in noise.items() if name.startswith(("energy", "sliced", "MMD", "mean")))


def test_the_unit_is_the_mean_of_the_subsets_and_the_band_holds_them(digits):
    _, made = digits
    for name, values in made.subsets.items():
        assert len(values) == SUBSETS
        assert math.fsum(v / made.units[name] for v in values) == pytest.approx(SUBSETS)
    every = [v / made.units[name] for name, values in made.subsets.items() for v in values]
    assert made.band == (min(every), max(every))


def test_energy_in_pixels_is_the_sum_over_classes_of_the_divergence(digits):
    data, made = digits
    x, y = start(data, seed=4)
    sample = _of_each(data.train.y, SAMPLE, 10, torch.Generator())  # all of them: digits have fewer
    real, labels = _model_space(data, sample)
    total = 0.0
    for c in range(10):
        side = Energy().fit(real[labels == c].flatten(1), torch.Generator())
        total += float(Energy().value(side, x[y == c].flatten(1))[0])
    assert made.absolute(x, y)["energy, pixels"] == pytest.approx(total, rel=1e-4)


def test_the_order_of_samples_does_not_matter_but_their_classes_do(digits):
    data, made = digits
    x, y = start(data)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    found, other = made.measure(x, y), made.measure(x[order], y[order])
    rim = 2 / (100 * made.units["uncovered"])  # it counts: rounding may move two samples of a hundred across a rim
    assert other.pop("uncovered") == pytest.approx(found["uncovered"], abs=rim)
    assert other == pytest.approx({name: value for name, value in found.items() if name != "uncovered"}, rel=1e-4)
    assert made.measure(x, y.flip(0))["energy, pixels"] > 2 * found["energy, pixels"]


def test_samples_are_mapped_a_few_at_once_with_the_same_result(digits, monkeypatch):
    data, made = digits
    whole = made.absolute(*start(data, seed=4))
    monkeypatch.setattr(panels, "CHUNK", 7)
    assert made.absolute(*start(data, seed=4)) == pytest.approx(whole, rel=1e-4)


def test_what_is_costly_is_kept_and_gives_the_same_numbers(referenced, cache):
    data, reference = referenced("digits")
    first = run_to_end(panel(data, 2, reference, cache=cache))
    assert cache.saved == 2  # features of the real sample, and the subsets
    again = run_to_end(panel(data, 2, reference, cache=cache))
    run_to_end(panel(data, 3, reference, cache=cache))
    assert cache.saved == 3  # another budget shares the features
    x, y = start(data, 2)
    assert again.measure(x, y) == first.measure(x, y)


def test_points_of_the_plane_have_a_panel_without_trained_features(referenced):
    data, reference = referenced("moons")
    made = run_to_end(panel(data, 4, reference))
    found = made.measure(*start(data, 4))
    assert set(found) == {one.name(True) for one in YARDSTICKS if one.planar}
    assert "energy, plane" in found
    assert all(math.isfinite(value) for value in found.values())


def test_a_budget_that_takes_all_has_nothing_random_to_compare_with(referenced):
    data, reference = referenced("moons")
    most = int(data.train.y.bincount().max())
    assert run_to_end(panel(data, most, reference)) is None


@pytest.mark.parametrize("size", [2, 4, 9])
def test_tiny_classes_are_measured_by_what_is_defined_for_them(size, cache):
    """No ball reaches to a 5th neighbour among five: nothing is uncovered, and nothing is divided by it."""
    data = dataset(DataConfig("moons", size=2 * size))
    reference = run_to_end(embed.reference(data, embed.pixels_view(data)))
    for _ in range(2):  # made, and from the cache
        made = run_to_end(panel(data, 1, reference, cache=cache))
        assert ("uncovered" in made.units) == (size > 5)
        found = made.measure(*start(data, 1))
        assert found.keys() == made.units.keys()
        assert all(math.isfinite(value) for value in [*found.values(), *made.band])


def test_a_class_without_samples_is_refused_in_words(digits):
    data, made = digits
    x, y = start(data)
    with pytest.raises(Refused, match="class 3 has no sample"):
        made.absolute(x[y != 3], y[y != 3])


def test_numbers_that_are_not_finite_are_left_out(digits):
    data, made = digits
    x, y = start(data)
    assert made.measure(torch.full_like(x, torch.nan), y).get("energy, pixels") is None


def test_every_yardstick_says_what_it_is():
    names = [one.name(False) for one in YARDSTICKS]
    assert len(set(names)) == len(names)
    assert 6 <= len(names) <= 8
    assert all(len(name) <= 16 for name in names)  # they stand beside curves
    for one in YARDSTICKS:
        assert one.space in SPACES
        assert one.facts.sentence.endswith(".")
        assert one.facts.formula
        assert one.facts.source.link.startswith("https://")
    assert PREFIX == "yardstick:"


def test_the_panel_is_the_same_whatever_else_draws(referenced):
    data, reference = referenced("moons")
    first = run_to_end(panel(data, 4, reference))
    torch.manual_seed(5)
    second = run_to_end(panel(replace(data), 4, reference))
    assert first.subsets == second.subsets
