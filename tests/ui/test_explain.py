import json

import pytest
from streamlit.testing.v1 import AppTest

from dcviz import registry
from dcviz.ui import explain
from dcviz.ui.choices import methods, regimes
from dcviz.yardsticks import ALIKE, LIKENESS, RELATIVE, SPACES, YARDSTICKS


def test_mini_batches_are_warned_of_exactly_where_the_estimator_denies_them():
    found = {name: explain.warning(d()) for name, d in registry.known("divergence").items()}
    for name, declaration in registry.known("divergence").items():
        assert bool(found[name]) == ("minibatch" not in declaration().holds)
    assert "a little" in found["mmd"]
    assert found["sinkhorn"] == explain.BIASED
    assert not found["energy"]


def test_properties_are_said_with_their_root():
    energy = explain.properties(registry.build("divergence", "energy"))
    assert energy["its square root obeys the triangle inequality"]
    assert not explain.properties(registry.build("divergence", "mmd"))[
        "does not change when real and synthetic are exchanged"
    ]


def test_the_chosen_parameters_decide_what_is_said():
    fixed = registry.build("divergence", {"name": "mmd", "rule": "fixed"})
    assert not explain.warning(fixed)
    assert explain.properties(fixed)["does not change when real and synthetic are exchanged"]
    unbiased = "Under mini-batches of real data its gradient is unbiased"
    text, _ = said(regime="data", divergence="mmd", settings={"divergence.rule": "fixed"})
    assert unbiased in text
    assert unbiased not in said(regime="data", divergence="mmd")[0]
    assert unbiased not in said(regime="data", divergence="mmd", settings={"divergence.rule": "none such"})[0]


def page():
    import json

    import streamlit as st

    from dcviz.ui import explain
    from dcviz.ui.choices import Choices

    chosen = Choices(**json.loads(st.query_params["chosen"]))
    explain.regime(chosen)
    explain.divergence(chosen)
    explain.preset(chosen)


def said(**chosen):
    """Text and formulas of the three popovers."""
    app = AppTest.from_function(page, default_timeout=30)
    app.query_params["chosen"] = json.dumps(chosen)
    app.run()
    assert not app.exception
    return " ".join(e.value for e in [*app.markdown, *app.caption]), {e.value.strip("$\n") for e in app.latex}


@pytest.mark.parametrize("regime", regimes())
def test_every_method_is_explained_with_formula_and_source(regime):
    for method in methods(regime):
        text, formulas = said(regime=regime, divergence=method)
        kind = "divergence" if method in registry.known("divergence") else "discrepancy"
        declaration = registry.find(kind, method)
        assert declaration.sentence in text
        assert declaration.formula in formulas
        assert declaration.source.link in text
        assert "Our reading" in text


def test_every_preset_says_what_is_different_here_and_what_its_scale_cuts():
    for name, preset in registry.known("preset").items():
        for scale in preset.scales:
            text, formulas = said(preset=name, scale=scale)
            assert preset.differs in text
            assert preset.scales[scale].note in text
            assert not formulas  # regime and divergence are the preset's own


def rulers():
    import streamlit as st

    from dcviz.ui import explain

    explain.yardsticks(st.query_params["planar"] == "True")


@pytest.mark.parametrize("planar", [False, True])
def test_every_yardstick_is_explained_with_space_formula_and_source(planar):
    app = AppTest.from_function(rulers, default_timeout=30)
    app.query_params["planar"] = str(planar)
    app.run()
    assert not app.exception
    text, formulas = " ".join(e.value for e in [*app.markdown, *app.caption]), [e.value.strip("$\n") for e in app.latex]
    shown = [one for one in YARDSTICKS if one.planar or not planar]
    assert RELATIVE in text
    assert formulas == [one.facts.formula for one in shown] + [one.formula for one in LIKENESS]
    assert ALIKE in text
    for one in LIKENESS:
        assert f"**{one.label}**: {one.sentence}" in text
        assert one.source.link in text
    assert app.toggle(key=explain.LIKENESS_SHOWN).value is False
    for one in shown:
        assert f"**{one.name(planar)}**" in text
        assert SPACES[one.where(planar)] in text
        assert one.facts.sentence in text
        assert one.facts.source.link in text
