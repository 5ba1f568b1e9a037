"""A run taken along in one file and read into another store is the same run; what is no such file is refused."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.records import DataConfig, EvaluationProtocol, RunConfig, TermConfig
from dcviz.runs.configure import configure
from dcviz.runs.export import bundle, export
from dcviz.runs.importing.archive import is_archive, read
from dcviz.runs.importing.parts import adopt
from dcviz.runs.service import fork, open_job, refuse_missing
from dcviz.runs.store import Store
from dcviz.runs.worker import drive

CONFIG = replace(
    configure(data="moons", divergence="energy", regime="data", budget=3, steps=12, seed=4),
    evaluation=EvaluationProtocol(updates=2, seeds=2),
    live=None,
)


@pytest.fixture(scope="module", autouse=True)
def few_rivals():
    """Measuring all of them would take longer than everything else here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dcviz.evaluation.BASELINES", ("random",))
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A store with a finished run: real frames, curves, scores, a final set; and a note and tags."""
    store = Store(tmp_path_factory.mktemp("source"))
    run = store.create(CONFIG, name="my moons", queue=False, tags=["one", "two"])
    assert drive(store, lambda claimed: open_job(store, claimed), run).status == "done"
    store.annotate(run, "a note\nof two lines")
    store.log_event(run, 3, "resumed", text="continued elsewhere")
    return store


@pytest.fixture
def run(source):
    return source.runs(newest_first=False)[0].id


@pytest.fixture
def other(tmp_path):
    return Store(tmp_path / "other")


@pytest.fixture
def file(source, run, tmp_path):
    return export(source, run, tmp_path / "moons.dcviz.zip")


def everything(store, run):
    """All that a store holds of a run, but what is said of its way here."""
    row = store.run(run)
    final, frames = store.final(run), {step: store.frame(run, step)[1] for step in store.frames(run)}
    return {
        "row": {k: getattr(row, k) for k in ("name", "created", "status", "text", "step", "seconds", "tags", "device")},
        "config": row.config,
        "versions": row.versions,
        "curves": {k: (s.tolist(), v.tolist()) for k, (s, v) in store.metrics(run).items()},
        "scores": store.scores(run),
        "events": [e for e in store.events(run) if e.kind != "imported"],
        "frames": {step: {k: v.tobytes() for k, v in frame.items()} for step, frame in frames.items()},
        "final": ({k: v.tobytes() for k, v in final[0].items()}, final[1]) if final else None,
    }


def test_a_run_read_back_is_the_same_to_the_bit_and_says_where_it_came_from(source, run, other, file):
    assert is_archive(file)
    there = adopt(other, read(file, other))
    assert there == run
    assert everything(other, there) == everything(source, run)
    row = other.run(there)
    assert row.note.startswith("a note\nof two lines")
    assert f"Imported from moons.dcviz.zip (run {run}, dcviz 0.1.0)." in row.note
    (event,) = [e for e in other.events(there) if e.kind == "imported"]
    assert event.payload == {"file": "moons.dcviz.zip", "run": run, "dcviz": "0.1.0"}
    assert row.about == source.run(run).about
    assert not list((other.home / "trash").iterdir())


def test_the_same_run_gives_the_same_file_and_survives_a_second_journey(source, run, other, file, tmp_path):
    assert bundle(source, run, "archive") == (f"dcviz-{run}.dcviz.zip", file.read_bytes())
    adopt(other, read(file, other))
    again, third = export(other, run, tmp_path / "again.dcviz.zip"), Store(tmp_path / "third")
    adopt(third, read(again, third))
    assert everything(third, run) == everything(source, run)


def test_a_taken_id_gives_way_and_the_run_that_has_it_stays(source, run, file):
    before = everything(source, run)
    there = adopt(source, read(file, source))
    third = adopt(source, read(file, source))
    assert len({run, there, third}) == 3
    assert everything(source, run) == before == everything(source, there)
    for made in (there, third):
        source.delete(made)
    source.empty_bin()


def test_a_finished_run_from_elsewhere_can_be_evaluated_exported_and_forked(source, run, other, file, tmp_path):
    import dcviz

    adopt(other, read(file, other))
    score = dcviz.evaluate(run, EvaluationProtocol(updates=3, seeds=1), home=other.home)
    assert score.values
    with np.load(export(other, run, tmp_path / "x.npz")) as arrays:
        assert arrays["x"].shape == (6, 2)
    child = fork(other, run, 12, replace(CONFIG, steps=3))
    assert drive(other, lambda claimed: open_job(other, claimed), child).status == "done"


def test_a_paused_run_goes_on_elsewhere_with_the_same_bits(source, run, other, tmp_path):
    part = source.create(CONFIG, queue=False)
    source.enqueue(part, until=5)
    drive(source, lambda claimed: open_job(source, claimed), part)
    assert (source.run(part).status, source.run(part).step) == ("paused", 5)
    adopt(other, read(export(source, part, tmp_path / "p.dcviz.zip"), other))
    row = other.run(part)
    assert (row.status, row.step) == ("interrupted", 5)
    assert drive(other, lambda claimed: open_job(other, claimed), part).status == "done"
    whole, pieced = source.final(run)[0], other.final(part)[0]
    assert {k: v.tobytes() for k, v in whole.items()} == {k: v.tobytes() for k, v in pieced.items()}


def test_a_run_of_a_plug_in_that_is_not_here_is_looked_at_but_does_not_go_on(source, other, tmp_path):
    strange = replace(CONFIG, terms=(TermConfig("mine", {"x": 1}),), data=DataConfig("nowhere"))
    made = source.create(strange, queue=False)
    frame = {"points": np.zeros((2, 2), np.float32), "labels": np.arange(2), "ids": np.arange(2)}
    source.save_frame(made, 0, frame)
    adopt(other, read(export(source, made, tmp_path / "s.dcviz.zip"), other))
    row = other.run(made)
    assert row.status == "cancelled"
    assert "without a checkpoint" in row.text
    assert row.config == strange
    assert other.frame(made, 0)[1]["points"].shape == (2, 2)
    with pytest.raises(Refused, match="plug-in"):
        refuse_missing(row)


def test_a_running_run_is_not_taken_along(source, tmp_path):
    queued = source.create(CONFIG)
    with pytest.raises(Refused, match="queued: pause it"):
        export(source, queued, tmp_path / "q.dcviz.zip")
    source.command(queued, "stop")
    assert not list(tmp_path.iterdir())


def test_a_parent_is_kept_only_where_it_can_be_one(source, run, other, tmp_path):
    child = fork(source, run, 5, replace(CONFIG, steps=2))
    drive(source, lambda claimed: open_job(source, claimed), child)
    file = export(source, child, tmp_path / "child.dcviz.zip")
    adopt(other, read(file, other))
    assert other.run(child).parent == run, "it may follow"
    with pytest.raises(Refused, match=f"no run {run}"):
        drive_or_raise(other, fork(other, child, 1, replace(CONFIG, steps=2)))
    third = Store(tmp_path / "third")
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("run.json"))
    about["config"]["budget"] = 5
    adopt(third, read(changed(file, {"run.json": json.dumps(about)}), third))
    assert third.run(child).parent == run
    kept = read(changed(file, {"run.json": json.dumps(about)}), source).row
    assert kept.parent is None, "a run of that id is here, and has another budget"


def drive_or_raise(store, run):
    row = drive(store, lambda claimed: open_job(store, claimed), run)
    if row.status == "failed":
        raise Refused(row.text)
    return row


# ------------------------------------------------------------------------------------------------- bad archives


def changed(file, members=None, *, drop=(), kind=zipfile.ZIP_DEFLATED):
    """The archive with some members replaced, added or left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(out, "w", kind) as after:
        for name in before.namelist():
            if name not in drop and name not in (members or {}):
                after.writestr(name, before.read(name))
        for name, data in (members or {}).items():
            after.writestr(name, data)
    path = file.with_name("changed.dcviz.zip")
    path.write_bytes(out.getvalue())
    return path


