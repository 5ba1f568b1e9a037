"""The command line: what it says, what it leaves behind, and how it ends."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from dcviz.runs.store import Store

MOONS = ("condense", "--data", "moons", "--divergence", "energy", "--regime", "data", "--budget", "5", "--no-live")
QUICK = ("--set", "evaluation.updates=15", "--set", "evaluation.seeds=2")
LONG = (*MOONS, *QUICK, "--steps", "1500", "--seed", "3", "--set", "saving.checkpoint_seconds=0.2")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One store for the module; every test makes its own runs."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCVIZ_HOME", str(home))
        yield home


@pytest.fixture
def dcviz(home, monkeypatch, capsys):
    """Calls the command line in this process: (exit code, stdout, stderr)."""

    def call(*arguments):
        from dcviz.cli import main

        monkeypatch.setattr(sys, "argv", ["dcviz", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return end.value.code or 0, said.out, said.err

    return call


@pytest.fixture
def start(home):
    """Starts the command line in a process of its own."""
    import torch

    env = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    started = []

    def begin(*arguments):
        command = [sys.executable, "-c", "from dcviz.cli import main; main()", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, env=env, text=True, **pipes))
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until_step(store, step, seconds=60):
    """The newest run once it has done so many steps."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = store.runs(limit=1)
        if found and found[0].status == "running" and found[0].step >= step:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"no run reached step {step} in {seconds} s")


# --------------------------------------------------------------------------------------------- names and help


