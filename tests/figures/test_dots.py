"""Numbers as rows of marks."""

import numpy as np
import pytest

from dcviz.figures.dots import Row, dots
from dcviz.figures.pack import unpack

LABELS = {"synthetic": "here", "random": "random", "told": "published"}
ROWS = [
    Row("ours", {"synthetic": [90.0, 92.0], "random": [80.0, 84.0]}),
    Row("theirs", {"told": [95.0]}, 0.5, "95.0 ± 0.5", "1,000 epochs"),
    Row("others", {"told": [94.0]}),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_value_is_a_mark_and_kinds_differ_in_shape(theme):
    spec = dots(ROWS, theme, unit="accuracy, %", labels=LABELS)
    marks = {trace["name"]: trace for trace in spec["data"]}
    assert unpack(marks["here"]["x"]).tolist() == [90, 92]
    assert unpack(marks["published"]["x"]).tolist() == [95, 94]
    assert len({trace["marker"]["symbol"] for trace in spec["data"]}) == 3
    assert marks["published"]["text"] == ["1,000 epochs", ""]


def test_means_are_ticks_and_spreads_bars_where_they_are_told():
    shapes = dots(ROWS, "light", unit="%", labels=LABELS)["layout"]["shapes"]
    ticks = sorted(shape["x0"] for shape in shapes if shape["x0"] == shape["x1"])
    bars = [(shape["x0"], shape["x1"]) for shape in shapes if shape["x0"] != shape["x1"]]
    assert ticks == [82, 91]
    assert bars == [(94.5, 95.5)]


def test_rows_stand_below_one_another_and_all_is_in_view():
    spec = dots(ROWS, "light", unit="%", labels=LABELS)
    heights = [note["y"] for note in spec["layout"]["annotations"]]
    assert heights == sorted(heights, reverse=True)
    low, high = spec["layout"]["xaxis"]["range"]
    assert low < 80
    assert high > 95.5
    bottom, top = spec["layout"]["yaxis"]["range"]
    every = np.concatenate([unpack(trace["y"]) for trace in spec["data"]])
    assert bottom < every.min()
    assert every.max() < top
