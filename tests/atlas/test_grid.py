"""The map: everything declared has one place, and what has none says why."""

import dataclasses

import pytest

from dcviz import registry
from dcviz.atlas import PUBLISHED, cells
from dcviz.atlas.grid import BUDGET, SELECTION, Cell, entries, place, regimes
from dcviz.atlas.published import PROTOCOLS, READ
from dcviz.data import catalogue
from dcviz.runs.configure import configure
from dcviz.ui.choices import choices_of, config_of

CELLS = cells()


def test_every_regime_meets_every_divergence_once():
    keys = [cell.key for cell in CELLS]
    assert len(keys) == len(set(keys))
    for regime in regimes():
        for divergence in registry.known("divergence"):
            assert f"{regime}/{divergence}" in keys


def test_every_discrepancy_with_a_distance_of_its_own_has_a_place():
    for name, method in registry.known("discrepancy").items():
        if method.where != "any":
            assert method.where in regimes(), f"{name} lives in {method.where}, which the map does not know"
            placed = any(cell.own and cell.method == name for cell in CELLS)
            assert placed == (not method.serves), "what serves an objective is chosen through that"


def test_what_is_not_defined_says_why_and_nothing_else_does():
    for cell in CELLS:
        assert bool(cell.undefined) == (not cell.choices)
        if cell.undefined:
            assert cell.undefined.endswith(".")
    assert any(cell.undefined for cell in CELLS)


@pytest.mark.parametrize("cell", entries(), ids=lambda c: c.key)
def test_every_entry_is_a_whole_configuration_that_the_lab_can_show(cell):
    config = cell.config
    assert (config.data.name, config.budget) == ("digits", BUDGET)
    if cell.regime == SELECTION:
        assert config.steps == 0
    elif cell.regime != "preset":
        assert place(config) == (cell.regime, cell.method)
    in_lab = config_of(choices_of(config))
    assert dataclasses.replace(in_lab, live=None) == config  # the Lab also measures while it runs


def test_every_preset_is_an_entry_and_is_named_by_the_cell_of_its_first_term():
    measured = {cell.choices.get("preset") for cell in entries()}
    for name in registry.known("preset"):
        assert name in measured
        at = place(configure(preset=name))
        assert any(cell.key == "/".join(at) and name in cell.presets for cell in CELLS)


def test_published_numbers_say_where_they_were_read_and_how_they_were_measured():
    known = {info.name for info in catalogue()}
    for row in PUBLISHED:
        assert row.data in known
        assert row.read in READ
        assert row.protocol in PROTOCOLS
        assert not row.preset or row.preset in registry.known("preset")
        assert all(m is None or 0 < m < 100 for m in row.means)


def test_a_cell_is_named_by_regime_and_method():
    assert Cell("data", "energy", "energy distance").key == "data/energy"
