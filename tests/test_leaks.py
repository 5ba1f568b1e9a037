"""The leak check against brute force, and against what is known: copies are copies, noise and averages are not."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from dcviz.condensing.start import start
from dcviz.data.transforms import pixels
from dcviz.embed import features, leak_check, pixels_view, reference
from dcviz.embed.leaks import NEAREST, nearest
from dcviz.evaluation.measure import run_to_end
from dcviz.randomness import generator


@pytest.fixture(scope="module")
def known(digits):
    return run_to_end(reference(digits, pixels_view(digits)))


@pytest.mark.parametrize(("N", "M", "D"), [(5000, 40, 7), (3, 5, 2), (1, 2, 4), (2500, 700, 3)])
def test_neighbours_are_those_of_brute_force(N, M, D):
    at = torch.Generator().manual_seed(N)
    real, queries = torch.rand(N, D, generator=at), torch.rand(M, D, generator=at)
    found, far = run_to_end(nearest(queries, real, NEAREST))
    true = cdist(queries.double().numpy(), real.double().numpy())
    order = np.argsort(true, 1, kind="stable")[:, :NEAREST]
    assert found.shape == (M, min(NEAREST, N))
    np.testing.assert_array_equal(found.numpy(), order)
    np.testing.assert_allclose(far.numpy(), np.take_along_axis(true, order, 1), rtol=1e-6)


def test_bytes_are_compared_as_pixels_and_a_copy_is_at_no_distance():
    real = torch.randint(0, 256, (3000, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found, far = run_to_end(nearest(pixels(real[[7, 2999]]), real, 1))
    assert found.flatten().tolist() == [7, 2999]
    assert far.flatten().tolist() == [0.0, 0.0]


def test_equal_distances_name_the_first():
    real = torch.arange(3000.0)[:, None].repeat(1, 3)
    real[[20, 30, 2900]] = 1.0
    found, _ = run_to_end(nearest(torch.ones(1, 3), real, 5))
    assert found.tolist() == [[1, 20, 30, 2900, 0]]


def test_both_spaces_of_the_digits_equal_brute_force(digits, known):
    x, _ = start("noise", digits, 3, generator(0, "start"))
    found = run_to_end(leak_check(digits, known, x))
    real = pixels(digits.train.x)
    shown = digits.transform.inverse(x).clamp(0, 1)
    spaces = {
        "pixels": (shown.flatten(1), real.flatten(1)),
        "features": (features(known, x).flatten(1), features(known, digits.transform.forward(real)).flatten(1)),
    }
    assert found.keys() == spaces.keys()
    for name, (queries, among) in spaces.items():
        true = np.sort(cdist(queries.double(), among.double()), 1)[:, :NEAREST]
        np.testing.assert_allclose(found[name].distance, true, rtol=2e-5)


def test_a_planted_copy_is_memorised_and_noise_and_averages_are_not(digits, known):
    real, _ = start("real", digits, 10, generator(0, "start"))
    noise, _ = start("noise", digits, 10, generator(0, "start"))
    averages, _ = start("centroids", digits, 10, generator(0, "start"))
    planted = torch.cat([noise[:5], digits.transform.forward(pixels(digits.train.x[123:124]))])
    blurred = real + 0.05 * torch.randn(real.shape, generator=generator(0, "blur"))

    def share(x):
        found = run_to_end(leak_check(digits, known, x))
        return np.mean(found["pixels"].memorised | found["features"].memorised)

    found = run_to_end(leak_check(digits, known, planted))
    for near in found.values():
        assert near.memorised.tolist() == [False] * 5 + [True]
        assert near.nearest[5, 0] == 123
    assert found["pixels"].distance[5, 0] < 1e-5  # the transform and its inverse round
    assert share(real) == 1
    assert share(blurred) > 0.95
    assert share(noise) == 0
    assert share(averages) < 0.2  # near to many alike, though most are nearer than held-out images are


def test_fresh_real_images_are_rarely_called_memorised(digits, known):
    x = digits.transform.forward(pixels(digits.test.x))
    found = run_to_end(leak_check(digits, known, x))
    for near in found.values():
        assert near.memorised.mean() < 0.05
        assert 40 < np.median(near.percentile) < 60  # held-out and test images come from the same place


def test_without_held_out_samples_nothing_is_claimed(digits, known):
    empty = replace(digits.held_out, x=digits.held_out.x[:0], y=digits.held_out.y[:0], id=digits.held_out.id[:0])
    found = run_to_end(
        leak_check(replace(digits, held_out=empty), known, digits.transform.forward(pixels(digits.train.x[:2])))
    )
    assert np.isnan(found["pixels"].percentile).all()
    assert not found["pixels"].memorised.any()


def test_the_plane_is_one_space(moons):
    known = run_to_end(reference(moons, pixels_view(moons)))
    x = moons.transform.forward(torch.cat([moons.train.x[4:5], torch.tensor([[9.0, 9.0]])]))
    (near,) = run_to_end(leak_check(moons, known, x)).values()
    assert near.memorised.tolist() == [True, False]
    assert near.nearest[0, 0] == 4
    assert near.percentile[1] == 100


def test_features_that_are_too_many_to_be_held_are_computed_as_they_are_asked_for(digits, known, monkeypatch):
    x, _ = start("noise", digits, 1, generator(0, "start"))
    held = run_to_end(leak_check(digits, known, x))["features"]
    monkeypatch.setattr("dcviz.embed.leaks.FEATURES", 0)
    monkeypatch.setattr("dcviz.embed.leaks._mapped", {})
    found = run_to_end(leak_check(digits, known, x))["features"]
    np.testing.assert_array_equal(found.nearest, held.nearest)
    np.testing.assert_allclose(found.distance, held.distance, rtol=1e-4)
