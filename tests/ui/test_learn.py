"""The Learn page through AppTest: every lesson and variant, where to look, and what an address may say."""

from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from dcviz import registry
from dcviz.learn.lessons import LESSONS
from dcviz.learn.playing import chosen, figures, scene_id, step_of
from dcviz.ui import address, learn, url
from dcviz.ui.choices import choices_of, config_of

APP = Path(__file__).parents[2] / "app.py"
PAGE = "pages/7_Learn.py"
PLACES = [(n, variant.name) for n, lesson in enumerate(LESSONS, 1) for variant in lesson.variants]


def page(**query):
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["data"] = "moons"
    app.run()
    for key in list(app.query_params):
        del app.query_params[key]
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page(PAGE).run()


def query(app):
    return {k: v if isinstance(v, str) else v[0] for k, v in app.query_params.items()}


def texts(app):
    return " ".join(e.value for e in [*app.markdown, *app.caption]) + html(app)


def html(app):
    return " ".join(str(e.proto.body) for e in app.get("html"))


def asked(app):
    return app.session_state.get(learn.ASKED, None)


@pytest.mark.parametrize(("number", "variant"), PLACES)
def test_every_lesson_and_variant_is_shown(home, number, variant):
    app = page(lesson=str(number), variant=variant)
    lesson = LESSONS[number - 1]
    assert not app.exception
    assert not app.warning
    assert lesson.question in html(app)
    assert lesson.filled(lesson.variant(variant).said, figures(lesson)) in texts(app)
    assert app.latex[0].value.strip("$\n") == lesson.variant(variant).formula
    assert lesson.check[0] in app.expander[0].label
    assert len([b for b in app.button if str(b.key).startswith("learn.look.")]) == len(lesson.looks)
    assert asked(app) is None


def test_the_first_lesson_opens_without_an_address_and_the_arrows_move(home):
    app = page()
    assert LESSONS[0].question in html(app)
    assert app.button(key="learn.chevron_left").disabled
    app.button(key="learn.chevron_right").click().run()
    assert query(app)["lesson"] == "2"
    assert LESSONS[1].question in html(app)
    app.button(key="learn.chevron_left").click().run()
    assert query(app)["lesson"] == "1"
    assert page(lesson=str(len(LESSONS))).button(key="learn.chevron_right").disabled


def test_the_strip_and_the_control_write_the_address(home):
    app = page(lesson="3", variant="large", step="10")
    app.button_group(key="learn.w.lesson").set_value(2).run()
    assert query(app) == {"lesson": "2"}
    app.button_group(key="learn.w.variant.2").set_value("energy").run()
    assert query(app) == {"lesson": "2", "variant": "energy"}
    assert not app.exception


@pytest.mark.parametrize("number", range(1, len(LESSONS) + 1))
def test_where_to_look_is_asked_of_the_stage_in_the_right_variant(home, number):
    app, lesson = page(lesson=str(number)), LESSONS[number - 1]
    for i, look in enumerate(lesson.looks):
        app.button(key=f"learn.look.{number}.{i}").click().run()
        variant = lesson.variant(look.variant)
        assert asked(app) == {
            "run": scene_id(lesson, variant),
            "step": step_of(look, variant),
            "ids": chosen(look, variant),
            "nonce": i + 1,
        }
        assert query(app).get("variant", lesson.variants[0].name) == variant.name
        assert not app.exception


def test_a_look_of_a_lesson_that_was_just_left_is_passed_over(home):
    one, two = next(
        (n, m)
        for n, lesson in enumerate(LESSONS, 1)
        for m, other in enumerate(LESSONS, 1)
        if lesson.looks[0].variant and lesson.looks[0].variant not in [v.name for v in other.variants]
    )
    app = page(lesson=str(one))
    app.button(key=f"learn.look.{one}.0").click()
    app.query_params["lesson"] = str(two)  # by a click a moment before
    app.run()
    assert not app.exception
    assert query(app)["lesson"] == str(two)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"lesson": str(len(LESSONS) + 1)}, f"there are lessons 1 to {len(LESSONS)}"),
        ({"lesson": "two"}, f"there are lessons 1 to {len(LESSONS)}"),
        ({"lesson": "3", "variant": "larg"}, "did you mean 'large'"),
        ({"lesson": "3", "step": "-1"}, "give a whole number from 0 to 300"),
        ({"lesson": "3", "step": "301"}, "give a whole number from 0 to 300"),
    ],
)
def test_a_wrong_value_is_refused_in_words_and_leaves_the_address(home, wrong, words):
    app = page(**wrong)
    assert not app.exception
    assert words in app.warning[0].value
    assert list(wrong)[-1] not in query(app)
    app.button(key="dc.dismiss").click().run()
    assert not app.warning


