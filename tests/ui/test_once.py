"""A press makes one run, whatever is pressed next."""

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

from dcviz.runs import service
from dcviz.ui import once

from .test_pages import html, lab, query


@pytest.fixture(autouse=True)
def slowly(monkeypatch):
    """A busy machine is no reason to take a double click for two."""
    monkeypatch.setattr(once, "DOUBLE", 60.0)
    monkeypatch.setattr(once, "LATE", 60.0)


def test_a_double_click_on_condense_makes_one_run(home):
    app = lab(data="moons", budget="2", steps="5")
    app.button(key="lab.condense").click().run()
    app.button(key="lab.condense").click().run()
    assert not app.exception
    (run,) = home.runs()
    assert query(app)["run"] == run.id


def test_a_later_press_and_other_choices_make_another(home, monkeypatch):
    app = lab(data="moons", budget="2", steps="5")
    app.button(key="lab.condense").click().run()
    app.select_slider(key="lab.w.budget").set_value(5).run()
    app.button(key="lab.condense").click().run()
    assert len(home.runs()) == 2
    monkeypatch.setattr(once, "DOUBLE", 0.0)
    app.button(key="lab.condense").click().run()
    assert len(home.runs()) == 3


def test_a_run_is_shown_even_where_the_script_that_made_it_was_stopped(home, monkeypatch):
    """As by a fragment that begins anew while Condense is obeyed: streamlit stops at its next call."""
    app, launch, patch = lab(data="moons", budget="2", steps="5"), service.launch, pytest.MonkeyPatch()

    def launched(*args, **named):
        run = launch(*args, **named)
        patch.setattr(type(st.session_state), "__setitem__", stopped)
        return run

    def stopped(state, key, value):
        patch.undo()
        raise StopException

    monkeypatch.setattr(service, "launch", launched)
    app.button(key="lab.condense").click().run()
    (run,) = home.runs()
    assert "run" not in query(app)
    app.run()
    assert not app.exception
    assert query(app)["run"] == run.id
    assert app.session_state["lab.run"] == run.id
    assert "queued" in html(app)


def test_only_the_same_wish_is_one(monkeypatch):
    hand, made = once.Hand(), []
    monkeypatch.setattr(once, "_hand", lambda: hand)

    def wish(what):
        return once.once(what, lambda: made.append(what) or len(made))

    assert [wish("a"), wish("a"), wish("b"), wish("a")] == [1, 1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        once.once("c", lambda: 1 / 0)
    assert wish("c") == 4
