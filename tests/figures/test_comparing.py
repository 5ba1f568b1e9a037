"""Figures of several runs: fronts by brute force, bands by hand, labels apart by their boxes."""

import json
from itertools import pairwise

import numpy as np
import pytest

from dcviz.figures.front import LETTER, TALL, Scale, Spot, front, place_labels, undominated
from dcviz.figures.merged import signed, tag
from dcviz.figures.overlay import MIDDLE, SCALES, Strand, mean_of, overlay
from dcviz.figures.pack import unpack
from dcviz.figures.race import Finish, race
from dcviz.figures.scene import frame_scene
from dcviz.figures.signs import signs

# ----------------------------------------------------------------------------------------------------- front


@pytest.mark.parametrize("better", [("low", "high"), ("high", "high"), ("low", "low"), ("high", "low")])
def test_the_front_is_what_brute_force_finds(better):
    draw = np.random.default_rng(3)
    for n in (1, 2, 7, 40):
        x, y = draw.integers(0, 9, n), draw.integers(0, 9, n)  # with ties
        sx, sy = (1 if side == "high" else -1 for side in better)
        expected = [
            not any(
                sx * x[j] >= sx * x[i] and sy * y[j] >= sy * y[i] and (x[j] != x[i] or y[j] != y[i]) for j in range(n)
            )
            for i in range(n)
        ]
        assert undominated(x, y, better).tolist() == expected


def spots(*places, **kind):
    return [
        Spot(f"run {i}", sign, *place, **kind)
        for i, (place, sign) in enumerate(zip(places, signs(len(places), "light"), strict=True))
    ]


def test_the_front_is_drawn_and_the_dominated_faded():
    spec = front(spots((1, 80), (2, 70), (10, 95)), (Scale("time", "low"), Scale("accuracy", "high")), "light")
    line, *points = spec["data"]
    assert (line["x"], line["y"], line["line"]["shape"]) == ([1, 10], [80, 95], "hv")
    assert [p["meta"]["on"] for p in points] == [True, False, True]
    assert [p["opacity"] < 1 for p in points] == [False, True, False]
    assert "dominated" in points[1]["hovertemplate"]


def test_numbers_that_do_not_compare_are_neither_ranked_nor_filled():
    found = [*spots((2, 70), (1, 60)), Spot("other", signs(1, "light")[0], 0.5, 99, counts=False)]
    spec = front(found, (Scale("time", "low"), Scale("accuracy", "high")), "light")
    *ours, other = spec["data"][1:]
    assert [p["meta"]["on"] for p in ours] == [True, True]
    assert not other["meta"]["on"]
    assert other["marker"]["color"] == "rgba(0,0,0,0)"
    assert "not ranked" in other["hovertemplate"]


def test_error_bars_stand_where_there_is_a_spread():
    made = [Spot("a", signs(1, "light")[0], 10, 80, dy=2.0), Spot("b", signs(2, "light")[1], 20, 90)]
    spec = front(made, (Scale("bytes", "low", log=True), Scale("accuracy", "high")), "dark")
    a, b = (t for t in spec["data"] if t["mode"] == "markers")
    assert (a["error_y"]["array"], a["error_y"]["visible"], b["error_y"]["visible"]) == ([2.0], True, False)
    low, high = spec["layout"]["yaxis"]["range"]
    assert low < 78
    assert high > 90
    json.dumps(spec, allow_nan=False)


@pytest.mark.parametrize("seed", range(6))
def test_labels_never_overlap_however_crowded_the_points(seed):
    draw = np.random.default_rng(seed)
    points = 300 + 120 * draw.random((12, 2)) * [1.5, 0.4]
    texts = ["◆ " + "x" * int(n) for n in draw.integers(4, 22, 12)]
    at = place_labels(points, texts)
    half = np.array([[LETTER * len(t) / 2, TALL / 2] for t in texts])
    for i in range(12):
        for j in range(i):
            assert (np.abs(at[i] - at[j]) >= half[i] + half[j] - 1e-9).any()
    assert (at - half >= 0).all()


def test_points_without_extent_and_no_points_still_make_a_figure():
    json.dumps(front(spots((5, 5)), (Scale("a", "low", True), Scale("b", "high")), "light"), allow_nan=False)
    json.dumps(front([], (Scale("a", "low", True), Scale("b", "high")), "light"), allow_nan=False)


