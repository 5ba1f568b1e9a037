"""Runs of private data: what is shown tells nothing of the rows but the release, and ε is counted throughout."""

import base64
import gzip
import io
import json
import os
import re
import zipfile
from functools import partial

import numpy as np
import pytest
import torch

import dcviz.data
from dcviz.data.confidential import Confidential
from dcviz.data.secret import Secret
from dcviz.discrepancies.private import gradients as stepwise
from dcviz.discrepancies.private.release import Released
from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.replay import replay
from dcviz.runs import frames, measuring, service, view
from dcviz.runs.configure import configure
from dcviz.runs.export import export
from dcviz.runs.files import Damaged, from_npz, unpacked
from dcviz.runs.importing import bring
from dcviz.runs.job import RunJob
from dcviz.runs.ledger import EPSILON, GUARANTEE
from dcviz.runs.store import Owner, Store
from dcviz.runs.worker import drive

QUICK = {"evaluation.updates": 20, "evaluation.seeds": 1, "evaluation.network": "mlp", "evaluation.width": 16}
LIVE = {"live.updates": 10, "live.network": "mlp", "live.width": 8}
SIDE, CLASSES = 8, 2


def quick(objective="private-embedding", *, data="moons", settings=None, **choices):
    base = {"budget": 3, "steps": 30, "live": None}
    return configure(data=data, objectives=[objective], **{**base, **choices}, settings={**QUICK, **(settings or {})})


def run_to(store, run, steps=None):
    if steps is not None:
        store.enqueue(run, until=steps)
    return drive(store, partial(service.open_job, store), run)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


@pytest.fixture(autouse=True)
def forget():
    """Nothing in memory carries over from another data set's run."""
    for held in (dcviz.data._cache, frames._ready, measuring._ready, measuring._left, view._seen):
        held.clear()


@pytest.fixture
def quick_map(monkeypatch):
    """Without half a minute of UMAP, which sees the public view and its reference only, as PCA does."""
    monkeypatch.setattr("dcviz.embed.umap_of", lambda view, reference, cache=None: view.pca)


def own_images(path, seed):
    """Private rows by the seed, everything public the same; the file looks untouched."""
    private, public = np.random.default_rng(seed), np.random.default_rng(1000)

    def images(at, n):
        return at.integers(0, 256, (n, SIDE, SIDE), dtype=np.uint8)

    arrays = {
        "x_train": images(private, 200),
        "y_train": private.permutation(np.arange(200) % CLASSES),
        "x_public": images(public, 40),
        "y_public": np.arange(40) % CLASSES,
        "x_test": images(public, 20),
        "y_test": np.arange(20) % CLASSES,
    }
    np.savez(path, **arrays)
    os.utime(path, (1e9, 1e9))
    return arrays


def everything_shown(store, run):
    """All of a run that a screen, an export or a replay is made from, but for times and what they decide."""
    shown = {}
    for step in store.frames(run):
        shown |= {f"frame {step} {key}": value for key, value in store.frame(run, step)[1].items()}
    for name, (steps, values) in store.metrics(run).items():
        if name != "seconds":
            shown |= {f"{name} {step}": value for step, value in zip(steps, values, strict=True)}
    final, recipe = store.final(run)
    shown |= {f"final {key}": value for key, value in final.items()} | {"recipe": str(recipe)}
    shown |= {f"score {s.of} {s.protocol.split}": s.values for s in store.scores(run)}
    shown |= {f"event {e.kind}": str(e.payload) for e in store.events(run)}
    real = view.ready_view(store, store.run(run).config.data)
    assert real is not None
    return shown | {f"view {key}": value for key, value in real.items()}


def released(d, real, phi, question):
    """Some means that no row has a part in."""
    x = torch.randn(CLASSES, *real.shape, generator=torch.Generator().manual_seed(0))
    return {"means": phi(x), "shares": torch.full((CLASSES,), 1 / CLASSES)}


def summed(net, weights, x, y, clip):
    """No gradient of any row."""
    return {name: torch.zeros_like(value) for name, value in weights.items()}


CHANNELS = {
    "private-embedding": (Released, "_release", released),
    "private-gradients": (stepwise, "clipped_sum", summed),
}


