"""The trade-off of an objective: which runs belong to it, what lacks, what its numbers are."""

from dataclasses import replace

import pytest

from dcviz import registry
from dcviz.errors import Refused
from dcviz.evaluation.suite.declared import Report, figure
from dcviz.records import ObjectiveConfig, Score
from dcviz.runs import frontier, vary
from dcviz.runs.assessing import Asked
from dcviz.runs.configure import configure
from dcviz.runs.store import Owner
from dcviz.runs.suite import _keep

from ..pursued import beside  # noqa: F401  (a fixture)

NAME = "energy-beside"


@pytest.fixture
def base(beside):  # noqa: F811
    return configure(data="moons", divergence="mmd", regime="data", budget=2, steps=3, live=None)


def done(store, config, accuracy=None, worst=()):
    """A run that is over, with made-up numbers."""
    run = store.create(config)
    owner = Owner.here()
    store.claim(owner, "cpu", run)
    store.beat(run, owner, step=config.steps, seconds=1.0)
    store.release(run, "done", "", owner)
    if accuracy is not None:
        store.save_score(run, Score(accuracy, 0.01, (accuracy, accuracy), config.evaluation))
    if worst:
        _keep(store, run, Report("fairness", "quick", (figure("worst-group", "synthetic", worst, "p"),)))
    return run


def test_a_strength_is_set_changed_and_left_out(base):
    two = frontier.at(base, NAME, 2.0)
    assert two.objectives == (ObjectiveConfig(NAME, {"weight": 2.0, "rest": True}),)
    assert frontier.at(two, NAME, 4.0).objectives[0].params["weight"] == 4.0
    assert frontier.at(two, NAME, None) == base == frontier.without(two, NAME)
    own = replace(two, objectives=(ObjectiveConfig(NAME, {"weight": 2.0, "rest": False}),))
    assert frontier.at(own, NAME, 4.0).objectives[0].params == {"weight": 4.0, "rest": False}
    with pytest.raises(Refused, match="weight is 1,000,000; it must be from 0 to 1,000"):
        frontier.at(base, NAME, 1e6)


def test_only_what_is_not_there_is_planned(store, base):
    wanted = [None, 1.0, 4.0, 1e9]
    done(store, frontier.at(base, NAME, 1.0))
    plan = frontier.plan(store, base, NAME, wanted, [0, 1])
    assert (len(plan.configs), plan.there) == (5, 1)
    assert [(c.objectives[0].params["weight"] if c.objectives else None, c.seed) for c in plan.configs] == [
        (None, 0),
        (None, 1),
        (1.0, 1),
        (4.0, 0),
        (4.0, 1),
    ]
    assert len(plan.refused) == 1
    assert "1e+09" in plan.refused[0]
    vary.start(store, plan)
    again = frontier.plan(store, base, NAME, wanted[:3], [0, 1])
    assert (len(again.configs), again.there) == (0, 6)
    with pytest.raises(Refused, match="at most"):
        frontier.plan(store, base, NAME, wanted, range(100))


def test_points_are_the_runs_that_differ_in_strength_and_seed_alone(store, base):
    plain = done(store, base, 0.9, [0.6, 0.7])
    first = done(store, frontier.at(base, NAME, 1.0), 0.88, [0.8, 0.8])
    second = done(store, replace(frontier.at(base, NAME, 1.0), seed=1), 0.84, [0.9, 0.9])
    more = done(store, frontier.at(base, NAME, 4.0), 0.8)
    done(store, replace(frontier.at(base, NAME, 1.0), budget=3), 0.1, [0.1])  # another set-up
    other = replace(base, objectives=(ObjectiveConfig(NAME, {"weight": 1.0, "rest": False}),))
    done(store, other, 0.1, [0.1])  # the same strength of something else
    store.create(frontier.at(base, NAME, 16.0))  # not done
    found = frontier.points(store, frontier.at(base, NAME, 4.0), NAME)
    assert [p.strength for p in found] == [None, 1.0, 4.0]
    assert [{run.id for run in p.runs} for p in found] == [{plain}, {first, second}, {more}]
    assert found[0].aimed.mean == pytest.approx(0.65)
    assert found[1].accuracy.mean == pytest.approx(0.86)
    assert found[1].accuracy.spread == pytest.approx(0.0283, abs=1e-4)  # between the runs, not the networks
    assert (found[1].aimed.mean, found[1].aimed.n) == (pytest.approx(0.85), 2)
    assert [p.whole for p in found] == [True, True, False]
    assert frontier.lacking(store, found, NAME) == [Asked(more, "fairness")]
    assert set(frontier.relatives(store, base, NAME, "queued")) == {16.0}


def test_several_places_of_a_quantity_are_taken_together_seed_by_seed():
    figures = tuple(
        figure("attacked", of, values, "p", {"strength": i})
        for of in ("synthetic", "random")
        for i, values in enumerate(([0.8, 0.6], [0.4, 0.0]))
    )
    found = frontier.aimed_at(Report("robustness", "quick", figures), "attacked")
    assert (found.mean, found.n) == (pytest.approx(0.45), 2)
    assert found.spread == pytest.approx(0.2121, abs=1e-4)  # of 0.6 and 0.3
    assert frontier.aimed_at(Report("robustness", "quick", figures), "kept") is None


def test_strengths_span_what_is_usual(beside):  # noqa: F811
    assert frontier.strengths(beside) == [0.0625, 0.25, 1.0, 4.0, 16.0]
    for kind in registry.known("objective").values():
        found = frontier.strengths(kind)
        assert len(found) > 1, kind.name
        fact = kind.hypers()[kind.strength]
        if not fact.choices:
            numbers = sorted(found, reverse=kind.more == "lower")
            assert found == numbers, kind.name
            assert all((fact.low is None or v >= fact.low) and (fact.high is None or v <= fact.high) for v in found)
        for strength in found:
            registry.build("objective", {"name": kind.name, kind.strength: strength})


def test_privacy_is_declared_and_taken_back_with_its_objective(store, base):
    kind = next(of for of in registry.known("objective").values() if of.kind == "private")
    real = replace(base, start="real")
    private = frontier.at(real, kind.name, 1.0)
    assert (private.data.private, private.start) == (True, "noise")
    plain = frontier.at(private, kind.name, None)
    assert (plain.data.private, plain.start) == (False, "noise")
    plan = frontier.plan(store, real, kind.name, [None, 1.0, 10.0])
    assert plan.refused == ()
    assert [(c.data.private, c.start, bool(c.objectives)) for c in plan.configs] == [
        (False, "noise", False),
        (True, "noise", True),
        (True, "noise", True),
    ]
    for config in plan.configs:
        done(store, config, 0.9)
    assert [p.strength for p in frontier.points(store, real, kind.name)] == [None, 10.0, 1.0]  # less ε is more of it
    assert [p.strength for p in frontier.points(store, plain, kind.name)] == [None, 10.0, 1.0]
