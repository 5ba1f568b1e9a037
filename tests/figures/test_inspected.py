"""One image through time: the strip, the path and its honesty, its neighbours, its label."""

import numpy as np
import pytest

from dcviz.figures.inspected import Near, bars, classmates, neighbours, path, placing, strip
from dcviz.figures.leaks import leak_map
from dcviz.figures.pack import unpack


@pytest.fixture
def places(real):
    """Three steps: before the map was ready, beside class a, and beside class c."""
    near = np.array([[np.nan] * 4, [0, 1, 2, 3], [40, 41, 42, 43]], np.float32)
    return {"pca": np.array([[0, 0], [1, 1], [5, 5]], np.float32), "neighbours": near, "weights": np.full((3, 4), 0.25)}


def test_the_strip_has_every_step(real):
    images = np.zeros((3, 1, 8, 8), np.uint8)
    made = strip([0, 5, 9], images, real, "light")
    assert made["steps"] == [0, 5, 9]
    assert made["count"] == 3
    assert made["side"] == [8, 8]


def test_the_path_is_where_its_neighbours_are_and_nowhere_before_the_map_was_ready(real, places):
    made = path(places, 2, real, "light")
    x = unpack(made["at"]["umap"]["x"])
    assert np.isnan(x[0])
    np.testing.assert_allclose(x[1], real["umap"][:4, 0].mean(), rtol=1e-5)
    np.testing.assert_allclose(unpack(made["at"]["pca"]["x"]), [0, 1, 5])
    assert made["traces"]["now"]["marker"]["symbol"] != made["traces"]["first"]["marker"]["symbol"]


def test_trust_counts_the_neighbours_that_the_map_shows_as_such(real, places):
    made = placing(places, real)
    trust = unpack(made["trust"])
    assert np.isnan(trust[0])
    assert unpack(made["neighbours"])[:4].tolist() == [-1] * 4  # none, rather than the first
    here = real["umap"][:4].mean(0)
    nearest = np.argsort(((real["umap"] - here) ** 2).sum(1))[:4]
    assert trust[1] == np.isin([0, 1, 2, 3], nearest).mean()
    torn = {**places, "neighbours": np.array([[np.nan] * 4, [0, 20, 40, 41], [0, 1, 2, 3]], np.float32)}
    assert unpack(placing(torn, real)["trust"])[1] < 1  # it lies between clusters, where none of its neighbours are
    assert placing({"pca": places["pca"]}, real) is None


def test_neighbours_are_sent_once_and_named_by_row(real):
    nearest = np.array([[7, 3], [3, 9]])
    near = Near(
        "pixels",
        "",
        nearest,
        np.array([[1.0, 2], [3, 4]]),
        np.array([50.0, 2]),
        np.array([50.0, 2]),
        np.array([False, True]),
    )
    pictures = {3: real["thumbs"][0], 7: real["thumbs"][1], 9: real["thumbs"][2]}
    made = neighbours([near], pictures, ({3: 103, 7: 107, 9: 109}, {3: 0, 7: 1, 9: 2}), real, "light")
    (space,) = made["spaces"]
    ids = unpack(made["ids"])
    assert ids[unpack(space["rows"])].tolist() == [107, 103, 103, 109]
    assert unpack(space["memorised"]).tolist() == [0, 1]
    assert made["atlas"]["count"] == 3
    plane = neighbours(
        [near], {3: np.zeros(2), 7: np.ones(2), 9: np.ones(2)}, ({3: 1, 7: 2, 9: 3}, {3: 0, 7: 0, 9: 0}), real, "light"
    )
    assert plane["atlas"] is None
    assert unpack(plane["points"]["x"]).tolist() == [0, 1, 1]


def test_bars_are_sorted_and_values_below_zero_point_the_other_way():
    made = bars(
        np.array([0.1, 0.7, -0.2]), ["a", "b", "a very long name of a class"], "light", low=np.zeros(3), high=np.ones(3)
    )
    assert [bar["value"] for bar in made] == ["0.70", "0.10", "-0.20"]
    assert made[2]["name"].endswith("…")
    zero = made[0]["from"]
    assert made[2]["to"] == pytest.approx(zero)
    assert made[2]["from"] == 0
    assert all(0 <= bar[end] <= 1 for bar in made for end in ("from", "to", "low", "high"))


def test_classmates_are_those_of_the_class(frame, real):
    made = classmates(frame, 1, real, "light")
    assert unpack(made["ids"]).tolist() == frame["ids"][frame["labels"] == 1].tolist()
    assert made["atlas"]["count"] == 4
    assert classmates({k: v for k, v in frame.items() if k != "images"}, 1, real, "light")["atlas"] is None


def test_the_leak_map_marks_the_memorised_by_shape_too():
    ids, labels = np.arange(4), np.array([0, 0, 1, 1])
    near = {"pixels": np.array([1.0, 50, 60, 2]), "features": np.array([2.0, 60, 70, 1])}
    made = leak_map(
        ids=ids, labels=labels, names=["a", "b<"], percentiles=near, memorised=near["pixels"] < 5, theme="dark"
    )
    shapes = {
        trace["marker"]["symbol"]: unpack(trace["customdata"]).tolist()
        for trace in made["data"]
        if trace["name"] == "synthetic a"
    }
    assert shapes == {"cross": [0], "diamond": [1]}
    assert all("b<" not in trace["hovertemplate"].replace("b&lt;", "") for trace in made["data"])
    assert made["layout"]["xaxis"]["title"]["text"].startswith("distance in pixels")
