import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from dcviz.condensing.start import start
from dcviz.data import dataset
from dcviz.embed import features, fit_umap, known_umap, on_map, pixels_view, place, reference, umap_of
from dcviz.embed.placing import fuzzy
from dcviz.embed.references import to_kth
from dcviz.embed.view import principal
from dcviz.errors import Refused
from dcviz.evaluation import run_to_end
from dcviz.evaluation.measure import in_model_space
from dcviz.randomness import generator


@pytest.fixture(scope="module")
def digits():
    return dataset("digits")


@pytest.fixture(scope="module")
def view(digits):
    return pixels_view(digits)


@pytest.fixture(scope="module")
def known(digits, view):
    return run_to_end(reference(digits, view))


class Memory:
    def __init__(self):
        self.held = {}

    def load_cached(self, kind, key):
        return self.held.get((kind, key))

    def save_cached(self, kind, key, arrays, meta):
        self.held[kind, key] = ({k: v.copy() for k, v in arrays.items()}, meta)


def test_view_shows_the_real_samples(digits, view):
    n = len(view.ids)
    assert n == len(digits.train)
    assert view.thumbs.shape == (n, 1, 8, 8)
    assert view.thumbs.dtype == np.uint8
    order = {int(i): row for row, i in enumerate(digits.train.id)}
    row = order[int(view.ids[17])]
    assert view.labels[17] == digits.train.y[row]
    np.testing.assert_array_equal(view.thumbs[17], (digits.train.x[row] * 255).round().byte().numpy())
    torch.testing.assert_close(view.samples[17], in_model_space(digits, digits.train, slice(row, row + 1))[0][0])


def test_a_smaller_view_is_stratified_and_repeatable(digits):
    view, twin, other = (pixels_view(digits, seed, limit=100) for seed in (0, 0, 1))
    assert len(view.ids) == 100
    assert np.bincount(view.labels, minlength=10).min() >= 9
    np.testing.assert_array_equal(view.ids, twin.ids)
    assert set(view.ids) != set(other.ids)


@pytest.mark.parametrize("shape", [(60, 9), (9, 60)])
def test_principal_components_are_sklearn_s(shape):
    from sklearn.decomposition import PCA

    flat = np.random.default_rng(0).normal(size=shape) @ np.diag(np.linspace(3, 1, shape[1]))
    mean, components = principal(flat.astype(np.float32))
    theirs = PCA(2, svd_solver="full").fit(flat)
    np.testing.assert_allclose(mean, theirs.mean_, atol=1e-5)
    cosine = (components * theirs.components_).sum(1)
    np.testing.assert_allclose(np.abs(cosine), 1, atol=1e-4)
    assert (components[[0, 1], np.abs(components).argmax(1)] > 0).all()


def test_placed_real_samples_lie_where_the_view_has_them(view, known):
    at = place(view, known, view.samples[:50], torch.from_numpy(view.labels[:50]))
    np.testing.assert_allclose(at.pca, view.pca[:50], atol=1e-4)
    assert (at.neighbours[:, 0] == np.arange(50)).mean() > 0.95
    np.testing.assert_allclose(at.weights.sum(1), 1, atol=1e-5)
    assert (np.diff(at.weights, axis=1) <= 1e-6).all()
    assert (at.neighbours.dtype, at.weights.dtype, at.off.dtype) == (np.int32, np.float32, np.float32)


def test_placing_is_without_chance_and_continuous(view, known):
    x, y = view.samples[:20] * 0.9, torch.from_numpy(view.labels[:20])
    one, two = place(view, known, x, y), place(view, known, x, y)
    np.testing.assert_array_equal(one.weights, two.weights)
    near = place(view, known, x + 1e-4, y)
    moved = np.linalg.norm(on_map(view.pca, one) - on_map(view.pca, near), axis=1)
    assert np.median(moved) < 0.01


def test_neighbours_and_score_are_brute_force(digits, view, known):
    x, y = start("real", digits, 2, generator(5, "start"))
    x = x + 0.5 * torch.randn(x.shape, generator=generator(0, "jitter"))
    at = place(view, known, x, y)
    z, real = features(known, x), features(known, view.samples)
    for i in range(len(x)):
        distance = (real - z[i]).norm(dim=1)
        assert set(distance.argsort()[:15].tolist()) == set(at.neighbours[i].tolist())
        fifth = distance[torch.from_numpy(view.labels) == y[i]].sort().values[4]
        below = (known.held_out < fifth / known.radius[y[i]]).float().mean()
        assert at.off[i] == pytest.approx(100 * below.item(), abs=1)


def test_fuzzy_weights_are_umap_s():
    """The sums before normalisation are log₂ k, as in umap's own smooth_knn_dist."""
    from umap.umap_ import compute_membership_strengths, smooth_knn_dist

    distance = np.sort(np.random.default_rng(0).gamma(5, 1, (30, 15)).astype(np.float32), 1)
    sigmas, rhos = smooth_knn_dist(distance, 15.0)
    index = np.tile(np.arange(100, 115, dtype=np.int32), (30, 1))
    _, _, strengths, _ = compute_membership_strengths(index, distance, sigmas, rhos)
    theirs = strengths.reshape(30, 15)
    # umap measures the sum over all but the first column; ours includes it, so only the form must agree
    ours = fuzzy(torch.from_numpy(distance)).numpy()
    relative = np.log(ours[:, 1:] / ours[:, :1]) / np.log(np.clip(theirs[:, 1:], 1e-30, 1 - 1e-7))
    assert np.abs(relative / relative[:, 5:6] - 1).max() < 0.01
    sums = (ours / ours[:, :1]).sum(1)
    np.testing.assert_allclose(sums, np.log2(15), atol=1e-3)


