"""The Playground through AppTest: menus, addresses and refusals; what moves is the browser test's part."""

from dataclasses import replace
from pathlib import Path
from threading import Thread

from streamlit.testing.v1 import AppTest

from dcviz.playground.drawing import encode
from dcviz.ui import playground as page
from dcviz.ui.plane_message import message

APP = Path(__file__).parents[2] / "app.py"


def playground(**query):
    app = AppTest.from_file(APP, default_timeout=300)  # of what hangs; a busy machine imports slowly
    app.switch_page("pages/2_Playground.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def race(app):
    return app.session_state["playground.window"].race


def menu(app, key):
    return next(box for box in app.selectbox if str(box.key).startswith(f"playground.w.{key}."))


def warned(app):
    return " ".join(str(w.value) for w in app.warning)


def html(app):
    return " ".join(str(e.proto.body) for e in app.get("html"))


def test_it_opens_with_two_divergences_that_move(home):
    app = playground()
    assert not app.exception
    assert race(app).head > 0
    assert (menu(app, "left").value, menu(app, "right").value) == ("mean", "energy")
    assert "Mean collapse" in html(app)


def test_a_menu_acts_where_the_race_is(home):
    app = playground()
    race(app).advance(8, 60.0)  # however many steps the first look had time for
    window = app.session_state["playground.window"]
    window.ask = replace(window.ask, at=7)  # as a browser says that shows this step
    menu(app, "right").set_value("sliced").run()
    assert not app.exception
    assert race(app).setup.right["name"] == "sliced"
    assert race(app).since == 7
    assert race(app).head > 7
    assert menu(app, "right").value == "sliced"
    menu(app, "data").set_value("moons").run()
    assert race(app).target.key[0] == "moons"


def test_a_parameter_is_set_by_its_field(home):
    app = playground(tile="bandwidth")
    field = next(f for f in app.number_input if str(f.key).startswith("playground.w.left.bandwidth."))
    field.set_value(0.3).run()
    assert race(app).setup.left["bandwidth"] == 0.3


def test_an_address_sets_everything_drawn_points_too(home):
    points = encode([(0.1, 0.2), (-0.5, 0.4), (0.9, -0.9)])
    chosen = {"data": "drawn", "points": points, "left": "mmd", "left.kernel": "imq", "start": "wide"}
    app = playground(**chosen, budget="3", seed="4")
    assert not app.session_state["playground.window"].refusals
    setup = race(app).setup
    assert (setup.left["kernel"], setup.budget, setup.start, setup.seed) == ("imq", 3, "wide", 4)
    assert len(race(app).target.x) == 3


def test_a_wrong_address_is_refused_in_words_and_the_rest_holds(home):
    app = playground(budget="500", left="enrgy", data="moons", step="-1")
    assert not app.exception
    text = warned(app)
    assert "whole number from 1 to 200" in text
    assert "did you mean 'energy'" in text
    assert "from 0 to" in text
    assert race(app).setup.data == "moons"


def test_values_that_do_not_fit_together_are_refused_in_words(home):
    app = playground(data="drawn", points=encode([(0.0, 0.0)]), start="medoids")
    assert "choose fewer synthetic points" in warned(app)
    assert race(app).head > 0


def test_an_empty_drawing_says_what_to_do(home):
    app = playground(data="drawn")
    assert not app.exception
    assert race(app).ended == "nothing drawn yet"


def test_an_address_of_its_own_from_before_changes_nothing(home):
    app = playground(tile="bandwidth")
    menu(app, "data").set_value("rings").run()
    app.query_params["tile"] = "bandwidth"  # as the browser still has it
    app.run()
    assert race(app).setup.data == "rings"


def test_a_change_waits_for_the_answer_that_another_script_of_the_window_makes(home, monkeypatch):
    app = playground()
    others, waited = [], []

    def made(window, *rest):
        other = Thread(target=window.set, args=("budget", window.race.setup.budget + 1))
        other.start()
        other.join(0.2)
        others.append(other)
        waited.append(other.is_alive())
        return message(window, *rest)

    monkeypatch.setattr(page, "message", made)
    before = race(app).setup.budget
    app.run()
    assert not app.exception
    for other in others:
        other.join()
    assert waited == [True]
    assert race(app).setup.budget == before + 1
