import numpy as np
import pytest


@pytest.fixture
def real():
    """Three classes of 8×8 images, each of one grey; two tight clusters and a far one on the maps."""
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    thumbs = np.zeros((60, 1, 8, 8), np.uint8) + (40 * labels[:, None, None, None]).astype(np.uint8)
    at = np.array([[0, 0], [1, 0], [5, 5]])[labels] + generator.normal(0, 0.1, (60, 2))
    at = at.astype(np.float32)
    return {
        "ids": np.arange(500, 560),
        "labels": labels,
        "thumbs": thumbs,
        "pca": at,
        "umap": 2 * at,
        "classes": ("a", "b <i>", "c"),
    }


@pytest.fixture
def frame(real, make_frame):
    return make_frame(real, 4)


@pytest.fixture
def make_frame():
    return _make_frame


def _make_frame(real, budget, side=8, channels=1, seed=0):
    generator = np.random.default_rng(seed)
    classes = len(real["classes"])
    labels = np.repeat(np.arange(classes), budget)
    m = len(labels)
    return {
        "images": generator.integers(0, 256, (m, channels, side, side), dtype=np.uint8),
        "labels": labels,
        "ids": np.arange(m) * 7 + 3,  # ids are not positions
        "pca": generator.normal(size=(m, 2)).astype(np.float32),
        "neighbours": generator.integers(0, len(real["labels"]), (m, 5), dtype=np.int32),
        "weights": np.full((m, 5), 0.2, np.float32),
        "off": np.where(np.arange(m) % 5 == 0, np.nan, 50.0).astype(np.float32),
    }
