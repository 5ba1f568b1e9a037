"""Good for: what is measured is shown, what is not says what it costs, and a press asks for it."""

import pytest

from dcviz.evaluation.suite.declared import Report, figure
from dcviz.records import DataConfig
from dcviz.runs import assessing
from dcviz.runs.suite import _keep

from .test_pages import finished, html, opened, query

INSPECT, COMPARE = "pages/5_Inspect.py", "pages/3_Compare.py"


def text(app):
    shown = [e.value for e in (*app.markdown, *app.caption, *app.info, *app.warning)]
    return " ".join(map(str, shown)) + html(app)


def kept(home, run, property="privacy", scale="quick", shift=0.0):
    figures = []
    for of, base in (("synthetic", 0.61 + shift), ("random", 0.47), ("whole set", 1.0)):
        figures.append(figure("canary-auc", of, [base], "made-up games"))
        figures.append(figure("memorised", of, [base / 2, base], "made-up distances", {"space": "pixels"}))
    _keep(home, run, Report(property, scale, tuple(figures), ("a note of its own",), 12.0))


@pytest.fixture
def asked(monkeypatch):
    """What the pages ask for; nothing is measured."""
    found = []
    monkeypatch.setattr(assessing, "ask", lambda store, *wanted: found.extend(wanted))
    return found


def test_before_anything_is_measured_it_says_what_it_would_say_and_cost(home, asked):
    run = finished(home)
    app = opened(INSPECT, run=run, view="good", property="privacy")
    assert not app.exception
    assert "Not measured yet" in text(app)
    assert "canary AUC" in text(app)
    button = app.button(key="good.measure.primary")
    assert "≈ 14 s" in button.label
    button.click().run()
    assert asked == [assessing.Asked(run, "privacy", "quick")]
    assert query(app) == {"run": run, "view": "good", "property": "privacy"}


def test_what_is_measured_stands_beside_its_rivals_with_protocol_and_caution(home, asked):
    run = finished(home)
    kept(home, run)
    app = opened(INSPECT, run=run, view="good", property="privacy")
    assert not app.exception
    said = text(app)
    for word in ("0.61", "0.47", "made-up games", "evidence, never a guarantee", "a note of its own", "whole set"):
        assert word in said, word
    ticked = [o.content for o in app.get("button_group")[1].proto.options if o.content_icon == ":material/check:"]
    assert ticked == ["Privacy"]
    app.button(key="good.measure.secondary").click().run()  # all that is missing
    assert {one.property for one in asked} >= {"generalisation", "robustness"}
    assert "privacy" not in {one.property for one in asked}


def test_points_of_the_plane_are_refused_before_they_are_measured(home, asked):
    run = finished(home, data=DataConfig("moons"))
    app = opened(INSPECT, run=run, view="good", property="robustness")
    assert "points of the plane" in text(app)
    assert "good.measure.primary" not in [b.key for b in app.button]


def test_the_address_is_refused_in_words(home):
    run = finished(home)
    app = opened(INSPECT, run=run, view="good", property="privcy", depth="deep")
    assert "did you mean 'privacy'" in app.warning[0].value
    assert "depth=deep" in app.warning[0].value
    assert "view=bad" in opened(INSPECT, run=run, view="bad").warning[0].value


def test_several_runs_stand_together_in_compare(home, asked):
    one, two = finished(home, start="noise"), finished(home, start="real")
    kept(home, one)
    app = opened(COMPARE, runs=f"{one},{two}", view="good", property="privacy")
    assert not app.exception
    assert "0.61" in text(app)
    app.button(key="good.measure.primary").click().run()
    assert asked == [assessing.Asked(two, "privacy", "quick")]
    kept(home, two, shift=0.1)
    app = opened(COMPARE, runs=f"{one},{two}", view="good", property="privacy")
    assert "0.71" in text(app)
    assert query(app)["property"] == "privacy"


def test_what_could_not_be_measured_is_told(home, monkeypatch):
    run = finished(home)
    monkeypatch.setattr(assessing, "trouble", lambda store, one: "give a set that can be made again.")
    assert "made again" in text(opened(INSPECT, run=run, view="good"))
