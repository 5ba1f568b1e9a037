from streamlit.testing.v1 import AppTest

from dcviz import registry
from dcviz.ui import forms
from dcviz.ui.choices import Choices, config_of


def test_every_declared_parameter_has_a_field_that_starts_at_its_value():
    for kind in ("divergence", "regime", "discrepancy"):
        for name, declaration in registry.known(kind).items():
            found = forms.term_hypers({}, kind, name)
            own = {key for key, fact in declaration.hypers().items() if not fact.part}
            assert own <= set(found)
            assert all(found[key][0] == declaration.default(key) for key in own)


def test_nested_declarations_are_reached_by_path():
    found = forms.term_hypers({"divergence": {"name": "mmd", "bandwidth": 2.0}}, "discrepancy", "match")
    assert found["divergence.bandwidth"][0] == 2.0
    assert "regime.width" in found


def page():
    import streamlit as st

    from dcviz.ui import forms
    from dcviz.ui.choices import Choices, config_of

    plain = config_of(Choices(regime="random-features", divergence="mmd"))
    term = plain.terms[0]
    hypers = {**forms.term_hypers(term.params, "discrepancy", term.discrepancy), **forms.run_hypers(plain)}
    st.session_state["changed"] = forms.fields(hypers, {})


def test_what_is_changed_in_the_form_is_a_setting_and_nothing_else_is():
    app = AppTest.from_function(page).run(timeout=20)
    assert not app.exception
    assert app.session_state["changed"] == {}
    app.selectbox(key="lab.set.divergence.kernel").set_value("laplace")
    app.number_input(key="lab.set.regime.width").set_value(16)
    app.number_input(key="lab.set.optimiser.rates.images").set_value(0.2)
    app.checkbox(key="lab.set.clamp").set_value(True)
    app.run(timeout=20)
    changed = app.session_state["changed"]
    assert changed == {"divergence.kernel": "laplace", "regime.width": 16, "optimiser.rates.images": 0.2, "clamp": True}
    config = config_of(Choices(regime="random-features", divergence="mmd", settings=changed))
    assert config.terms[0].params["divergence"]["kernel"] == "laplace"
    assert config.clamp


def test_fields_explain_themselves():
    app = AppTest.from_function(page).run(timeout=20)
    field = app.number_input(key="lab.set.regime.width")
    assert "From 4 to 512" in field.help
    assert (field.min, field.max) == (4, 512)
