"""What leaves the store is whole, says how it is to be used, and trains as well elsewhere as here."""

import io
import json
import os
import runpy
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from dcviz.errors import Refused
from dcviz.records import DataConfig, EvaluationProtocol, Recipe, RunConfig, Score, from_json
from dcviz.runs.export import bundle, export, file_name, sheet
from dcviz.runs.store import Store

NAMES = ("T-shirt/top", "../evil", "ünï")
MEAN, STD = 0.25, 0.5


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


def saved(store, x, *, recipe=None, config=RunConfig(budget=2), **more):  # noqa: B008  (frozen)
    """A run whose final set is given: two stored images for each of three classes."""
    run = store.create(config, queue=False)
    arrays = {"images": x, "classes": np.repeat(np.arange(3), 2), "ids": np.arange(6)}
    recipe = recipe or Recipe(NAMES, x.shape[1:])
    if recipe.transform == "normalise":
        arrays |= {"transform.mean": np.full((1, 1, 1), MEAN, "f4"), "transform.std": np.full((1, 1, 1), STD, "f4")}
    store.save_final(run, arrays | more, recipe)
    store.save_score(run, Score(0.9, 0.1, (0.8, 1.0), EvaluationProtocol()))
    return run


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-0.4, 1.4, (6, 1, 8, 8)).astype("f4")  # pixels in [0.05, 0.95]


def test_npz_holds_both_spaces_the_transform_and_the_recipe(store, images, tmp_path):
    run = saved(store, images)
    path = export(store, run, tmp_path / "out.npz")
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["x"], images)
        np.testing.assert_allclose(file["pixels"], images * STD + MEAN, atol=1e-6)
        np.testing.assert_allclose((file["pixels"] - file["transform.mean"]) / file["transform.std"], images, atol=1e-5)
        assert file["y"].tolist() == [0, 0, 1, 1, 2, 2]
        assert from_json(Recipe, str(file["recipe"])).classes == NAMES
        about = json.loads(str(file["run"]))
    assert about["id"] == run
    assert about["scores"][0]["mean"] == 0.9
    assert about["config"]["budget"] == 2
    assert (tmp_path / "out.npz.train.py").is_file()


def test_safetensors_hold_the_same(store, images, tmp_path):
    run = saved(store, images)
    export(store, run, tmp_path / "out.safetensors")
    with (
        np.load(export(store, run, tmp_path / "out.npz")) as npz,
        safe_open(tmp_path / "out.safetensors", "np") as file,
    ):
        for key in file.keys():  # noqa: SIM118  (not a dict)
            np.testing.assert_array_equal(file.get_tensor(key), npz[key])
        assert set(npz.files) == {*file.keys(), "recipe", "run"}
        assert json.loads(file.metadata()["recipe"]) == json.loads(str(npz["recipe"]))


def test_soft_labels_views_and_decoded_images_are_kept(store, images, tmp_path):
    soft = np.random.default_rng(1).dirichlet(np.ones(3), 24).astype("f4")  # 4 decoded to each stored image
    views, maps = np.stack([soft, soft[::-1]]), np.tile(np.eye(2, 3, dtype="f4"), (2, 24, 1, 1))
    formed = {"decoder": "multi-formation-2", "expand": 4}
    recipe = Recipe(NAMES, (1, 8, 8), labels="probabilities", **formed, step_size=0.02, views=2)
    protocol = EvaluationProtocol(updates=20)
    config = RunConfig(budget=2, evaluation=protocol)
    run = saved(store, images, recipe=recipe, config=config, labels=soft, views=views, maps=maps)
    with np.load(export(store, run, tmp_path / "out.npz")) as file:
        assert file["x"].shape == (24, 1, 8, 8)
        assert file["ids"].tolist() == list(range(24))
        np.testing.assert_array_equal(file["y"], soft)
        np.testing.assert_array_equal(file["views"], views)
        np.testing.assert_array_equal(file["maps"], maps)
        np.testing.assert_array_equal(file["stored"], images)
        assert file["classes"].tolist() == np.repeat([0, 1, 2], 8).tolist()
    folder = export(store, run, tmp_path / "folder", "folder")
    with np.load(folder / "labels.npz") as file:
        np.testing.assert_array_equal(file["y"], soft)
    assert len(list(folder.rglob("*.png"))) == 24
    trained = train(folder / "train.py")
    assert "24 samples in 3 classes" in trained


