"""Questions are answered beside the page: the last first, in parts, and not for nobody."""

import threading
import time

import pytest

from dcviz.errors import Refused
from dcviz.inspect import inspector
from dcviz.inspect.desk import Desk


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_an_answer_comes_in_parts_and_stays():
    desk, go = Desk("test"), threading.Event()

    def work(progress, publish):
        publish("half")
        progress("the rest", 0.5)
        go.wait(10)
        return "whole"

    wait_for(lambda: desk.ask("q", work).value == "half")
    assert desk.ask("q", work).phase == "the rest 50 %"
    go.set()
    wait_for(lambda: desk.ask("q", work).whole)
    assert desk.ask("q", None).value == "whole"


def test_the_last_question_is_answered_first():
    desk, go, order = Desk("test"), threading.Event(), []

    def first(progress, publish):
        go.wait(10)

    wait_for(lambda: desk.ask("first", first).phase == "working")
    for name in "abc":
        desk.ask(name, lambda *_, name=name: order.append(name))
    go.set()
    wait_for(lambda: len(order) == 3)
    assert order == ["c", "b", "a"]


def test_what_nobody_waits_for_is_left_and_begun_anew(monkeypatch):
    monkeypatch.setattr("dcviz.inspect.desk.PATIENCE", 0.05)
    desk, begun = Desk("test"), []

    def work(progress, publish):
        begun.append(1)
        for i in range(200):
            time.sleep(0.005)
            progress("long", i / 200)
        return "done"

    desk.ask("q", work)
    wait_for(lambda: begun)
    time.sleep(0.3)
    answer = desk.ask("q", work)
    assert answer.value is None
    assert not answer.trouble
    wait_for(lambda: len(begun) == 2)


@pytest.mark.parametrize(
    ("error", "said"), [(Refused("no such thing."), "no such thing."), (ValueError("x"), "ValueError: x")]
)
def test_trouble_is_said_in_words(error, said):
    desk = Desk("test")

    def work(progress, publish):
        raise error

    wait_for(lambda: desk.ask("q", work).whole)
    assert said in desk.ask("q", work).trouble


def test_the_inspector_answers_every_question_of_a_run(store, done):
    run = done(data="moons", divergence="energy", regime="data", budget=3, steps=4)
    page = inspector(store)
    assert inspector(store) is page
    wait_for(lambda: page.shown(run.id, 2).whole)
    shown = page.shown(run.id, 2).value
    assert shown.film.image == 2
    assert shown.label.kind == "hard"
    wait_for(lambda: page.leaks(run.id).whole)
    assert len(page.leaks(run.id).value.ids) == 6
    keys = ("data/energy", "batch-norm/batch-norm")
    wait_for(lambda: page.pulls(run.id, 2, keys).whole)
    pulls = page.pulls(run.id, 2, keys).value
    assert list(pulls.found) == ["own", *keys]
    assert "planar" in pulls.found["batch-norm/batch-norm"]
    assert pulls.found["data/energy"].cosine(pulls.found["own"], 0) == pytest.approx(1)
    wait_for(lambda: page.shown(run.id, 99).whole)
    assert "choose from 0 to 5" in page.shown(run.id, 99).trouble
