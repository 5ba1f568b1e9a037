"""Private objectives: what they turn a configuration into, and all that they and private data refuse."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import dcviz
from dcviz.data import dataset
from dcviz.data.confidential import confidential_rows
from dcviz.errors import Refused
from dcviz.objectives.applying import effective
from dcviz.objectives.private.rules import START, refuse_leaks
from dcviz.records import DataConfig, ObjectiveConfig, RunConfig, TermConfig, from_json, to_json
from dcviz.runs.choices import choices_of, config_of
from dcviz.runs.configure import configure
from dcviz.runs.problem import build, check
from dcviz.types import silent

NAMES = ["private-embedding", "private-means", "private-gradients"]
PACKAGE = Path(dcviz.__file__).parent


@pytest.mark.parametrize("name", NAMES)
def test_an_objective_declares_the_data_private_and_starts_from_noise(name):
    config = configure(objectives=[name], steps=70)
    assert config.data.private
    assert config.start == START == "noise"
    (term,) = effective(config).terms
    assert term.discrepancy == name
    assert config.terms[0].discrepancy == "ridge", "the plain one stays on record"
    assert term.params.get("releases", 70) == 70
    assert from_json(RunConfig, to_json(config)) == config
    assert config_of(choices_of(config)) == config
    check(config)


def test_plain_configurations_keep_their_text():
    assert "private" not in to_json(configure())


@pytest.mark.parametrize("start", ["real", "herding", "kernel-herding", "medoids", "k-center", "centroids", "support"])
def test_a_start_from_what_is_real_is_refused(start):
    for given in ({"start": start}, {"settings": {"start": start}}):
        with pytest.raises(Refused, match=f"starts from {start} would show real samples.*start from noise"):
            configure(objectives=["private-embedding"], **given)
    config = replace(configure(objectives=["private-embedding"]), start=start)
    with pytest.raises(Refused, match="start from noise"):
        build(config)


@pytest.mark.parametrize("terms", [
    (TermConfig("ridge"),),
    (TermConfig("match"),),
    (TermConfig("private-embedding"), TermConfig("match")),
    (TermConfig("private-embedding"), TermConfig("private-means")),
    (),
])  # fmt: skip
def test_private_data_serve_one_accounted_mechanism_and_nothing_else(terms):
    with pytest.raises(Refused, match=r"(would read them without an account|at least one term)"):
        check(RunConfig(data=DataConfig(private=True), terms=terms, start="noise"))


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(Refused, match="declare the data private"):
        effective(replace(configure(objectives=["private-means"]), data=DataConfig()))
    with pytest.raises(Refused, match="stands alone"):
        configure(objectives=["private-embedding", "private-means"])
    with pytest.raises(Refused, match="whitening needs the covariance of all rows"):
        configure(objectives=["private-means"], settings={"data.transform": "zca"})
    for epsilon in (0, -1.0):
        with pytest.raises(Refused, match="could release nothing at all: give an ε above 0"):
            configure(settings={"objective.private-embedding.epsilon": epsilon})
    with pytest.raises(Refused, match="delta"):
        configure(settings={"objective.private-embedding.delta": 0.5})
    config = configure(data="moons", settings={"objective.private-embedding.delta": 0.01})
    with pytest.raises(Refused, match="there are 1,800 private rows.*Give a δ well below"):
        build(config)


def test_private_gradients_name_the_missing_extra(monkeypatch):
    from importlib import util

    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == "dp_accounting" else real(name, *rest))
    with pytest.raises(Refused, match=r'pip install "dcviz\[private\]"'):
        build(configure(data="moons", objectives=["private-gradients"]))
    build(configure(data="moons", objectives=["private-embedding"]))  # its account is a closed form


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_the_public_view_shares_no_row_with_the_private_ones(name):
    config = DataConfig(name, private=True)
    view, rows, plain = dataset(config), confidential_rows(config, silent), dataset(name)
    parts = [set(part.id.tolist()) for part in (view.train, view.held_out, view.test, rows)]
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert parts[1] == set(plain.held_out.id.tolist()), "live accuracy is that of the same samples"
    assert len(rows) + len(view.train) == len(plain.train)
    assert view.title.endswith("public part")
    assert view.fingerprint != plain.fingerprint
    assert torch.bincount(view.train.y).min() >= 10, "enough for the budgets of baselines and yardsticks"


def test_private_rows_are_asked_for_in_one_place():
    found = [
        (str(path.relative_to(PACKAGE)), line.strip())
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "confidential_rows(" in line and not line.startswith("def ")
    ]
    assert [path for path, _ in found] == ["runs/problem.py"], found
    whole = [path for path in PACKAGE.rglob("*.py") if "private_rows(" in path.read_text(encoding="utf-8")]
    assert sorted(path.name for path in whole) == ["confidential.py", "splits.py"]


def own(tmp_path, *, public=True, test=True, seed=0):
    at = np.random.default_rng(seed)
    arrays = {}
    for part, n in (("train", 60), *((("test", 12),) if test else ()), *((("public", 36),) if public else ())):
        arrays[f"x_{part}"] = at.integers(0, 256, (n, 6, 6), dtype=np.uint8)
        arrays[f"y_{part}"] = np.arange(n) % 3
    file = tmp_path / "own.npz"
    np.savez(file, **arrays)
    return file, arrays


@pytest.mark.parametrize("test", [True, False])
def test_of_ones_own_images_only_a_stated_part_is_public(tmp_path, test):
    file, arrays = own(tmp_path, test=test)
    config = DataConfig("own", str(file), private=True)
    view, rows = dataset(config), confidential_rows(config, silent)
    assert np.array_equal(rows.x.numpy()[:, 0], arrays["x_train"])
    shown = torch.cat([view.train.x, view.held_out.x, view.test.x]).numpy()[:, 0]
    stated = np.concatenate([arrays["x_public"], *([arrays["x_test"]] if test else [])])
    assert {x.tobytes() for x in shown} == {x.tobytes() for x in stated}
    plain = dataset(DataConfig("own", str(file)))
    assert len(plain.train) + len(plain.held_out) + (0 if test else len(plain.test)) == 60, "else it is not looked at"


def test_a_file_without_a_public_part_is_refused_with_the_cure(tmp_path):
    file, _ = own(tmp_path, public=False)
    with pytest.raises(Refused, match="add x_public and y_public to the npz, or a folder public beside train"):
        dataset(DataConfig("own", str(file), private=True))


def test_class_folders_state_their_public_part(tmp_path):
    from PIL import Image

    at = np.random.default_rng(0)
    for part, n in (("train", 8), ("public", 9)):
        for c in ("a", "b"):
            (tmp_path / "own" / part / c).mkdir(parents=True)
            for i in range(n):
                pixels = at.integers(0, 256, (6, 6), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / "own" / part / c / f"{i}.png")
    config = DataConfig("own", str(tmp_path / "own"), private=True)
    view, rows = dataset(config), confidential_rows(config, silent)
    assert len(rows) == 16
    assert len(view.train) + len(view.held_out) + len(view.test) == 18


def test_an_objective_is_stored_by_name_and_read_back():
    config = configure(objectives=[{"name": "private-embedding", "epsilon": 0.3}])
    assert isinstance(config.objectives[0], ObjectiveConfig)
    assert effective(config).terms[0].params["epsilon"] == 0.3
    refuse_leaks(effective(config))


def test_nothing_calls_a_set_private_without_a_mechanism():
    """Wherever a text on screen says that a set is private, it says by which mechanism, or that it is not."""
    words = ("is private", "makes a set private", "private set", "guarantee")
    said = {}
    for path in [*PACKAGE.glob("ui/**/*.py"), *PACKAGE.glob("ui/**/*.js"), *PACKAGE.glob("evaluation/suite/*.py")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if any(word in line for word in words):
                said.setdefault(path.name, []).append(line.strip())
    text = " ".join(" ".join(lines) for lines in said.values())
    assert "never a guarantee" in text, "the suite says what a low attack score is worth"
    for name, lines in said.items():
        for line in lines:
            honest = ("never a guarantee", "noise, such as differential privacy", "of the guarantee", "every guarantee")
            assert any(word in line for word in honest), (name, line)
