"""The Inspect page through AppTest: what is asked of it is found, or refused in words; what it sends is whole."""

import time

import numpy as np
import pytest

from dcviz.figures.pack import unpack
from dcviz.inspect import Inspector
from dcviz.records import DataConfig, RunConfig
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.store import Store
from dcviz.runs.worker import drive
from dcviz.ui.inspected import Look, Wish, message
from dcviz.ui.live import Real
from dcviz.ui.reader import Reader

from .test_pages import APP, TIMEOUT, html, query

AppTest = pytest.importorskip("streamlit.testing.v1").AppTest
PAGE = "pages/5_Inspect.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store with a run of particles and one of images, at their ends."""
    store = Store(tmp_path_factory.mktemp("made"))
    runs = []
    for data in ("moons", "digits"):
        evaluation = {"updates": 1, "seeds": 1, "width": 4}
        config = configure(
            data=data, divergence="energy", regime="data", budget=2, steps=3, live=None, evaluation=evaluation
        )
        runs.append(store.create(config))
        assert drive(store, lambda claimed: service.open_job(store, claimed), runs[-1]).status == "done"
    return store, *runs


@pytest.fixture
def at_home(made, monkeypatch):
    import streamlit as st

    store, *runs = made
    monkeypatch.setenv("DCVIZ_HOME", str(store.home))
    monkeypatch.setattr(service, "worker", lambda store: None)
    st.cache_resource.clear()
    yield store, *runs
    st.cache_resource.clear()


def page(**asked):
    app = AppTest.from_file(APP, default_timeout=TIMEOUT)
    app.query_params["data"] = "moons"
    app.run().switch_page(PAGE)
    app.query_params.clear()
    for key, value in asked.items():
        app.query_params[key] = str(value)
    return app.run()


def test_without_a_run_it_offers_those_there_are(at_home):
    store, plane, digits = at_home
    app = page()
    assert not app.exception
    app.button(key=f"inspect.run.{digits}").click().run()
    assert not app.exception
    assert query(app)["run"] == digits
    assert "done" in html(app)


def test_an_empty_store_says_where_to_begin(home):
    app = page()
    assert not app.exception
    assert "start one in the Lab" in app.info[0].value


def test_a_link_opens_run_image_and_step(at_home):
    _, _, digits = at_home
    app = page(run=digits, image=7, step=2)
    assert not app.exception
    assert not app.warning
    assert query(app) == {"run": digits, "image": "7", "step": "2"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"image": "77"}, "choose one of them"),
        ({"image": "x"}, "give a whole number"),
        ({"image": "-1"}, "give a whole number"),
        ({"step": "9"}, "from 0 to 3"),
        ({"step": "1.5"}, "from 0 to 3"),
    ],
)
def test_wrong_values_are_refused_in_words_and_the_rest_is_shown(at_home, asked, said):
    _, _, digits = at_home
    app = page(run=digits, **asked)
    assert not app.exception
    assert said in app.warning[0].value
    assert query(app) == {"run": digits}
    assert said in app.run().warning[0].value  # until it is dismissed
    app.button(key="dc.dismiss").click().run()
    assert not app.warning


def test_a_link_to_a_deleted_run_offers_to_restore_it(home):
    home.delete(run := home.create(configure(data="moons"), queue=False))
    app = page(run=run)
    assert "in the bin" in app.warning[0].value
    app.button(key="inspect.restore").click().run()
    assert not app.exception
    assert not app.warning
    assert query(app)["run"] == run
    assert home.run(run).deleted is None


def test_a_run_that_is_gone_is_said(at_home):
    app = page(run="0zzzzz-gone")
    assert not app.exception
    assert "there is no run 0zzzzz-gone" in app.warning[0].value
    assert app.button  # the others are offered


def test_a_run_without_a_picture_says_that_it_comes(home):
    run = home.create(RunConfig(data=DataConfig("moons")), queue=False)
    app = page(run=run)
    assert not app.exception
    assert "no picture yet" in html(app)


def test_other_discrepancies_can_be_chosen_and_travel_in_the_address(at_home):
    _, plane, _ = at_home
    app = page(run=plane, image=1)
    (box,) = app.multiselect
    box.set_value(["data/energy", "data/sliced"]).run()
    assert not app.exception
    assert query(app)["lens"] == "data/energy,data/sliced"
    assert any("sliced" in m.value.lower() for m in app.markdown)
    again = page(run=plane, image=1, lens="data/sliced,data/nonsense")
    assert not again.exception
    assert again.multiselect[0].value == ["data/sliced"]
    assert "did you mean" in again.toast[0].value


# --------------------------------------------------------------------------------- what the browser is sent


def answered(store, run, image, keys=("data/energy",), theme="light", view=None):
    """The message when nothing more will come."""
    reader, asking = Reader(store), Inspector(store)
    row, end = store.run(run), time.monotonic() + 60
    look = Look(Real("key", view), theme, keys)
    while True:
        sent, busy = message(reader, asking, row, Wish(run, image), reader.latest(run), look)
        if not busy:
            return sent
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_message_of_an_image_holds_all_that_is_known(at_home):
    store, _, digits = at_home
    sent = answered(store, digits, 5)
    one = sent["one"]
    assert one["film"]["steps"] == store.frames(digits)
    assert [space["space"] for space in one["near"]["spaces"]] == ["pixels", "features"]
    assert one["label"]["title"] == "label: 2"
    assert unpack(one["mates"]["ids"]).tolist() == [4, 5]
    own, energy = one["pulls"]["tiles"]
    assert own["own"]
    assert energy["facts"][-1]["text"] == "cos +1.00"
    assert own["src"].startswith("data:image/png")
    assert own["ends"].startswith("±")
    assert one["pulls"]["step"] == 3


def test_particles_get_arrows(at_home):
    store, plane, _ = at_home
    one = answered(store, plane, 1)["one"]
    own, energy = one["pulls"]["tiles"]
    np.testing.assert_allclose(own["arrow"], energy["arrow"], atol=1e-6)
    assert own["src"].startswith("data:image/svg")
    assert "atlas" not in one["film"]
    assert one["near"]["points"] is not None


def test_without_an_image_the_whole_run_is_checked_for_leaks(at_home):
    store, _, digits = at_home
    sent = answered(store, digits, None)
    assert sent["all"]["sheet"]["src"].startswith("data:image")
    assert "memorised, at step 3" in sent["all"]["said"]
    ids = [i for trace in sent["all"]["leaks"]["data"] for i in unpack(trace["customdata"]).tolist()]
    assert sorted(ids) == list(range(20))


def test_a_look_takes_a_moment_once_everything_is_known(at_home):
    store, _, digits = at_home
    reader, asking = Reader(store), Inspector(store)
    row, look, end = store.run(digits), Look(Real("key", None), "light", ("data/energy",)), time.monotonic() + 60
    while message(reader, asking, row, Wish(digits, 3), 3, look)[1]:
        assert time.monotonic() < end
        time.sleep(0.02)
    taken = []
    for _ in range(20):
        began = time.thread_time()
        message(reader, asking, row, Wish(digits, 3), 3, look)
        taken.append(time.thread_time() - began)
    assert sorted(taken)[10] < 0.03
