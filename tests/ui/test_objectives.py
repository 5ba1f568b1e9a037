"""The Objectives page: set up by the address, slid, launched, spread over strengths, and drawn from the store."""

import json
import re
from functools import partial

import pytest

from dcviz import registry
from dcviz.evaluation.suite.declared import Report, figure
from dcviz.records import ObjectiveConfig, Score
from dcviz.runs import assessing, frontier, vary
from dcviz.runs.configure import configure
from dcviz.runs.store import Owner
from dcviz.runs.suite import _keep

from ..pursued import beside  # noqa: F401  (a fixture)
from .test_pages import html, lab, query
from .test_pages import opened as opened_at

PAGE, NAME = "pages/4_Objectives.py", "energy-beside"
STRENGTH = "objectives.1.strength.energy-beside"
SET_UP = {"data": "moons", "regime": "data", "divergence": "energy", "budget": "2", "steps": "5", "objective": NAME}


@pytest.fixture
def usual(beside):  # noqa: F811
    return configure(data="moons", regime="data", divergence="energy", budget=2, steps=5)


opened = partial(opened_at, PAGE)


def text(app):
    shown = [e.value for e in (*app.markdown, *app.caption, *app.info, *app.warning, *app.error)]
    return " ".join(map(str, shown)) + html(app)


def done(home, config, accuracy, worst):
    run = home.create(config)
    owner = Owner.here()
    home.claim(owner, "cpu", run)
    home.beat(run, owner, step=config.steps, seconds=1.0)
    home.release(run, "done", "", owner)
    home.save_score(run, Score(accuracy, 0.01, (accuracy - 0.01, accuracy + 0.01), config.evaluation))
    if worst is not None:
        _keep(home, run, Report("fairness", "quick", (figure("worst-group", "synthetic", [worst, worst], "p"),)))
    return run


def front(app):
    (chart,) = app.get("plotly_chart")
    return json.loads(chart.proto.spec)


def heads(app):
    return re.findall("<th>(.*?)</th>", html(app).partition("dc-gain")[2])


def test_without_any_objective_it_says_so(home, monkeypatch):
    monkeypatch.setattr(registry, "known", lambda kind, real=registry.known: {} if kind == "objective" else real(kind))
    app = opened()
    assert not app.exception
    assert "No objective is registered here" in text(app)


def test_a_first_visit_has_an_objective_at_its_usual_strength(home, usual):
    app = opened()
    assert not app.exception
    name = query(app)["objective"]
    kind = registry.find("objective", name)
    assert json.loads(query(app)[f"objective.{name}.{kind.strength}"]) == kind.default(kind.strength)
    assert app.button(key="objectives.condense").label.startswith("Condense")


def test_a_press_queues_the_run_with_the_objective_and_sliding_back_the_plain_one(home, usual):
    app = opened(**SET_UP, **{f"objective.{NAME}.weight": "4.0"})
    assert not app.exception
    assert app.select_slider(key=STRENGTH).value == 4.0
    app.button(key="objectives.condense").click().run()
    (run,) = home.runs()
    assert run.config == frontier.at(usual, NAME, 4.0)
    assert "frontier energy-beside" in run.tags
    assert "queued" in html(app)
    app.select_slider(key=STRENGTH).set_value("without").run()
    assert not app.exception
    assert f"objective.{NAME}.weight" not in query(app)
    app.button(key="objectives.condense").click().run()
    assert [run.config for run in home.runs() if not run.config.objectives] == [usual]


def test_it_stands_in_numbers_and_on_the_front(home, usual, monkeypatch):
    asked = []
    monkeypatch.setattr(assessing, "ask", lambda store, *wanted: asked.extend(wanted))
    done(home, usual, 0.95, 0.55)
    done(home, frontier.at(usual, NAME, 4.0), 0.93, 0.94)
    lacks = done(home, frontier.at(usual, NAME, 16.0), 0.90, None)
    app = opened(**SET_UP, **{f"objective.{NAME}.weight": "4.0"})
    assert not app.exception
    said = text(app)
    for word in ("55.0", "94.0", "+39.0 better", "93.0 ± 1.0 %", "−2.0 (spread)", "It may do nothing at all."):
        assert word in said, word
    names = [trace["name"] for trace in front(app)["data"]]
    assert set(names) == {"front", "without", "weight 4"}
    assert heads(app) == ["", "without", "weight 4", "change"]
    assert heads(opened(**SET_UP)) == ["", "without"]  # it has nothing to be compared with
    labels = list(app.select_slider(key=STRENGTH).options)
    assert [o for o in labels if "●" in o] == ["without ●", "4 ●", "16 ●"]
    app.button(key="objectives.measure").click().run()
    assert asked == [assessing.Asked(lacks, "fairness", "quick")]
    assert app.button(key="objectives.condense").label.startswith("One more seed")
    app.button(key="objectives.condense").click().run()
    assert {(r.config.seed, r.config.objectives[0].params["weight"]) for r in home.runs(status="queued")} == {(1, 4.0)}


