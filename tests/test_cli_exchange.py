"""`dcviz export` and `dcviz import`: every format by its ending, what repeats a run, and sets from elsewhere."""

import json
import shlex
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from dcviz.runs.store import Store

QUICK = ("--set", "evaluation.updates=5", "--set", "evaluation.seeds=1", "--no-live")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with one short run on the digits."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCVIZ_HOME", str(home))
        patch.setattr("dcviz.evaluation.BASELINES", ("random",))
        patch.setattr(
            sys, "argv", shlex.split(f"dcviz condense --discrepancy ridge --budget 1 --steps 4 {shlex.join(QUICK)}")
        )
        from dcviz.cli import main

        with pytest.raises(SystemExit):
            main()
        yield home


@pytest.fixture
def dcviz(home, monkeypatch, capsys, tmp_path):
    """Calls the command line in this process, in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        from dcviz.cli import main

        monkeypatch.setattr(sys, "argv", ["dcviz", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return end.value.code or 0, said.out, said.err

    return call


@pytest.fixture
def run(home):
    return Store(home).runs(newest_first=False)[0].id


@pytest.mark.parametrize("format", ["npz", "safetensors", "sheet", "gif", "webp", "csv", "html", "archive"])
def test_a_format_alone_names_the_file(dcviz, run, format, tmp_path):
    code, out, err = dcviz("export", run, "--format", format, "--json")
    assert code == 0, err
    told = json.loads(out)
    (path,) = [p for p in tmp_path.iterdir() if not p.name.endswith(".train.py")]
    assert told["path"] == str(path)
    assert path.name.startswith(f"dcviz-{run}.")
    assert dcviz("export", run, "--format", format)[0] == 2, "it is there already"
    assert dcviz("export", run, "--format", format, "--force")[0] == 0


def test_an_ending_says_the_format(dcviz, run, tmp_path):
    assert dcviz("export", run, "--to", "a.gif", "--seconds", "2")[0] == 0
    image = Image.open(tmp_path / "a.gif")
    assert image.n_frames == 5
    assert dcviz("export", run, "--to", "new/b.html", "--theme", "dark")[0] == 0
    assert (tmp_path / "new" / "b.html").read_bytes().lstrip().startswith(b"<!")
    assert dcviz("export", run, "--html", "--to", "c.html")[0] == 0
    assert dcviz("export", run, "--to", "folder")[0] == 0
    assert (tmp_path / "folder" / "train.py").is_file()
    assert dcviz("export", run, "--to", "d.csv")[1] == "d.csv\n"
    assert np.genfromtxt(tmp_path / "d.csv", delimiter=",", names=True)["objective"].shape == (5,)


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["--format", "html", "--to", "a.gif"], "give .html for a replay"),
        (["--format", "gif", "--to", "a.html"], "give .html for a replay"),
        (["--html", "--format", "gif"], "give one of --format, --html"),
        (["--command", "--python"], "give one of --format, --html"),
        (["--format", "tar"], "there is no export format 'tar'"),
        (["--to", "a.gif", "--seconds", "0"], "choose from 0.5 to 120"),
        (["--to", "a.tar", "--format", "csv"], "give .csv"),
    ],
)
def test_what_does_not_fit_is_refused(dcviz, run, arguments, cure, tmp_path):
    code, out, err = dcviz("export", run, *arguments)
    assert (code, out) == (2, "")
    assert cure in err
    assert not list(tmp_path.iterdir())


def test_what_repeats_a_run_is_printed_and_runs(dcviz, run, home):
    code, out, _ = dcviz("export", run, "--command")
    assert code == 0
    assert out.startswith("dcviz condense --data digits --discrepancy ridge --budget 1")
    again = dcviz(*shlex.split(out)[1:], "--json")
    assert again[0] == 0
    store = Store(home)
    first, second = store.final(run)[0], store.final(json.loads(again[1])["id"])[0]
    assert first["images"].tobytes() == second["images"].tobytes()
    code, out, _ = dcviz("export", run, "--python")
    compile(out, "run.py", "exec")
    assert "dcviz.condense(" in out


def test_an_archive_and_a_published_set_are_read_and_a_set_is_judged(dcviz, run, home, tmp_path):
    import torch

    assert dcviz("export", run, "--to", "mine.dcviz.zip")[0] == 0
    code, out, err = dcviz("import", "mine.dcviz.zip", "--name", "again", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["name"], told["status"], told["step"]) == ("again", "done", 4)
    assert told["accuracy"] == json.loads(dcviz("runs", "--json")[1])[-1]["accuracy"]

    assert dcviz("export", run, "--to", "mine.npz")[0] == 0
    with np.load("mine.npz") as file:
        torch.save([torch.from_numpy(file["x"]), torch.from_numpy(file["y"])], tmp_path / "data.pt")
    code, out, err = dcviz("import", "data.pt", "--data", "digits", "--normalised", "yes", "--no-evaluate")
    assert code == 0, err
    assert out.endswith("-imported  done\n")
    assert "10 images of 1×8×8, 1 per class" in err
    code, out, err = dcviz("import", "mine.npz", "--json")  # its own protocol: short
    told = json.loads(out)
    assert code == 0, err
    assert told["accuracy"]["mean"] == json.loads(dcviz("runs", "--json")[1])[-1]["accuracy"]["mean"]
    runs = Store(home).runs(limit=3)
    np.testing.assert_allclose(
        Store(home).final(runs[1].id)[0]["images"], Store(home).final(run)[0]["images"], atol=1e-5
    )


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["none.pt"], "there is nothing at"),
        (["x.pt"], "say which data"),
        (["x.pt", "--data", "digits", "--path", "y"], "not both"),
        (["x.pt", "--data", "digits", "--normalised", "maybe"], "MEAN/STD"),
        (["evil.dcviz.zip"], "outside its own folder"),
        (["text.dcviz.zip"], "not a readable zip"),
    ],
)
def test_bad_imports_end_with_one_sentence_and_nothing_written(dcviz, home, arguments, cure, tmp_path):
    import torch

    torch.save([torch.rand(10, 1, 8, 8) * 3 - 1, torch.arange(10)], tmp_path / "x.pt")
    with zipfile.ZipFile(tmp_path / "evil.dcviz.zip", "w") as archive:
        archive.writestr("../../run.json", "{}")
    (tmp_path / "text.dcviz.zip").write_text("hello")
    before = len(Store(home).runs())
    code, out, err = dcviz("import", *arguments)
    assert (code, out) == (2, "")
    assert cure in err
    assert err.count("\n") == 1
    assert len(Store(home).runs()) == before
