"""The one table of all benchmarks: what it is put together from, and what it remembers."""

import inspect
import json
import subprocess
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import __main__ as table
from benchmarks import growth
from benchmarks._report import Figure

ROOT = Path(__file__).parents[1]
HELD = Figure("a thing", (1.0, 2.0, 3.0), "s", 5.0, note="with a note")
MISSED = Figure("another", (1.0,), "×", 2.0, at_least=True)


@pytest.mark.parametrize("part", table.PARTS)
def test_every_part_can_be_measured_the_short_way(part):
    """All have `figures`, which takes what the table gives and `quick`."""
    module, given, about = table.PARTS[part]
    found = inspect.signature(import_module(f"benchmarks.{module}").figures)
    found.bind(**given, quick=True)
    assert about


def test_every_benchmark_with_limits_is_in_the_table():
    modules = {file.stem for file in (ROOT / "benchmarks").glob("[a-z]*.py")}
    shown = {module for module, *_ in table.PARTS.values()}
    within = {"imports", "start", "live", "load", "playground"}  # parts of responsiveness
    without_limits = {"default", "methods"}
    assert modules == shown | within | without_limits


def test_results_are_appended_and_shown_without_being_measured_again(tmp_path):
    file = tmp_path / "results.json"
    for found in ([MISSED], [HELD, MISSED]):
        table.append(
            file,
            {
                "part": "disk",
                "at": 0.0,
                "seconds": 1.0,
                "head": "a machine\nits load",
                "quick": True,
                "whole": True,
                "figures": [asdict(figure) for figure in found],
            },
        )
    assert [len(entry["figures"]) for entry in table.read(file)] == [1, 2]
    assert [table.figure_from(tree) for tree in json.loads(file.read_text())[-1]["figures"]] == [HELD, MISSED]
    shown = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--shown", str(file)], cwd=ROOT, capture_output=True, text=True
    )
    assert shown.returncode == 1  # one of the newest entry was missed
    assert str(HELD) in shown.stdout
    assert str(MISSED) in shown.stdout
    assert "a machine" in shown.stdout
    assert shown.stdout.count("another") == 1


def test_a_part_that_fails_counts_as_missed(tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(table.PARTS, "disk", ("disk", {"unknown": 1}, "fails"))
    monkeypatch.setattr(table.subprocess, "Popen", _of_this(monkeypatch))
    file = tmp_path / "results.json"
    assert table._run("disk", True, file) == 1
    assert not table.read(file)[0]["whole"]
    assert "could not be measured" in capfd.readouterr().out


def _of_this(monkeypatch):
    """A process of the table that ends before its first figure."""
    real = subprocess.Popen
    return lambda command, **how: real([sys.executable, "-c", "print('words'); raise SystemExit(3)"], **how)


def test_a_double_click_is_one_person_s_and_equal_runs_of_two_are_none():
    from types import SimpleNamespace

    from benchmarks.crowd import Crowd, doubled

    def made(run, at, config="the same"):
        return SimpleNamespace(id=run, created=at, config_text=config, parent=None, parent_step=None)

    one, two = (SimpleNamespace(seen=seen) for seen in ({"a": 1.0, "b": 1.2, "c": 9.0, "e": 9.0}, {"c": 1.5, "d": 1.0}))
    maker = Crowd("", [], people=[one, two]).maker
    assert [maker(run) for run in "abcdf"] == [one, one, two, two, None]
    for runs, found in {
        (("a", 0.0), ("b", 0.9)): ["b"],
        (("a", 0.0), ("b", 1.1)): [],
        (("a", 0.0), ("c", 0.5)): [],  # of two people
        (("a", 0.0), ("b", 0.5, "another")): [],
        (("a", 0.0), ("f", 0.5)): ["f"],  # nobody is known to have made it
        (("d", 0.0), ("e", 0.3), ("c", 0.6)): [],
    }.items():
        assert list(doubled([made(*run) for run in runs], maker)) == found


def test_the_exponent_is_that_of_the_last_cells():
    assert growth.slope([(1, 3), (10, 300), (100, 30000)]) == pytest.approx(2)
    row = growth.Row("rows", "rows", (1, 10, 100, 1000), {"step": ("a step", "s", 1)})
    cells = {1: {"step": 50.0}, 10: {"step": 1.0}, 100: {"step": 100.0}, 1000: {"step": 10000.0}}
    (figure,) = growth._exponents(row, cells)
    assert figure.value == pytest.approx(2)
    assert figure.missed
