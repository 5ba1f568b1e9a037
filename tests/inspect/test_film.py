"""One image through all kept frames, and the leak check of a whole run."""

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.inspect import film_of, leaks_of_run

CHOICES = {"divergence": "energy", "regime": "data", "budget": 2, "steps": 4}


def test_a_film_is_what_the_frames_show(store, done):
    run = done(**CHOICES)
    seen = []
    film = film_of(store, run.id, 7, publish=seen.append)
    assert film.steps == tuple(store.frames(run.id)) == (0, 1, 2, 3, 4)
    assert film.label == 3
    for i, step in enumerate(film.steps):
        frame = store.frame(run.id, step)[1]
        np.testing.assert_array_equal(film.images[i], frame["images"][7])
        np.testing.assert_allclose(film.places["pca"][i], frame["pca"][7], rtol=1e-6)
    assert seen[0].spaces == {}  # the film comes first, its neighbours later
    np.testing.assert_array_equal(seen[0].images, film.images)


def test_steps_from_before_the_map_was_ready_are_placed_too(store, done, monkeypatch):
    run = done(**CHOICES)
    whole = film_of(store, run.id, 7)
    kept = type(store).frame

    def early(self, run, step=None):
        at, arrays = kept(self, run, step)
        return at, {k: v for k, v in arrays.items() if at > 1 or k not in ("neighbours", "weights", "off")}

    monkeypatch.setattr(type(store), "frame", early)
    seen = []
    film = film_of(store, run.id, 7, publish=seen.append)
    assert np.isnan(seen[0].places["off"][:2]).all()
    assert np.isfinite(film.places["neighbours"]).all()
    np.testing.assert_array_equal(film.places["neighbours"][0], whole.places["neighbours"][0])
    np.testing.assert_allclose(film.places["off"], whole.places["off"], atol=2)  # 8 bits a pixel


def test_it_starts_as_a_copy_of_a_real_image_and_the_check_says_so(store, done):
    run = done(**CHOICES)  # starts from real images
    film = film_of(store, run.id, 7)
    for near in film.spaces.values():
        assert near.memorised[0]
        assert near.nearest.shape == (5, 6)
    first = film.spaces["pixels"].nearest[0, 0]
    np.testing.assert_array_equal(film.real[first], film.images[0])
    assert film.real_labels[first] == 3


def test_the_last_row_of_a_film_is_that_of_the_run(store, done):
    run = done(**CHOICES)
    film, leaks = film_of(store, run.id, 7), leaks_of_run(store, run.id)
    for name, near in leaks.spaces.items():
        np.testing.assert_array_equal(film.spaces[name].nearest[-1], near.nearest[7])
        np.testing.assert_allclose(film.spaces[name].distance[-1], near.distance[7], rtol=1e-5)
    assert film.exact == (4,)
    assert leaks.ids.tolist() == list(range(20))
    assert leaks.step == 4
    assert "full precision" in leaks.source


def test_a_leak_check_is_kept_by_content(store, done, monkeypatch):
    run = done(**CHOICES)
    first = leaks_of_run(store, run.id)
    monkeypatch.setattr("dcviz.inspect.leaks.leak_check", None)  # would fail if it were asked
    again = leaks_of_run(store, run.id)
    for name, near in first.spaces.items():
        np.testing.assert_array_equal(near.distance, again.spaces[name].distance)
    np.testing.assert_array_equal(first.memorised, again.memorised)


def test_particles_have_a_path_and_no_pictures(store, done):
    film = film_of(store, done(data="moons", **CHOICES).id, 3)
    assert film.images is None
    assert film.places["points"].shape == (5, 2)
    assert set(film.spaces) == {"plane"}


def test_what_is_not_there_is_refused(store, done):
    run = done(**CHOICES)
    with pytest.raises(Refused, match="choose from 0 to 19"):
        film_of(store, run.id, 20)
    with pytest.raises(Refused, match="there is no run"):
        leaks_of_run(store, "0zzzzz-gone")
