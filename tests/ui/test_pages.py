"""The pages through AppTest: real scripts on a real store; the component itself is the browser tests' part."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from dcviz.records import DataConfig, RunConfig
from dcviz.runs.configure import configure
from dcviz.runs.store import Owner
from dcviz.ui import live
from dcviz.ui.shown import Real

APP = Path(__file__).parents[2] / "app.py"
TIMEOUT = 60


def lab(**query):
    app = AppTest.from_file(APP, default_timeout=TIMEOUT)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def opened(page, **asked):
    """Another page by its file, with this address."""
    app = lab(data="moons")
    for key in list(app.query_params):
        del app.query_params[key]
    for key, value in asked.items():
        app.query_params[key] = value
    return app.switch_page(page).run()


def html(app):
    return " ".join(str(e.proto.body) for e in app.get("html"))


def shown(app, key):
    return app.selectbox(key=f"lab.w.{key}").value


def query(app):
    return {k: v if isinstance(v, str) else v[0] for k, v in app.query_params.items()}


def test_before_the_first_run_the_lab_says_what_to_do(home):
    app = lab(data="moons")
    assert not app.exception
    assert app.button(key="lab.condense").label.startswith("Condense")
    assert "press Condense" in html(app) or "being read" in html(app)


def test_condense_queues_one_run_and_the_address_finds_it_again(home):
    app = lab(data="moons", budget="2", steps="5", seed="3")
    app.button(key="lab.condense").click().run()
    assert not app.exception
    (run,) = home.runs()
    assert (run.config.data.name, run.config.budget, run.config.steps, run.config.seed) == ("moons", 2, 5, 3)
    assert query(app)["run"] == run.id
    again = lab(**query(app))
    assert len(home.runs()) == 1
    assert "queued" in html(again)


def test_the_address_sets_the_controls_and_the_controls_the_address(home):
    app = lab(data="moons", regime="data", divergence="sinkhorn")
    assert (shown(app, "data"), shown(app, "regime"), shown(app, "method.data")) == ("moons", "data", "sinkhorn")
    app.selectbox(key="lab.w.data").set_value("rings").run()
    assert query(app)["data"] == "rings"
    assert query(app)["divergence"] == "sinkhorn"


def test_a_bad_address_is_refused_in_words_and_can_be_dismissed(home):
    app = lab(data="moon", budget="2")
    assert "did you mean 'moons'" in app.warning[0].value
    assert shown(app, "data") == "digits"
    app.button(key="dc.dismiss").click().run()
    assert not app.warning


def test_a_link_to_a_run_shows_its_set_up(home):
    id = home.create(RunConfig(data=DataConfig("moons"), budget=3, seed=4), queue=False)
    app = lab(run=id)
    assert shown(app, "data") == "moons"
    assert query(app)["budget"] == "3"
    assert "paused" in html(app)


def test_a_preset_replaces_regime_and_divergence_and_their_settings(home):
    app = lab(regime="random-features", **{"regime.width": "16"})
    assert query(app)["regime.width"] == "16"
    app.selectbox(key="lab.w.preset").set_value("dm").run()
    assert app.selectbox(key="lab.w.regime").disabled
    assert query(app)["preset"] == "dm"
    assert "regime.width" not in query(app)


def test_the_buttons_steer_the_run(home):
    id = home.create(RunConfig(data=DataConfig("moons")), queue=False)
    app = lab(run=id)
    app.button(key="steer.resume").click().run()
    assert home.run(id).status == "queued"
    app.button(key="steer.pause").click().run()
    assert home.run(id).status == "paused"
    app.button(key="steer.reset").click().run()
    assert home.run(id).status == "cancelled"
    assert "run" not in query(app)


def test_an_interrupted_run_offers_to_resume(home):
    id = home.create(RunConfig(data=DataConfig("moons")))
    owner = Owner.here()
    home.claim(owner, "cpu", id)
    home.release(id, "interrupted", "the process ended.", owner)
    app = lab(run=id)
    assert "Press resume" in html(app)
    assert not app.button(key="steer.resume").disabled


def finished(home, **config):
    """A run that is done, with a final set; its numbers are made up."""
    import numpy as np

    from dcviz.records import Recipe

    id = home.create(RunConfig(steps=3, budget=1, **config))
    owner = Owner.here()
    home.claim(owner, "cpu", id)
    ids = np.arange(10)
    held = {"images": np.zeros((10, 1, 8, 8), np.float32), "classes": ids, "ids": ids}
    held |= {"transform.mean": np.zeros((1, 1, 1), np.float32), "transform.std": np.ones((1, 1, 1), np.float32)}
    home.save_final(id, held, Recipe(tuple("0123456789"), (1, 8, 8)))
    home.beat(id, owner, step=3, seconds=1.0)
    home.release(id, "done", "", owner)
    return id


def pictured(home):
    """A run that is done, with a picture of each step as any run has; a step without pictures nearby is not shown."""
    id = finished(home)
    held = {"images": np.zeros((10, 1, 8, 8), np.uint8), "labels": np.arange(10), "ids": np.arange(10)}
    for step in range(4):
        home.save_frame(id, step, held)
    return id


def test_the_step_in_the_address_outlives_the_arrival_of_the_real_data(home, monkeypatch):
    """Which may come at any moment of a script, from the thread that reads it, and has the page drawn anew."""
    from dcviz.runs import service

    id, show, waited = pictured(home), live._show, []
    data = home.run(id).config.data

    def shown_as_data_come(*given):
        show(*given)
        end = time.monotonic() + TIMEOUT / 2
        while (view := service.real_view(home, data)) is None and time.monotonic() < end:
            time.sleep(0.02)
        waited.append(view is not None)

    monkeypatch.setattr(live, "_show", shown_as_data_come)
    app = lab(run=id, step="2")
    assert not app.exception
    assert len(waited) > 1  # the page was drawn anew
    assert all(waited)
    assert query(app)["step"] == "2"


def test_the_step_in_the_address_stays_and_a_bad_one_is_refused(home):
    id = pictured(home)
    app = lab(run=id, step="2")
    assert query(app)["step"] == "2"
    for bad in ("9", "x", "-1"):
        app = lab(run=id, step=bad)
        assert "give a whole number from 0 to 3" in app.warning[0].value
        assert "step" not in query(app)


def test_the_learning_rate_of_a_live_run_can_be_set_and_of_a_finished_one_not(home):
    id = home.create(RunConfig(data=DataConfig("moons")), queue=False)
    app = lab(run=id)
    app.number_input(key=f"lab.rate.{id}").set_value(0.02).run()
    app.button(key="lab.rate.set").click().run()
    assert not app.exception
    (command,) = home.take_commands(id)
    assert (command.kind, command.payload) == ("rate", {"group": "images", "rate": 0.02})
    app = lab(run=finished(home))
    assert not [n for n in app.number_input if str(n.key).startswith("lab.rate")]


def test_settings_about_the_data_outlive_another_method(home):
    app = lab(data="moons", regime="data", divergence="energy", **{"data.noise": "0.2"})
    app.selectbox(key="lab.w.method.data").set_value("mmd").run()
    assert query(app)["data.noise"] == "0.2"
    app.selectbox(key="lab.w.data").set_value("rings").run()
    assert "data.noise" not in query(app)


def test_an_impossible_set_up_is_refused_where_the_button_stands(home):
    app = lab(data="moons", augment='"crop_flip"', budget="2")
    assert not app.exception
    assert "needs images, and moons is planar: leave out the augmentation" in app.error[0].value
    assert app.button(key="lab.condense").disabled


def test_choices_that_do_not_fit_leave_the_data_on_screen_and_nothing_to_fork(home):
    app = lab(data="moons", preset="dsa")
    assert "needs images" in app.error[0].value
    assert app.button(key="lab.condense").disabled
    assert 'class="dc-status"' in html(app)  # that it is being read, or what to do
    run = home.create(configure(data="moons"), queue=False)
    home.save_frame(run, 0, {"labels": np.zeros(2, int), "ids": np.arange(2), "points": np.zeros((2, 2), np.float32)})
    for preset, off in (("dsa", True), ("", False)):
        app = lab(run=run, data="moons", **({"preset": preset} if preset else {}))
        assert not app.exception
        assert app.button(key="steer.fork").disabled == off


def test_imbalance_and_groups_are_chosen_beside_the_data(home, tmp_path):
    app = lab(data="moons-minority", regime="data", divergence="energy", budget="2")
    app.number_input(key="lab.w.moons-minority.imbalance").set_value(4.0).run()
    app.number_input(key="lab.w.moons-minority.minority").set_value(0.1).run()
    app.text_input(key="lab.w.moons-minority.groups").set_value(str(tmp_path / "g.npz")).run()
    assert not app.exception
    asked = query(app)
    assert (asked["data.imbalance"], asked["data.minority"]) == ("4.0", "0.1")
    assert str(tmp_path / "g.npz") in asked["data.groups"]
    app.text_input(key="lab.w.moons-minority.groups").set_value("").run()
    app.number_input(key="lab.w.moons-minority.imbalance").set_value(1.0).run()
    assert not {"data.groups", "data.imbalance"} & set(query(app))
    app.selectbox(key="lab.w.data").set_value("digits").run()
    assert "data.minority" not in query(app)
    assert not [n for n in app.number_input if str(n.key).endswith(".minority")]


def test_what_draws_the_stage_is_fetched_while_the_data_are_read(home, monkeypatch):
    asked, reading = [], Real("digits", None)
    monkeypatch.setattr(live, "coming", lambda: asked.append(1))
    monkeypatch.setattr(live, "real_of", lambda *_: reading)
    app = lab()
    assert not app.exception
    assert live.READING in html(app)
    assert asked
    asked.clear()
    monkeypatch.setattr(live, "real_of", lambda *_: replace(reading, trouble="no such data"))
    assert "no such data" in html(lab())
    assert not asked


def test_fewer_real_samples_than_the_classes_need_are_raised_to_what_they_need(home):
    app = lab(data="digits", **{"data.classes": '["3", "7"]', "data.size": "5"})
    assert not app.exception
    (size,) = (one for one in app.number_input if one.label == "real samples")
    assert size.value == 5
    (classes,) = (one for one in app.multiselect if one.label == "classes")
    classes.set_value([]).run()
    assert not app.exception
    (size,) = (one for one in app.number_input if one.label == "real samples")
    assert (size.value, size.min) == (20, 20)
    assert not lab(data="digits", **{"data.size": "5"}).exception