def test_a_step_of_the_address_is_shown_as_the_nearest_kept_one():
    variant = LESSONS[0].variants[0]
    assert learn._step("0", variant) == 0
    assert learn._step("299", variant) == 300
    assert learn._step(None, variant) is None


@pytest.mark.parametrize(("number", "variant"), PLACES)
def test_the_set_up_of_a_lesson_can_be_gone_on_from_in_the_lab(number, variant):
    from dcviz.learn.prepared import prepared

    run = prepared(LESSONS[number - 1].variant(variant).run)
    choices, refusals = url.read(url.write(choices_of(run.offered)))
    assert refusals == []
    assert config_of(choices) == run.offered


def test_a_planar_lesson_goes_on_in_the_playground_with_its_parameters():
    from dcviz.learn.prepared import prepared

    found = learn.playground(prepared("plane-narrow").config)
    assert (found["left"], found["right"], found["data"]) == ("mmd", "energy", "eight-gaussians")
    assert {key: value for key, value in found.items() if key.startswith("left.")} == {
        "left.bandwidth": "0.03",
        "left.scales": '"one"',
    }
    assert learn.playground(prepared("plane-energy").config)["right"] == "mean"


def test_a_lesson_on_an_objective_goes_on_where_its_strength_is_slid(home):
    (lesson,) = [i for i, one in enumerate(LESSONS, 1) if one.name == "Fairness"]
    for variant, strength in (("natural", None), ("weighed", "0.5")):
        app = page(lesson=str(lesson), variant=variant)
        (link,) = [e.proto for e in app.get("page_link") if e.proto.label.startswith("Change it")]
        assert link.label == "Change it in Objectives"
        asked = {key: values[0] for key, values in parse_qs(link.query_string).items()}
        assert (asked["objective"], asked["data"]) == ("group-weights", "moons-minority")
        assert asked.get("objective.group-weights.equality") == strength


@pytest.mark.parametrize(
    ("name", "variant", "objective", "strength"),
    [
        ("Privacy", "private", "private-embedding", "1.0"),
        ("Privacy", "open", "private-embedding", None),
        ("Robust", "real", "adversarial-real", "0.05"),
        ("Robust", "plain", "adversarial-ridge", None),
    ],
)
def test_lessons_on_privacy_and_robustness_lead_to_the_objective_they_show(home, name, variant, objective, strength):
    (lesson,) = [i for i, one in enumerate(LESSONS, 1) if one.name == name]
    app = page(lesson=str(lesson), variant=variant)
    (link,) = [e.proto for e in app.get("page_link") if e.proto.label.startswith("Change it")]
    asked = {key: values[0] for key, values in parse_qs(link.query_string).items()}
    key = f"objective.{objective}.{registry.find('objective', objective).strength}"
    assert (link.label, asked["objective"], asked.get(key)) == ("Change it in Objectives", objective, strength)


def test_what_the_browser_asks_before_it_has_the_new_address_takes_no_click_back(home, monkeypatch):
    app = page(lesson="6")
    app.segmented_control("learn.w.lesson").set_value(8).run()
    assert (query(app)["lesson"], LESSONS[7].question in html(app)) == ("8", True)
    app.query_params["lesson"] = "6"  # as a film that asks for frames says it
    app.run()
    assert (query(app)["lesson"], LESSONS[7].question in html(app)) == ("8", True)
    monkeypatch.setattr(address, "STALE", 0.0)  # later, it is somebody who went back
    app.query_params["lesson"] = "6"
    app.run()
    assert (query(app)["lesson"], LESSONS[5].question in html(app)) == ("6", True)
