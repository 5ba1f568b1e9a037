"""Your own images have one name, whichever door they come in by; runs stored before that was so go on opening."""

import json
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from dcviz.records import DataConfig, RunConfig, from_json, name_of, to_json
from dcviz.runs.configure import configure
from dcviz.runs.export.commands import command_line, python
from dcviz.runs.store import Store


@pytest.fixture
def pets(tmp_path):
    x = np.random.default_rng(0).integers(0, 255, (24, 8, 8), np.uint8)
    np.savez(tmp_path / "pets.npz", x_train=x, y_train=np.arange(24) % 2)
    return tmp_path / "pets.npz"


def typed(monkeypatch, *words):
    """The configuration that the real command line makes; nothing is run."""
    from dcviz.cli import condense, main

    found = []
    monkeypatch.setattr(condense, "_condense", lambda config, *_: found.append(config))
    monkeypatch.setattr(sys, "argv", ["dcviz", "condense", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None)
    return found[0]


def by_command(pets, monkeypatch):
    return typed(monkeypatch, "--path", pets).data


def by_command_beside_a_file(pets, monkeypatch):
    other = pets.with_name("other.json")
    other.write_text(to_json(configure(data="moons")))
    return typed(monkeypatch, "--config", other, "--path", pets).data


def by_setting(pets, monkeypatch):
    return typed(monkeypatch, "--set", f"data.path={pets}").data


def by_python(pets, monkeypatch):
    return configure(data=DataConfig(path=str(pets))).data


def by_the_lab(pets, monkeypatch):
    from dcviz.ui import own
    from dcviz.ui.choices import Choices, config_of

    added = own.add(Store(pets.parent / "home"), str(pets))
    assert added.name == "pets"
    assert config_of(Choices(data="own", path=added.path, name=added.name)) == config_of(
        Choices(data="own", path=added.path)
    )
    return config_of(Choices(data="own", path=added.path, name=added.name)).data


@pytest.mark.parametrize("door", [by_command, by_command_beside_a_file, by_setting, by_python, by_the_lab])
def test_every_door_gives_the_same_record_and_its_name_says_what_the_data_is(pets, monkeypatch, door):
    assert door(pets, monkeypatch) == DataConfig("pets", str(pets))


def test_the_data_read_are_called_as_the_record_says(pets):
    from dcviz.data import dataset

    assert dataset(DataConfig(path=str(pets))).name == "pets"
    assert dataset(DataConfig("my pets", str(pets))).title == "my pets"


def test_an_upload_that_is_called_as_the_bundled_set_is_told_from_it(pets):
    from dcviz.ui import own
    from dcviz.ui.choices import Choices, config_of

    added = own.upload(Store(pets.parent / "home"), "digits.npz", pets.read_bytes())
    config = config_of(Choices(data="own", path=added.path, name=added.name))
    assert added.name == config.data.name == "digits.npz"


def test_a_run_stored_under_the_name_of_the_digits_opens_and_says_what_it_is_of(pets, tmp_path):
    """As older versions wrote it, byte for byte but for the place."""
    home = Store(tmp_path / "home")
    id = home.create(configure(data=DataConfig(path=str(pets))), queue=False)
    old = home.run(id).config_text.replace('"name": "pets"', '"name": "digits"')
    assert old != home.run(id).config_text
    with home.db.write() as db:
        db.execute("UPDATE runs SET config = ? WHERE id = ?", (old, id))
    opened = Store(tmp_path / "home").run(id)
    assert opened.config_text == old
    assert opened.config.data == DataConfig("pets", str(pets))


def test_what_has_a_name_keeps_it_and_the_digits_are_the_digits(pets):
    assert DataConfig().name == "digits"
    assert to_json(RunConfig().data) == json.dumps(
        {"classes": None, "name": "digits", "noise": None, "path": None, "seed": 0, "size": None,
         "transform": "normalise"}
    )  # fmt: skip
    mine = DataConfig("mine", str(pets))
    assert mine.name == "mine"
    assert replace(mine, size=4).name == "mine"
    assert from_json(DataConfig, to_json(mine)) == mine
    assert DataConfig(**asdict(DataConfig(path="x/digits"))).name == "digits"


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a/b.npz", "b"), ("/a/b.ZIP", "b"), ("/a/b.v2", "b.v2"), ("/a/b/", "b"), ("/a/b/../c", "c"), ("/", "/")],
)
def test_a_name_is_that_of_the_file_or_folder(path, name):
    assert name_of(path) == name


def test_a_path_that_names_itself_is_all_that_is_typed(pets):
    config = configure(data=DataConfig(path=str(pets)))
    assert f"--path {pets}" in command_line(config)
    assert "data.name" not in command_line(config)
    assert f"data=DataConfig(path={str(pets)!r})" in python(config)
    assert "'mine'" in python(configure(data=DataConfig("mine", str(pets))))
