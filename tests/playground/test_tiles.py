"""The tiles: their words, and pictures that are results."""

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.playground.bundle import run
from dcviz.playground.numbers import measure
from dcviz.playground.targets import target
from dcviz.playground.tiles import TILES, find, results


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_every_tile_says_what_to_look_for_in_a_line(tile):
    assert find(tile.name) is tile
    assert tile.look.endswith(".")
    assert tile.attempt.endswith(".")
    assert len(tile.title + tile.look + tile.attempt) < 205
    shown = results()[tile.name]
    assert {side: y.shape for side, y in shown.items()} == dict.fromkeys(("left", "right"), (tile.setup.budget, 2))


def test_pictures_are_what_comes_out():
    for side, y in run(find("one")).items():
        assert np.abs(y - results()["one"][side]).max() < 0.02


def numbers(name):
    import torch

    tile = find(name)
    at = target(tile.setup.data)
    return {side: measure(at, torch.tensor(y)[None]) for side, y in results()[name].items()}


def test_the_pictures_show_what_the_words_say():
    mean = numbers("mean")
    assert (int(mean["left"].modes), int(mean["right"].modes)) == (0, 8)
    assert int(numbers("zero")["left"].off) > 10
    assert int(numbers("bandwidth")["left"].off) > 5 * int(numbers("bandwidth")["right"].off)
    assert int(numbers("blur")["right"].modes) == 0
    assert int(numbers("saddle")["left"].modes) == 0
    assert int(numbers("saddle")["right"].modes) == 2
    assert int(numbers("budget")["left"].off) == 4  # 20 = 2·8 + 4
    batch = numbers("batch")
    assert int(batch["left"].off) > 2 * int(batch["right"].off)


def test_an_unknown_tile_is_refused():
    with pytest.raises(Refused, match="there is no tile"):
        find("mena")
