"""`dcviz frontier`: queues what lacks, works, measures, tells and draws; and goes on where it was."""

import json
import xml.dom.minidom

import pytest

from .pursued import beside  # noqa: F401  (a fixture)
from .test_cli_shelf import dcviz, moons, store  # noqa: F401  (fixtures)

NAME = "energy-beside"


@pytest.fixture
def run(store, beside):  # noqa: F811
    return store.create(moons(steps=4), queue=False)


def test_runs_are_queued_once_and_told(store, dcviz, run):  # noqa: F811
    code, out, err = dcviz("frontier", run, "--objective", NAME, "--strengths", "1,4", "--seeds", "0-1", "--dry-run")
    assert (code, store.waiting()) == (0, [])
    assert "5 runs, 1 more are there already" in err  # the paused one counts: it is about to be done
    code, out, err = dcviz("frontier", run, "--objective", NAME, "--strengths", "1,4", "--seeds", "0-1", "--json")
    assert code == 0
    assert len(json.loads(out)["queued"]) == len(store.waiting()) == 5
    assert json.loads(out)["points"] == []
    again = dcviz("frontier", run, "--objective", NAME, "--strengths", "1,4", "--seeds", "0-1", "--json")[1]
    assert json.loads(again)["queued"] == []
    assert all("frontier energy-beside" in store.run(id).tags for id in store.waiting())


def test_work_condenses_measures_tells_and_draws(store, dcviz, run, tmp_path):  # noqa: F811
    store.enqueue(run)
    out = tmp_path / "front.svg"
    asked = ("frontier", run, "--objective", NAME, "--strengths", "2", "--work", "--out", str(out))
    code, said, err = dcviz(*asked)
    assert code == 0, err
    lines = said.splitlines()
    table = lines[next(i for i, line in enumerate(lines) if line.startswith("strength")) :]
    assert "worst-group accuracy" in table[0]
    assert table[1].startswith("without")
    assert table[2].startswith("weight 2")
    assert "It may do nothing at all." in said
    drawn = xml.dom.minidom.parse(str(out))
    texts = [t.firstChild.data for t in drawn.getElementsByTagName("text") if t.firstChild]
    assert "■ without" in texts
    assert "◆ weight 2" in texts
    assert len(drawn.getElementsByTagName("polygon")) == 2
    before = len(store.runs())
    code, said, _ = dcviz(*asked[:-3], "--json")
    points = json.loads(said)["points"]
    assert len(store.runs()) == before
    assert [p["strength"] for p in points] == [None, 2.0]
    assert any(p["on_front"] for p in points)
    assert all(0 <= p["aimed"]["mean"] <= 1 for p in points)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "pursues no objective"),
        (("--objective", "energy-besid"), "did you mean 'energy-beside'"),
        (("--objective", NAME, "--strengths", "much"), "is no strength of energy-beside"),
        (("--objective", NAME, "--out", "front.png"), "ends with .svg"),
    ],
)
def test_what_cannot_be_is_refused_in_words(dcviz, run, more, said):  # noqa: F811
    code, _, err = dcviz("frontier", run, *more)
    assert code == 2
    assert said in err


def test_a_strength_out_of_range_leaves_the_others(store, dcviz, run):  # noqa: F811
    code, _, err = dcviz("frontier", run, "--objective", NAME, "--strengths", "1,1e9")
    assert code == 0
    assert "left out: weight 1e+09" in err
    assert len(store.waiting()) == 1
