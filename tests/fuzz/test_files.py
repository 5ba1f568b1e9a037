"""Files that anybody may have made: read, or refused in a sentence; nothing outside is written, nothing is run."""

import io
import json
import pickle
import shutil
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from dcviz.data import files, pictures
from dcviz.records import DataConfig
from dcviz.runs.files import Damaged, from_npz, npz, packed, unpacked
from dcviz.runs.importing import Taken, bring
from dcviz.runs.importing.published import find
from dcviz.runs.importing.sets import fitted
from dcviz.runs.store import Store
from tests.fuzz.searching import answers, edited, edits, grafted, grafts, inputs, only_in, search, texts


@pytest.fixture
def desk(tmp_path):
    """A folder for the files of a test, outside of which nothing may be written."""
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk"


@contextmanager
def fresh(desk):
    """An empty folder within."""
    folder = Path(tempfile.mkdtemp(dir=desk))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def written(array):
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def picture(kind, size=(6, 6), **how):
    out = io.BytesIO()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(out, kind, **how)
    return out.getvalue()


PICTURES = {kind.lower(): picture(kind) for kind in pictures.FORMATS} | {"jpg": picture("JPEG", (40, 30))}
PICTURES |= {"svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"}


@inputs(60, 1500)
def test_an_image(count):
    def check(case):
        (kind, data), changes = case
        data = edited(data, changes)
        if answers(lambda: pictures.header(data, f"a.{kind}")) is not None:
            found = answers(lambda: pictures.decode(data, f"a.{kind}", (8, 8), 3))
            assert found is None or (found.shape == (3, 8, 8) and found.dtype == np.uint8)

    search(st.tuples(st.sampled_from(sorted(PICTURES.items())), edits), check, count)


def read(path):
    return files.source(DataConfig("own", str(path)), lambda what, fraction: None)


ODD = (
    arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=8))
    | arrays.arrays(np.uint8, st.just((24, 6, 6)))
    | st.sampled_from(
        [np.arange(24) % 2, np.zeros(24), np.array(["a", "b"]), np.array([{}], object), np.zeros((24, 6, 6, 3))]
    )
)
X, Y = (np.arange(24 * 36) % 251).reshape(24, 6, 6).astype(np.uint8), np.arange(24) % 2


@inputs(50, 1500)
def test_an_npz_of_arrays(count, desk):
    keys = st.sampled_from(["x_train", "y_train", "x_test", "y_test", "class_names", "other", "../x_train", ""])
    member = st.tuples(keys, ODD.map(written), edits)

    def check(case):
        members, changes = case
        with fresh(desk) as folder, only_in(folder):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as archive:
                held = {"x_train": written(X), "y_train": written(Y)}
                held |= {key: edited(data, inner) for key, data, inner in members}
                for key, data in held.items():
                    archive.writestr(f"{key}.npy", data)
            (folder / "a.npz").write_bytes(edited(out.getvalue(), changes))
            found = answers(lambda: read(folder / "a.npz"))
            assert found is None or len(found.classes) >= 2

    search(st.tuples(st.lists(member, max_size=3), edits), check, count)


HOSTILE = ("../out.png", "/tmp/out.png", "C:/out.png", "a\\..\\b.png", ".hidden/x.png", "a/b/c/d.png", "con/aux.png")
MEMBERS = (
    st.sampled_from([*HOSTILE, "a/0.png", "a/0.jpg", "b/é.gif", "train/a/1.png", "test/a/1.png", "a/x.svg"]) | texts
)


@inputs(40, 1000)
def test_a_zip_of_class_folders(count, desk):
    base = {f"{name}/{i}.png": PICTURES["png"] for name in "ab" for i in range(6)}
    member = st.tuples(MEMBERS, st.sampled_from(sorted(PICTURES.values())), edits)

    def check(case):
        more, changes, linked = case
        with fresh(desk) as folder, only_in(folder):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in base.items():
                    archive.writestr(name, data)
                for name, data, inner in more:
                    info = zipfile.ZipInfo(name.encode("utf-8", "replace").decode()[:60000] or "x")
                    info.external_attr = (0o120777 << 16) if linked else 0
                    archive.writestr(info, edited(data, inner))
            (folder / "a.zip").write_bytes(edited(out.getvalue(), changes))
            found = answers(lambda: read(folder / "a.zip"))
            assert found is None or len(found.classes) >= 2

    search(st.tuples(st.lists(member, max_size=3), edits, st.booleans()), check, count)


@inputs(20, 300)
def test_a_folder_of_class_folders(count, desk):
    name = st.sampled_from(["a/9.png", "b/9.jpg", "loose.png", "c/1.png", "a/x.svg", "a/.hidden.png", "train/a/1.png"])
    more = st.lists(st.tuples(name, st.sampled_from(sorted(PICTURES.values())), edits), max_size=3)

    def check(case):
        with fresh(desk) as folder, only_in(folder):
            for place in [f"{c}/{i}.png" for c in "ab" for i in range(6)]:
                (folder / "set" / place).parent.mkdir(parents=True, exist_ok=True)
                (folder / "set" / place).write_bytes(PICTURES["png"])
            for place, data, inner in case:
                (folder / "set" / place).parent.mkdir(parents=True, exist_ok=True)
                (folder / "set" / place).write_bytes(edited(data, inner))
            found = answers(lambda: read(folder / "set"))
            assert found is None or len(found.classes) >= 2

    search(more, check, count)


# --------------------------------------------------------------------------------------------- published sets


