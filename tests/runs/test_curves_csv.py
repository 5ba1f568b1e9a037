"""The curves as CSV: read back by other readers, to the last bit."""

import csv
import io
import math

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.runs.export import bundle, export
from dcviz.runs.export.curves import from_csv, to_csv
from dcviz.runs.store import Store

VALUES = [0.1 + 0.2, 1e-320, -1.5e300, math.inf, 0.0, math.pi]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


@pytest.fixture
def run(store):
    run = store.create(RunConfig(), queue=False)
    store.record(run, [(step, "objective", value) for step, value in enumerate(VALUES, 1)])
    store.record(run, [(0, "yardstick:MMD, random", 0.5), (6, "yardstick:MMD, random", math.nan), (6, "bytes", 640.0)])
    store.record(run, [(3, "accuracy", 0.875), (1, "term:mean", 2.0), (0, "random:low", 0.9)])
    return run


def test_columns_are_named_and_ordered_alike_and_gaps_are_empty(store, run):
    name, data = bundle(store, run, "csv")
    assert name == f"dcviz-{run}.csv"
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    names = ["step", "objective", "term:mean", "accuracy", "yardstick:MMD/random", "bytes", "random:low"]
    assert list(rows[0]) == names
    assert [int(row["step"]) for row in rows] == list(range(7))
    assert rows[0]["objective"] == ""
    assert [float(row["objective"]) for row in rows[1:]] == VALUES
    assert rows[6]["yardstick:MMD/random"] == "nan"
    assert rows[3] == {**dict.fromkeys(names, ""), "step": "3", "objective": repr(VALUES[2]), "accuracy": "0.875"}


def test_numpy_and_pandas_read_it(store, run, tmp_path):
    path = export(store, run, tmp_path / "curves.csv")
    table = np.genfromtxt(path, delimiter=",", names=True, deletechars="")
    np.testing.assert_array_equal(table["objective"][1:], VALUES)
    pandas = pytest.importorskip("pandas")  # comes with streamlit
    read = pandas.read_csv(path, index_col="step")
    np.testing.assert_allclose(read["objective"].dropna(), VALUES, rtol=1e-12)
    assert read.loc[3, "accuracy"] == 0.875


def test_reading_it_back_gives_the_same_bits(store, run):
    before = store.metrics(run)
    again = from_csv(to_csv(before))
    assert set(again) == set(before)
    for name, (steps, values) in before.items():
        assert again[name][0].tolist() == steps.tolist()
        np.testing.assert_array_equal(again[name][1], values)  # NaN is NaN


def test_a_run_without_numbers_says_so(store, tmp_path):
    empty = store.create(RunConfig(), queue=False)
    with pytest.raises(Refused, match="nothing has been measured"):
        export(store, empty, tmp_path / "c.csv")
    assert not (tmp_path / "c.csv").exists()


@pytest.mark.parametrize(
    "text",
    ["", "x,y\n1,2\n", "step,=cmd()\n1,2\n", "step,a,a\n1,2,3\n", "step,a\n1\n", "step,a\n1,two\n", "step,a\n-1,2\n",
     "step,a\n1.5,2\n", "step,a\n1,2,3\n", "step,a\n99999999999,2\n", 'step,a\n"1,2\n', "\x00", "step," + "a" * 99],
)  # fmt: skip
def test_what_is_no_such_table_is_refused(text):
    with pytest.raises(Refused, match="the table of curves is damaged"):
        from_csv(text)
