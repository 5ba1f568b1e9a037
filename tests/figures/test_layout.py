import itertools

import numpy as np
import pytest

from dcviz.figures.layout import choose_grid, spread


@pytest.mark.parametrize("seed", range(20))
def test_spread_keeps_order_gap_and_bounds(seed):
    wanted = np.random.default_rng(seed).uniform(0, 1, 6)
    placed = np.array(spread(wanted, 0.1, 0.0, 1.0))
    assert (np.argsort(placed) == np.argsort(wanted)).all()
    assert np.diff(np.sort(placed)).min() >= 0.1 - 1e-9
    assert placed.min() >= -1e-9
    assert placed.max() <= 1 + 1e-9


def test_spread_moves_as_little_as_a_brute_force_search():
    wanted = [0.2, 0.22, 0.7]
    grid = np.arange(0, 1.0001, 0.01)
    best = min(
        (p for p in itertools.combinations(grid, 3) if p[1] - p[0] >= 0.1 - 1e-9 and p[2] - p[1] >= 0.1 - 1e-9),
        key=lambda p: sum((a - b) ** 2 for a, b in zip(p, wanted, strict=True)),
    )
    assert spread(wanted, 0.1, 0, 1) == pytest.approx(best, abs=0.011)


def test_spread_leaves_alone_what_does_not_touch_and_shrinks_what_cannot_fit():
    assert spread([0.1, 0.9], 0.2, 0, 1) == pytest.approx([0.1, 0.9])
    assert spread([0.5] * 5, 1.0, 0, 1) == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert spread([], 1.0, 0, 1) == []


@pytest.mark.parametrize(("classes", "budget"), [(10, 1), (10, 10), (10, 50), (10, 100), (100, 1), (2, 100), (100, 10)])
def test_every_image_has_room(classes, budget):
    grid = choose_grid(classes, budget)
    assert grid.rows * grid.columns >= budget
    width, height = grid.size(classes)
    assert 0.4 < width / height < 3.5  # near the shape of the panel, never a ribbon


def test_a_plain_sheet_stays_one_row_per_class():
    assert (choose_grid(10, 10).rows, choose_grid(10, 10).groups) == (1, 1)


def test_labels_of_blocks_side_by_side_have_room_and_long_ones_more():
    short, long = choose_grid(100, 1, letters=1), choose_grid(100, 1, letters=9)
    assert short.groups > 1
    assert 0 < short.tag < long.tag


def test_one_image_per_class_is_shown_large():
    width, height = choose_grid(10, 1).size(10)
    assert min(1.15 / width, 1 / height) > 0.17  # of the panel's height
