"""`dcviz compare` on runs with made-up numbers."""

import csv
import json
import sys

import pytest

from dcviz.records import EvaluationProtocol, RunConfig, Score
from dcviz.runs.store import Store


@pytest.fixture
def dcviz(tmp_path, monkeypatch, capsys):
    """The command line on a store of its own: (exit code, stdout, stderr)."""
    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path))

    def call(*arguments):
        from dcviz.cli import main

        monkeypatch.setattr(sys, "argv", ["dcviz", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return end.value.code or 0, said.out, said.err

    return call


@pytest.fixture
def runs(tmp_path):
    """Two repeats and a run of another budget, under another protocol."""
    store, found = Store(tmp_path), []
    for budget, seed, accuracy in ((10, 0, 0.9), (10, 1, 0.8), (1, 0, 0.5)):
        run = store.create(RunConfig(budget=budget, seed=seed), queue=False)
        protocol = EvaluationProtocol(updates=300 if budget > 1 else 100)
        store.save_score(run, Score(accuracy, 0.0, (accuracy,), protocol))
        found.append(run)
    return found


def test_repeats_are_one_column_and_what_differs_stands_below(dcviz, runs):
    code, out, _ = dcviz("compare", *runs[:2], runs[0])
    assert code == 0
    assert "85.0 ± 7.1" in out
    assert "nothing differs but the seed" in out
    code, out, _ = dcviz("compare", *runs, "--each")
    head, *lines = out.splitlines()
    assert head.split() == ["10", "per", "class", runs[0], runs[1], "1", "per", "class"]
    assert any(line.split() == ["images", "per", "class", "10", "1"] for line in lines)
    assert "not the same protocol" in out
    assert "[2] 3 fresh ConvNets of width 32, each trained for 100 updates" in out


def test_the_same_as_json_and_as_a_file(dcviz, runs, tmp_path):
    code, out, _ = dcviz("compare", *runs, "--json", "--csv", tmp_path / "all.csv")
    found = json.loads(out)
    assert code == 0
    assert [group["runs"] for group in found["groups"]] == [runs[:2], runs[2:]]
    assert found["groups"][0]["measures"]["accuracy:convnet"]["mean"] == pytest.approx(0.85)
    assert found["differences"]["budget"] == [10, 1]
    lines = list(csv.DictReader((tmp_path / "all.csv").open()))
    assert [line["run"] for line in lines] == runs
    assert "100 updates" in lines[2]["accuracy:convnet protocol"]


def test_what_is_not_there_is_refused_in_a_sentence(dcviz, runs, tmp_path):
    code, _, said = dcviz("compare", runs[0], "nothing")
    assert code == 2
    assert "there is no run nothing" in said
    code, _, said = dcviz("compare", runs[0], "--csv", tmp_path / "no" / "where.csv")
    assert code == 2
    assert "choose another place" in said
