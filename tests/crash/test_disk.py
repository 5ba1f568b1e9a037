"""A disk that is full, or read-only, and files that are spoilt: told in words, and nothing that was stored is lost."""

import random
import shutil
import subprocess

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.runs import service
from dcviz.runs.export import export
from dcviz.runs.store import Store
from tests.crash import tasks
from tests.crash.test_kills import same, status_is_true, whole


def mount(*arguments):
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path):
    """Makes a small file system of so many kilobytes, with a store on it; those left are taken away."""
    made = []

    def make(kilobytes, home):
        at = tmp_path / f"disk{len(made)}"
        at.mkdir()
        if shutil.which("mount") is None or not mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "none", at):
            pytest.skip("this machine lets nobody mount a small file system")
        made.append(at)
        shutil.copytree(home, at / "home")
        return at

    yield make
    for at in made:
        subprocess.run(["umount", "-l", str(at)], check=True)


def used(home):
    return sum(path.stat().st_blocks * 512 for path in home.rglob("*") if path.is_file()) // 1024


@pytest.mark.parametrize(
    ("count", "seed"), [pytest.param(2, 0, id="2"), pytest.param(30, 1, marks=pytest.mark.crash, id="30")]
)
def test_a_run_on_a_full_disk_is_interrupted_in_words_and_goes_on_when_there_is_room(
    count, seed, zygote, home, truths, disk
):
    rng, truth = random.Random(seed), truths[1]["moons"][0]
    stopped = 0
    for _ in range(count):
        at = disk(used(home) + 6000, home)
        filler, free = at / "filler", round(10 ** rng.uniform(1, 2.6))
        store = Store(at / "home")
        run = store.create(tasks.config("moons"), queue=False)
        filler.write_bytes(b"\0" * (shutil.disk_usage(at).free - 1024 * free))
        answer = zygote.fail("run", at / "home", run)
        assert answer["error"] == "" or "NoRoom: there is no room left" in answer["error"], answer["error"]
        whole(store, run, truth)  # a full disk can still be read
        filler.unlink()
        row = status_is_true(at / "home", run)
        if row.status == "interrupted":
            stopped += 1
            assert "no room left" in row.text or "ended unexpectedly" in row.text
            assert "resume" in row.text
        zygote.do("run", at / "home", run)
        whole(store, run, truth)
        assert store.run(run).status == "done"
        assert same(store.final(run)[0], store.final(truth)[0])
        store.db.close()
    assert stopped, "no disk was full"


def test_a_read_only_store_is_told_and_left_as_it_is(home, disk, truths):
    at, run = disk(used(home) + 4000, home), truths[1]["digits"][0]
    Store(at / "home").db.close()
    before = {path: path.read_bytes() for path in (at / "home").rglob("*") if path.is_file()}
    assert mount("-o", "remount,ro", at)
    with pytest.raises(Refused, match="dcviz cannot write in .*: allow writing there, or set DCVIZ_HOME"):
        Store(at / "home")
    for name in ("set.npz", "folder", "run.dcviz.zip"):
        with pytest.raises(Refused, match="could not be written: Read-only file system"):
            export(Store(home), run, at / name)
    assert {path: path.read_bytes() for path in (at / "home").rglob("*") if path.is_file()} == before


def test_a_run_whose_checkpoints_are_all_spoilt_begins_anew_and_ends_alike(zygote, home, truths):
    store, truth = Store(home), truths[1]["moons"][0]
    run = service.launch(store, tasks.config("moons"))
    zygote.do("run", home, run, at=truths[1]["moons"][1] // 2)
    assert status_is_true(home, run).status == "interrupted"
    assert len(store.checkpoints(run)) >= 2
    for path in (store.folder(run) / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:-7])
    for path in (store.folder(run) / "frames").iterdir():
        path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(Refused, match="the frame of step .* is damaged .*: choose another step"):
        store.frame(run, store.frames(run)[-1])
    zygote.do("run", home, run)
    whole(store, run, truth)
    assert np.array_equal(store.final(run)[0]["images"], store.final(truth)[0]["images"])