@pytest.mark.parametrize("objective", CHANNELS)
def test_with_the_one_accounted_channel_held_still_nothing_shown_depends_on_a_private_row(
    objective, tmp_path, quick_map, monkeypatch
):
    """Whole runs on utterly different rows: all frames, curves, baselines, the map, scores and the set are the same."""
    monkeypatch.setattr(*CHANNELS[objective])
    monkeypatch.setattr(Secret, "__init__", lambda self, key, rows, run="": setattr(self, "run", run))
    monkeypatch.setattr(Secret, "mark", lambda self, *question: "0" * 32)
    monkeypatch.setattr(Secret, "uniform", lambda self, shape, *question: torch.rand(
        shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64
    ))  # fmt: skip
    shown, pages, rows = [], [], []
    for seed in (0, 1):
        rows.append(own_images(tmp_path / "own.npz", seed)["x_train"])
        dcviz.data._cache.clear()
        frames._ready.clear()
        measuring._ready.clear()
        store = Store(tmp_path / f"home {seed}")
        data = DataConfig("own", str(tmp_path / "own.npz"))
        run = service.launch(store, quick(objective, data=data, live=configure().live, settings=LIVE))
        view.prepare_view(store, store.run(run).config.data)
        row = run_to(store, run)
        assert row.status == "done", row.text
        shown.append(everything_shown(store, run))
        pages.append(reel_of(replay(store, run)).replace(run, "RUN"))
    assert not np.array_equal(*rows)
    assert pages[0] == pages[1]
    common = shown[0].keys() & shown[1].keys()  # how many yardsticks were measured depends on the time there was
    for sort in ("frame", "objective", "epsilon", "final", "score", "event", "view"):
        assert any(key.startswith(sort) for key in common), sort
    different = [key for key in sorted(common) if not np.array_equal(shown[0][key], shown[1][key])]
    assert not different


def reel_of(page):
    """What a replay knows of the real data."""
    packed = re.findall(r">([A-Za-z0-9+/=\s]{200,})<", page.decode())
    found = [gzip.decompress(base64.b64decode(text)) for text in packed]
    return json.dumps(next(json.loads(text) for text in found if text.startswith(b'{"kind"'))["real"], sort_keys=True)


