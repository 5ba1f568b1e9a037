"""What an objective costs, drawn: the front of its strengths, the same as SVG, and moves on the map."""

import xml.dom.minidom

import numpy as np
import pytest

from dcviz.figures.costs import Aim, costs, stands
from dcviz.figures.moved import LAYER, moved
from dcviz.figures.pack import unpack
from dcviz.figures.palette import tokens
from dcviz.figures.ringed import ringed
from dcviz.figures.vector import as_svg
from dcviz.runs.comparing import Value

FOUND = [
    ("plain", True, Value(0.55, 0.02, 3), Value(0.96, 0.01, 3)),
    ("weight 1", False, Value(0.9, None, 1), Value(0.95, None, 1)),
    ("weight <4>", False, Value(0.94, 0.01, 3), Value(0.9, 0.02, 3)),
    ("weight 16", False, None, Value(0.8, None, 1)),  # not measured
]


@pytest.fixture
def spec():
    drawn = stands(FOUND, "fraction", "weight <4>")
    return costs(drawn, Aim.of("worst group", "fraction", "higher"), "light", (450, 330))


def points(spec):
    return {t["name"]: t for t in spec["data"] if t["mode"] == "markers"}


def test_what_is_measured_stands_in_per_cent_with_its_spread(spec):
    found = points(spec)
    assert list(found) == ["plain", "weight 1", "weight <4>"]
    assert (found["plain"]["x"], found["plain"]["y"]) == ([pytest.approx(55)], [pytest.approx(96)])
    assert found["weight <4>"]["error_y"]["array"] == [pytest.approx(2)]
    assert not found["weight 1"]["error_x"]["visible"]
    assert (spec["layout"]["width"], spec["layout"]["height"]) == (450, 330)
    assert "→ better" in spec["layout"]["xaxis"]["title"]["text"]


def test_the_plain_run_and_the_chosen_one_are_told_apart(spec):
    found = points(spec)
    assert {name: t["marker"]["symbol"] for name, t in found.items()} == {
        "plain": "square",
        "weight 1": "diamond",
        "weight <4>": "diamond",
    }
    assert found["weight <4>"]["marker"]["color"] == tokens("light").selection
    low = costs(stands([FOUND[0], (*FOUND[1][:2], Value(0.5), Value(0.5))], "fraction"), Aim("x", "high"), "light")
    assert [t["opacity"] < 1 for t in points(low).values()] == [False, True]  # dominated, but for the reference


def test_less_is_better_where_it_is():
    spec = costs(stands(FOUND, "score"), Aim.of("AUC", "score", "lower"), "dark")
    found = points(spec)
    assert found["plain"]["x"] == [0.55]  # no per cent of a score
    assert [t["meta"]["on"] for t in found.values()] == [True, False, False]


def test_labels_stay_inside_the_small_figure(spec):
    left, top = spec["layout"]["margin"]["l"], spec["layout"]["margin"]["t"]
    wide = 450 - left - spec["layout"]["margin"]["r"]
    tall = 330 - top - spec["layout"]["margin"]["b"]
    for note in spec["layout"]["annotations"]:
        x, y = left + note["x"] * wide + note["ax"], top + (1 - note["y"]) * tall + note["ay"]
        assert 0 <= x <= 450
        assert 0 <= y <= 330


def test_the_svg_shows_the_same_points_in_the_same_places(spec):
    drawn = xml.dom.minidom.parseString(as_svg(spec, "light"))
    texts = [t.firstChild.data for t in drawn.getElementsByTagName("text") if t.firstChild]
    assert {"■ plain", "◆ weight 1", "◆ weight <4>"} <= set(texts)
    middles = []
    for shape in drawn.getElementsByTagName("polygon"):
        corners = np.array([[float(v) for v in p.split(",")] for p in shape.getAttribute("points").split()])
        middles.append(corners.mean(0))
    assert len(middles) == 3
    x, y = np.array(middles).T
    (low, high), values = spec["layout"]["xaxis"]["range"], np.array([55, 90, 94])
    left, right = spec["layout"]["margin"]["l"], 450 - spec["layout"]["margin"]["r"]
    assert x == pytest.approx(left + (values - low) / (high - low) * (right - left), abs=0.1)
    assert (np.argsort(-y) == np.argsort([96, 95, 90])).all()  # higher values stand higher


def test_moves_are_lines_from_where_to_where_and_two_kinds_are_told_apart():
    before = np.array([[0, 0], [1, 1], [2, 2]], np.float32)
    after = before + 0.5
    traces = moved(before, after, np.array([False, True, True]), ("kept", "lost"), "light")
    lines = [t for t in traces if t["mode"] == "lines"]
    marks = [t for t in traces if t["mode"] == "markers"]
    assert {t["meta"]["layer"] for t in traces} == {LAYER}
    assert [t["name"] for t in marks] == ["kept", "lost"]
    xs = unpack(lines[1]["x"])
    assert np.isnan(xs[2::3]).all()
    assert xs[~np.isnan(xs)].tolist() == [1, 1.5, 2, 2.5]
    assert unpack(marks[0]["x"]).tolist() == [0.5]
    assert marks[1]["marker"]["line"]["color"] == tokens("light").selection


def test_groups_are_ringed_but_for_the_largest_and_the_worst_stands_out():
    at = np.array([[0, 0], [1, 1], [2, 2], [9, 9], [7, 7]], np.float32)
    of = np.array([0, 0, 0, 1, 2])
    traces = ringed(at, of, ["most 99 %", "few <1> 40 %", "other"], 1, "light")
    rings = [t for t in traces if t["mode"] == "markers"]
    texts = {t["name"]: t for t in traces if t["mode"] == "text"}
    assert [unpack(t["x"]).tolist() for t in rings] == [[9], [7]]
    assert rings[0]["marker"]["symbol"] != rings[1]["marker"]["symbol"]
    assert rings[0]["marker"]["color"] == tokens("light").selection != rings[1]["marker"]["color"]
    assert (texts["most 99 %"]["x"], texts["most 99 %"]["y"]) == ([1.0], [1.0])
    assert texts["few <1> 40 %"]["text"] == ["<b>few &lt;1&gt; 40 %</b>"]
    plain = ringed(at, of, ["a", "b", "c"], None, "dark", rings=False)  # classes have colours
    assert [t["mode"] for t in plain] == ["text"] * 3
