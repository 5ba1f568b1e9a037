"""GIF and WebP of the sheet through time, read back by Pillow: frames, times, sizes, steps."""

import io

import numpy as np
import pytest
from PIL import Image

from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.runs.export import animation, bundle, export
from dcviz.runs.export.animation import BYTES, SIDE
from dcviz.runs.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


def run_with(store, steps, channels=1, classes=3, budget=2, side=8):
    """A run whose images grow brighter, step by step."""
    run = store.create(RunConfig(steps=max(steps), budget=budget), queue=False)
    labels = np.repeat(np.arange(classes), budget)
    for i, step in enumerate(steps):
        level = round(250 * i / max(len(steps) - 1, 1))
        images = np.full((len(labels), channels, side, side), level, np.uint8)
        if channels == 3:
            images[:, 1] = 255 - level
        store.save_frame(run, step, {"images": images, "labels": labels, "ids": np.arange(len(labels))})
    return run


def read(data):
    """The frames as RGB arrays, and how long each is shown (ms)."""
    image = Image.open(io.BytesIO(data))
    found = []
    for i in range(image.n_frames):
        image.seek(i)
        image.load()
        found.append((np.asarray(image.convert("RGB")).astype(int), image.info["duration"]))
    return [frame for frame, _ in found], [ms for _, ms in found], image


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", ["gif", "webp"])
def test_every_kept_step_is_a_frame_in_its_colour_and_the_whole_lasts_as_asked(store, format, channels):
    steps = [0, 1, 2, 5, 10, 20, 50]
    name, data = bundle(store, run_with(store, steps, channels), format, seconds=3.3)
    frames, lasting, image = read(data)
    assert name.endswith(f".{format}")
    assert image.format == format.upper()
    assert image.info["loop"] == 0, "for ever"
    assert len(frames) == len(steps)
    assert sum(lasting) == 3300
    assert max(lasting[:-1]) - min(lasting[:-1]) <= 10
    assert lasting[-1] > 2 * lasting[0], "it rests on the last"
    for i, frame in enumerate(frames):
        level = round(250 * i / (len(steps) - 1))
        wanted = [level] * 3 if channels == 1 else [level, 255 - level, level]
        middle = frame[frame.shape[0] // 9, frame.shape[1] // 4]  # inside the first image
        assert np.abs(middle - wanted).max() <= 4, (i, middle, wanted)
    captions = [frame[-25:].tobytes() for frame in frames]
    assert len(set(captions)) == len(steps), "each says its own step"
    assert frames[0][-25:].min() < 100


def test_more_frames_than_the_time_can_show_are_left_out_evenly(store):
    run = run_with(store, list(range(120)))
    frames, lasting, _ = read(animation.animated(store, run, "gif", 1.0))
    assert len(frames) == 20
    assert min(lasting) >= 40
    assert sum(lasting) == 1000
    assert frames[0].min() < 4
    assert frames[-1][: SIDE // 2].min() > 240, "the last is there"


def test_sheets_of_any_size_are_bounded_and_about_square(store):
    for classes, budget, side in ((2, 1, 8), (10, 10, 28), (100, 10, 32)):
        frames, _, image = read(bundle(store, run_with(store, [0, 1], 1, classes, budget, side), "gif")[1])
        assert max(image.size) <= 1.2 * SIDE
        assert image.size[0] <= 2 * image.size[1]
        assert image.size[1] <= 4 * image.size[0]


def test_the_file_is_bounded(store, monkeypatch):
    rng = np.random.default_rng(0)
    run = store.create(RunConfig(steps=40), queue=False)
    labels = np.repeat(np.arange(10), 10)
    for step in range(40):
        images = rng.integers(0, 256, (100, 3, 16, 16), np.uint8)
        store.save_frame(run, step, {"images": images, "labels": labels, "ids": labels})
    monkeypatch.setattr(animation, "BYTES", 1_500_000)
    data = animation.animated(store, run, "gif")
    assert len(data) <= 1_500_000 < BYTES
    _, lasting, image = read(data)
    assert 2 <= image.n_frames < 40
    assert sum(lasting) == 8000


def test_refusals_name_the_cure(store, tmp_path):
    run = run_with(store, [0, 1])
    for seconds in (0, 0.1, 1e9, float("nan")):
        with pytest.raises(Refused, match="choose from 0.5 to 120"):
            bundle(store, run, "gif", seconds=seconds)
    with pytest.raises(Refused, match="export its sheet instead"):
        bundle(store, run_with(store, [7]), "webp")
    points = store.create(RunConfig(), queue=False)
    for step in (0, 1):
        store.save_frame(points, step, {"points": np.zeros((4, 2), np.float32), "labels": np.zeros(4, int)})
    with pytest.raises(Refused, match="points of the plane"):
        bundle(store, points, "gif")
    with pytest.raises(Refused, match=r"give \.gif"):
        export(store, run, tmp_path / "run.webp", "gif")
    with pytest.raises(Refused, match=r"give \.gif"):
        export(store, run, tmp_path / "folder", "gif")
    assert not list(tmp_path.glob("run*"))


def test_a_file_is_written_under_its_ending(store, tmp_path):
    run = run_with(store, [0, 1, 2])
    path = export(store, run, tmp_path / "new" / "digits.gif", seconds=2)
    assert Image.open(path).n_frames == 3
    with pytest.raises(Refused, match="--force"):
        export(store, run, path)
    assert export(store, run, path, force=True) == path
    assert [p.name for p in path.parent.iterdir()] == ["digits.gif"]