def test_spread_queues_what_is_not_there(home, usual, monkeypatch):
    monkeypatch.setattr(assessing, "ask", lambda store, *wanted: None)
    done(home, usual, 0.95, 0.55)
    app = opened(**SET_UP, **{f"objective.{NAME}.weight": "1.0"})
    button = app.button(key="objectives.spread")
    assert button.label.startswith("Spread: 5 runs")
    button.click().run()
    found = {run.config.objectives[0].params["weight"] for run in home.runs(status="queued")}
    assert found == {0.0625, 0.25, 1.0, 4.0, 16.0}
    assert "objectives.spread" not in [b.key for b in app.button]
    assert "on the way" in text(app)


def test_other_parameters_outlive_the_plain_run_and_an_exact_strength_moves_the_slider(home, usual):
    app = opened(**SET_UP, **{f"objective.{NAME}.weight": "1.0", f"objective.{NAME}.rest": "false"})
    app.select_slider(key=STRENGTH).set_value("without").run()
    assert not [key for key in query(app) if key.startswith("objective.")]
    app.select_slider(key=STRENGTH).set_value(4.0).run()
    assert json.loads(query(app)[f"objective.{NAME}.rest"]) is False
    exact = next(n for n in app.number_input if str(n.key).endswith(f"objective.{NAME}.weight"))
    exact.set_value(7.0).run()
    assert not app.exception
    assert app.select_slider(key=STRENGTH).value == 7.0
    assert json.loads(query(app)[f"objective.{NAME}.weight"]) == 7.0


def test_several_objectives_are_pursued_at_once_each_with_its_weight(home, usual, beside):  # noqa: F811
    class Second(beside):
        name = "second"
        title = "a second one"

    registry.register(Second)
    app = opened(**SET_UP, **{f"objective.{NAME}.weight": "1.0"})
    app.multiselect(key=f"objectives.1.beside.{NAME}").set_value(["second"]).run()
    assert not app.exception
    app.select_slider(key=f"objectives.1.beside.{NAME}.second").set_value(4.0).run()
    app.button(key="objectives.condense").click().run()
    (run,) = home.runs()
    weights = {o.name: o.params["weight"] for o in run.config.objectives}
    assert weights == {NAME: 1.0, "second": 4.0}
    assert isinstance(run.config.objectives[0], ObjectiveConfig)


def test_what_cannot_be_is_refused_in_words(home, usual):
    app = opened(objective="energy-besid", data="moons")
    assert "did you mean 'energy-beside'" in app.warning[0].value
    app = opened(**SET_UP, **{f"objective.{NAME}.weight": "1e9"})
    assert "weight is 1,000,000,000; it must be from 0 to 1,000" in app.warning[0].value
    assert not app.exception


def test_the_lab_shows_keeps_and_changes_the_objectives_of_a_run(home, usual):
    run = home.create(frontier.at(usual, NAME, 4.0), queue=False)
    app = lab(run=run)
    assert not app.exception
    assert json.loads(query(app)[f"objective.{NAME}.weight"]) == 4.0
    assert app.multiselect(key="lab.w.objectives").value == [NAME]
    app.button(key="lab.condense").click().run()
    assert len({r.config_text for r in home.runs()}) == 1
    app.select_slider(key=f"lab.w.objectives.{NAME}").set_value(16.0).run()
    app.selectbox(key="lab.w.method.data").set_value("mmd").run()  # another method, the same objective
    assert json.loads(query(app)[f"objective.{NAME}.weight"]) == 16.0
    app.multiselect(key="lab.w.objectives").set_value([]).run()
    assert not [key for key in query(app) if key.startswith("objective")]
    assert not app.exception


def test_a_sweep_over_methods_keeps_the_objectives(usual):
    found = vary.vary(frontier.at(usual, NAME, 4.0), method="mmd")
    assert found.objectives == frontier.at(usual, NAME, 4.0).objectives
    assert found.terms[0].params["divergence"]["name"] == "mmd"