def contents(folder):
    """Everything that lies below a folder: bytes of files, of what is packed in them, and of all arrays."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield from unfolded(path.read_bytes())


def unfolded(data):
    yield data
    for read in (from_npz, lambda d: unpacked(d)[0]):
        try:
            yield from (a.tobytes() for a in read(data).values() if isinstance(a, np.ndarray))
        except (Damaged, ValueError, OSError):
            continue
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                if not name.endswith(".npy"):
                    yield from unfolded(archive.read(name))
    if data[:9].lower() == b"<!doctype":
        for text in re.findall(rb">([A-Za-z0-9+/=\s]{200,})<", data):
            inner = gzip.decompress(base64.b64decode(text))
            yield inner
            texts = re.findall(rb'"([A-Za-z0-9+/]{40,}=*)"', inner)
            yield from (base64.b64decode(text) for text in texts if len(text) % 4 == 0)


@pytest.mark.parametrize("objective", ["private-embedding", "private-means", "private-gradients"])
def test_no_private_row_lies_anywhere_in_the_store_or_an_export(objective, tmp_path, store, quick_map):
    arrays = own_images(tmp_path / "own.npz", 0)
    config = quick(objective, data=DataConfig("own", str(tmp_path / "own.npz")), live=configure().live, settings=LIVE)
    run = service.launch(store, config)
    view.prepare_view(store, config.data)
    assert run_to(store, run, 20).status == "paused"
    export(store, run, store.home / "paused.dcviz.zip")  # with its checkpoint
    service.resume(store, run)
    assert run_to(store, run).status == "done"
    for name in ("out.npz", "out folder", "out.png", "out.gif", "out.dcviz.zip"):
        export(store, run, store.home / name)
    (store.home / "replay.html").write_bytes(replay(store, run))
    from dcviz.data import dataset

    transform = dataset(config.data).transform

    def forms(x):
        pixels = torch.from_numpy(x)[:, None].float() / 255
        each = (x, pixels.numpy(), transform.forward(pixels).numpy())
        return {row.tobytes() for form in each for row in form}

    size = SIDE * SIDE
    found = {"private": 0, "public": 0}
    wanted = {"private": forms(arrays["x_train"]), "public": forms(arrays["x_public"])}
    for data in contents(store.home):
        for width in (size, 4 * size):
            pieces = {data[i : i + width] for i in range(0, len(data) - width + 1, width)}
            for whose, rows in wanted.items():
                found[whose] += len(pieces & rows)
        for whose, rows in wanted.items():
            found[whose] += sum(row in data for row in list(rows)[:40])
    assert found["public"] > 0, "the search sees what is there"
    assert found["private"] == 0


def test_what_is_kept_of_the_rows_is_the_noisy_release_alone(tmp_path, store, monkeypatch):
    run = service.launch(store, quick(settings={"objective.private-embedding.epsilon": 0.3}))
    assert run_to(store, run).status == "done"
    kept = list((store.home / "cache" / "noisy-release").glob("*"))
    assert len(kept) == 1
    held = unpacked(kept[0].read_bytes())[0]
    assert set(held) == {"means", "shares"}
    monkeypatch.setattr(Secret, "normal", lambda self, shape, *q: torch.zeros(shape, dtype=torch.float64))
    from dcviz.runs.problem import build

    raw = build(store.run(run).config).problem.context[0]["means"].numpy()
    noise = held["means"] - raw
    assert float((noise**2).mean()) == pytest.approx((2 * 11.238 / 1800) ** 2, rel=0.4)
    for data in contents(store.home):
        assert raw.tobytes() not in data
        assert (1800 * raw).astype(np.float32).tobytes() not in data


def test_a_private_run_says_what_it_promises_and_what_is_public(store):
    run = service.launch(store, quick())
    run_to(store, run)
    (event,) = [e for e in store.events(run) if e.kind == GUARANTEE]
    said = event.payload
    assert (said["epsilon"], said["delta"], said["rows"]) == (1.0, 1e-5, 1800)
    assert said["neighbours"] == "one row replaced by any other"
    assert "classes are equally large" in said["public"]
    steps, values = store.metrics(run)[EPSILON]
    assert steps.tolist() == list(range(31))
    assert set(values) == {1.0}
    export(store, run, store.home / "out.npz", "npz")
    with np.load(store.home / "out.npz", allow_pickle=False) as held:
        assert '"guarantee": {"epsilon": 1.0' in str(held["run"])


def test_the_account_of_steps_rises_to_what_was_asked_for(store):
    run = service.launch(store, quick("private-gradients"))
    assert run_to(store, run).status == "done"
    steps, values = store.metrics(run)[EPSILON]
    assert steps.tolist() == list(range(31))
    assert values[0] == 0
    assert (np.diff(values) >= 0).all()
    assert 0.99 < values[-1] <= 1.0


@pytest.mark.parametrize("objective", ["private-embedding", "private-gradients"])
def test_leaving_and_coming_back_releases_nothing_anew(objective, store, monkeypatch):
    """The same account and, where the run's own noise is held, the same bits as without a break."""
    made = []
    release = Released._release
    monkeypatch.setattr(Released, "_release", lambda *given: made.append(1) or release(*given))
    plain = Secret.__init__
    monkeypatch.setattr(Secret, "__init__", lambda self, key, rows, run="": plain(self, b"one key", rows, "one run"))
    through, halted = (service.launch(store, quick(objective)) for _ in range(2))
    run_to(store, through)
    for steps in (7, 19):
        assert run_to(store, halted, steps).status == "paused"
    service.resume(store, halted)
    assert run_to(store, halted).status == "done"
    assert np.array_equal(store.final(through)[0]["images"], store.final(halted)[0]["images"])
    for at, other in zip(store.metrics(through)[EPSILON], store.metrics(halted)[EPSILON], strict=True):
        assert np.array_equal(at, other)
    assert len(made) == (1 if objective == "private-embedding" else 0), "one release for both runs"


def test_nothing_of_a_step_is_shown_before_it_can_be_gone_on_from(store, monkeypatch):
    """So a crash loses only steps that nobody saw, and none is released twice."""
    seen = []

    def safe(run, step, what):
        if step > 0:
            seen.append(what)
            assert max(store.checkpoints(run), default=0) >= step, (what, step)

    record, frame, latest = Store.record, Store.save_frame, Store.save_latest

    def recording(self, run, rows):
        for step, name, _ in rows:
            if name not in ("seconds", "bytes"):
                safe(run, step, name.partition(":")[0])
        return record(self, run, rows)

    monkeypatch.setattr(Store, "record", recording)
    monkeypatch.setattr(Store, "save_frame", lambda s, run, step, a: safe(run, step, "frame") or frame(s, run, step, a))
    monkeypatch.setattr(
        Store, "save_latest", lambda s, run, step, a: safe(run, step, "latest") or latest(s, run, step, a)
    )
    monkeypatch.setattr("dcviz.runs.job.LATEST_SECONDS", 0.0)
    monkeypatch.setattr("dcviz.runs.scoring.ACCURACY_SECONDS", 0.0)
    monkeypatch.setattr("dcviz.runs.job.SIDE_SHARE", 1.0)  # all of it between two steps, however busy the machine is
    config = quick("private-gradients", steps=60, live=configure().live, settings={**LIVE, "saving.frames": 5})
    run = service.launch(store, config)
    assert run_to(store, run).status == "done"
    assert {"objective", "epsilon", "accuracy", "frame", "latest"} <= set(seen)


