import json
import math

import numpy as np
import pytest

from dcviz.figures import curves
from dcviz.figures.curves import LESS
from dcviz.figures.numbers import log_ticks
from dcviz.figures.pack import unpack
from dcviz.figures.panels import thinned
from dcviz.yardsticks import LIKENESS


def metrics(n=50, sign=1.0):
    steps = np.arange(n)
    return {
        "objective": (steps, sign * np.exp(-steps / 10) + 0.1),
        "accuracy": (steps[::10], np.linspace(0.2, 0.9, len(steps[::10]))),
    }


def test_objective_is_logarithmic_unless_it_falls_below_zero():
    assert curves(metrics(), {}, 0, "light")["layout"]["yaxis"]["type"] == "log"
    assert curves(metrics(sign=-1.0), {}, 0, "light")["layout"]["yaxis"]["type"] == "linear"


def test_labels_of_one_panel_never_overlap():
    rivals = {"random": 0.901, "herding": 0.902, "medoids": 0.903, "centroids": 0.9, "whole set": 0.999}
    layout = curves(metrics(), rivals, 20, "light")["layout"]
    ys = sorted(n["y"] for n in layout["annotations"] if n.get("xshift") and n["yref"] == "y2")
    low, high = layout["yaxis2"]["range"]
    tall = (layout["yaxis2"]["domain"][1] - layout["yaxis2"]["domain"][0]) * 390  # the smallest screen
    assert len(ys) == 6
    assert min(np.diff(ys)) / (high - low) * tall >= 12.9  # pixels


def test_yardsticks_have_a_panel_only_if_measured():
    found = metrics() | {"yardstick:energy": (np.arange(3), np.array([4.0, 2.0, 1.5]))}
    assert "yaxis3" not in curves(metrics(), {}, 0, "dark")["layout"]
    assert "yaxis3" in curves(found, {}, 0, "dark")["layout"]


YARDSTICKS = ["energy, pixels", "sliced, pixels", "mean, random", "MMD, random", "energy, trained", "gradient", "gaps"]


def measured(high=1.3):
    band = {"random:low": (np.array([0]), np.array([0.7])), "random:high": (np.array([0]), np.array([high]))}
    same = np.arange(50), np.full(50, 0.9)
    return metrics() | band | {f"yardstick:{name}": same for name in YARDSTICKS}


def test_the_band_of_random_subsets_is_drawn_and_in_view():
    layout = curves(measured(high=5.0), {}, 0, "light")["layout"]
    (band,) = [s for s in layout["shapes"] if s["type"] == "rect"]
    assert (band["yref"], band["y0"], band["y1"], band["layer"]) == ("y2", 0.7, 5.0, "below")
    low, high = layout["yaxis2"]["range"]
    assert low < math.log10(0.7)
    assert math.log10(5) < high
    assert any("band" in n["text"] for n in layout["annotations"])
    without = {k: v for k, v in measured().items() if not k.startswith("random:")}
    layout = curves(without, {}, 0, "light")["layout"]
    assert not [s for s in layout["shapes"] if s["type"] == "rect"]
    assert not any("band" in n["text"] for n in layout["annotations"])


def test_labels_of_all_yardsticks_stand_apart_on_the_smallest_screen():
    rivals = {"random": 0.901, "herding": 0.902, "medoids": 0.903, "centroids": 0.9, "whole set": 0.999}
    layout = curves(measured(), rivals, 20, "light")["layout"]
    for axis, count in (("y2", 7), ("y3", 6)):
        at = layout["yaxis" + axis[1:]]
        ys = sorted(n["y"] for n in layout["annotations"] if n.get("xshift") == 6 and n["yref"] == axis)
        tall = (at["domain"][1] - at["domain"][0]) * 390
        assert len(ys) == count
        assert min(np.diff(ys)) / (at["range"][1] - at["range"][0]) * tall >= 12.9  # pixels
    domains = sorted(layout[a]["domain"] for a in ("yaxis", "yaxis2", "yaxis3"))
    assert all(below[1] < above[0] for below, above in zip(domains, domains[1:], strict=False))
    assert domains[0][0] > 0
    assert domains[2][1] < 1


LIKE = ["precision", "recall", "density", "coverage"]


def alike():
    ends = {"random like:low": (np.array([0]), np.array([0.8])), "random like:high": (np.array([0]), np.array([1.1]))}
    lines = {f"likeness:{name}": (np.arange(0, 50, 7), np.linspace(0, i, 8)) for i, name in enumerate(LIKE, 1)}
    return measured() | ends | lines | {"likeness:told apart": (np.array([49]), np.array([1.6]))}


