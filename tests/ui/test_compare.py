"""The Compare page through AppTest, and what it sends to the browser: real scripts on a real store."""

import csv
import json
import statistics

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dcviz.figures.pack import unpack
from dcviz.records import DataConfig, EvaluationProtocol, RunConfig, Score
from dcviz.runs.comparing import as_csv
from dcviz.runs.store import Owner
from dcviz.ui import fronts, numbers, racing, together
from dcviz.ui.compare import suggestions
from dcviz.ui.reader import Reader
from dcviz.ui.several import gather

from ..pursued import beside  # noqa: F401  (a fixture)
from .test_pages import APP, TIMEOUT, html, query


def finished(home, *values, steps=4, parts=(), **config):
    """A run on the moons that is done, with three frames and made-up numbers."""
    id = home.create(RunConfig(data=DataConfig("moons"), steps=steps, **config))
    owner = Owner.here()
    home.claim(owner, "cpu", id)
    labels = np.repeat([0, 1], home.run(id).config.budget)
    for step in (0, steps // 2, steps):
        points = np.full((len(labels), 2), step / steps, np.float32)
        home.save_frame(id, step, {"labels": labels, "ids": np.arange(len(labels)), "points": points})
    home.record(id, [(s, "objective", 1.0 / (1 + s)) for s in range(1, steps + 1)])
    home.record(id, [(s, "yardstick:energy, plane", 2.0 - s / steps) for s in (0, steps)])
    home.record(id, [(steps, "accuracy", 0.5), (steps, "bytes", 80.0), *parts])
    if values:
        std = statistics.stdev(values) if len(values) > 1 else 0.0
        home.save_score(id, Score(statistics.fmean(values), std, values, EvaluationProtocol(network="mlp", width=128)))
    home.beat(id, owner, step=steps, seconds=2.0)
    home.release(id, "done", "", owner)
    return id


def page(**asked):
    app = AppTest.from_file(APP, default_timeout=TIMEOUT)
    app.query_params["data"] = "moons"
    app.run()
    app.switch_page("pages/3_Compare.py")
    app.query_params.clear()
    for key, value in asked.items():
        app.query_params[key] = value
    return app.run()


def several(home, *ids):
    return gather(Reader(home), ids, "light")


def message(home, *ids, seen=together.Seen(), **options):  # noqa: B008
    return together.message(several(home, *ids), together.Options(**options), seen, "light")


# --------------------------------------------------------------------------------------------------- the page


def test_an_empty_store_says_where_to_begin(home):
    app = page()
    assert not app.exception
    assert "start one in the Lab" in app.info[0].value


def test_runs_are_chosen_in_the_menu_and_kept_in_the_address(home):
    a, b = finished(home, budget=1), finished(home, budget=2)
    app = page()
    assert not app.exception
    app.multiselect[0].set_value([a, b]).run()
    assert not app.exception
    assert query(app)["runs"] == f"{a},{b}"
    again = page(**query(app))
    assert again.session_state["compare.runs"] == [a, b]


def test_a_link_sets_view_and_axes_and_a_wrong_value_is_refused_in_words(home):
    a, b = finished(home, 0.9, budget=1), finished(home, 0.8, budget=2)
    app = page(runs=f"{a},{b}", view="front", x="seconds", y="bytes")
    assert not app.exception
    assert (query(app)["x"], query(app)["y"]) == ("seconds", "bytes")
    app = page(runs=f"{a},{b},nothing-like-it", axis="parsecs", step="x", more="1")
    assert not app.exception
    said = app.warning[0].value
    for word in ("nothing-like-it", "parsecs", "step=x", "more=1"):
        assert word in said
    assert app.session_state["compare.runs"] == [a, b]


def test_the_moment_of_the_address_outlives_another_view(home):
    a, b = finished(home, budget=1), finished(home, budget=2)
    app = page(runs=f"{a},{b}", step="2")
    assert query(app)["step"] == "2"
    app.segmented_control[0].set_value("numbers").run()
    assert (query(app)["view"], query(app)["step"]) == ("numbers", "2")


def test_a_run_deleted_meanwhile_is_told_and_left_out(home):
    a, b = finished(home), finished(home, budget=2)
    app = page(runs=f"{a},{b}")
    home.delete(b)
    app.run()
    assert not app.exception
    assert any(b in w.value for w in app.warning)


def test_a_deleted_run_of_the_address_is_offered_back_beside_the_others(home):
    a, b = finished(home), finished(home, budget=2)
    home.delete(b)
    app = page(runs=f"{a},{b},0zzzzz-gone")
    assert query(app)["runs"] == a
    app.button(key=f"compare.restore.{b}").click().run()
    assert not app.exception
    assert not app.warning
    assert query(app)["runs"] == f"{a},{b}"
    assert not [button for button in app.button if str(button.key).startswith("compare.restore.")]


@pytest.mark.parametrize("view", ["together", "numbers", "front", "race"])
def test_every_view_of_finished_failed_and_empty_runs_is_drawn(home, view):
    queued = home.create(RunConfig(data=DataConfig("rings")), queue=False)
    app = page(runs=",".join([finished(home, 0.9, 0.8), finished(home, budget=3), queued]), view=view)
    assert not app.exception
    assert not app.error


def test_what_differs_is_told_and_repeats_say_so(home):
    a, b, c = finished(home), finished(home, budget=3), finished(home, seed=1)
    app = page(runs=f"{a},{b},{c}", view="numbers")
    assert "images per class" in html(app)
    assert "0, 1" in html(app)
    assert "final test" not in html(app)
    app = page(runs=f"{a},{c}", view="numbers")
    assert "repeats of one configuration" in " ".join(c.value for c in app.caption)


def test_the_race_is_queued_with_equal_compute_and_then_compared(home):
    base = finished(home, budget=2, steps=10)
    app = page(runs=base, view="race")
    app.multiselect(key="compare.race.budgets").set_value([1, 2]).run()
    app.number_input(key="compare.race.repeats").set_value(2).run()
    app.button(key="compare.race.start").click().run()
    assert not app.exception
    queued = home.runs(status="queued")
    assert sorted((r.config.budget, r.config.steps, r.config.seed) for r in queued) == [
        (1, 20, 0), (1, 20, 1), (2, 10, 0), (2, 10, 1),
    ]  # fmt: skip
    assert set(query(app)["runs"].split(",")) == {run.id for run in queued}
    assert query(app)["view"] == "race"


def test_suggestions_hold_methods_budgets_and_repeats(home):
    ids = [finished(home, seed=s) for s in (0, 1)] + [finished(home, budget=3)]
    found = suggestions(home.runs())
    assert [set(ids)] == [set(found[text]) for text in found if "budgets" in text]
    assert [set(ids[:2])] == [set(found[text]) for text in found if "repeats" in text]
    assert suggestions([]) == {}


# ------------------------------------------------------------------------------------------------- the message


def test_repeats_are_one_strand_and_frames_carry_the_sign_of_their_run(home):
    a, b, c = finished(home), finished(home, seed=1), finished(home, budget=2)
    sent = message(home, a, b, c)
    assert [[run["id"] for run in strand["runs"]] for strand in sent["strands"]] == [[a, b], [c]]
    assert [strand["label"] for strand in sent["strands"]] == ["10 per class", "2 per class"]
    assert set(sent["frames"]) == {a, c}
    assert sent["clock"]["said"][0] == "step 0"
    json.dumps(sent, allow_nan=False)


def test_frames_asked_for_are_sent_and_others_are_not(home):
    a, b = finished(home), finished(home, budget=2)
    seen = together.Seen(at=0, want=((a, 2), (b, 2), ("0-stranger", 2), (a, 3)), shown=(a, b), picks={}, holds=True)
    sent = message(home, a, b, seen=seen)
    assert {run: [f["step"] for f in frames] for run, frames in sent["frames"].items()} == {a: [2], b: [2]}


def test_before_the_browser_has_told_the_frames_of_the_moment_are_sent(home):
    a, b = finished(home), finished(home, budget=2)
    sent = message(home, a, b, at=0)
    assert {run: [f["step"] for f in frames] for run, frames in sent["frames"].items()} == {a: [0], b: [0]}


def test_the_moment_of_the_address_is_shown_first(home):
    a = finished(home)
    sent = message(home, a, at=3)
    assert sent["at"] in (2, 4)
    assert message(home, a)["at"] is None
    assert message(home, a, at=3, axis="share")["at"] == 0


def test_an_axis_of_seconds_counts_milliseconds(home):
    sent = message(home, finished(home), axis="seconds")
    assert unpack(sent["clock"]["ticks"]).tolist() == [0, 1000, 2000]
    assert sent["clock"]["said"] == ["0.0 s", "1.0 s", "2.0 s"]


def test_runs_of_other_data_keep_their_curves_and_the_map_says_why_they_are_not_on_it(home):
    a, b = finished(home), finished(home, budget=2)
    other = home.create(RunConfig(data=DataConfig("rings")), queue=False)
    sent = message(home, a, b, other)
    assert [[run["mapped"] for run in strand["runs"]] for strand in sent["strands"]] == [[True], [True], [False]]
    assert "rings" in sent["strands"][2]["label"]


def test_what_the_browser_sends_is_read_and_nonsense_ignored():
    sent = {"at": 3, "want": [["a", 1], ["b"], 7, ["c", "x"]], "shown": ["a"], "picks": {"a": "b"}}
    assert together.read(sent) == together.Seen(3, (("a", 1),), ("a",), {"a": "b"}, True)
    assert together.read("nonsense") == together.Seen()
    assert together.read({"at": "x", "want": None}) == together.Seen(holds=True)


# ------------------------------------------------------------------------------------------------- the numbers


def test_the_table_has_a_row_for_each_group_that_unfolds_into_its_runs(home):
    a, b, c = finished(home, 0.9, 0.8), finished(home, 0.7, 0.6, seed=1), finished(home, 0.5, budget=2)
    spec = numbers.spec(several(home, a, b, c))
    keys = [column["key"] for column in spec["columns"]]
    accuracy = keys.index("accuracy:mlp")
    first, second = spec["rows"]
    assert first["cells"][accuracy]["text"] == "75.0"
    assert first["cells"][accuracy]["small"] == f"± {100 * statistics.stdev((0.85, 0.65)):.1f}"
    assert [child["cells"][accuracy]["text"] for child in first["children"]] == ["85.0", "65.0"]
    assert first["cells"][accuracy]["best"]
    assert not second["cells"][accuracy]["best"]
    assert second["children"] == []
    assert all(len(row["cells"]) == len(keys) for row in [*spec["rows"], *first["children"]])


def test_other_protocols_are_marked_in_the_table_and_explained_below_it(home):
    a, b = finished(home, 0.9), finished(home, 0.8, budget=2)
    home.save_score(b, Score(0.7, 0.0, (0.7,), EvaluationProtocol(network="mlp", width=128, updates=9)))
    found = several(home, a, b)
    assert not any(cell.get("mark") for row in numbers.spec(found)["rows"] for cell in row["cells"])
    c = finished(home, budget=3)
    home.save_score(c, Score(0.7, 0.0, (0.7,), EvaluationProtocol(network="mlp", width=128, updates=9)))
    marks = [
        cell["mark"] for row in numbers.spec(several(home, a, c))["rows"] for cell in row["cells"] if cell.get("mark")
    ]
    assert marks == ["¹", "²"]
    app = page(runs=f"{a},{c}", view="numbers")
    assert any("not the same protocol" in w.value and "9 updates" in w.value for w in app.warning)


def test_the_csv_has_a_line_for_each_run_with_every_number(home):
    a, b = finished(home, 0.9, 0.8), finished(home, seed=1)
    found = several(home, a, b)
    head, one, two = (next(csv.reader([line])) for line in as_csv(found.table, found.labels, str).splitlines())
    assert head[:2] == ["run", "group"]
    assert float(one[head.index("accuracy:mlp")]) == pytest.approx(0.85)
    assert one[head.index("accuracy:mlp n")] == "2"
    assert two[head.index("accuracy:mlp")] == ""
    assert {one[0], two[0]} == {a, b}


def test_spots_carry_their_spread_and_default_axes_make_sense(home):
    found = several(home, finished(home, 0.9, 0.8), finished(home, 0.7, 0.6, seed=1), finished(home, 0.5, budget=2))
    assert fronts.axes(found, None, None) == ("budget", "accuracy:mlp")
    assert fronts.axes(found, "steps", "nothing") == ("steps", "accuracy:mlp")
    spot = fronts._spot(found, 0, "budget", "accuracy:mlp")
    assert (spot.x, spot.y) == (10, pytest.approx(75))
    assert spot.dy == pytest.approx(100 * statistics.stdev((0.85, 0.65)))


def test_the_race_is_drawn_along_image_updates(home):
    found = several(home, finished(home, 0.9, steps=20, budget=1), finished(home, 0.8, steps=10, budget=2))
    spec = racing.figure(found, [0, 1], "updates", "light")
    ends = [float(unpack(t["x"])[-1]) for t in spec["data"] if t.get("xaxis") != "x2"]
    assert ends == [20 * 1 * 2, 10 * 2 * 2]


def test_two_measures_that_no_run_has_both_of_are_told(home):
    a, b = finished(home, 0.9), home.create(RunConfig(data=DataConfig("moons")), queue=False)
    c = finished(home, budget=2)
    home.save_score(c, Score(0.7, 0.0, (0.7,), EvaluationProtocol(network="linear", width=0)))
    app = page(runs=f"{a},{b},{c}", view="front", x="accuracy:linear", y="accuracy:mlp")
    assert not app.exception
    assert "choose others" in app.info[0].value


def test_what_objectives_aim_at_is_a_measure_where_it_was_measured(home, beside):  # noqa: F811
    from dcviz.evaluation.suite.declared import Report, figure
    from dcviz.runs.suite import _keep

    one, other = finished(home), finished(home, seed=1)
    third = finished(home, start="noise")
    reader = Reader(home)

    def table():
        return gather(reader, [one, other, third], "light").table

    assert "fairness:worst-group" not in table().measures
    for run, worst in ((one, 0.5), (other, 0.7)):
        report = Report("fairness", "quick", (figure("worst-group", "synthetic", [worst, worst], "p"),))
        _keep(home, run, report)
    found = table()
    measure = found.measures["fairness:worst-group"]
    assert (measure.title, measure.better) == ("worst-group accuracy, %", "high")
    repeats, alone = found.rows
    value = repeats.values["fairness:worst-group"]
    assert (value.mean, value.n) == (pytest.approx(0.6), 2)
    assert "fairness:worst-group" not in alone.values
    assert "fairness:worst-group" in fronts.usable(gather(reader, [one, other, third], "light"))
