"""The Runs page through AppTest: real scripts on a real store; clicks on the cards are the browser test's part."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dcviz.records import DataConfig, EvaluationProtocol, RunConfig, Score
from dcviz.runs.configure import configure
from dcviz.runs.store import Owner
from dcviz.ui import chosen
from dcviz.ui.finding import Asked, read, write

APP = Path(__file__).parents[2] / "app.py"


def opened(**query):
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["data"] = "moons"
    app.run().switch_page("pages/6_Runs.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def sent(app, kind="cards"):
    """What the browser was told."""
    told = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return next((message for message in told if message.get("kind") == kind), None)


def titles(app):
    message = sent(app)
    return [] if message is None else [card["title"] for card in message["cards"]]


def query(app):
    return {k: v if isinstance(v, str) else v[0] for k, v in app.query_params.items()}


def words(app):
    return " ".join([str(e.proto.body) for e in app.get("html")] + [e.value for e in (*app.warning, *app.info)])


@pytest.fixture
def some(home):
    """Three runs that wait for nobody."""
    sets = {"alpha": "moons", "beta": "rings", "gamma": "moons"}
    made = {n: home.create(configure(data=d), name=n, queue=False) for n, d in sets.items()}
    home.tag(made["beta"], "paper")
    return made


def test_an_empty_gallery_says_where_to_begin(home):
    app = opened()
    assert not app.exception
    assert "start one in the Lab" in words(app)
    assert [link.proto.label for link in app.get("page_link")][-2:] == ["To the Lab", "Finished ones in Learn"]
    assert app.button(key="runs.bin").disabled


def test_words_tags_and_order_narrow_down_what_is_shown_and_stand_in_the_address(home, some):
    app = opened()
    assert titles(app) == ["gamma", "beta", "alpha"]
    app.text_input(key="runs.w.find").set_value("moons").run()
    assert titles(app) == ["gamma", "alpha"]
    app.selectbox(key="runs.w.sort").set_value("name").run()
    assert titles(app) == ["alpha", "gamma"]
    assert query(app) == {"find": "moons", "sort": "name"}
    app.multiselect(key="runs.w.tag").set_value(["paper"]).run()
    assert "No run fits: clear the filter" in words(app)
    again = opened(sort="name", tag="paper")
    assert titles(again) == ["beta"]
    assert again.multiselect(key="runs.w.tag").value == ["paper"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sort", "acuracy", "did you mean 'accuracy'"),
        ("status", "dun", "there is no status 'dun'"),
        ("page", "0", "pages are numbered from 1"),
        ("runs", "../x", "is not the id of a run"),
        ("colour", "red", "the address of this page has find"),
    ],
)
def test_a_bad_address_is_refused_in_words(home, some, key, value, said):
    app = opened(**{key: value})
    assert not app.exception
    assert said in words(app)
    assert titles(app) == ["gamma", "beta", "alpha"]
    assert key not in query(app)


def test_an_address_comes_back_as_it_was_written():
    for asked in (Asked(), Asked("a b", ("done", "failed"), ("x y",), "bytes", 3, ("0a", "0b"), True)):
        assert read(write(asked)) == (asked, [])


def test_pages_are_turned_and_one_too_far_is_the_last(home, monkeypatch):
    monkeypatch.setattr("dcviz.ui.gallery.PAGE", 2)
    for i in range(5):
        home.create(RunConfig(data=DataConfig("moons")), name=f"run {i}", queue=False)
    assert titles(opened(page="2")) == ["run 2", "run 1"]
    last = opened(page="99")
    assert titles(last) == ["run 0"]
    assert sent(last)["count"] == "5–5 of 5 runs"


def test_a_chosen_run_is_named_tagged_and_noted(home, some):
    run = some["alpha"]
    app = opened(runs=run)
    app.text_input(key=f"runs.name.{run}").set_value("delta").run()
    app.multiselect(key=f"runs.tags.{run}").set_value(["new tag", "paper"]).run()
    app.text_area(key=f"runs.note.{run}").set_value("look again").run()
    assert not app.exception
    row = home.run(run)
    assert (row.name, row.tags, row.note) == ("delta", ("new tag", "paper"), "look again")
    assert "delta" in titles(app)


def test_two_windows_write_on_one_run_and_nothing_is_lost_unsaid(home, some):
    run = some["alpha"]
    one, other = opened(runs=run), opened(runs=run)
    one.text_input(key=f"runs.name.{run}").set_value("from one").run()
    one.multiselect(key=f"runs.tags.{run}").set_value(["one"]).run()
    other.multiselect(key=f"runs.tags.{run}").set_value(["other"]).run()
    assert home.run(run).tags == ("one", "other")
    assert other.text_input(key=f"runs.name.{run}").value == "from one"  # seen by now, so overwriting it is meant
    one.text_input(key=f"runs.name.{run}").set_value("again").run()
    other.text_input(key=f"runs.name.{run}").set_value("from other").run()
    assert home.run(run).name == "from other"
    assert "to “again”. Now it is yours: “from other”" in other.toast[0].value
    one.run()
    assert home.run(run).name == "from other"  # an old window that is only drawn anew writes nothing
    assert one.text_input(key=f"runs.name.{run}").value == "from other"


def test_deleting_is_undone_at_once_or_from_the_bin(home, some):
    run = some["alpha"]
    app = opened(runs=run)
    app.button(key="runs.do.delete").click().run()
    assert [r.name for r in home.runs()] == ["gamma", "beta"]
    assert "Deleted alpha" in words(app)
    assert "runs" not in query(app)
    app.button(key="runs.undo.press").click().run()
    assert len(home.runs()) == 3
    assert "alpha restored" in app.toast[0].value
    home.delete(run)
    app.run()
    app.button(key="runs.bin").click().run()
    assert titles(app) == ["alpha"]
    assert "deleted just now" in sent(app)["cards"][0]["lines"][1]["text"]
    app = opened(bin="1", runs=run)
    app.button(key="bin.back").click().run()
    assert len(home.runs()) == 3
    assert sorted(titles(app)) == ["alpha", "beta", "gamma"]  # the empty bin is left


def test_the_bin_is_emptied_for_good(home, some):
    for name in ("alpha", "beta"):
        home.delete(some[name])
    app = opened(bin="1")
    app.button(key="bin.empty").click().run()
    assert home.bin() == []
    assert not home.folder(some["alpha"]).exists()


def test_what_cannot_be_deleted_says_why_and_stays(home, some):
    child = home.create(RunConfig(data=DataConfig("moons")), parent=some["alpha"], parent_step=0, queue=False)
    app = opened(runs=some["alpha"])
    app.button(key="runs.do.delete").click().run()
    assert f"{child} is a fork that has yet to start" in words(app)
    assert len(home.runs()) == 4


def test_a_run_that_another_window_deleted_is_let_go_in_words(home, some):
    app = opened(runs=some["alpha"])
    home.delete(some["alpha"])
    app.run()
    assert not app.exception
    assert "(alpha) was deleted and is in the bin" in words(app)
    assert "runs" not in query(app)


def _left():
    """The offer alone, where the address has forgotten the run already: a first press was stopped before it ended."""
    import streamlit as st

    from dcviz.errors import Refused
    from dcviz.runs.store import Store
    from dcviz.ui import lab

    store = Store()
    if "lab.missing" not in st.session_state:
        try:
            store.run(store.bin()[0].id)
        except Refused as refusal:
            st.session_state["lab.missing"] = refusal
    lab._offer_back(store)


def test_a_second_press_on_leaving_a_deleted_run_does_no_harm(home, some):
    home.delete(some["alpha"])
    app = AppTest.from_function(_left, default_timeout=60).run()
    app.button(key="lab.leave").click().run()
    assert not app.exception
    assert app.session_state["lab.missing"] is None


def test_a_link_to_a_deleted_run_offers_to_restore_it(home, some):
    home.delete(some["alpha"])
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = some["alpha"]
    app.run()
    assert "was deleted and is in the bin for another 7 days" in app.warning[0].value
    app.button(key="lab.restore").click().run()
    assert home.run(some["alpha"]).name == "alpha"
    assert app.selectbox(key="lab.w.data").value == "moons"
    assert not app.warning
    home.delete(some["beta"])
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = some["beta"]
    app.run()
    app.button(key="lab.leave").click().run()
    assert app.button(key="lab.condense")
    assert not app.warning


def test_tags_changed_again_before_the_page_is_drawn_are_all_stored(home, some, monkeypatch):
    run, session = some["alpha"], {"tags": ["a", "b"], "tags.seen": []}
    home.tag(run, "of another window")
    monkeypatch.setattr(chosen.st, "session_state", session)
    for tags in (["a", "b"], ["b", "c"]):
        session["tags"] = tags
        chosen._retag(home, run, "tags")
    assert set(home.run(run).tags) == {"b", "c", "of another window"}


def test_several_runs_are_tagged_compared_paused_and_deleted_together(home, some):
    for run in (some["alpha"], some["beta"]):
        home.enqueue(run)
    app = opened(runs=",".join(some.values()))
    assert "3 runs chosen" in words(app)
    app.button(key="runs.do.pause").click().run()
    assert home.waiting() == []
    app.button(key="runs.do.play_arrow").click().run()
    assert set(home.waiting()) == set(some.values())
    app.button(key="runs.do.delete").click().run()
    assert home.runs() == []
    app.button(key="runs.undo.press").click().run()
    assert len(home.runs()) == 3
    assert len(home.waiting()) == 3


def test_the_queue_shows_who_runs_and_who_waits(home, some):
    home.enqueue(some["alpha"])
    home.enqueue(some["beta"])
    home.claim(Owner.here(), "cpu")
    items = sent(opened(), "line")["items"]
    assert [(item["title"], item["state"], item["place"]) for item in items] == [
        ("alpha", "running", None),
        ("beta", "queued", 1),
    ]


def dialog(which, home, run):
    """What a dialog holds, as a page of its own: AppTest draws whole pages only, in which a dialog is closed."""

    def page(which, home, run):
        from dcviz.runs.store import Store
        from dcviz.ui import again, told

        told.said()
        store = Store(home)
        getattr(again, which)(store, store.run(run))

    return AppTest.from_function(page, args=(which, str(home.home), run), default_timeout=60).run()


def test_the_dialogs_open(home, some):
    app = opened(runs=some["alpha"])
    app.button(key="again.one").click().run()
    assert not app.exception
    assert app.button(key="again.queue").label.startswith("Queue it ≈")
    app.button(key="again.many").click().run()
    assert not app.exception
    assert app.button(key="again.start").label == "Queue 3 runs"


def test_the_same_but_is_queued_with_its_changes(home, some, monkeypatch):
    monkeypatch.setattr("streamlit.page_link", lambda *_, **__: None)  # there is no other page to lead to
    app = dialog("same_but", home, some["alpha"])
    assert "Nothing is changed yet" in " ".join(c.value for c in app.caption)
    app.number_input(key="again.budget").set_value(3).run()
    app.number_input(key="again.seed").set_value(7).run()
    app.number_input(key="again.rate").set_value(0.5).run()
    app.button(key="again.queue").click().run()
    assert not app.exception
    (run,) = home.waiting()
    config = home.run(run).config
    assert (config.budget, config.seed, config.data.name, config.steps) == (3, 7, "moons", RunConfig.steps)
    assert config.optimiser.rates["images"] == 0.5
    assert "is queued" in app.toast[0].value


def test_a_sweep_says_how_many_before_it_starts(home, some):
    app = dialog("sweep", home, some["alpha"])
    app.number_input(key="again.repeats").set_value(2).run()
    app.multiselect(key="again.budgets").set_value([1, 2]).run()
    assert any("2 budgets × 3 seeds: **6 runs**, about **" in text.value for text in app.markdown)
    assert app.button(key="again.start").label == "Queue 6 runs"
    app.number_input(key="again.repeats").set_value(60).run()
    assert "that would be 122 runs: leave out values" in app.error[0].value
    app.number_input(key="again.repeats").set_value(2).run()
    app.button(key="again.start").click().run()
    assert not app.exception
    rows = [home.run(run) for run in home.waiting()]
    assert sorted((row.config.budget, row.config.seed) for row in rows) == [(b, s) for b in (1, 2) for s in (0, 1, 2)]
    assert {row.tags for row in rows} == {("sweep 1",)}


def test_a_run_whose_time_was_up_goes_on_from_here(home):
    run = home.create(RunConfig(data=DataConfig("moons"), steps=40), time_limit=0.5)
    owner = Owner.here()
    home.claim(owner, "cpu", run)
    home.beat(run, owner, step=12, seconds=0.6)
    home.save_score(run, Score(0.8, 0.1, (0.7, 0.9), EvaluationProtocol()))
    home.release(run, "done", "stopped at its time limit of 0.5 s, after 12 of 40 steps: resume it to go on.", owner)
    app = opened(runs=run)
    assert "time up · 12 / 40" in [line["text"] for line in sent(app)["cards"][0]["lines"]]
    assert sent(app)["cards"][0]["score"]["text"] == "80.0 %"
    app.button(key="runs.do.play_arrow").click().run()
    assert home.waiting() == [run]
    assert home.run(run).time_limit is None


def test_a_run_of_another_version_can_be_named_and_deleted(home):
    run = home.create(RunConfig(), name="odd", queue=False)
    with home.db.write() as db:
        db.execute("UPDATE runs SET config = '{\"version\": 99}', about = '' WHERE id = ?", (run,))
    app = opened(runs=run)
    assert not app.exception
    assert "has version 99" in words(app)
    assert sent(app)["cards"][0]["href"] == ""
    app.text_input(key=f"runs.name.{run}").set_value("odd one").run()
    assert home.run(run).name == "odd one"
    app.button(key="runs.do.delete").click().run()
    assert home.runs() == []


def test_names_and_notes_are_words_and_never_html(home):
    evil = "<img src=x onerror=alert(1)>"
    run = home.create(RunConfig(data=DataConfig("moons")), name=evil, queue=False)
    app = opened(runs=run)
    assert evil not in words(app)
    assert "&lt;img" in words(app)
    app.button(key="runs.do.delete").click().run()
    assert evil not in words(app)


def test_what_the_panel_says_of_a_fork(home, some):
    run = home.create(RunConfig(data=DataConfig("moons")), parent=some["alpha"], parent_step=1, queue=False)
    (entry,) = home.entries([run])
    assert f"fork of {some['alpha']} at 1" in chosen._facts(home, entry)


def test_a_run_deleted_while_the_lab_shows_it_is_had_back_there(home, some):
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = some["alpha"]
    app.run()
    home.delete(some["alpha"])
    app.run()
    assert not app.exception
    assert "(alpha) was deleted and is in the bin" in words(app)
    app.button(key="live.restore").click().run()
    assert home.run(some["alpha"]).name == "alpha"


def test_the_lab_takes_a_time_limit_from_its_address_to_the_run(home):
    app = AppTest.from_file(APP, default_timeout=60)
    for key, value in {"data": "moons", "time_limit": "2.5", "steps": "100000"}.items():
        app.query_params[key] = value
    app.run()
    assert query(app)["time_limit"] == "2.5"
    assert app.button(key="lab.condense").label == "Condense ≈ 2 s"
    app.button(key="lab.condense").click().run()
    (run,) = home.runs()
    assert run.time_limit == 2.5
    again = AppTest.from_file(APP, default_timeout=60)
    again.query_params["time_limit"] = "soon"
    again.run()
    assert "the time limit must be seconds above 0, not 'soon'" in again.warning[0].value


def test_several_are_let_go(home, some):
    app = opened(runs=",".join(some.values()))
    app.button(key="runs.do.close").click().run()
    assert "runs" not in query(app)
    assert "chosen" not in words(app)
