"""How long a look at a run waits."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from dcviz.records import RunConfig
from dcviz.runs.store import Store
from dcviz.ui.live import PATIENCE, _begun
from dcviz.ui.reader import Reader


@pytest.fixture
def reader(tmp_path):
    return Reader(Store(tmp_path))


@pytest.fixture
def row(reader):
    return reader.store.run(reader.store.create(RunConfig(steps=100)))


def save(reader, run, step):
    images, ids = np.zeros((20, 1, 8, 8), np.uint8), np.arange(20)
    arrays = {"images": images, "labels": ids // 2, "ids": ids, "pca": np.zeros((20, 2), np.float32)}
    reader.store.save_latest(run, step, arrays)


def waited(reader, row):
    began = time.monotonic()
    assert _begun(reader, row).id == row.id
    return time.monotonic() - began


def test_a_look_at_a_new_run_ends_with_its_first_step(reader, row):
    save(reader, row.id, 0)
    later = threading.Timer(0.1, save, (reader, row.id, 1))
    later.start()
    waited(reader, row)
    assert reader.latest(row.id) == 1
    later.join()
    assert waited(reader, row) < PATIENCE


def test_a_look_waits_no_longer_than_its_patience_and_not_for_what_is_old_or_over(reader, row):
    assert waited(reader, row) >= PATIENCE
    assert waited(reader, replace(row, created=row.created - 60)) < PATIENCE
    assert waited(reader, replace(row, status="paused")) < PATIENCE