@pytest.mark.parametrize("command", [["--help"], ["condense", "--help"], ["--version"]])
def test_help_comes_at_once_and_without_torch(command):
    code = (
        "import sys; sys.argv = ['dcviz', *sys.argv[1:]]\n"
        "from dcviz.cli import main\n"
        "try: main()\n"
        "finally: assert not {'torch', 'sklearn', 'scipy', 'streamlit', 'rich'} & set(sys.modules)\n"
    )
    quickest = float("inf")
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        quickest = min(quickest, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert done.stdout
    assert quickest <= 0.5, "seconds of processor time, so that other programs do not count"


def test_help_lists_every_name_with_its_sentence(dcviz):
    from dcviz import registry
    from dcviz.data import catalogue

    _, out, _ = dcviz("condense", "--help")
    words = " ".join(out.split())
    for kind in ("divergence", "regime", "preset"):
        for name, declaration in registry.known(kind).items():
            assert f"{name} {declaration.sentence}" in words
    for info in catalogue():
        assert f"{info.name} {info.title}: {info.note}" in words


def test_version_is_the_package_version(dcviz):
    from importlib.metadata import version

    assert dcviz("--version")[:2] == (0, f"dcviz {version('dcviz')}\n")


# ------------------------------------------------------------------------------------------------ bad input

REFUSED = {
    "a command": (["condnse"], "did you mean 'condense'?"),
    "an option": (["condense", "--buget", "3"], "--budget"),
    "data": (["condense", "--data", "digit"], "did you mean 'digits'?"),
    "a divergence": (["condense", "--divergence", "enrgy"], "did you mean 'energy'?"),
    "a preset": (["condense", "--preset", "m4d"], "there is no preset 'm4d'"),
    "a scale": (["condense", "--preset", "dm", "--scale", "big"], "Known: paper, small"),
    "a scale alone": (["condense", "--scale", "paper"], "--scale belongs to a preset"),
    "two methods": (["condense", "--preset", "dm", "--divergence", "mmd"], "not several of them"),
    "budget 0": (["condense", "--budget", "0"], "choose from 1 to 100"),
    "no number": (["condense", "--budget", "ten"], "--budget"),
    "a device": (["condense", "--device", "gpu"], "choose auto, cpu"),
    "a setting": (["condense", "--divergence", "mmd", "--set", "bandwith=2"], "there is no setting 'bandwith'"),
    "no setting": (["condense", "--set", "batch"], "is not PATH=VALUE"),
    "nan": (["condense", "--set", "optimiser.rates.images=NaN"], "finite"),
    "out of range": (["condense", "--discrepancy", "ridge", "--set", "width=1"], "from 4 to 512"),
    "a start": (["condense", "--start", "nois"], "did you mean 'noise'?"),
    "a class": (["condense", "--classes", "0,eleven"], "eleven"),
    "a path": (["condense", "--path", "/no/such/folder"], "/no/such/folder"),
    "data and path": (["condense", "--path", "a", "--data", "moons"], "not both"),
    "planar": (["condense", "--data", "moons", "--preset", "m3d"], "needs images"),
    "a plug-in": (["condense", "--plugin", "missing.py"], "no plug-in file"),
    "a configuration": (["condense", "--config", "missing.json"], "cannot be read"),
    "a run": (["resume", "0abcde-none"], "there is no run 0abcde-none"),
    "a path as run": (["export", "../../etc", "--to", "x"], "is not the id of a run"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_ends_with_one_sentence_and_code_2(dcviz, home, what):
    arguments, cure = REFUSED[what]
    before = len(Store(home).runs())
    code, out, err = dcviz(*arguments)
    assert (code, out) == (2, "")
    assert cure in err
    assert "Traceback" not in err
    if "Usage:" not in err:  # typer's own words
        assert err.startswith("dcviz: ")
        assert err.count("\n") == 1
    assert len(Store(home).runs()) == before, "nothing refused is written down"


def test_a_configuration_with_an_unknown_key_is_refused(dcviz, tmp_path):
    (tmp_path / "c.json").write_text('{"budgett": 3}')
    code, _, err = dcviz("condense", "--config", tmp_path / "c.json")
    assert code == 2
    assert "'budgett'" in err


def test_a_run_that_fails_ends_with_code_1_and_says_why(dcviz, home):
    code, out, err = dcviz(*MOONS, "--steps", "30", "--set", "optimiser.rates.images=1e30")
    assert code == 1
    assert out == ""
    assert "lower the learning rate" in err
    assert Store(home).runs(limit=1)[0].status == "failed"


# ----------------------------------------------------------------------------------------- from start to export


def test_from_condensing_to_a_file(dcviz, home, tmp_path):
    code, out, err = dcviz(*MOONS, *QUICK, "--steps", "60", "--name", "my moons", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["status"], told["step"], told["name"]) == ("done", 60, "my moons")
    assert len(told["accuracy"]["values"]) == 2
    assert told["accuracy"]["protocol"]["updates"] == 15
    assert told["baselines"]["random"]["protocol"] == told["accuracy"]["protocol"]
    assert told["seconds"] > 0
    run = told["id"]

    code, out, _ = dcviz("runs")
    row = next(line for line in out.splitlines() if line.startswith(run))
    assert "my moons" in row
    assert "energy × data" in row
    assert "60/60" in row
    listed = json.loads(dcviz("runs", "--json")[1])
    assert listed[0] == {**told, "config": listed[0]["config"]}
    assert listed[0]["config"]["data"]["name"] == "moons"

    code, out, _ = dcviz("evaluate", "last", "--network", "linear", "--updates", "10", "--seeds", "1")
    assert code == 0
    assert "1 fresh linear classifier, trained for 10 updates" in out
    assert "random real samples" in out
    assert any(s.protocol.network == "linear" for s in Store(home).scores(run))
    code, out, _ = dcviz("evaluate", "last", "--network", "linear", "--updates", "10", "--seeds", "1", "--selections")
    assert code == 0
    told_of = [line.strip().split(":")[0] for line in out.splitlines()[2:]]
    assert told_of == ["herding", "medoids", "centroids", "kernel herding", "k-centre", "support points"]
    assert json.loads(dcviz("runs", "--json")[1])[0]["accuracy"] == told["accuracy"], (
        "its own protocol stays in the table"
    )

    code, out, _ = dcviz("evaluate", "last", "--suite", "generalisation", "--updates", "5")
    assert code == 0
    assert "this set" in out
    assert "accuracy, k-NN" in out
    code, out, _ = dcviz("evaluate", "last", "--suite", "generalisation", "--updates", "5", "--json")
    told_of = {f["of"] for f in json.loads(out)["reports"][0]["figures"]}
    assert told_of == {"synthetic", "random", "herding", "medoids", "centroids", "whole set"}
    code, _, said = dcviz("evaluate", "last", "--suite", "generalization")
    assert code == 2
    assert "did you mean 'generalisation'?" in said

    code, out, _ = dcviz("export", "my moons", "--to", tmp_path / "m.npz", "--json")
    assert code == 0
    with np.load(json.loads(out)["path"]) as file:
        assert file["x"].shape == (10, 2)
    assert dcviz("export", run[:6], "--to", tmp_path / "m.npz")[0] == 2
    assert dcviz("resume", run)[0] == 2


def test_words_for_people_name_the_protocol_and_the_baseline(dcviz):
    code, out, err = dcviz(*MOONS, *QUICK, "--steps", "10")
    assert code == 0
    head, accuracy, protocol = out.splitlines()
    assert head.split()[1:3] == ["done,", "10"]
    assert accuracy.startswith("accuracy ")
    assert "random real samples:" in accuracy
    assert protocol == (
        "  2 fresh MLPs of width 128, each trained for 15 updates of 64 (Adam, rate 0.003, cosine), on the test set"
    )
    assert "energy × data on moons, 5 per class, 10 steps" in err


def test_a_configuration_is_a_whole_run_and_options_win_over_it(dcviz, home, tmp_path):
    dcviz(*MOONS, *QUICK, "--steps", "5", "--set", "optimiser.rates.images=0.07")
    first = Store(home).runs(limit=1)[0]
    (tmp_path / "c.json").write_text(first.config_text)
    code, _, _ = dcviz("condense", "--config", tmp_path / "c.json", "--no-live", "--steps", "6")
    again = Store(home).runs(limit=1)[0]
    assert code == 0
    assert again.id != first.id
    assert json.loads(again.config_text) == {**json.loads(first.config_text), "steps": 6}


def test_own_images_from_a_folder_named_relative_to_here(dcviz, home, tmp_path, monkeypatch):
    from PIL import Image

    colours = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(12):
            pixels = colours.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    code, out, err = dcviz(
        "condense",
        "--path",
        "pets",
        "--divergence",
        "mean",
        "--regime",
        "data",
        "--budget",
        "1",
        "--steps",
        "3",
        *QUICK,
    )
    assert code == 0, err
    assert Store(home).runs(limit=1)[0].config.data.path == str(tmp_path / "pets")
    assert "pets" in dcviz("runs")[1].splitlines()[1]


def test_an_empty_store_says_how_to_begin(dcviz, tmp_path, monkeypatch):
    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path))
    assert "dcviz condense" in dcviz("runs")[1]
    assert json.loads(dcviz("runs", "--json")[1]) == []
    assert "no run in" in dcviz("resume", "last")[2]


def test_doctor_finds_all_well_and_names_what_is_not(dcviz, tmp_path, monkeypatch):
    code, out, _ = dcviz("doctor", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["ok"]
    assert found["test step"]["milliseconds"] > 0
    assert set(found) >= {"versions", "device", "store", "data", "memory"}
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path / "file" / "below"))
    monkeypatch.setattr("dcviz.cli.doctor.STEP_SECONDS", 0.01)
    code, out, _ = dcviz("doctor")
    assert code == 1
    assert "!!  store" in out
    assert "ok  versions" in out