def test_kth_takes_the_last_of_a_small_class():
    distance = torch.tensor([[3.0, 1.0, 2.0, 9.0]])
    labels = torch.tensor([0, 0, 0, 1])
    assert to_kth(distance, torch.tensor([0]), labels, 2).item() == 2
    assert to_kth(distance, torch.tensor([0]), labels, 4).item() == 3
    assert to_kth(distance, torch.tensor([1]), labels, 2).item() == 9
    assert to_kth(distance, torch.tensor([2]), labels, 2).item() == torch.inf


def test_noise_is_off_the_manifold_and_real_samples_are_not(digits, view, known):
    noise, y = start("noise", digits, 10, generator(0, "start"))
    assert (place(view, known, noise, y).off > 95).mean() > 0.95
    x, y = in_model_space(digits, digits.test, slice(None))
    off = place(view, known, x, y).off
    assert 35 < np.median(off) < 65
    assert 15 < np.percentile(off, 25) < 35
    assert 65 < np.percentile(off, 75) < 85
    assert (off > 95).mean() < 0.12
    wrong = place(view, known, x, (y + 1) % 10).off
    assert (wrong > 95).mean() > 0.8


def test_the_reference_is_good_and_comes_with_the_package(digits, view, known):
    assert known.accuracy > 0.93
    assert len(list(reference(digits, view))) < 50, "run python -m dcviz.embed.bundle"
    assert known_umap(view, known).shape == (len(view.ids), 2)


def test_another_reference_is_trained_once_and_then_cached(digits):
    view, cache = pixels_view(digits, seed=1, limit=300), Memory()
    fractions = list(reference(digits, view, cache=cache))
    assert len(fractions) > 300
    assert all(a <= b for a, b in zip(fractions, fractions[1:], strict=False))
    first, again = (run_to_end(reference(digits, view, cache=cache)) for _ in range(2))
    assert len(list(reference(digits, view, cache=cache))) < 20
    assert torch.equal(first.features, again.features)
    assert first.accuracy == again.accuracy > 0.93
    assert known_umap(view, first, cache=cache) is None


def test_the_map_separates_the_digits(view, known):
    """The map that comes with the package: nearest neighbours on it are of the same class."""
    from sklearn.neighbors import KNeighborsClassifier

    at = umap_of(view, known)
    neighbours = KNeighborsClassifier(11).fit(at, view.labels)
    assert neighbours.score(at, view.labels) > 0.95


def test_test_digits_are_placed_among_their_class(digits, view, known):
    from sklearn.neighbors import KNeighborsClassifier

    x, y = in_model_space(digits, digits.test, slice(0, 200))
    at = umap_of(view, known)
    placed = on_map(at, place(view, known, x, y))
    assert KNeighborsClassifier(11).fit(at, view.labels).score(placed, y.numpy()) > 0.9


def test_fit_is_repeatable_and_threads_take_turns():
    rng = np.random.default_rng(0)
    clouds = np.concatenate([rng.normal(c, 0.3, (20, 4)) for c in (0, 5)]).astype(np.float32)
    made = []
    threads = [threading.Thread(target=lambda: made.append(fit_umap(clouds, 3))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0].shape == (40, 2)
    np.testing.assert_array_equal(made[0], made[1])


def test_a_layer_of_numba_that_is_not_safe_is_refused(monkeypatch):
    import numba

    monkeypatch.setattr(numba, "threading_layer", lambda: "workqueue")
    with pytest.raises(Refused, match="pip install tbb"):
        fit_umap(np.zeros((5, 2), np.float32))


def test_the_plane_is_its_own_map():
    moons = dataset("moons")
    view = pixels_view(moons)
    known = run_to_end(reference(moons, view))
    assert known.net is None
    assert known.accuracy is None
    np.testing.assert_array_equal(view.pca, view.samples.numpy())
    far, y = torch.full((2, 2), 9.0), torch.tensor([0, 1])
    assert (place(view, known, far, y).off == 100).all()
    x, y = in_model_space(moons, moons.test, slice(None))
    assert 30 < np.median(place(view, known, x, y).off) < 70


def test_without_held_out_samples_there_is_no_score(digits):
    empty = replace(digits.held_out, x=digits.held_out.x[:0], y=digits.held_out.y[:0], id=digits.held_out.id[:0])
    bare = replace(digits, held_out=empty, fingerprint="bare")
    view = pixels_view(bare, limit=50)
    known = run_to_end(reference(bare, view))
    at = place(view, known, view.samples, torch.from_numpy(view.labels))
    assert np.isnan(at.off).all()
    assert np.isfinite(at.weights).all()
