import base64
import io

import numpy as np
import pytest
from PIL import Image

from dcviz.figures.palette import class_colours
from dcviz.figures.thumbs import PLANE, SIDE, thumb


def opened(src):
    head, data = src.split(",")
    assert head in ("data:image/png;base64", "data:image/webp;base64")
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64)])
def test_a_thumbnail_is_small_whatever_the_images_are(shape):
    rng = np.random.default_rng(0)
    frame = {"images": rng.integers(0, 255, (100, *shape), dtype=np.uint8), "labels": np.repeat(np.arange(10), 10)}
    src = thumb(frame, "dark")
    assert len(src) < 12_000  # noise: the worst there is
    assert max(opened(src).size) <= SIDE


def test_points_are_drawn_where_they_are_in_the_colour_of_their_class():
    points = np.array([[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0]])
    picture = np.asarray(opened(thumb({"points": points, "labels": np.array([0, 1, 1])}, "light")).convert("RGBA"))
    assert picture.shape == (PLANE, PLANE, 4)
    drawn = picture[..., 3] > 0
    half = PLANE // 2
    assert [drawn[:half, :half].any(), drawn[:half, half:].any(), drawn[half:, :half].any()] == [False, True, True]
    first = class_colours(2, "light")[0]
    x, y = np.argwhere(drawn[half:, :half]).mean(0).round().astype(int)
    assert tuple(picture[half:, :half][x, y, :3]) == tuple(int(first[i : i + 2], 16) for i in (1, 3, 5))


def test_one_point_and_no_picture():
    assert thumb({"points": np.zeros((1, 2)), "labels": np.array([0])}, "light")
    assert thumb({"labels": np.array([0])}, "light") == ""
