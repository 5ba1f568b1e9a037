"""Killed while runs are exported, imported, deleted, queued for two workers, or migrated: all of it or nothing."""

import io
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors import numpy as tensors

from dcviz.errors import Refused
from dcviz.runs import service
from dcviz.runs.export import ENDINGS, FORMATS, bundle, export
from dcviz.runs.files import from_npz
from dcviz.runs.store import Store
from tests.crash import tasks
from tests.crash.test_kills import same, sets, status_is_true, whole
from tests.runs.test_shelf import as_version_1


def kills(few, many):
    """A few by default, many by name; each with a seed of its own."""
    return [pytest.param(few, 0, id=str(few)), pytest.param(many, 1, id=str(many), marks=pytest.mark.crash)]


def orphans(store):
    """Folders of runs that no row knows, and what lies about: disk that nobody would ever have back."""
    with store.db.read() as db:
        known = {id for (id,) in db.execute("SELECT id FROM runs").fetchall()}
    folders = [path.name for path in (store.home / "runs").iterdir() if path.name not in known]
    return folders + [path.name for path in (store.home / "trash").iterdir()]


def content(data, name):
    """The bytes of an export; of a safetensors file, whose header comes in any order, what it holds."""
    return {key: array.tobytes() for key, array in tensors.load(data).items()} if name == "safetensors" else data


@pytest.mark.parametrize(("count", "seed"), kills(1, 40))
def test_an_export_is_there_whole_or_not_at_all(count, seed, zygote, home, truths, tmp_path):
    rng, run, to = random.Random(seed), truths[1]["digits"][0], tmp_path / "out"
    store = Store(home)
    names = {name: Path(to, f"{name}{ENDINGS.get(name, '')}") for name in FORMATS}
    changes = zygote.do("export", home, run, to)["changes"]
    true = {name: path.read_bytes() for name, path in names.items() if path.is_file()}
    assert len(true) == len(FORMATS) - 1  # one is a folder
    for _ in range(count):
        zygote.do("export", home, run, to, at=rng.randint(1, changes))
        for name, data in true.items():
            assert not names[name].exists() or content(names[name].read_bytes(), name) == content(data, name), name
        folder = names["folder"]
        assert not folder.exists() or len(list(folder.rglob("*.png"))) == 10
    for path in names.values():
        if path.is_file():
            path.unlink()
    for name, path in names.items():
        export(store, run, path, name, force=True)  # nothing that was left is in the way
        assert name not in true or content(path.read_bytes(), name) == content(true[name], name)


@pytest.mark.parametrize(("count", "seed"), kills(1, 60))
def test_an_import_is_a_whole_run_or_none(count, seed, zygote, home, truths, tmp_path):
    rng, truth = random.Random(seed), truths[1]["moons"][0]
    store, path = Store(home), tmp_path / "moons.dcviz.zip"
    path.write_bytes(bundle(store, truth, "archive")[1])
    changes = zygote.do("bring", home, path)["changes"]
    for _ in range(count):
        before = {row.id for row in store.runs()}
        zygote.do("bring", home, path, at=rng.randint(1, changes))
        for row in store.runs():
            if row.id not in before:
                assert store.frames(row.id) == store.frames(truth)
                assert all(same(sets(store, row.id, s), sets(store, truth, s)) for s in store.frames(truth))
                assert same(store.final(row.id)[0], store.final(truth)[0])
    store.tidy(older_than=0.0)
    assert orphans(store) == []


@pytest.mark.parametrize(("count", "seed"), kills(1, 60))
def test_a_deletion_leaves_a_whole_run_or_nothing(count, seed, zygote, home, truths, tmp_path):
    rng, truth = random.Random(seed), truths[1]["moons"][0]
    store, path = Store(home), tmp_path / "moons.dcviz.zip"
    path.write_bytes(bundle(store, truth, "archive")[1])
    zygote.do("bring", home, path)
    copies = [row.id for row in store.runs() if row.id not in {id for id, _ in truths[1].values()}]
    changes = zygote.do("shelve", home, copies)["changes"]
    for _ in range(count):
        zygote.do("bring", home, path)
        copies = [row.id for row in store.runs() if row.id not in {id for id, _ in truths[1].values()}]
        zygote.do("shelve", home, copies, at=rng.randint(1, changes))
        left = [row.id for row in (*store.runs(), *store.bin()) if row.id in copies]
        for id in left:
            if id in {row.id for row in store.bin()}:
                store.restore(id)
            assert all(same(sets(store, id, s), sets(store, truth, s)) for s in store.frames(truth))
            store.delete(id)
        store.empty_bin()
        store.tidy(older_than=0.0)
        assert orphans(store) == []


@pytest.mark.crash
@pytest.mark.parametrize(("count", "seed"), [(20, 0)])
def test_two_workers_of_one_store_lose_no_run_when_either_dies(count, seed, zygote, home, truths):
    rng, store = random.Random(seed), Store(home)
    truth, changes = truths[1]["moons"]
    killed = 0
    while killed < count:
        runs = [service.launch(store, tasks.config("moons")) for _ in range(3)]
        while any(store.run(run).status != "done" for run in runs):
            when = [{"at": rng.randint(1, 2 * changes)} if rng.random() < 0.8 else {} for _ in range(2)]
            orders = [
                {"task": "queue", "arguments": [str(home), device], **at}
                for device, at in zip(("one", "two"), when, strict=True)
            ]
            killed += sum(answer["killed"] for answer in zygote(*orders))
            for run in runs:
                row = status_is_true(home, run)
                whole(store, run, truth)
                if row.status == "interrupted":
                    service.resume(store, run)
        for run in runs:
            assert np.array_equal(store.final(run)[0]["images"], store.final(truth)[0]["images"])
            assert not [e for e in store.events(run) if e.kind == "resumed"]  # each on its own thread: bit for bit


@pytest.mark.parametrize(("count", "seed"), kills(1, 30))
def test_a_migration_is_done_or_begun_anew_and_its_backup_is_whole(count, seed, zygote, tmp_path):
    rng = random.Random(seed)
    as_version_1(tmp_path / "first")
    changes = zygote.do("reopen", tmp_path / "first")["changes"]
    for i in range(count):
        home = tmp_path / f"home{i}"
        run, text = as_version_1(home)
        zygote.do("reopen", home, at=rng.randint(1, changes))
        assert Store(home).run(run).config_text == text
        backup = home / "dcviz-version-1.sqlite"
        assert backup.read_bytes()[:15] == b"SQLite format 3"
        store = Store(home)
        store.tidy(older_than=0.0)
        assert not list(home.glob(".*.tmp*"))


def test_archives_and_sets_are_what_they_say(home, truths):
    """What the exports above are compared with is right itself."""
    store, run = Store(home), truths[1]["digits"][0]
    with zipfile.ZipFile(io.BytesIO(bundle(store, run, "archive")[1])) as file:
        assert file.testzip() is None
        frames = [name for name in file.namelist() if name.startswith("frames/")]
        assert len(frames) == len(store.frames(run))
        assert same({"images": from_npz(file.read(frames[-1]))["images"]}, {"images": store.frame(run)[1]["images"]})
    with pytest.raises(Refused, match="choose another place"):
        export(store, run, home / "runs", "folder", force=True)
