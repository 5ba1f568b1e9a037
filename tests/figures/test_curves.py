import json
import math

import numpy as np
import pytest

from dcviz.figures import curves
from dcviz.figures.curves import _log_ticks, thinned
from dcviz.figures.pack import unpack


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
    ticks = _log_ticks(low, high)
    assert 2 <= len(ticks["tickvals"]) <= 8
    assert all(span[0] <= v <= span[1] for v in ticks["tickvals"])
    assert len(set(ticks["ticktext"])) == len(ticks["ticktext"])


def test_a_curve_is_labelled_where_it_ends_and_a_level_right_of_the_axis():
    layout = curves(metrics(), {"random": 0.5}, 49, "light", steps=200)["layout"]
    run, random = (next(n for n in layout["annotations"] if word in n["text"]) for word in ("this run", "random"))
    assert (run["xref"], run["x"]) == ("x2", 40)
    assert (random["xref"], random["x"]) == ("x2 domain", 1)