def test_folders_sort_like_the_classes_and_their_names_cannot_leave(store, images, tmp_path):
    folder = export(store, saved(store, images), tmp_path / "out", "folder")
    names = sorted(path.name for path in (folder / "images").iterdir())
    assert names == ["0_T-shirt_top", "1_evil", "2_ünï"]
    assert not (tmp_path / "evil").exists()
    pixels = np.asarray(Image.open(folder / "images" / "1_evil" / "000003.png"))
    np.testing.assert_array_equal(pixels, np.round((images[3, 0] * STD + MEAN) * 255))
    assert from_json(Recipe, (folder / "recipe.json").read_text()).classes == NAMES


@pytest.mark.parametrize("text", ["", "..", "a/b", "a\\b", "c:\x00d", "x" * 300, "con\n"])
def test_file_names_are_harmless(text):
    name = file_name(text)
    assert 0 < len(name) <= 60
    assert not set(name) & set('/\\:\0\n."')


def test_the_sheet_has_every_image_in_its_row(store, images, tmp_path):
    path = export(store, saved(store, images), tmp_path / "s.png")
    picture = Image.open(path)
    assert json.loads(picture.text["recipe"])["classes"] == list(NAMES)
    pixels = np.asarray(picture)
    assert pixels.shape == (3 * 9 + 1, 2 * 9 + 1)
    np.testing.assert_array_equal(pixels[10:18, 10:18], np.round((images[3, 0] * STD + MEAN) * 255))
    assert pixels[0, 0] == 255


def test_a_sheet_breaks_wide_classes_into_even_rows():
    assert sheet(np.zeros((100, 3, 8, 8)), np.repeat([0, 1], 50)).shape == (6 * 9 + 1, 17 * 9 + 1, 3)


def test_nothing_is_overwritten_unless_forced(store, images, tmp_path):
    run = saved(store, images)
    for format, to in (("npz", "a.npz"), ("sheet", "a.png"), ("folder", "a")):
        path = export(store, run, tmp_path / to, format)
        with pytest.raises(Refused, match="--force"):
            export(store, run, tmp_path / to, format)
        assert export(store, run, path, format, force=True) == path
    (tmp_path / "a.npz").unlink()
    with pytest.raises(Refused, match=r"a\.npz\.train\.py is already there"):  # the script beside it counts, too
        export(store, run, tmp_path / "a.npz")


def test_force_replaces_an_export_whole_and_spares_other_folders(store, images, tmp_path):
    run = saved(store, images)
    folder = export(store, run, tmp_path / "out", "folder")
    export(store, run, folder, "npz", force=True)
    assert sorted(path.name for path in folder.iterdir()) == ["condensed.npz", "recipe.json", "run.json", "train.py"]
    own = tmp_path / "thesis"
    own.mkdir()
    (own / "chapter.tex").write_text("years of work")
    with pytest.raises(Refused, match="something else"):
        export(store, run, own, "folder", force=True)
    assert (own / "chapter.tex").read_text() == "years of work"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")], "no leftovers"


def test_a_failed_write_leaves_what_was_there(store, images, tmp_path, monkeypatch):
    run = saved(store, images)
    folder = export(store, run, tmp_path / "out", "folder")
    before = sorted(path.name for path in folder.rglob("*"))

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(Refused, match="No space left"):
        export(store, run, folder, "npz", force=True)
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "out"]


def test_refusals_name_the_cure(store, images, tmp_path):
    run = saved(store, images)
    with pytest.raises(Refused, match="Known: archive, csv, folder, gif, npz, safetensors, sheet, webp"):
        export(store, run, tmp_path / "x", "tar")
    with pytest.raises(Refused, match="ending"):
        export(store, run, tmp_path / "x.npz", "folder")
    with pytest.raises(Refused, match=r"give \.safetensors"):
        export(store, run, tmp_path / "x.npz", "safetensors")
    with pytest.raises(Refused, match="no final set yet"):
        export(store, store.create(RunConfig(), queue=False), tmp_path / "x")
    points = saved(store, np.zeros((6, 2), "f4"), recipe=Recipe(NAMES, (2,), transform="none"))
    for format in ("folder", "sheet"):
        with pytest.raises(Refused, match="points of the plane"):
            export(store, points, tmp_path / "y", format)
    assert not list(tmp_path.glob("[xy]*"))


