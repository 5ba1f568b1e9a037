"""What a run takes on the disk: frames within the stated policy, checkpoints apart."""

import numpy as np
import torch

from dcviz.condensing import save_at
from dcviz.condensing.save_at import SaveAt
from dcviz.runs.configure import configure
from dcviz.runs.frames import Framer, frame_bytes
from dcviz.runs.problem import build
from dcviz.types import SyntheticSet

SHAPE = (3, 32, 32)


def hundred():
    """100 images, ten to a class."""
    from dcviz.condensing.parameterise import parameterisation, synthetic_set

    decoder = parameterisation("pixels", SHAPE)
    return synthetic_set(torch.zeros(100, *SHAPE), torch.arange(10).repeat_interleave(10), 10, decoder)


def test_the_frames_of_a_thousand_steps_of_a_hundred_cifar_images_take_at_most_30_mb(store):
    """Of random bytes, which no compression makes smaller."""
    run = store.create(configure(steps=1000))
    kept = SaveAt().within(frame_bytes(hundred(), SHAPE)).of(1000)
    at = np.random.default_rng(0)
    for step in kept:
        store.save_frame(
            run,
            step,
            {
                "images": at.integers(0, 256, (100, *SHAPE), dtype=np.uint8),
                "labels": np.arange(100) // 10,
                "ids": np.arange(100),
                "pca": at.standard_normal((100, 2), np.float32),
                "neighbours": at.integers(0, 1500, (100, 15), dtype=np.int32),
                "weights": at.random((100, 15), np.float32),
                "off": at.random(100, np.float32),
            },
        )
    taken = sum(file.stat().st_size for file in (store.folder(run) / "frames").iterdir())
    assert len(kept) > 60
    assert (kept[0], kept[-1]) == (0, 1000)
    assert 15e6 < taken <= 30e6


def test_the_size_of_a_frame_is_known_before_there_is_one(store, digits):
    start = build(configure(budget=2, steps=0, start="real")).start
    framer = Framer(store, digits)
    for _ in framer.prepare():
        pass
    arrays = framer.arrays(start)
    assert frame_bytes(start, digits.shape) == sum(array.nbytes for array in arrays.values())
    assert isinstance(start, SyntheticSet)


def test_a_run_keeps_fewer_frames_of_a_large_set(store, monkeypatch):
    from dcviz.runs.job import RunJob

    monkeypatch.setattr(save_at, "BYTES", 1)
    monkeypatch.setattr(save_at, "FEWEST", 6)
    config = configure(divergence="mean", regime="data", budget=1, steps=60, start="real", live=None)
    run = store.run(store.create(config))
    job = RunJob(store, run)
    while job.phase != "evaluating" and not job.advance(0.01):
        pass
    job.close("paused", "")
    assert store.frames(run.id) == list(SaveAt(6).of(60))