# ---------------------------------------------------------------------------------------- stopping and going on


@pytest.fixture(scope="module")
def uninterrupted(home):
    """The arrays that the long run ends with when nothing disturbs it."""
    from dcviz.cli import main

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dcviz", *LONG, "--json"])
        with pytest.raises(SystemExit):
            main()
    store = Store(home)
    return store.final(store.runs(limit=1)[0].id)[0]


def assert_same(found, expected):
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert found[key].tobytes() == value.tobytes(), key


def test_ctrl_c_leaves_a_run_that_resume_finishes_bit_for_bit(dcviz, home, start, uninterrupted):
    store, process = Store(home), start(*LONG)
    run = until_step(store, 50)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert f"{run.id}  interrupted at step " in err
    assert err.endswith(f": go on with `dcviz resume {run.id}`.\n")
    assert "Traceback" not in err
    assert out == ""
    left = store.run(run.id)
    assert left.status == "interrupted"
    assert 50 <= left.step < 1500
    code, out, _ = dcviz("resume", run.id, "--json")
    assert (code, json.loads(out)["step"]) == (0, 1500)
    assert_same(store.final(run.id)[0], uninterrupted)


def test_after_kill_9_resume_ends_with_the_same_bits(dcviz, home, start, uninterrupted):
    store, process = Store(home), start(*LONG)
    run = until_step(store, 300)
    process.kill()
    process.communicate()
    assert store.final(run.id) is None
    assert store.checkpoints(run.id), "it had time for checkpoints"
    code, out, err = dcviz("resume", run.id)
    assert code == 0, err
    assert out.startswith(f"{run.id}  done")
    assert_same(store.final(run.id)[0], uninterrupted)


def test_a_run_at_work_elsewhere_is_not_taken(dcviz, home, start):
    process = start(*LONG)
    run = until_step(Store(home), 1)
    code, _, err = dcviz("resume", run.id)
    assert code == 2
    assert f"running in another process (id {process.pid})" in err


def test_the_atlas_measures_once_and_goes_on_where_it_was(dcviz, home, monkeypatch):
    from dcviz.atlas import grid
    from tests.atlas.test_measure import CELL

    monkeypatch.setattr(grid, "entries", lambda: [CELL])
    code, out, _ = dcviz("atlas", "--device", "cpu")
    assert code == 0
    assert out.startswith("data/energy ")
    runs = len(Store(home).runs())
    code, out, _ = dcviz("atlas", "energy", "--json")
    assert code == 0
    (found,) = json.loads(out)
    assert (found["cell"], found["refused"], len(found["accuracy"])) == ("data/energy", "", 2)
    assert len(Store(home).runs()) == runs
    code, _, err = dcviz("atlas", "no-such-cell")
    assert code == 2
    assert "no cell contains no-such-cell" in err


def test_imbalance_and_groups_are_options_of_the_data(monkeypatch, tmp_path):
    from dcviz.cli import condense, main

    found = []
    monkeypatch.setattr(condense, "_condense", lambda config, *_: found.append(config))
    monkeypatch.chdir(tmp_path)
    line = ["dcviz", "condense", "--imbalance", "20", "--groups", "g.npz", "--objective", "group-weights=0.3"]
    monkeypatch.setattr("sys.argv", line)
    with pytest.raises(SystemExit):
        main()
    (config,) = found
    assert (config.data.imbalance, config.data.groups) == (20.0, str(tmp_path / "g.npz"))
    assert config.objectives[0].params["equality"] == 0.3
