"""Measuring a cell: as a run of the store, kept, and gone on with."""

import base64
import dataclasses

import pytest

from dcviz.atlas import bundled, measure
from dcviz.atlas.grid import Cell, entries
from dcviz.errors import Cancelled
from dcviz.records import DataConfig, EvaluationProtocol
from dcviz.runs.store import Store


@dataclasses.dataclass(frozen=True)
class Quick(Cell):
    """A cell of few steps."""

    @property
    def config(self):
        quick = EvaluationProtocol(updates=20, seeds=2)
        return dataclasses.replace(super().config, steps=3, budget=1, evaluation=quick)


CELL = Quick("data", "energy", "energy distance", choices={"divergence": "energy", "regime": "data"})


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, "shipped", dict)
    return Store(tmp_path)


def test_a_cell_becomes_a_run_with_numbers_and_a_picture(store):
    assert measure.known(store, CELL) is None
    said = []
    result = measure.measure_cell(store, CELL, lambda what, fraction: said.append((what, fraction)), device="cpu")
    assert store.run(result.run).status == "done"
    assert store.run(result.run).name == "atlas: energy distance"
    assert len(result.accuracy) == 2
    assert 0.1 < result.mean < 1
    assert result.spread > 0
    assert set(result.learners) == {"linear", "k-NN", "ridge", "tree", "MLP", "ConvNet"}
    assert all(0.1 < value <= 1 for value in result.learners.values())
    assert base64.b64decode(result.picture).startswith(b"\x89PNG")
    assert [f for _, f in said] == sorted(f for _, f in said)
    assert measure.known(store, CELL) == result
    again = measure.measure_cell(store, CELL, device="cpu", again=True)
    assert again.run != result.run
    assert again.accuracy == result.accuracy


def test_what_was_broken_off_goes_on(store):
    def stop(what, fraction):
        raise Cancelled

    with pytest.raises(Cancelled):
        measure.measure_cell(store, CELL, stop, device="cpu")
    (left,) = store.runs()
    store.sweep()
    result = measure.measure_cell(store, CELL, device="cpu")
    assert result.run == left.id
    assert len(store.runs()) == 1


def test_a_method_that_refuses_has_its_reason_as_the_result(store):
    config = dataclasses.replace(CELL.config, data=DataConfig("moons"), clamp=True)
    refusing = type("Refusing", (Quick,), {"config": config})("data", "energy", "energy distance")
    result = measure.measure_cell(store, refusing, device="cpu")
    assert "clamping keeps pixels" in result.refused
    assert not result.accuracy
    assert measure.known(store, refusing) == result


def test_the_shipped_atlas_is_whole():
    """After a change of a default or a new declaration: dcviz atlas && python -m dcviz.atlas.bundle."""
    found = bundled.shipped()
    missing = [cell.key for cell in entries() if measure.result_key(cell.config) not in found]
    assert not missing
    assert bundled.made_by()
    for cell in entries():
        result = found[measure.result_key(cell.config)]
        assert result.refused or 0.1 < result.mean <= 1


def test_every_cell_of_the_shipped_atlas_has_a_result():
    assert [r.cell for r in bundled.shipped().values() if r.refused] == []
