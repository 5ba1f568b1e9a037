"""Questions are answered beside the page: the last first, in parts, and not for nobody."""

import threading
import time

import pytest

from dcviz.errors import Refused
from dcviz.inspect import inspector
from dcviz.inspect.desk import Desk
from dcviz.inspect.following import Following


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


def test_of_what_goes_on_one_question_is_answered_after_the_other(monkeypatch):
    monkeypatch.setattr("dcviz.inspect.following.REST", 0)
    following, go, asked = Following(Desk("test")), threading.Event(), []

    def ask(n):
        def work(progress, publish):
            asked.append(n)
            publish(f"part of {n}")
            go.wait(10)
            return n

        return following.ask("place", n, work)

    wait_for(lambda: ask(1).value == "part of 1")
    assert ask(2).value == "part of 1"  # the first is not answered yet
    go.set()
    wait_for(lambda: ask(1).whole)
    go.clear()
    wait_for(lambda: asked == [1, 3] or ask(3) is None)
    assert ask(4).value == 1  # the last whole answer stands until the next is whole
    go.set()
    wait_for(lambda: ask(3).value == 3)
    assert asked == [1, 3]


def test_what_goes_on_is_left_to_itself_for_ten_times_as_long(monkeypatch):
    following, asked = Following(Desk("test")), []

    def ask(n):
        return following.ask("place", n, lambda *_: asked.append(n) or time.sleep(0.05) or n)

    wait_for(lambda: ask(1).whole)
    began = time.monotonic()
    wait_for(lambda: ask(2).value == 2)
    assert time.monotonic() - began > 0.3
    assert asked == [1, 2]


def test_the_inspector_answers_every_question_of_a_run(store, done):
    run = done(data="moons", divergence="energy", regime="data", budget=3, steps=4)
    page = inspector(store)
    assert inspector(store) is page
    wait_for(lambda: page.shown(run.id, 2).whole)
    shown = page.shown(run.id, 2).value
    assert shown.film.image == 2
    assert shown.label.kind == "hard"
    wait_for(lambda: page.leaks(run.id, 4).whole)
    assert len(page.leaks(run.id, 4).value.ids) == 6
    keys = ("data/energy", "batch-norm/batch-norm")
    wait_for(lambda: page.pulls(run.id, 2, keys).whole)
    pulls = page.pulls(run.id, 2, keys).value
    assert list(pulls.found) == ["own", *keys]
    assert "planar" in pulls.found["batch-norm/batch-norm"]
    assert pulls.found["data/energy"].cosine(pulls.found["own"], 0) == pytest.approx(1)
    wait_for(lambda: page.shown(run.id, 99).whole)
    assert "choose from 0 to 5" in page.shown(run.id, 99).trouble
