"""Measuring beside an open window: a thread that stops when asked, and whose trouble is told."""

import threading

import pytest
import torch

from dcviz.atlas import background
from dcviz.atlas.grid import Cell
from dcviz.errors import Refused
from dcviz.runs.store import Store

CELLS = [Cell("data", name, name) for name in ("energy", "mmd", "mean")]


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(background, "known", lambda store, cell: None)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)  # of this process, as other tests want it
    return Store(tmp_path)


def end(store):
    background._going[str(store.home)][0].join(10)


def test_trouble_ends_it_and_is_told_afterwards(store, monkeypatch):
    measured = []

    def measure(store, cell, move):
        measured.append(cell)
        if cell.method == "mmd":
            raise Refused("the disk is full: make room.")

    monkeypatch.setattr(background, "measure_cell", measure)
    assert background.trouble(store) == ""
    background.start(store, CELLS)
    end(store)
    assert measured == CELLS[:2]
    assert background.progress(store) is None
    assert background.trouble(store) == "the disk is full: make room."
    monkeypatch.setattr(background, "measure_cell", lambda store, cell, move: None)
    background.start(store, CELLS)
    end(store)
    assert background.trouble(store) == ""


def test_it_is_measured_once_at_a_time_and_stops_when_asked(store, monkeypatch):
    going, asked, measured = threading.Event(), threading.Event(), []

    def measure(store, cell, move):
        measured.append(cell)
        going.set()
        assert asked.wait(10)
        move("condensing", 0.5)

    monkeypatch.setattr(background, "measure_cell", measure)
    background.start(store, CELLS)
    assert going.wait(10)
    background.start(store, CELLS)
    background.stop(store)
    asked.set()
    end(store)
    assert measured == CELLS[:1]
    assert background.progress(store) is None
    assert background.trouble(store) == ""