# ---------------------------------------------------------------------------------------------------- curves


def strand(*runs, key="a", at=0):
    return Strand(key, f"label {key}", signs(9, "light")[at], runs)


STEPS = np.arange(1, 31)


def run(factor=1.0, **more):
    return {
        "objective": (STEPS, factor * np.exp(-STEPS / 9.0)),
        "accuracy": (STEPS[::10], np.array([0.5, 0.7, 0.9])),
        **more,
    }


def test_repeats_are_their_mean_with_a_band_of_one_deviation():
    curves = [(STEPS, np.random.default_rng(i).random(30)) for i in range(4)]
    x, mean, (low, high) = mean_of(curves)
    table = np.stack([v for _, v in curves])
    assert x.tolist() == STEPS.tolist()
    np.testing.assert_allclose(mean, table.mean(0))
    np.testing.assert_allclose((high - low) / 2, table.std(0, ddof=1))


def test_repeats_on_other_places_meet_where_all_are_known():
    x, mean, _ = mean_of([([0.0, 10.0], [0.0, 10.0]), ([5.0, 15.0], [5.0, 15.0])])
    assert (x[0], x[-1]) == (5.0, 10.0)
    np.testing.assert_allclose(mean, x)


def test_one_run_has_no_band_and_repeats_do():
    one = overlay([strand(run())], "light", now=3, last=30)
    two = overlay([strand(run(), run(1.2))], "light", now=3, last=30)
    assert not [t for t in one["data"] if t.get("fill")]
    assert len([t for t in two["data"] if t.get("fill")]) == 2  # objective and accuracy


def test_relative_to_the_start_every_curve_begins_at_one():
    spec = overlay([strand(run(1.0)), strand(run(900.0), key="b", at=1)], "light", now=0, last=30, scale="start")
    lines = [t for t in spec["data"] if t["yaxis"] == "y" and not t.get("fill")]
    assert [float(unpack(t["y"])[0]) for t in lines] == pytest.approx([1, 1])
    assert spec["layout"]["yaxis"]["type"] == "log"


def test_on_its_own_scale_every_curve_fills_the_panel_and_hovering_tells_the_value():
    spec = overlay([strand(run(1.0)), strand(run(900.0), key="b", at=1)], "light", now=0, last=30, scale="own")
    for trace, factor in zip([t for t in spec["data"] if t["yaxis"] == "y"], (1.0, 900.0), strict=True):
        y = unpack(trace["y"])
        assert (y.min(), y.max()) == (0, 1)
        assert unpack(trace["customdata"])[0] == pytest.approx(factor * np.exp(-1 / 9), rel=1e-5)
        assert "customdata" in trace["hovertemplate"]
    assert not spec["layout"]["yaxis"]["showticklabels"]


def test_an_objective_below_zero_is_drawn_on_a_linear_axis():
    below = {"objective": (STEPS, np.cos(STEPS / 5.0))}
    for scale in SCALES:
        spec = overlay([strand(below)], "light", now=0, last=30, scale=scale)
        assert spec["layout"]["yaxis"]["type"] == "linear"
        json.dumps(spec, allow_nan=False)


def test_the_middle_yardstick_is_the_median_where_all_are_known():
    marks = {
        "yardstick:a": (np.array([0, 10, 20]), np.array([3.0, 1.0, 2.0])),
        "yardstick:b": (np.array([0, 10, 20]), np.array([4.0, 2.0, 9.0])),
        "yardstick:c": (np.array([0, 20]), np.array([5.0, 1.0])),
    }
    spec = overlay([strand(run(**marks))], "light", now=0, last=30, yardstick=MIDDLE)
    (line,) = [t for t in spec["data"] if t["yaxis"] == "y2"]
    assert unpack(line["x"]).tolist() == [0, 20]
    assert unpack(line["y"]).tolist() == [4, 2]


def test_labels_of_many_runs_stand_apart_and_each_curve_says_whose_it_is():
    many = [strand(run(1.0 + 1e-3 * i), key=str(i), at=i) for i in range(6)]
    spec = overlay(many, "light", now=0, last=30, levels={"whole set": 0.9})
    ys = sorted(n["y"] for n in spec["layout"]["annotations"] if n.get("xshift") == 6 and n["yref"] == "y2")
    axis = spec["layout"]["yaxis2"]
    tall = (axis["domain"][1] - axis["domain"][0]) * 390 / (axis["range"][1] - axis["range"][0])
    assert len(ys) == 7
    assert min(b - a for a, b in pairwise(ys)) * tall >= 12.9
    assert {t["meta"]["of"] for t in spec["data"]} == set("012345")


