import io
import zipfile

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.runs.store import Store
from dcviz.ui import own, url
from dcviz.ui.choices import Choices, choices_of, config_of
from dcviz.ui.data_panel import Entry, label, part


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


def pets(classes=3, each=12):
    x = np.random.default_rng(0).integers(0, 255, (classes * each, 8, 8), np.uint8)
    out = io.BytesIO()
    names = np.array(["cat", "dog", "owl"][:classes])
    np.savez(out, x_train=x, y_train=np.arange(classes * each) % classes, class_names=names)
    return out.getvalue()


def test_an_upload_is_kept_under_its_content_and_remembered_by_its_name(store):
    found = own.upload(store, "Pets.npz", pets())
    assert (found.name, found.classes, found.train) == ("Pets", ("cat", "dog", "owl"), 30)
    again = own.upload(store, "other name.npz", pets())
    assert again.path == found.path
    assert len(list((store.home / "uploads").iterdir())) == 1
    (only,) = own.known(store).values()
    assert only.name == "other name"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("pets.rar", b"", "neither an .npz nor a .zip"),
        ("pets.npz", b"no archive", "pets.npz"),
        ("one.npz", pets(classes=1), "one.npz has one class only"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name_and_not_kept(store, name, content, words):
    with pytest.raises(Refused, match=words):
        own.upload(store, name, content)
    assert own.known(store) == {}
    assert not any((store.home / "uploads").glob("*"))


def test_a_zip_with_paths_outside_is_refused(store):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../cat/1.png", b"x")
    with pytest.raises(Refused):
        own.upload(store, "hostile.zip", out.getvalue())


def test_a_set_that_is_gone_is_not_offered(store, tmp_path):
    path = tmp_path / "pets.npz"
    path.write_bytes(pets())
    own.add(store, str(path))
    assert own.known(store)[str(path)].name == "pets"
    path.unlink()
    assert own.known(store) == {}


def test_the_address_carries_your_own_images(tmp_path):
    path = tmp_path / "pets.npz"
    path.write_bytes(pets())
    choices = Choices(data="own", path=str(path), name="pets", settings={"data.classes": ["cat", "owl"]})
    assert url.read(url.write(choices)) == (choices, [])
    config = config_of(choices)
    assert (config.data.name, config.data.path, config.data.classes) == ("pets", str(path), ("cat", "owl"))
    assert choices_of(config) == choices


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"data": "own"}, "give path="),
        ({"data": "own", "path": "/nowhere/at/all"}, "there is nothing at"),
        ({"path": "/tmp"}, "a path goes with data=own"),
        ({"data.classes": '["0", "x"]'}, "no class of digits 'x'"),
    ],
)
def test_a_bad_value_about_data_costs_only_itself(query, words):
    choices, refusals = url.read(query)
    assert choices == Choices()
    assert words in " ".join(refusals)
    assert len(refusals) == 1


def test_the_menu_says_what_must_be_fetched_and_its_neighbour_what_is_taken():
    assert label(Entry("digits", "", "digits", ("0", "1"), 1347, False)) == "digits · 1,347 real"
    assert label(Entry("svhn", "", "SVHN", (), 9, False, "download of 246 MB")) == "SVHN · ↓ 246 MB"
    assert part({}) == ""
    assert part({"objective.private-means.epsilon": 1.0, "data.size": 3000}) == "private · 3,000"
    assert part({"objective.group-weights.equality": 0.5}) == ""
    assert part({"data.size": 3000, "data.classes": ["1", "7"]}) == "2 classes · 3,000"


def page():
    import streamlit as st

    from dcviz.runs.store import Store
    from dcviz.ui import data_panel
    from dcviz.ui.choices import Choices

    held = st.session_state.get("lab.choices", Choices())
    st.session_state["lab.choices"] = data_panel.choose(Store(st.query_params["home"]), held)


def panel(home):
    app = AppTest.from_function(page, default_timeout=30)
    app.query_params["home"] = str(home)
    return app.run()