class Call:
    """What a pickle that does harm is made of."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self):
        import os

        return getattr(os, self.name), ("echo harm > /tmp/dcviz-harm",)


def torched(tree, **how):
    out = io.BytesIO()
    torch.save(tree, out, **how)
    return out.getvalue()


IMAGES, LABELS = torch.rand(20, 1, 8, 8), torch.arange(10).repeat_interleave(2)
TENSORS = {
    "data.pt": torched([IMAGES, LABELS]),
    "old.pt": torched({"data": [[IMAGES, LABELS]]}, _use_new_zipfile_serialization=False),
    "images_best.pt": torched(IMAGES),
    "harm.pt": pickle.dumps([Call("system"), IMAGES]),
    "set.npz": npz({"images": IMAGES.numpy(), "labels": LABELS.numpy()}),
    "set.npy": written(IMAGES.numpy()),
    "set.safetensors": packed({"images": IMAGES.numpy(), "labels": LABELS.numpy()}, {}),
}


@inputs(60, 1500)
def test_a_published_set_with_spoilt_bytes(count, desk, digits):
    def check(case):
        (name, data), changes = case
        with fresh(desk) as folder, only_in(folder):
            (folder / name).write_bytes(edited(data, changes))
            answers(lambda: fitted(find([folder / name]), Taken(DataConfig("digits"), scale="yes"), name))

    search(st.tuples(st.sampled_from(sorted(TENSORS.items())), edits), check, count)
    assert not Path("/tmp/dcviz-harm").exists()


KINDS = st.sampled_from([torch.float32, torch.int64, torch.bool, torch.complex64, torch.float16, torch.uint8])
SIZES = st.lists(st.sampled_from([0, 1, 2, 3, 8, 10, 20]), max_size=5)
tensors = st.tuples(SIZES, KINDS).map(lambda s: torch.zeros(s[0], dtype=s[1])) | st.sampled_from(
    [IMAGES, LABELS, torch.full((20, 1, 8, 8), float("nan")), torch.zeros(1).expand(10**9), torch.eye(3).to_sparse()]
)
held = st.recursive(
    tensors | st.integers(-5, 5) | st.floats() | st.text(max_size=5) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["data", "images", "labels", "x", "y", "image", "recipe", "run"]), inner, max_size=4
        )
    ),
    max_leaves=6,
)


@inputs(50, 1500)
def test_a_published_set_of_any_structure(count, desk, digits):
    taken = st.tuples(
        st.sampled_from(["auto", "no", "yes", "zca", "0.5/0.2", "1/0", "x"]),
        st.sampled_from(["auto", "hard", "probabilities", "logits", "values", "?"]),
        st.none() | st.integers(-1, 3),
        st.sampled_from(["pixels", "multi-formation-2", "none"]),
    )

    def check(case):
        tree, (scale, labels, number, stored) = case
        with fresh(desk) as folder, only_in(folder):
            (folder / "a.pt").write_bytes(torched(tree))
            how = Taken(DataConfig("digits"), scale, labels, number, stored)
            found = answers(lambda: fitted(find([folder / "a.pt"], number), how, "a.pt"))
            assert found is None or np.isfinite(found.arrays["images"]).all()

    search(st.tuples(held, taken), check, count)


# -------------------------------------------------------------------------------------------------- archives


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The members of an archived run, as it was exported."""
    from functools import partial

    from dcviz.runs import service
    from dcviz.runs.configure import configure
    from dcviz.runs.export import bundle
    from dcviz.runs.worker import drive

    store = Store(tmp_path_factory.mktemp("whole"))
    quick = {"evaluation.network": "mlp", "evaluation.updates": 3, "evaluation.seeds": 1}
    run = service.launch(
        store, configure(data="moons", regime="data", divergence="energy", budget=1, steps=3, live=None, settings=quick)
    )
    drive(store, partial(service.open_job, store), run)
    with zipfile.ZipFile(io.BytesIO(bundle(store, run, "archive")[1])) as file:
        return {name: file.read(name) for name in file.namelist()}


@inputs(40, 1000)
def test_an_archived_run(count, desk, archive):
    bytes_of = st.lists(st.tuples(st.sampled_from(sorted(archive)), edits), max_size=2)
    store = Store(desk / "home")

    def check(case):
        changes, spoilt, outer = case
        members = dict(archive)
        if changes:
            members["run.json"] = json.dumps(grafted(json.loads(members["run.json"]), changes)).encode()
        members |= {name: edited(members[name], inner) for name, inner in spoilt}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            for name, data in members.items():
                file.writestr(name, data)
        with only_in(desk):
            (desk / "a.dcviz.zip").write_bytes(edited(out.getvalue(), outer))
            brought = answers(lambda: bring(store, [desk / "a.dcviz.zip"]))
            if brought is not None:  # then all of it can be shown, and taken along again
                row = store.run(brought.run)
                assert row.config is not None
                for step in store.frames(row.id):
                    store.frame(row.id, step)
                store.metrics(row.id), store.events(row.id), store.scores(row.id), store.final(row.id)
                assert store.search(row.id)[0] == 1
                store.delete(row.id)
                store.empty_bin()
            assert store.runs() == []

    search(st.tuples(st.just([]) | grafts, bytes_of, st.just([]) | edits), check, count)
    store.tidy(older_than=0.0)
    assert not list((desk / "home" / "runs").iterdir())


@inputs(60, 1000)
def test_files_of_the_store(count):
    seeds = [npz({"a": X}), packed({"a": X}, {"step": 1})]

    def check(case):
        which, changes = case
        data = edited(seeds[which], changes)
        try:
            (from_npz if which == 0 else unpacked)(data)
        except Damaged:
            return
        assert which == 0 or np.array_equal(unpacked(data)[0]["a"], X) or changes

    search(st.tuples(st.integers(0, 1), edits), check, count)
