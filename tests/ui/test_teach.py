"""A teacher's link: what it hides, that it stays in the address, and that it is refused in words."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dcviz.ui import teach
from dcviz.ui.frame import PAGES
from dcviz.ui.teach import NAMES, Taught, groups, link, read

ROOT = Path(__file__).parents[2]
APP = ROOT / "app.py"


def opened(page=None, **query):
    app = AppTest.from_file(APP, default_timeout=300)  # of what hangs; a busy machine imports slowly
    app.query_params["data"] = "moons"
    if page is None:
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()
    app.run()
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page(page).run()


def query(app):
    return {k: v if isinstance(v, str) else v[0] for k, v in app.query_params.items()}


def hidden(app):
    """The selectors of what is not displayed."""
    css = " ".join(str(e.proto.body) for e in app.get("html"))
    return " ".join(re.findall(r"([^{}<>]+)\{ display: none !important; \}", css))


def test_names_and_type_are_read_and_written_alike():
    taught, refused = read("steer,export,steer", "1")
    assert (taught, refused) == (Taught(("steer", "export"), True), [])
    assert read(taught.query["hide"], taught.query["big"]) == (taught, [])
    assert read("", "0") == (Taught(), [])
    assert Taught().query == {}
    assert (
        link("http://here:1/Learn?x=1", {"lesson": "2"}, taught)
        == "http://here:1/Learn?lesson=2&hide=steer,export&big=1"
    )


def test_unknown_names_and_values_are_refused_with_what_is_known():
    taught, refused = read("stear,export", "yes")
    assert taught == Taught(("export",))
    assert "did you mean 'steer'" in refused[0]
    assert "give 1 for large type" in refused[1]


def test_every_group_has_a_name_and_every_page_its_groups():
    assert {name for page in PAGES for name in groups(page)} == set(NAMES)
    assert set(teach.PAGES) <= {*PAGES, "Playground"}
    assert len(groups("Objectives")) == len(teach.EVERYWHERE)


@pytest.mark.parametrize("page", sorted(set(teach.PAGES) & set(PAGES)))
def test_what_is_hidden_is_there_under_its_key(page):
    written = "".join(path.read_text() for path in (ROOT / "dcviz" / "ui").rglob("*.py"))
    written += "".join(
        p.read_text() for p in (ROOT / "dcviz" / "ui" / "components").rglob("*.js") if "plotly" not in p.name
    )
    for selector in teach.PAGES[page].values():
        for key in re.findall(r"st-key-([a-z-]+)", selector):
            last = key.rpartition("-")[2]
            assert re.search(rf"""["'.-]{last}["'.{{]""", written), key
        for name in re.findall(r"\.((?:dcv|dc)-[a-z-]+)", selector):
            assert name in written, name


def test_a_link_hides_and_stays_in_the_address_of_the_lab(home):
    app = opened(hide="preset,steer", big="1")
    assert not app.exception
    assert "dc-pick-preset" in hidden(app)
    assert "st-key-dc-steer" in hidden(app)
    assert "st-key-dc-teach" in hidden(app)  # the menu that makes such links
    assert query(app)["hide"] == "preset,steer"
    app.selectbox(key="lab.w.data").set_value("rings").run()
    assert query(app) | {"data": "rings", "hide": "preset,steer", "big": "1"} == query(app)


def test_it_stays_on_the_way_to_another_page_and_hides_what_is_there(home):
    app = opened(hide="looks,links")
    assert "dc-lesson-looks" not in hidden(app)
    for key in list(app.query_params):
        del app.query_params[key]
    app.switch_page("pages/7_Learn.py").run()
    assert query(app) == {"hide": "looks,links"}
    assert "dc-lesson-looks" in hidden(app)
    app.button(key="learn.chevron_right").click().run()
    assert query(app) == {"hide": "looks,links", "lesson": "2"}


def test_an_unknown_group_is_refused_in_words_and_leaves_the_address(home):
    app = opened(hide="steer,stear")
    assert "did you mean 'steer'" in app.warning[0].value
    assert query(app)["hide"] == "steer"
    app.button(key="teach.dismiss").click().run()
    assert not app.warning
    assert "st-key-dc-steer" in hidden(app)


def test_without_a_link_nothing_is_hidden(home):
    app = opened()
    assert hidden(app) == ""
    assert not {"hide", "big"} & set(query(app))


def test_the_shortcut_of_hidden_buttons_does_nothing(monkeypatch):
    monkeypatch.setattr(teach.address, "taught", lambda: {"hide": "steer"})
    assert teach.hidden("steer")
    assert not teach.hidden("export")


def menu():
    from dcviz.ui import teach

    teach.dialog("Learn")


def words():
    from dcviz.ui import glossary

    glossary.dialog()


def test_both_menus_open_from_the_frame(home):
    app = opened("pages/7_Learn.py", lesson="4")
    assert [box.key for box in app.button(key="dc-teach").click().run().checkbox][0].startswith("teach.Learn.")
    assert "Real set T" in " ".join(e.value for e in app.button(key="dc-words").click().run().markdown)
    assert not app.exception


def test_the_menu_makes_the_link():
    app = AppTest.from_function(menu)
    app.query_params["lesson"] = "4"
    app.run()
    assert app.code[0].value.endswith("lesson=4")
    app.checkbox(key="teach.Learn.looks").check().run()
    app.toggle(key="teach.big").set_value(True).run()
    assert app.code[0].value.endswith("lesson=4&hide=looks&big=1")


def test_the_glossary_is_searched():
    app = AppTest.from_function(words).run()
    app.text_input(key="glossary.text").set_value("sinkhorn").run()
    assert "Sinkhorn" in " ".join(e.value for e in app.markdown)
    app.text_input(key="glossary.text").set_value("qwertz").run()
    assert "No word fits" in app.info[0].value
