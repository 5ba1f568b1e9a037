"""Moves in red and blue: zero is the ground, the ends are the scale, and an arrow points where the move goes."""

import base64
import io
import math
import re

import numpy as np
import pytest
from PIL import Image

from dcviz.figures.palette import DIVERGING, diverging, tokens
from dcviz.figures.pulls import AFTER, after_picture, arrow_end, arrow_picture, pull_picture


def pixels(src):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(src.partition(",")[2]))))


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_largest_change_has_the_full_colour_and_no_change_the_ground(theme):
    low, ground, high = (rgb(c) for c in DIVERGING[theme])
    move = np.zeros((1, 2, 2))
    move[0, 0, 0], move[0, 1, 1], move[0, 0, 1] = 0.004, -0.004, -0.002
    made = pull_picture(move, theme)
    assert made["scale"] == 0.004
    found = pixels(made["src"])
    assert found[0, 0].tolist() == high
    assert found[1, 1].tolist() == low
    assert found[1, 0].tolist() == ground
    np.testing.assert_allclose(found[0, 1], (np.array(low) + ground) / 2, atol=1)


def test_signs_are_apart_for_every_kind_of_colour_blindness():
    # Viénot, Brettel & Mollon (1999): what is left of linear RGB without long or without middle cones.
    without = {
        "protan": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
        "deutan": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
    }
    for theme, (low, _, high) in DIVERGING.items():
        for matrix in without.values():
            a, b = (matrix @ (np.array(rgb(c)) / 255) ** 2.2 for c in (low, high))
            assert np.abs(a.clip(0) ** (1 / 2.2) - b.clip(0) ** (1 / 2.2)).max() > 0.35, theme


def test_colours_of_several_channels_are_their_mean_and_nothing_is_drawn_for_no_move():
    move = np.stack([np.full((2, 2), 0.3), np.full((2, 2), -0.3), np.full((2, 2), 0.3)])
    assert pull_picture(move, "light")["scale"] == pytest.approx(0.1)
    still = pull_picture(np.zeros((1, 2, 2)), "light")
    assert still["scale"] == 0
    assert (pixels(still["src"]) == rgb(DIVERGING["light"][1])).all()
    assert diverging(np.array([2.0, -2.0]), "light").tolist() == [
        rgb(DIVERGING["light"][2]),
        rgb(DIVERGING["light"][0]),
    ]


def test_after_a_large_step_the_most_changed_pixel_has_moved_so_far():
    image = np.full((1, 2, 2), 100, np.uint8)
    move = np.array([[[0.0, 0.01], [-0.005, 0.0]]])
    found = pixels(after_picture(image, move, False))
    assert found[0, 0] == 100
    assert found[0, 1] == 100 + round(255 * AFTER)
    assert abs(int(found[1, 0]) - (100 - 255 * AFTER / 2)) <= 1
    assert (pixels(after_picture(image, move, True)) == 255 - found).all()


def test_an_arrow_points_where_the_move_goes_and_its_picture_says_whose_it_is():
    svg = base64.b64decode(arrow_picture([0.0, 0.2], "a <b>", "light").partition(",")[2]).decode()
    assert "a &lt;b&gt;" in svg
    turn = float(re.search(r"rotate\((-?[\d.]+)\)", svg)[1])
    assert turn == -90  # upwards on a screen whose y runs downwards
    assert tokens("light").selection in svg
    nothing = base64.b64decode(arrow_picture([0.0, 0.0], "n", "light").partition(",")[2]).decode()
    assert "circle" in nothing


def test_all_arrows_on_the_map_are_equally_long():
    ends = [arrow_end(np.array(move), 10.0) for move in ([3.0, 4.0], [-1e-6, 0.0])]
    assert [math.hypot(*end) for end in ends] == pytest.approx([0.9, 0.9])
    assert ends[0][0] / ends[0][1] == pytest.approx(0.75)
    assert arrow_end(np.zeros(2), 10.0) == [0.0, 0.0]
