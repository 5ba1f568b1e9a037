import numpy as np
import pytest

from dcviz.figures import placed, points, real_map
from dcviz.figures.map import TRAIL_POINTS
from dcviz.figures.pack import unpack


def by_layer(traces, layer):
    return [t for t in traces if t["meta"]["layer"] == layer]


def test_points_are_placed_at_the_weighted_mean_of_their_neighbours(real, frame):
    at = placed(frame, real, "umap")
    expected = [
        np.average(real["umap"][n], axis=0, weights=w)
        for n, w in zip(frame["neighbours"], frame["weights"], strict=True)
    ]
    np.testing.assert_allclose(at, expected, rtol=1e-5)


def test_every_point_carries_its_id(real, frame):
    at = placed(frame, real, "pca")
    where = {int(id): tuple(xy) for id, xy in zip(frame["ids"], at, strict=True)}
    for trace in by_layer(points(frame, real, "pca", "light"), "synthetic"):
        for id, x, y in zip(unpack(trace["customdata"]), unpack(trace["x"]), unpack(trace["y"]), strict=True):
            assert where[int(id)] == pytest.approx((x, y))


def test_real_and_synthetic_differ_by_shape_and_one_trace_is_one_class(real, frame):
    dots, diamonds = (
        real_map(real, "umap", "light")["data"],
        by_layer(points(frame, real, "umap", "light"), "synthetic"),
    )
    assert len(dots) == len(diamonds) == 3
    assert all("symbol" not in t["marker"] for t in dots)
    assert all(t["marker"]["symbol"] == "diamond" and t["marker"]["line"]["width"] > 0 for t in diamonds)


def test_only_flagged_points_are_ringed_and_unknown_ones_are_not(real, frame):
    frame["off"][1] = 99.0
    (rings,) = by_layer(points(frame, real, "pca", "dark"), "flagged")
    np.testing.assert_allclose([unpack(rings["x"])[0], unpack(rings["y"])[0]], frame["pca"][1])
    assert len(unpack(rings["x"])) == 1


def test_where_many_are_flagged_each_has_an_eye_above_its_diamond(real):
    ids = np.arange(20)
    frame = {"labels": ids % 3, "ids": ids, "pca": np.random.default_rng(0).random((20, 2), np.float32)}
    layers, sizes = {}, {}
    for flagged in (2, 5):
        traces = points({**frame, "off": np.where(ids < flagged, 99.0, 50.0)}, real, "pca", "light")
        layers[flagged] = [trace["meta"]["layer"] for trace in traces]
        (marks,) = by_layer(traces, "flagged")
        sizes[flagged] = marks["marker"]["size"] / by_layer(traces, "synthetic")[0]["marker"]["size"]
        assert unpack(marks["customdata"]).tolist() == list(range(flagged))
    assert layers[2] == ["flagged", *["synthetic"] * 3, "selection"]
    assert layers[5] == [*["synthetic"] * 3, "flagged", "selection"]
    assert sizes[5] < 0.5 < 1.5 < sizes[2]


def test_trails_are_a_style_whose_points_the_browser_has(real, frame):
    assert not by_layer(points(frame, real, "pca", "light"), "trail")
    style = real_map(real, "pca", "light")["trail"]
    assert style["mode"] == "lines"
    assert style["meta"] == {"layer": "trail", "points": TRAIL_POINTS}


def test_class_names_cannot_inject_markup(real):
    spec = real_map(real, "umap", "light")
    assert any("b &lt;i&gt;" in note["text"] for note in spec["layout"]["annotations"])


def test_labels_of_classes_stand_apart(real):
    notes = real_map(real, "umap", "light")["layout"]["annotations"]
    x, y = (np.array([n[k] for n in notes]) for k in "xy")
    gaps = np.hypot(x[:, None] - x, y[:, None] - y)[np.triu_indices(3, 1)]
    assert gaps.min() > 0.3


def test_many_classes_in_one_heap_have_labels_that_never_overlap(real):
    n = 30
    labels = np.repeat(np.arange(n), 10)
    at = np.random.default_rng(3).normal(size=(len(labels), 2)).astype(np.float32)
    heap = {"pca": at, "labels": labels, "ids": np.arange(len(labels)), "classes": [f"class {i}" for i in range(n)]}
    layout = real_map(heap, "pca", "light")["layout"]
    notes = layout["annotations"]
    span = {k: layout[f"{k}axis"]["range"] for k in "xy"}
    x, y = (np.array([(n[k] - span[k][0]) / (span[k][1] - span[k][0]) for n in notes]) for k in "xy")
    near = (np.abs(x[:, None] - x) < 0.11) & (np.abs(y[:, None] - y) < 0.04)
    assert len(notes) >= 10
    assert near.sum() == len(notes)  # each only with itself


def test_a_long_class_name_is_cut_on_the_map(real):
    notes = real_map(real | {"classes": ("a" * 60, "b", "c")}, "umap", "light")["layout"]["annotations"]
    assert len(notes[0]["text"]) < 30
    assert "…" in notes[0]["text"]


def test_points_beyond_the_axes_are_counted(real, frame):
    frame["pca"][:] = real["pca"].mean(0)
    frame["pca"][1] = 1e6
    beyond = [t["meta"]["beyond"] for t in by_layer(points(frame, real, "pca", "light"), "synthetic")]
    assert beyond == [1, 0, 0]