def test_a_crash_then_goes_on_with_the_true_count(store):
    run, owner = (
        service.launch(store, quick("private-gradients", steps=40, settings={"saving.frames": 4})),
        Owner.here(),
    )
    job = RunJob(store, store.claim(owner, "auto", run))
    while job.step < 25:
        job.advance(1e-6)
    store.release(run, "interrupted", owner=owner)  # as a sweep does after a kill: the job is never closed
    del job
    assert run_to(store, run).status == "done"
    steps, values = store.metrics(run)[EPSILON]
    assert steps.tolist() == list(range(41))
    assert values[-1] <= 1.0


def test_steps_that_were_shown_are_not_taken_again_where_their_checkpoint_is_gone(store):
    run = service.launch(store, quick("private-gradients"))
    run_to(store, run, 12)
    for path in store.folder(run).rglob("*12.safetensors"):
        path.write_bytes(path.read_bytes()[:50])
    service.resume(store, run)
    row = run_to(store, run)
    assert row.status == "failed"
    assert "steps up to 12 were shown" in row.text
    assert "Start a new run" in row.text


def test_a_fork_shares_the_release_or_is_refused(store, monkeypatch):
    made = []
    release = Released._release
    monkeypatch.setattr(Released, "_release", lambda *given: made.append(1) or release(*given))
    parent = service.launch(store, quick())
    run_to(store, parent)
    child = service.fork(store, parent, 12, quick(settings={"optimiser.rates.images": 0.02}, steps=10))
    assert run_to(store, child).status == "done"
    assert len(made) == 1
    assert set(store.metrics(child)[EPSILON][1]) == {1.0}
    for other in (
        quick(settings={"objective.private-embedding.epsilon": 2.0}),
        quick("private-means"),
        quick(seed=1),
    ):
        with pytest.raises(Refused, match="keeps its objective and seed"):
            service.fork(store, parent, 12, other)
    with pytest.raises(Refused, match="keeps the data"):
        service.fork(store, parent, 12, configure(data="moons", budget=3, start="noise"))


def test_a_fork_of_steps_that_release_something_is_refused(store):
    config = quick("private-gradients", steps=5)
    parent = service.launch(store, config)
    run_to(store, parent)
    with pytest.raises(Refused, match="each step of this run releases something"):
        service.fork(store, parent, 3, config)


@pytest.mark.parametrize("objective", ["private-embedding", "private-gradients"])
def test_other_rows_or_another_key_end_the_account(objective, tmp_path, store):
    own_images(tmp_path / "own.npz", 0)
    run = service.launch(store, quick(objective, data=DataConfig("own", str(tmp_path / "own.npz"))))
    assert run_to(store, run, 10).status == "paused"
    export(store, run, tmp_path / "taken.dcviz.zip", "archive")
    away = Store(tmp_path / "another home")
    brought = bring(away, [tmp_path / "taken.dcviz.zip"]).run
    own_images(tmp_path / "own.npz", 1)
    for place, name in ((store, run), (away, brought)):
        service.resume(place, name)
        row = run_to(place, name)
        assert row.status == "failed"
        assert "Start a new run, whose ε adds to this one's" in row.text


def test_the_key_is_made_once_and_for_its_owner_only(store):
    key = store.noise_key()
    assert len(key) == 32
    assert Store(store.home).noise_key() == key
    assert (store.home / "noise.key").stat().st_mode & 0o077 == 0
    (store.home / "noise.key").write_bytes(b"short")
    with pytest.raises(Refused, match="is damaged: delete it"):
        store.noise_key()


def test_the_confidential_rows_stay_out_of_what_a_job_holds_for_show(store):
    """The one object that holds them is the problem's source; the data set of the job is the public view."""
    from dcviz.runs.kept import setup_of

    setup = setup_of(store, store.run(service.launch(store, quick())))
    assert isinstance(setup.problem.real, Confidential)
    assert len(setup.problem.real) == 1800
    assert len(setup.dataset.train) == 200
