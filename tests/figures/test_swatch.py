import base64
import io

import numpy as np
import pytest
from PIL import Image

from dcviz.figures.swatch import swatch
from dcviz.runs.export.sheets import png, sheet


def seen(url):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


@pytest.fixture
def drawn():
    """Thirty grey 8×8 images of three classes, bright on dark, and their exported sheet."""
    pixels = np.random.default_rng(0).uniform(0, 0.5, (30, 1, 8, 8)).astype("float32")
    return (pixels * 255).round().astype(np.uint8), png(sheet(pixels, np.repeat(np.arange(3), 10)))


def test_lines_let_the_ground_through_and_images_stay_as_they_are(drawn):
    images, stored = drawn
    shown = seen(swatch(stored, "dark"))
    assert shown.shape == (3 * 9 + 1, 10 * 9 + 1, 2)
    assert not shown[::9, :, 1].any()
    assert not shown[:, ::9, 1].any()
    assert (shown[1:9, 1:9, 1] == 255).all()
    assert (shown[10:18, 19:27, 0] == images[12, 0]).all()


def test_the_light_theme_shows_ink_on_paper(drawn):
    images, stored = drawn
    assert (seen(swatch(stored, "light"))[1:9, 1:9, 0] == 255 - images[0, 0]).all()


def test_a_corner_holds_the_first_two_of_the_first_two_rows(drawn):
    images, stored = drawn
    shown = seen(swatch(stored, "dark", corner=True))
    assert shown.shape == (17, 17, 2)
    assert (shown[9:, 9:, 0] == images[11, 0]).all()
    assert len(swatch(stored, "dark", corner=True)) < 1000


def test_colours_are_never_turned_around():
    pixels = np.random.default_rng(0).uniform(0, 0.3, (4, 3, 8, 8)).astype("float32")
    shown = seen(swatch(png(sheet(pixels, np.arange(4))), "light"))
    assert (shown[1:9, 1:9, :3] == (pixels[0] * 255).round().astype(np.uint8).transpose(1, 2, 0)).all()
