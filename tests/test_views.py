"""A stored view is what the teacher saw: the same pixels, moved by maps that say it all."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from dcviz.augment import warp
from dcviz.condensing.parameterise import Pixels, synthetic_set
from dcviz.errors import Refused
from dcviz.randomness import generator
from dcviz.types import Views
from dcviz.views import moves, viewed

SHAPE = (1, 8, 10)


def images(count=6):
    return torch.randn(count, *SHAPE, generator=generator(0, "images"))


def test_without_operations_nothing_moves():
    maps = moves("", SHAPE, 6, generator(0, "views"))
    assert maps.shape == (6, 2, 3)
    torch.testing.assert_close(warp(images(), maps), images(), atol=1e-5, rtol=0)


def test_a_crop_moves_by_whole_pixels_and_fills_with_nothing():
    x = images(200)
    found = warp(x, moves("crop", SHAPE, 200, generator(0, "views")))
    wide = torch.nn.functional.pad(x, (1, 1, 1, 1))
    shifts = []
    for i, image in enumerate(found):
        fits = [
            (a, b)
            for a in range(3)
            for b in range(3)
            if torch.allclose(wide[i, :, a : a + 8, b : b + 10], image, atol=1e-5)
        ]
        assert len(fits) == 1
        shifts += fits
    assert len(set(shifts)) == 9  # up to an eighth of either side: one pixel


def test_a_flip_turns_round_or_leaves():
    x = images(20)
    found = warp(x, moves("flip", SHAPE, 20, generator(0, "views")))
    turned = [torch.allclose(y, image.flip(2), atol=1e-5) for y, image in zip(found, x, strict=True)]
    kept = [torch.allclose(y, image, atol=1e-5) for y, image in zip(found, x, strict=True)]
    assert all(a != b for a, b in zip(turned, kept, strict=True))
    assert 0 < sum(turned) < 20


def test_operations_follow_one_another_and_pixels_are_those_of_scipy():
    """One map of three operations, sampled by SciPy's own bilinear interpolation (tolerance 1e-5)."""
    x, maps = images(3), moves("crop_scale_rotate", SHAPE, 3, generator(3, "views"))
    height, width = SHAPE[1:]
    rows, columns = np.mgrid[0:height, 0:width]
    at = np.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1, np.ones((height, width))])
    for image, moved, theta in zip(x.numpy(), warp(x, maps).numpy(), maps.numpy(), strict=True):
        source_x, source_y = np.einsum("ij,jhw->ihw", theta, at)
        place = [((source_y + 1) * height - 1) / 2, ((source_x + 1) * width - 1) / 2]
        theirs = map_coordinates(np.pad(image[0], 2), [p + 2 for p in place], order=1, mode="grid-constant")
        np.testing.assert_allclose(moved[0], theirs, atol=1e-5)
    one_by_one = torch.eye(3)
    draws = generator(3, "views")
    for op in ("crop", "scale", "rotate"):  # the same stream, each operation of its own
        alone = moves(op, SHAPE, 3, draws)[0]
        one_by_one = one_by_one @ torch.cat([alone, torch.tensor([[0.0, 0.0, 1.0]])])
    torch.testing.assert_close(maps[0], one_by_one[:2])


def test_what_cannot_be_stored_is_refused_with_what_can():
    with pytest.raises(Refused, match="use crop, flip, scale, rotate"):
        moves("color_crop", SHAPE, 1, generator(0, "views"))
    with pytest.raises(Refused, match="choose 0 views"):
        moves("crop", (2,), 1, generator(0, "views"))
    with pytest.raises(Refused, match="no augmentation 'spin'"):
        moves("spin", SHAPE, 1, generator(0, "views"))


@pytest.mark.parametrize("size", [4, 6, 100])
def test_a_batch_is_seen_in_one_view_with_its_own_labels(size):
    x = images()
    maps = torch.stack([moves("crop_scale_rotate", SHAPE, 6, generator(a, "views")) for a in range(5)])
    labels = torch.rand(5, 6, 3)
    draw, met = viewed(x, Views(labels, maps)), set()
    at = generator(0, "batches")
    for _ in range(40):
        seen, y = draw(size, at)
        assert len(seen) == min(size, 6)
        views, positions = zip(*[(labels == row).all(2).nonzero()[0].tolist() for row in y], strict=True)
        assert len(set(views)) == 1
        torch.testing.assert_close(seen, warp(x[list(positions)], maps[views[0], list(positions)]))
        met |= set(views)
    assert met == set(range(5))


def test_stored_views_are_counted_in_bytes():
    s = synthetic_set(images(), torch.arange(6), 6, Pixels())
    plain = 6 * 80 * 4
    assert s.bytes() == plain
    from dataclasses import replace

    s = replace(s, views=Views(torch.zeros(5, 6, 3), torch.zeros(5, 6, 2, 3)))
    assert s.bytes() == plain + 5 * 6 * 3 * 4 + 5 * 6 * 6 * 4
