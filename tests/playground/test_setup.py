"""Set-ups and their addresses, and what is drawn: bounded, refused in words, the same again."""

import pytest

from dcviz.errors import Refused
from dcviz.playground.drawing import EXTENT, MOST, decode, encode
from dcviz.playground.setup import Setup, changed, read, write
from dcviz.playground.tiles import TILES


def test_a_drawing_comes_back_to_a_thousandth():
    points = [(0.0, 0.0), (1.234, -1.1), (-EXTENT, EXTENT)]
    for there, back in zip(points, decode(encode(points)), strict=True):
        assert back == pytest.approx(there, abs=1e-3)
    assert len(encode([(0.1, 0.2)] * MOST)) == 4 * MOST
    assert decode(encode([(9.0, -9.0)]))[0] == pytest.approx((EXTENT, -EXTENT))
    assert decode("") == []


@pytest.mark.parametrize(("text", "word"), [("abc", "not a drawing"), ("ab$=", "not a drawing"), ("é" * 4, "not a")])
def test_what_is_no_drawing_is_refused(text, word):
    with pytest.raises(Refused, match=word):
        decode(text)


def test_too_many_points_are_refused_both_ways():
    with pytest.raises(Refused, match=f"at most {MOST}"):
        encode([(0.0, 0.0)] * (MOST + 1))
    with pytest.raises(Refused, match=f"at most {MOST}"):
        decode("AAAA" * (MOST + 1))


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_the_address_of_a_tile_is_its_name(tile):
    assert write(tile.setup) == {"tile": tile.name}
    assert read({"tile": tile.name}) == (tile.setup, [])


def test_an_address_means_the_set_up_that_wrote_it():
    setup = Setup(data="drawn", points=encode([(0.5, 0.25), (-0.5, 1.0)]), budget=7, rate=0.1, move="adam", seed=3)
    setup = changed(changed(setup, "left", "mmd"), "left.bandwidth", 0.25)
    setup = changed(changed(setup, "right", "sinkhorn"), "right.iterations", 20)
    address = write(setup)
    assert address["left.bandwidth"] == "0.25"
    assert "right.blur" not in address
    assert read(address) == (setup, [])


def test_an_address_that_begins_with_a_tile_says_only_what_differs():
    setup = changed(TILES[2].setup, "left.bandwidth", 0.3)
    assert write(setup) == {"tile": TILES[2].name, "left.bandwidth": "0.3"}
    assert read(write(setup)) == (setup, [])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"budget": "201"}, "whole number from 1 to 200"),
        ({"budget": "2.5"}, "whole number"),
        ({"rate": "fast"}, "must be a number"),
        ({"rate": "true"}, "must be a number"),
        ({"data": "eight-gausians"}, "did you mean 'eight-gaussians'"),
        ({"left": "enrgy"}, "did you mean 'energy'"),
        ({"right": "mmd", "right.bandwidth": "1e9"}, "must be from 0.01 to 100"),
        ({"right.bandwidth": "1"}, "has no parameter 'bandwidth'"),
        ({"left.name": "mmd"}, "as in left=energy"),
        ({"points": "?"}, "not a drawing"),
        ({"tile": "mean-collapse"}, "there is no tile"),
        ({"colour": "red"}, "there is no setting"),
    ],
)
def test_a_wrong_value_is_refused_in_words_and_left_as_it_was(query, words):
    setup, refusals = read(query)
    assert len(refusals) == 1
    assert words in refusals[0]
    assert setup.left == Setup().left
    assert setup.budget == Setup().budget


def test_what_belongs_to_others_in_an_address_is_left_alone():
    assert read({"step": "7", "hide": "dc-play-tiles"}) == (Setup(), [])