def test_likeness_takes_the_place_of_the_yardsticks_when_it_is_asked_for():
    plain, spec = (curves(alike(), {}, 0, "light", likeness=asked) for asked in (False, True))
    assert not [t["name"] for t in plain["data"] if "↑" in t["name"]]
    names = [t["name"] for t in spec["data"] if t["yaxis"] == "y2"]
    assert names == [f"{name} ↑" for name in LIKE] + ["told apart ↓"]
    assert not {n["text"] for n in spec["layout"]["annotations"]} & set(YARDSTICKS)
    axis = spec["layout"]["yaxis2"]
    assert axis["type"] == "linear"
    assert axis["range"][0] <= 0 < 4 <= axis["range"][1]
    (band,) = [s for s in spec["layout"]["shapes"] if s["type"] == "rect"]
    assert (band["y0"], band["y1"]) == (0.8, 1.1)
    assert any("more is better" in n["text"] for n in spec["layout"]["annotations"])
    json.dumps(curves(metrics(), {}, 0, "light", likeness=True), allow_nan=False)  # not measured yet


def test_arrows_point_to_where_better_is():
    assert set(LESS) == {one.name for one in LIKENESS if not one.more}
    assert [one.label for one in LIKENESS] == [f"{name} ↑" for name in LIKE] + ["told apart ↓"]


def test_a_parting_is_marked_in_objective_and_yardsticks():
    layout = curves(measured(), {"random": 0.5}, 0, "light", parting=31)["layout"]
    marks = [s for s in layout["shapes"] if s.get("name") == "parting"]
    assert [(s["x0"], s["xref"]) for s in marks] == [(31, "x"), (31, "x2")]
    assert [s.get("label", {}).get("text") for s in marks] == [None, "part"]
    assert not [s for s in curves(measured(), {}, 0, "light")["layout"]["shapes"] if s.get("name") == "parting"]


def test_every_panel_marks_the_shown_step():
    layout = curves(metrics(), {}, 17, "light", steps=100)["layout"]
    now = [s for s in layout["shapes"] if s.get("name") == "now"]
    assert [s["x0"] for s in now] == [17, 17]
    assert layout["xaxis"]["range"] == [0, 100]


def test_long_curves_are_thinned_but_keep_peaks_and_the_end():
    steps, values = np.arange(100_000), np.zeros(100_000)
    values[31_234] = 9.0
    s, v = thinned(steps, values, 400)
    assert len(s) <= 402
    assert v.max() == 9.0
    assert s[-1] == 99_999


def test_nothing_measured_and_not_a_number_are_still_json():
    json.dumps(curves({}, {}, 0, "light"), allow_nan=False)
    found = {"objective": (np.arange(3), np.array([np.nan, 1.0, np.nan]))}
    spec = curves(found, {}, 0, "light")
    json.dumps(spec, allow_nan=False)
    assert np.isnan(unpack(spec["data"][0]["y"])[0])


@pytest.mark.parametrize("span", [(0.045, 0.07), (0.09, 0.11), (0.3, 3.0), (2.2, 3.1), (1e-9, 4.0), (900.0, 1300.0)])
def test_a_logarithmic_axis_has_numbers_however_little_the_curve_moves(span):
    low, high = map(math.log10, span)
    ticks = log_ticks(low, high)
    assert 2 <= len(ticks["tickvals"]) <= 8
    assert all(span[0] <= v <= span[1] for v in ticks["tickvals"])
    assert len(set(ticks["ticktext"])) == len(ticks["ticktext"])


def test_a_label_that_would_lie_across_the_end_of_the_axis_stands_right_of_it():
    for end, place in ((40, ("x", 40)), (80, ("x domain", 1))):
        steps = np.arange(end + 1)
        found = {"objective": (steps, 1.0 + steps), "yardstick:energy": (steps, 1.0 + steps)}
        notes = curves(found, {}, end, "light", steps=100)["layout"]["annotations"]
        told = [n for n in notes if n.get("xshift") == 6]
        assert len(told) == 2
        assert {(n["xref"].replace("2", ""), n["x"]) for n in told} == {place}


def test_a_curve_is_labelled_where_it_ends_and_a_level_right_of_the_axis():
    layout = curves(metrics(), {"random": 0.5}, 49, "light", steps=200)["layout"]
    run, random = (next(n for n in layout["annotations"] if word in n["text"]) for word in ("this run", "random"))
    assert (run["xref"], run["x"]) == ("x2", 40)
    assert (random["xref"], random["x"]) == ("x2 domain", 1)


def test_groups_have_a_panel_of_their_own_where_there_are_some():
    plain = curves(measured(), {}, 49, "light")
    lines = {f"group:{name}": (np.arange(0, 50, 7), np.full(8, i + 0.5)) for i, name in enumerate(("many", "few"))}
    drawn = curves(measured() | lines, {}, 49, "light")
    assert len([key for key in drawn["layout"] if key.startswith("yaxis")]) == 1 + len(
        [key for key in plain["layout"] if key.startswith("yaxis")]
    )
    assert {"many", "few"} <= {trace["name"] for trace in drawn["data"]}
