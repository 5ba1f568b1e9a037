"""A run of a plug-in that is not here any more: it opens, is listed, and goes on only where the plug-in is."""

import dataclasses
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dcviz import registry
from dcviz.discrepancies.predictions.ridge import Ridge
from dcviz.divergences.moments import Mean
from dcviz.errors import Refused
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.store import Owner, Store

APP = Path(__file__).parents[2] / "app.py"


class GoneDivergence(Mean):
    name = "gone-divergence"


class GoneDiscrepancy(Ridge):
    name = "gone-discrepancy"


CHOSEN = {
    "divergence": {"divergence": "gone-divergence", "regime": "data"},
    "discrepancy": {"discrepancy": "gone-discrepancy"},
    "preset": {"preset": "gone-preset"},
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    import streamlit as st

    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path))
    monkeypatch.setattr(service, "worker", lambda store: None)
    monkeypatch.setattr(service, "real_view", lambda store, data: None)
    st.cache_resource.clear()
    yield Store(tmp_path)
    st.cache_resource.clear()


def orphan(store, kind):
    """A paused run whose declaration was there when it began."""
    preset = dataclasses.replace(registry.find("preset", "dm"), name="gone-preset")
    declared = {"divergence": GoneDivergence, "discrepancy": GoneDiscrepancy, "preset": preset}[kind]
    registry.register(declared)
    try:
        run = service.launch(store, configure(data="moons", budget=1, steps=5, live=None, **CHOSEN[kind]))
    finally:
        registry._added[kind].pop(declared.name)
    store.claim(Owner.here(), "auto", run)
    store.release(run, "paused", "")
    return run


@pytest.mark.parametrize("kind", CHOSEN)
def test_the_lab_opens_it_and_says_what_is_missing(home, kind):
    run = orphan(home, kind)
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = run
    app.run()
    assert not app.exception
    assert f"'gone-{kind}'" in app.warning[0].value
    assert "plug-in" in app.warning[0].value
    assert "paused" in " ".join(str(e.proto.body) for e in app.get("html"))
    app.switch_page("pages/6_Runs.py").run()
    assert not app.exception
    assert f"gone {kind}" in " ".join(e.proto.json for e in app.get("bidi_component")).replace("-", " ")
    app.query_params["runs"] = run
    app.run()
    for pressed in ("runs.do.play_arrow", "again.one", "again.many"):
        app.button(key=pressed).click().run()
        assert not app.exception
        if kind != "preset":  # whose terms are all here: only its name is not
            assert f"'gone-{kind}'" in " ".join(e.value for e in (*app.error, *app.warning)), pressed
    assert home.run(run).status == ("queued" if kind == "preset" else "paused")


@pytest.mark.parametrize("kind", ["divergence", "discrepancy"])
def test_it_waits_instead_of_failing_where_the_plug_in_is_missing(home, kind):
    run = orphan(home, kind)
    with pytest.raises(Refused, match=f"cannot go on here: there is no {kind} 'gone-{kind}'.*plug-in"):
        service.resume(home, run)
    with pytest.raises(Refused, match=f"there is no {kind} 'gone-{kind}'"):
        service.fork(home, run, 0, configure(data="moons", budget=1, steps=1))
    assert home.run(run).status == "paused"
    assert len(home.runs()) == 1