def about_with(file, **values):
    """run.json with values set by path."""
    with zipfile.ZipFile(file) as archive:
        tree = json.loads(archive.read("run.json"))
    for path, value in values.items():
        *way, last = path.split("__")
        at = tree
        for key in way:
            at = at[int(key)] if isinstance(at, list) else at[key]
        at[last] = value
    return {"run.json": json.dumps(tree)}


def frame_with(file, **arrays):
    """The first frame with some arrays replaced; None leaves one out."""
    with zipfile.ZipFile(file) as archive, np.load(io.BytesIO(archive.read("frames/00000000.npz"))) as frame:
        found = {k: v for k, v in {**frame, **arrays}.items() if v is not None}
    out = io.BytesIO()
    np.savez_compressed(out, **found)
    return {"frames/00000000.npz": out.getvalue()}


def nested(depth):
    tree = {}
    for _ in range(depth):
        tree = {"a": tree}
    return tree


POINTS = np.zeros((6, 2), np.float32)
BAD = {
    "another format": (lambda f: about_with(f, format=2), "format 2, and this dcviz reads format 1"),
    "no format": (lambda f: about_with(f, format=None), "this dcviz reads format 1"),
    "another version of the records": (lambda f: about_with(f, config__version=7), "config has version 7.*upgrade"),
    "an unknown key": (lambda f: about_with(f, config__kind="x"), "_About.config has no 'kind'|config has no 'kind'"),
    "an unknown key of the run": (lambda f: about_with(f, run__pid=3), "has no 'pid'"),
    "a missing key": (lambda f: {"run.json": json.dumps({"kind": "dcviz run", "format": 1})}, "not whole"),
    "another kind": (lambda f: about_with(f, kind="x"), "holds no archived run"),
    "an id that is a path": (lambda f: about_with(f, run__id="../../etc"), "is not the id of a run"),
    "a long name": (lambda f: about_with(f, run__name="x" * 999), "too long"),
    "a long configuration": (lambda f: about_with(f, config__start="x" * 2**21), "too long"),
    "a status": (lambda f: about_with(f, run__status="finished"), "choose one of"),
    "a step beyond the last": (lambda f: about_with(f, run__step=13), "from 0 to 12"),
    "a negative time": (lambda f: about_with(f, run__created=-1.0), "created is -1"),
    "an infinite time": (lambda f: {"run.json": about_with(f)["run.json"].replace('"seconds": ', '"seconds": 1e999')},
                         "not finite"),
    "NaN": (lambda f: about_with(f, run__seconds=float("nan")), "not finite"),
    "a huge number": (lambda f: about_with(f, config__seed=10**40), "too large"),
    "a rate event": (
        lambda f: about_with(f, events=[{"step": 1, "kind": "rate", "payload": {"rate": "x"}, "at": 1.0}]),
        "a learning rate that the run has not",
    ),
    "nested without end": (lambda f: about_with(f, config__terms__0__params=nested(900)), "not whole|damaged"),
    "no JSON": (lambda f: {"run.json": "{"}, "damaged"),
    "a list": (lambda f: {"run.json": "[]"}, "damaged"),
    "not UTF-8": (lambda f: {"run.json": b"\xff\xfe{}"}, "damaged"),
    "a missing frame": (lambda f: about_with(f, frames=[0, 19], config__steps=20), r"lacks 00000019\.npz"),
    "too many frames": (lambda f: about_with(f, frames=list(range(5000))), "5000 frames"),
    "a frame that is none": (lambda f: {"frames/00000000.npz": b"PK\x03\x04"}, "not a readable npz"),
    "a pickled frame": (lambda f: frame_with(f, ids=np.array([{}] * 6, dtype=object)), "Python objects"),
    "a label beyond the classes": (lambda f: frame_with(f, labels=np.full(6, 2)), "not one of 2 classes"),
    "a negative label": (lambda f: frame_with(f, labels=np.full(6, -1)), "not one of 2 classes"),
    "ids twice": (lambda f: frame_with(f, ids=np.zeros(6, int)), "ids are not distinct"),
    "a huge id": (lambda f: frame_with(f, ids=np.full(6, 2**63, np.uint64)), "ids has"),
    "points that are not finite": (lambda f: frame_with(f, points=POINTS * np.nan), "points is not finite"),
    "points of five": (lambda f: frame_with(f, points=POINTS[:5]), "points has 5 entries"),
    "texts as points": (lambda f: frame_with(f, points=np.full((6, 2), "x")), "points is <U1"),
    "no labels": (lambda f: frame_with(f, labels=None), "labels or ids are missing"),
    "images and points": (lambda f: frame_with(f, images=np.zeros((6, 1, 4, 4), np.uint8)), "either images or points"),
    "images of two channels": (
        lambda f: frame_with(f, points=None, images=np.zeros((6, 2, 4, 4), np.uint8)), "images have a size",
    ),
    "huge images": (
        lambda f: frame_with(f, points=None, images=np.zeros((6, 1, 1, 4096), np.uint8)), "images have a size",
    ),
    "neighbours without weights": (
        lambda f: frame_with(f, neighbours=np.zeros((6, 3), np.int32), weights=None), "neighbours come with weights",
    ),
    "a neighbour below zero": (
        lambda f: frame_with(f, neighbours=np.full((6, 3), -1), weights=np.ones((6, 3), np.float32)), "out of range",
    ),
    "other sizes": (lambda f: frame_with(f, points=np.zeros((2, 2), np.float32), labels=np.arange(2), ids=np.arange(2),
                                         pca=None, neighbours=None, weights=None, off=None), "differ in size"),
    "curves that are none": (lambda f: {"curves.csv": "a,b\n1,2\n"}, "the table of curves is damaged"),
    "a final set that is none": (lambda f: {"final.safetensors": bytes(20)}, "final.safetensors of .* damaged"),
    "a path outside": (lambda f: {"../evil": "x"}, "outside its own folder"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_archive_is_refused_in_one_sentence_and_nothing_is_written(what, file, other):
    make, cure = BAD[what]
    bad = changed(file, make(file))
    with pytest.raises(Refused, match=cure) as refusal:
        adopt(other, read(bad, other))
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 500
    assert other.runs() == []
    assert not list((other.home / "runs").iterdir())
    assert not list((other.home / "trash").iterdir())
    assert not (other.home.parent / "evil").exists()


def test_what_a_final_set_holds_must_fit_its_recipe(file, source, run, other):
    from dcviz.records import to_json
    from dcviz.runs.files import packed

    arrays, recipe = source.final(run)
    classes = arrays["classes"]
    cases = [
        (arrays, replace(recipe, decoder="gzip")),
        (arrays, replace(recipe, shape=(1, 8, 8))),
        (arrays, replace(recipe, classes=("only one",))),
        (arrays, replace(recipe, expand=4)),
        (arrays, replace(recipe, transform="zca")),
        ({**arrays, "images": arrays["images"] * np.nan}, recipe),
        ({**arrays, "classes": classes[:-1]}, recipe),
        ({**arrays, "classes": classes - 1}, recipe),
        ({**arrays, "classes": classes.astype(np.float32)}, recipe),
        ({**arrays, "images": arrays["images"].astype(np.int32)}, recipe),
        ({**arrays, "labels": np.zeros((2, 9), np.float32)}, recipe),
        ({k: v for k, v in arrays.items() if k != "images"}, recipe),
    ]
    for held, said in cases:
        bad = changed(file, {"final.safetensors": packed(held, to_json(said))})
        with pytest.raises(Refused, match="does not fit its recipe"):
            read(bad, other)


def test_bombs_are_refused_before_they_are_unpacked(file, other):
    with pytest.raises(Refused, match="looks like a zip bomb"):
        read(changed(file, {"frames/00000000.npz": bytes(2**25)}), other)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as npz:
        npz.writestr("labels.npy", bytes(2**25))
    with pytest.raises(Refused, match=r"changed\.dcviz\.zip/frames/00000000\.npz looks like a zip bomb"):
        read(changed(file, {"frames/00000000.npz": inner.getvalue()}), other)
    with pytest.raises(Refused, match="members; the limit is 2,000"):
        read(changed(file, {f"x/{i}": b"" for i in range(2001)}), other)


def test_other_files_are_no_archives(source, run, tmp_path):
    folder = tmp_path / "folder.zip"
    folder.write_bytes(bundle(source, run, "npz")[1])
    assert not is_archive(folder)  # it has a run.json, too
    text = tmp_path / "x.dcviz.zip"
    text.write_text("hello")
    assert not is_archive(text)
    with pytest.raises(Refused, match="not a readable zip"):
        read(text, source)
    with pytest.raises(Refused, match="holds no archived run"):
        read(folder, source)


def test_an_archive_packed_again_by_hand_in_its_folder_is_read(file, other, tmp_path):
    path = tmp_path / "hand.zip"
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            after.writestr(f"moons/{name}", before.read(name))
        after.writestr("__MACOSX/moons/._run.json", b"\x00\x05")
    assert is_archive(path)
    assert other.run(adopt(other, read(path, other))).name == "my moons"


def test_noise_in_the_file_never_ends_in_anything_but_a_refusal(file, other):
    """Cut off, with bits flipped, with random bytes: refused, or read as a run that the store can show."""
    data, rng = file.read_bytes(), np.random.default_rng(0)
    path = file.with_name("noise.dcviz.zip")
    outcomes, sentence = {"read": 0, "refused": 0}, ""
    for i in range(150):
        noisy = bytearray(data)
        if i % 3 == 0:
            noisy = noisy[: int(rng.integers(len(data)))]
        else:
            for at in rng.integers(0, len(data), 1 + i % 7):
                noisy[at] = noisy[at] ^ (1 << int(rng.integers(8))) if i % 3 == 1 else int(rng.integers(256))
        path.write_bytes(bytes(noisy))
        try:
            read(path, other)
        except Refused as refusal:
            outcomes["refused"] += 1
            sentence = str(refusal)
        else:
            outcomes["read"] += 1  # the flipped bit lay in a time or an attribute that nobody reads
        assert "\n" not in sentence
    assert outcomes["refused"] > 100


def test_a_disk_that_fills_up_leaves_nothing(file, other, monkeypatch):
    from dcviz.runs.importing import parts

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parts, "write_whole", full)
    with pytest.raises(Refused, match="no room left"):
        adopt(other, read(file, other))
    assert other.runs() == []
    assert not list((other.home / "trash").iterdir())


def test_a_run_of_an_empty_record_travels(source, other, tmp_path):
    bare = source.create(RunConfig(), queue=False)
    there = adopt(other, read(export(source, bare, tmp_path / "bare.dcviz.zip"), other))
    assert other.run(there).status == "cancelled"
    assert other.metrics(there) == {}
