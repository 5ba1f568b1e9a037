import re
import time

import pytest

from dcviz.records import RunConfig
from dcviz.runs.store import Store
from dcviz.ui import status


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def run(store):
    from dcviz.runs.store import Owner

    id = store.create(RunConfig(steps=1000))
    owner = Owner.here()
    store.claim(owner, "cpu", id)
    store.beat(id, owner, step=312, seconds=8.0, phase="condensing")
    return store.run(id)


def plain(html):
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html))


def test_a_running_line_says_where_it_is_and_how_long_it_takes(run):
    text = plain(status.line(run, status.Numbers(40.0, 0.871, {"random": 0.78, "whole set": 0.98}, 3, 100)))
    for words in (
        "running",
        "312 / 1,000 steps",
        "40 steps/s",
        "17 s left",
        "accuracy 87.1 %",
        "random 78.0",
        "3 of 100",
    ):
        assert words in text
    assert "sign of life" not in text


def test_a_silent_run_says_since_when(run):
    text = plain(status.line(run, status.Numbers(), now=time.time() + 12))
    assert "12 s since the last sign of life" in text


@pytest.mark.parametrize(("state", "cure"), [("failed", "other parameters"), ("interrupted", "Press resume")])
def test_trouble_is_said_with_its_cure_and_cannot_inject_markup(store, run, state, cure):
    store.release(run.id, state, "the loss became <b>non-finite</b> at step 31.")
    html = status.line(store.run(run.id), status.Numbers())
    assert cure in html
    assert "&lt;b&gt;non-finite" in html
    assert "<b>non-finite" not in html
