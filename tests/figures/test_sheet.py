import base64
import io

import numpy as np
import pytest
from PIL import Image

from dcviz.figures import sheet, thumbnail
from dcviz.figures.pack import unpack
from dcviz.figures.sheet import example_rows


def pixels(src):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(src.split(",")[1]))))


@pytest.mark.parametrize("budget", [1, 4, 30])
def test_every_id_finds_its_own_image(real, make_frame, budget):
    frame = make_frame(real, budget)
    spec = sheet(frame, real, "dark")
    drawn = pixels(spec["src"])
    cells = {k: unpack(v) for k, v in spec["cells"].items()}
    assert drawn.shape[:2] == (spec["height"], spec["width"])
    for i, (id, x, y) in enumerate(zip(cells["ids"], cells["left"], cells["top"], strict=True)):
        assert id == frame["ids"][i]
        np.testing.assert_array_equal(drawn[y : y + 8, x : x + 8, 0], frame["images"][i, 0])


def test_ink_on_paper_in_the_light_theme_only_for_grey_on_black(real, frame):
    x, y = (unpack(sheet(frame, real, "light")["cells"][k])[0] for k in ("left", "top"))
    light, dark = (pixels(sheet(frame, real, t)["src"])[y : y + 8, x : x + 8, 0] for t in ("light", "dark"))
    np.testing.assert_array_equal(light, 255 - dark)
    bright = real | {"thumbs": 255 - real["thumbs"]}
    np.testing.assert_array_equal(
        pixels(sheet(frame, bright, "light")["src"]), pixels(sheet(frame, bright, "dark")["src"])
    )


def test_real_examples_stand_in_the_row_of_their_class(real, frame):
    spec = sheet(frame, real, "dark")
    drawn = pixels(spec["src"])
    for row, label in zip(spec["rows"], (0, 1, 2), strict=True):
        assert drawn[int(row["y"]), 2, 0] == 40 * label
        assert row["colour"].startswith("#")


def test_a_class_without_examples_leaves_its_margin_empty(real, frame):
    poor = {k: v[:20] if isinstance(v, np.ndarray) else v for k, v in real.items()}
    drawn = pixels(sheet(frame, poor, "dark")["src"])
    assert drawn[-4, 2, -1] == 0  # transparent
    assert (example_rows(poor["labels"], 3, 2)[1:] == -1).all()


def test_thumbnail_is_a_png_of_the_first_images(frame):
    assert Image.open(io.BytesIO(thumbnail(frame))).format == "PNG"


@pytest.mark.parametrize("budget", [1, 3, 10, 40])
def test_a_thumbnail_is_no_ribbon_and_holds_every_class(budget):
    labels = np.repeat(np.arange(10), budget)
    images = np.full((len(labels), 1, 8, 8), 100, np.uint8)
    images[:] += labels[:, None, None, None].astype(np.uint8) * 10
    drawn = np.asarray(Image.open(io.BytesIO(thumbnail({"images": images, "labels": labels}, "dark"))))
    assert 0.5 < drawn.shape[1] / drawn.shape[0] < 2.1
    assert set(np.unique(drawn[drawn[..., 1] > 0][:, 0])) == {100 + 10 * c for c in range(10)}