def test_nothing_measured_still_makes_a_figure():
    json.dumps(overlay([strand({})], "light", now=0, last=0), allow_nan=False)
    json.dumps(overlay([], "light", now=0, last=0), allow_nan=False)


# ------------------------------------------------------------------------------------------------------- map


def test_shape_tells_the_run_and_colour_the_class():
    real = {
        "points": np.random.default_rng(0).random((8, 2)),
        "labels": np.arange(8) % 2,
        "ids": np.arange(8),
        "classes": "ab",
    }
    frame = {"points": np.ones((4, 2)), "labels": np.arange(4) % 2, "ids": np.arange(4), "off": np.full(4, 99.0)}
    scene = frame_scene(3, frame, real, "light")
    a, b = (signed(scene, str(i), f"run <{i}>", sign) for i, sign in enumerate(signs(2, "light")))
    one, two = ([t for t in s["maps"]["plane"] if t["meta"]["layer"] == "synthetic"] for s in (a, b))
    assert {t["marker"]["symbol"] for t in one} == {"diamond"}
    assert {t["marker"]["symbol"] for t in two} == {"square"}
    assert [t["marker"]["color"] for t in one] == [t["marker"]["color"] for t in two]
    assert {t["meta"]["run"] for t in two} == {"1"}
    assert "run &lt;0&gt;" in one[0]["hovertemplate"]
    assert not [t for t in a["maps"]["plane"] if t["meta"]["layer"] == "flagged"]
    assert [t["marker"]["symbol"] for t in scene["maps"]["plane"] if t["meta"]["layer"] == "synthetic"] == [
        "diamond"
    ] * 2
    assert tag("1", "run <1>", signs(2, "light")[1], "dark")["text"] == "<b>■ run &lt;1&gt;</b>"


# ------------------------------------------------------------------------------------------------------ race


def test_the_race_shows_error_bars_where_repeats_exist_and_the_rivals():
    s = signs(2, "light")
    finishes = [
        Finish(1, 0.8, 0.02, s[0], "1 per class", "ridge"),
        Finish(10, 0.9, None, s[1], "10 per class", "ridge"),
    ]
    rivals = {"random": [(10, 0.85, 0.01), (1, 0.5, 0.1)]}
    spec = race(
        [strand(run(), run(1.1)), strand(run(), key="b", at=1)],
        finishes,
        rivals,
        "dark",
        unit="image-updates",
        ceiling=0.97,
    )
    named = {t["name"]: t for t in spec["data"] if "name" in t and t.get("xaxis") == "x2"}
    assert named["1 per class"]["error_y"]["visible"]
    assert not named["10 per class"]["error_y"]["visible"]
    assert named["ridge"]["x"] == ["1", "10"]
    assert named["random"]["x"] == ["1", "10"]
    assert named["random"]["error_y"]["array"] == [10.0, 1.0]
    assert any("whole set 97.0" in n["text"] for n in spec["layout"]["annotations"])
    json.dumps(spec, allow_nan=False)
    json.dumps(race([], [], {}, "light", unit="seconds"), allow_nan=False)


def test_labels_of_runs_are_text_not_markup_wherever_they_are_drawn():
    evil = "<a href='//x'>%{x}</a>"
    told = Strand("a", evil, signs(9, "light")[0], [run(accuracy=(np.arange(3), np.linspace(0.2, 0.8, 3)))])
    finish = Finish(10, 0.9, None, told.sign, evil, "ridge")
    spot = Spot(evil, told.sign, 1.0, 2.0, 0.0, 0.0, "", True)
    axis = Scale("a", "high", False)
    for spec in (
        overlay([told], "light", now=0, last=3, levels={evil: 0.5}),
        race([told], [finish], {evil: [(10, 0.4, None)]}, "light", unit="seconds"),
        front([spot], (axis, axis), "light"),
    ):
        drawn = [t["hovertemplate"] for t in spec["data"] if "hovertemplate" in t]
        drawn += [a["text"] for a in spec["layout"]["annotations"]]
        assert any("href" in text for text in drawn)
        assert not [text for text in drawn if "<a" in text or "%{x}" in text]
