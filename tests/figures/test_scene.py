import json

import numpy as np
import pytest

from dcviz.figures import curves, empty_scene, film, frame_scene, real_scene
from dcviz.figures.palette import CLASSES, DARK, LIGHT, class_colours

LIVE = 200_000  # bytes of one live update, at most


def size(message):
    return len(json.dumps(message, allow_nan=False))


@pytest.mark.parametrize(
    ("side", "channels", "classes", "budget"), [(8, 1, 10, 10), (28, 1, 10, 10), (32, 3, 10, 10), (32, 3, 10, 100)]
)
def test_a_live_update_is_small(make_frame, side, channels, classes, budget):
    generator = np.random.default_rng(1)
    labels = np.repeat(np.arange(classes), 50)
    real = {
        "ids": np.arange(len(labels)),
        "labels": labels,
        "thumbs": generator.integers(0, 256, (len(labels), channels, side, side), dtype=np.uint8),
        "pca": generator.normal(size=(len(labels), 2)).astype(np.float32),
        "umap": generator.normal(size=(len(labels), 2)).astype(np.float32),
        "classes": tuple("abcdefghij"),
    }
    frame = make_frame(real, budget, side, channels)  # noise: nothing compresses worse
    steps = np.arange(5000)
    drawn = curves(
        {"objective": (steps, np.exp(-steps / 500) + 1e-3), "accuracy": (steps[::50], steps[::50] / 5000)},
        {},
        9,
        "light",
    )
    assert size(frame_scene(5, frame, real, "light")) + size(drawn) < LIVE


def test_messages_hold_no_nan(real, frame):
    for theme in ("light", "dark"):
        size(real_scene("k", real, theme))
        size(frame_scene(3, frame, real, theme))
        size(empty_scene(real, theme))


def test_a_frame_from_before_the_map_lies_on_the_pca_only(real, frame):
    early = {k: v for k, v in frame.items() if k not in ("neighbours", "weights", "off")}
    assert list(frame_scene(0, early, real, "light")["maps"]) == ["pca"]


def test_a_frame_placed_by_other_data_than_these_is_not_placed_anew(real, frame):
    frame["neighbours"][0, 0] = len(real["umap"])
    assert list(frame_scene(0, frame, real, "light")["maps"]) == ["pca"]


def test_a_frame_can_be_shown_before_the_real_data_is_read(frame):
    scene = frame_scene(0, frame, None, "light")
    assert scene["maps"] == {}
    assert scene["sheet"]["src"].startswith("data:image/png")


def test_planar_data_has_particles_and_no_sheet(real):
    plane = {k: v for k, v in real.items() if k not in ("thumbs", "umap")} | {"points": real["pca"]}
    frame = {"points": real["pca"][:6], "labels": np.repeat([0, 1, 2], 2), "ids": np.arange(6), "pca": real["pca"][:6]}
    scene = frame_scene(2, frame, plane, "dark")
    assert scene["sheet"] is None
    assert list(scene["maps"]) == ["plane"]
    assert real_scene("k", plane, "dark")["atlas"] is None


def test_a_film_shows_one_id_through_time(real, make_frame):
    frames = [(step, make_frame(real, 2, seed=step)) for step in (0, 5, 9)]
    found = film(frames, 10, real, "dark")
    assert found["steps"] == [0, 5, 9]
    assert film(frames, 99, real, "dark") is None


def luminance(colour):
    linear = [
        (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4)
        for v in (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("token", [LIGHT, DARK])
def test_text_and_class_colours_stand_out(token):
    theme = "light" if token is LIGHT else "dark"
    assert contrast(token.muted, token.background) >= 4.5
    assert contrast(token.ink, token.panel) >= 7
    assert min(contrast(c, token.background) for c in CLASSES[theme]) >= 3
    many = class_colours(100, theme)
    assert len(set(many)) == 100
