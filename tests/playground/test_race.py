"""The race as windows see it: batches, changes on the way, odd input, and what a browser is told."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from dcviz import registry
from dcviz.divergences import Mean
from dcviz.errors import Refused
from dcviz.playground.drawing import encode
from dcviz.playground.race import BATCH, LAST, Race
from dcviz.playground.setup import Setup, changed
from dcviz.playground.window import Window, read_ask

PLENTY = 30.0  # seconds: no batch is cut short on a busy machine


def points(race, side="right"):
    return race.lanes[side].states[race.head].y


def ask(window, n, **what):
    race = window.race
    usual = {"who": "me", "n": n, "turn": race.turn, "have": race.head, "at": 0, "until": 0, "orders": []}
    window.answer({**usual, **what})


# ------------------------------------------------------------------------------------------------------ race


def test_both_sides_begin_alike_and_batches_do_not_matter():
    whole, parts = Race(Setup()), Race(Setup())
    assert torch.equal(whole.lanes["left"].states[0].y, whole.lanes["right"].states[0].y)
    whole.advance(12, PLENTY)
    for until in (1, 5, 12):
        parts.advance(until, PLENTY)
    assert whole.head == parts.head == 12
    assert torch.equal(points(whole), points(parts))
    whole.advance(100, PLENTY)
    assert whole.head == 12 + BATCH


def test_a_change_keeps_what_was_before_and_acts_from_there():
    race = Race(Setup())
    race.advance(10, PLENTY)
    before = [state.y for state in race.lanes["right"].states]
    race.change(changed(race.setup, "right", "mean"), 6)
    assert (race.since, race.head, race.bent) == (6, 6, True)
    race.advance(8, PLENTY)
    after = [state.y for state in race.lanes["right"].states]
    assert all(torch.equal(a, b) for a, b in zip(before[:7], after[:7], strict=True))
    move = after[7] - after[6]
    assert torch.allclose(move, move[:1].expand_as(move))  # means move all points alike


def test_more_points_join_and_fewer_stay():
    race = Race(Setup(budget=6))
    race.advance(4, PLENTY)
    race.change(replace(race.setup, budget=9), 4)
    kept = race.lanes["right"].states
    assert [len(s.y) for s in kept] == [6, 6, 6, 6, 9]
    race.advance(6, PLENTY)
    race.change(replace(race.setup, budget=2), 6)
    assert torch.equal(points(race), kept[6].y[:2])
    found = race.frames("right", range(race.head + 1))
    assert found["sizes"].tolist() == [6, 6, 6, 6, 9, 9, 2]
    assert len(found["points"]) == found["sizes"].sum()
    assert len(found["modes"]) == len(found["distance"]) == 7


def test_another_seed_or_start_begins_anew():
    race = Race(Setup())
    race.advance(5, PLENTY)
    race.change(replace(race.setup, start="wide"), 5)
    assert (race.since, race.head, race.bent) == (0, 0, False)


def test_zero_but_wrong_is_told():
    race = Race(Setup())
    while race.head < 120:
        race.advance(120, PLENTY)
    left, right = (race.frames(side, [0, 120]) for side in ("left", "right"))
    assert left["share"] == pytest.approx([1, 0], abs=1e-3)
    assert left["wrong"].tolist() == [0, 1]
    assert right["wrong"].tolist() == [0, 0]
    assert left["modes"][1] == 0
    assert right["modes"][1] >= 6


def test_a_loss_of_zero_with_points_off_the_data_is_told():
    race = Race(Setup(left={"name": "moments"}, rate=0.1))
    while race.head < 60:
        race.advance(60, PLENTY)
    found = race.frames("left", [60])
    assert found["share"][0] < 1e-3
    assert found["off"][0] > 10
    assert found["wrong"][0] == 2


def test_a_race_that_rests_or_is_long_enough_ends():
    race = Race(Setup(left={"name": "mean"}, right={"name": "mean"}, rate=0.3))
    for _ in range(20):
        race.advance(LAST, PLENTY)
    assert race.ended == "at rest"
    head = race.head
    race.advance(LAST, PLENTY)
    assert race.head == head


class Broken(Mean):
    """Becomes infinite where it falls below 1."""

    def value(self, side, y, weights=None, state=None):
        value, state = super().value(side, y, weights, state)
        return value / (value > 1), state


def test_a_loss_that_is_not_finite_stops_its_side_with_the_remedy():
    race = Race(Setup(start="far"))
    lane = race.lanes["left"]
    lane.problem = replace(lane.problem, divergence=Broken())
    while race.head < 100:
        race.advance(100, PLENTY)
    assert "became non-finite at step" in lane.trouble
    assert "lower the learning rate" in lane.trouble
    assert lane.states[-1].y.isfinite().all()
    assert not race.lanes["right"].trouble


DRAWINGS = {"one point": [(0.3, 0.4)], "all the same": [(0.3, 0.4)] * 9, "a line": [(x / 5, 0.0) for x in range(-5, 5)]}


ODD = [("all the same", name) for name in sorted(set(registry.known("divergence")) - {"exact-ot"})]
ODD += [(drawing, name) for drawing in ("one point", "a line") for name in ("energy", "ksd", "sinkhorn")]


@pytest.mark.parametrize(("drawing", "name"), ODD)
def test_odd_drawings_move_or_say_why_not(drawing, name):
    race = Race(Setup(data="drawn", points=encode(DRAWINGS[drawing]), left={"name": name}, budget=3))
    race.advance(2, PLENTY)
    race.paint(PLENTY)
    found = race.frames("left", range(race.head + 1))
    assert np.isfinite(found["points"]).all()
    assert race.head == 2 or race.ended
    assert math.isfinite(found["value"][-1]) or race.lanes["left"].trouble


def test_an_empty_drawing_asks_for_points():
    race = Race(Setup(data="drawn"))
    race.advance(5, PLENTY)
    race.paint(PLENTY)
    assert race.ended == "nothing drawn yet"
    assert race.lanes["left"].trouble.startswith("Draw some points")
    race.change(replace(race.setup, points=encode([(0.5, 0.5)] * 3)), 0)
    race.advance(5, PLENTY)
    assert race.head == 5


# ---------------------------------------------------------------------------------------------------- window


def test_the_first_answer_already_plays():
    window = Window(Race(Setup()))
    window.answer(None)
    assert window.race.head > 0
    assert window.steps == range(window.race.head + 1)
    assert window.painted == {window.race.head}


def test_nothing_is_computed_that_was_not_asked_for():
    window = Window(Race(Setup()))
    window.answer(None)
    ask(window, 1)
    head = window.race.head
    for n in (2, 3):
        ask(window, n)
        assert window.race.head == head
        assert len(window.steps) == 0


def test_an_order_is_obeyed_once_and_its_steps_are_sent_again():
    window = Window(Race(Setup()))
    window.race.advance(10, PLENTY)
    window.answer(None)
    turn, order = window.race.turn, {"id": 1, "at": 2, "set": {"budget": 5, "right": "sliced"}}
    for n in (1, 2):  # the browser repeats what was not answered
        ask(window, n, turn=turn, orders=[order])
    assert window.race.turn == turn + 1
    assert window.heard == 1
    assert window.steps.start == 2
    assert (window.race.setup.budget, window.race.setup.right["name"]) == (5, "sliced")


def test_an_order_that_does_not_fit_is_refused_and_changes_nothing():
    window = Window(Race(Setup()))
    for value in (201, "many", None):
        window.set("budget", value)
        assert "whole number from 1 to 200" in window.refusals[0]
    assert window.race.setup == Setup()


def test_a_page_drawn_anew_is_told_everything():
    window = Window(Race(Setup()))
    window.answer(None)
    ask(window, 5, orders=[{"id": 9, "at": 0, "set": {"rate": 0.05}}])
    ask(window, 1, who="another", turn=-1, have=-1, orders=[{"id": 1, "at": 0, "set": {"rate": 0.06}}])
    assert window.steps.start == 0
    assert window.race.setup.rate == 0.06


def test_drawn_points_are_bounded_and_checked():
    window = Window(Race(Setup()))
    ask(window, 1, orders=[{"id": 1, "at": 0, "draw": [[0.1, 0.2], ["x", 1], [9, 9], [0.3], None]}])
    assert window.race.setup.data == "drawn"
    assert len(window.race.target.x) == 1
    ask(window, 2, orders=[{"id": 2, "at": 0, "draw": [[0.1, 0.2]] * 401}])
    assert "at most 400" in window.refusals[0]
    assert len(window.race.target.x) == 1


def test_the_same_points_under_both():
    window = Window(Race(Setup()))
    window.race.advance(10, PLENTY)
    ask(window, 1, orders=[{"id": 1, "at": 10, "same": "left"}])
    assert torch.equal(window.race.lanes["left"].states[10].y, window.race.lanes["right"].states[10].y)
    assert not torch.allclose(window.race.lanes["left"].states[10].pull, window.race.lanes["right"].states[10].pull)


@pytest.mark.parametrize("sent", [None, 3, [], {}, {"n": "1", "orders": 5, "pace": "fast"}, {"orders": [1, None]}])
def test_what_a_browser_garbles_is_ignored(sent):
    assert read_ask(sent).orders == ()
    Window(Race(Setup())).answer(sent)


def test_two_bad_values_together_are_refused_before_anything_changes():
    race = Race(Setup())
    with pytest.raises(Refused, match="fewer synthetic points"):
        race.change(Setup(data="drawn", points=encode([(0.0, 0.0)]), start="real"), 0)
    assert race.setup == Setup()