def test_the_panel_takes_a_part_of_the_data(store):
    app = panel(store.home)
    app.multiselect(key="lab.w.digits.classes").set_value(["7", "1"]).run()
    app.number_input(key="lab.w.digits.size").set_value(100).run()
    app.button_group(key="lab.w.digits.transform").set_value("zca").run()
    assert not app.exception
    assert app.session_state["lab.choices"].settings == {
        "data.classes": ["1", "7"],
        "data.size": 100,
        "data.transform": "zca",
    }
    app.selectbox(key="lab.w.data").set_value("moons").run()
    assert app.session_state["lab.choices"] == Choices(data="moons")
    app.number_input(key="lab.w.moons.noise").set_value(0.3).run()
    assert config_of(app.session_state["lab.choices"]).data.noise == 0.3


def test_a_path_is_read_chosen_and_named_or_refused_where_it_was_given(store, tmp_path):
    path = tmp_path / "pets.npz"
    path.write_bytes(pets())
    app = panel(store.home)
    app.text_input(key="lab.own.path").set_value(str(tmp_path / "none.npz")).run()
    assert "there is nothing at" in app.error[0].value
    app.text_input(key="lab.own.path").set_value(str(path)).run()
    assert not app.error
    assert app.session_state["lab.choices"] == Choices(data="own", path=str(path), name="pets")
    assert app.selectbox(key="lab.w.data").value == str(path)


def packed(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def test_groups_are_kept_under_their_content_where_they_fit(store, tmp_path):
    path = tmp_path / "pets.npz"
    path.write_bytes(pets())
    data = DataConfig("pets", str(path))
    from dcviz.data import dataset

    n = len(dataset(data).test)
    groups = packed(train=np.arange(36) // 3 % 2, test=np.arange(36) // 3 % 2)  # one for each pet, in its order
    kept = own.upload_groups(store, "Sides.npz", groups, data)
    assert kept == own.upload_groups(store, "again.npz", groups, data)
    assert [p.name for p in (store.home / "uploads").iterdir()] == [kept.rpartition("/")[2]]
    found = dataset(DataConfig("pets", str(path), groups=kept))
    assert found.groups.names == ("0", "1")
    assert len(found.groups.test) == n


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("sides.csv", b"a,b", "sides.csv is no .npz"),
        ("sides.npz", b"no archive", "sides.npz is not a readable npz"),
        ("sides.npz", packed(train=np.zeros(1797)), "has the arrays train; write train and test"),
        ("sides.npz", packed(train=np.arange(5), test=np.arange(5)), "groups of train are 5, but the data has"),
        ("sides.npz", packed(train=np.zeros(1797), test=np.zeros(1797)), "one group only"),
        ("sides.npz", packed(train=np.zeros(2**26), test=np.zeros(3)), "zip bomb|unpack to"),
    ],
)
def test_groups_that_do_not_fit_are_refused_by_their_name_and_not_kept(store, name, content, words):
    with pytest.raises(Refused, match=words):
        own.upload_groups(store, name, content, DataConfig())
    assert not any((store.home / "uploads").glob("*"))


def test_groups_that_would_run_code_are_not_read(store):
    objects = packed(train=np.array([print] * 1797, dtype=object), test=np.zeros(1797))
    with pytest.raises(Refused, match="holds Python objects"):
        own.upload_groups(store, "sides.npz", objects, DataConfig())


def test_uploaded_groups_are_taken_or_refused_where_they_were_given(store):
    app = panel(store.home)
    files = next(f for f in app.get("file_uploader") if f.key == "lab.w.digits.groups.upload")
    files.set_value(("sides.npz", packed(train=np.arange(5), test=np.arange(5)), "application/octet-stream"))
    app.run()
    assert "groups of train are 5" in app.error[0].value
    assert "data.groups" not in app.session_state["lab.choices"].settings
    files = next(f for f in app.get("file_uploader") if f.key == "lab.w.digits.groups.upload")
    files.set_value(("sides.npz", packed(train=np.arange(1797) % 2, test=np.arange(1797) % 2), "application/zip"))
    app.run()
    assert not app.exception
    assert not app.error
    taken = app.session_state["lab.choices"].settings["data.groups"]
    assert taken.startswith(str(store.home / "uploads"))
    assert app.text_input(key="lab.w.digits.groups").value == taken
    app.text_input(key="lab.w.digits.groups").set_value("").run()  # and let go again
    assert "data.groups" not in app.session_state["lab.choices"].settings
