"""`dcviz nearest`: a table and the same as JSON."""

import json

from typer.testing import CliRunner

from dcviz.cli import app
from dcviz.inspect import leaks_of_run

CHOICES = {"divergence": "energy", "regime": "data", "budget": 2, "steps": 4}


def told(store, monkeypatch, *arguments):
    monkeypatch.setenv("DCVIZ_HOME", str(store.home))
    return CliRunner().invoke(app, ["nearest", *arguments])


def test_the_table_names_the_nearest_and_flags_copies(store, done, monkeypatch):
    run = done(**CHOICES)
    result = told(store, monkeypatch, run.id, "--step", "0")
    assert result.exit_code == 0
    head, *rows = result.stdout.splitlines()
    assert "pixels: distance" in head
    assert "features: percentile" in head
    assert sum(row.endswith("memorised") for row in rows[:20]) == 20  # it starts from real images
    assert "20 of 20 memorised, at step 0" in result.stdout


def test_json_says_the_same_as_the_library(store, done, monkeypatch):
    run = done(**CHOICES)
    said = json.loads(told(store, monkeypatch, run.id, "--json").stdout)
    leaks = leaks_of_run(store, run.id)
    near = leaks.spaces["features"]
    assert said["step"] == 4
    assert [s["image"] for s in said["samples"]] == leaks.ids.tolist()
    for i, sample in enumerate(said["samples"]):
        assert sample["features"]["real"] == leaks.real[near.nearest[i, 0]]
        assert sample["memorised"] == leaks.memorised[i]


def test_what_is_not_kept_is_refused_in_a_sentence(store, done, monkeypatch):
    result = told(store, monkeypatch, done(**CHOICES).id, "--step", "77")
    assert result.exit_code == 2
    assert "keeps no frame of step 77" in result.output