@pytest.mark.parametrize("format", ["npz", "safetensors", "folder", "sheet"])
def test_a_bundle_is_the_same_in_one_file(store, images, format):
    run = saved(store, images)
    name, data = bundle(store, run, format)
    if format == "sheet":
        assert name == f"dcviz-{run}.png"
        assert Image.open(io.BytesIO(data)).size == (19, 28)
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = archive.namelist()
    assert name == f"dcviz-{run}-{format}.zip"
    assert {f"dcviz-{run}/recipe.json", f"dcviz-{run}/run.json", f"dcviz-{run}/train.py"} <= set(inside)


def train(script, *arguments):
    """What an exported script says, run in a process of its own that has no dcviz on its path."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
    command = [sys.executable, script.name, *map(str, arguments)]
    done = subprocess.run(command, cwd=script.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def train_here(script, *arguments, monkeypatch, capsys):
    """The same in this process, which has torch already."""
    monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
    runpy.run_path(str(script), run_name="__main__")
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("to", "format", "transform"),
    [("d.npz", None, "normalise"), ("d.safetensors", None, "zca"), ("d", "folder", "normalise")],
)
def test_the_script_trains_to_what_the_images_allow(store, tmp_path, to, format, transform, monkeypatch, capsys):
    """Ten medoids of the digits for each class, exported: a ConvNet gets nearly nine in ten right."""
    from dcviz.condensing.loop import begin
    from dcviz.data import dataset
    from dcviz.runs.problem import build
    from dcviz.runs.states import final_of

    config = RunConfig(
        data=DataConfig("digits", transform=transform),
        start="medoids",
        steps=0,
        evaluation=EvaluationProtocol(updates=120),
    )
    setup = build(config)
    run = store.create(config, queue=False)
    store.save_final(run, *final_of(begin(setup.problem, setup.start), setup, config))
    written = export(store, run, tmp_path / to, format)
    test = dataset("digits").test
    np.savez(tmp_path / "real.npz", x_test=test.x.numpy(), y_test=test.y.numpy())
    script = written / "train.py" if written.is_dir() else written.with_name(f"{to}.train.py")
    assert "import dcviz" not in script.read_text()
    told = train_here(script, tmp_path / "real.npz", monkeypatch=monkeypatch, capsys=capsys)
    assert "100 samples in 10 classes" in told
    assert float(told.split()[-1]) > 0.85, told


@pytest.mark.parametrize("format", ["npz", "folder"])
def test_the_script_trains_on_stored_views(store, images, tmp_path, format, monkeypatch, capsys):
    """The labels say one thing and the views, which turn the images round, another: the script believes the views."""
    eye = np.eye(3, dtype="f4")
    labels, views = eye[np.repeat([1, 1, 1], 2)], eye[np.repeat([0, 1, 2], 2)][None].repeat(3, 0)
    maps = np.tile(np.array([[-1, 0, 0], [0, 1, 0]], "f4"), (3, 6, 1, 1))
    config = RunConfig(budget=2, evaluation=EvaluationProtocol(updates=60))
    recipe = Recipe(NAMES, (1, 8, 8), labels="probabilities", views=3)
    run = saved(store, images, recipe=recipe, config=config, labels=labels, views=views, maps=maps)
    written = export(store, run, tmp_path / "out", format)
    x = np.clip((images * STD + MEAN)[..., ::-1], 0, 1)
    np.savez(tmp_path / "real.npz", x_test=x.transpose(0, 2, 3, 1), y_test=np.repeat([0, 1, 2], 2))
    told = train_here(written / "train.py", tmp_path / "real.npz", monkeypatch=monkeypatch, capsys=capsys)
    assert told.split()[-1] == "1.000"
    assert "3 views" in told


def test_the_same_run_is_exported_in_the_same_bytes_each_time(store, images, tmp_path):
    run = saved(store, images)
    for name in ("out.npz", "out.dcviz.zip"):
        each = {export(store, run, tmp_path / name, force=True).read_bytes() for _ in range(12)}
        assert len(each) == 1, name


def test_a_folder_that_was_set_aside_by_a_killed_export_comes_back(store, images, tmp_path):
    run, to = saved(store, images), tmp_path / "out"
    export(store, run, to, "npz")
    to.rename(tmp_path / ".out.0123abcd.old")  # killed between its renames
    with pytest.raises(Refused, match="out is not empty"):
        export(store, run, to, "npz")
    assert (to / "recipe.json").is_file()
    export(store, run, to, "npz", force=True)
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == ["out"]
