"""What is drawn of the plane."""

import base64

import numpy as np
import pytest

from dcviz.figures.pack import unpack
from dcviz.figures.plane import SHADES, heat_table, plane_frames, plane_picture, plane_scene, thumbnail_of


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_heat_map_is_clear_in_the_middle_and_its_ends_differ_in_more_than_hue(theme):
    table = heat_table(theme).astype(int)
    assert table.shape == (SHADES, 4)
    assert table[SHADES // 2, 3] == 0
    assert table[0, 3] == table[-1, 3] > 100
    green, purple = table[0, :3], table[-1, :3]
    assert abs(green[2] - purple[2]) > 40  # blue, which every kind of colour blindness but the rarest tells apart


def test_both_sides_differ_by_shape_and_colour():
    lanes = plane_scene("k", np.zeros((3, 2)), 1.6, "light")["lanes"]
    left, right = (lanes[side]["marker"] for side in ("left", "right"))
    assert left["symbol"] != right["symbol"]
    assert left["color"] != right["color"]


def test_steps_travel_as_they_are():
    points = np.arange(10.0).reshape(5, 2)
    sent = plane_frames(7, {"sizes": np.array([2, 3]), "points": points, "value": np.array([1.5, np.nan])})
    assert (sent["first"], sent["count"]) == (7, 2)
    assert unpack(sent["points"]).tolist() == list(range(10))
    assert unpack(sent["sizes"]).tolist() == [2, 3]
    assert np.isnan(unpack(sent["value"])[1])


def test_forces_are_shares_of_the_strongest():
    sent = plane_picture(3, np.array([[2.0, 0.0]]), None, (4.0, 0.0))
    assert unpack(sent["force"]).tolist() == [0.5, 0.0]
    assert sent["heat"] is None


def test_a_thumbnail_shows_what_is_inside_of_the_plane():
    y = {"left": np.array([[0.0, 0.0], [9.0, 9.0]]), "right": np.array([[0.5, 0.5]])}
    src = thumbnail_of(np.zeros((4, 2)), y, 1.6, "dark")
    svg = base64.b64decode(src.partition(",")[2]).decode()
    assert svg.count('r="2.6"') == 1
    assert svg.count("<path") == 1
