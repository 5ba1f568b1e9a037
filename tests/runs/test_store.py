import errno
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from importlib import metadata

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.records import EvaluationProtocol, Recipe, RunConfig, Score, TermConfig
from dcviz.runs.database import KEPT, MIGRATIONS
from dcviz.runs.rows import FOLLOWS
from dcviz.runs.store import NoRoom, Owner, Store

CONFIG = RunConfig(terms=(TermConfig(params={"divergence": {"name": "energy"}}),), steps=40)
STATUSES = ("queued", "running", "paused", "done", "failed", "cancelled", "interrupted")


def put(store, status):
    """A run brought to a status by the ways there are."""
    run = store.create(CONFIG)
    if status == "queued":
        return run
    if status == "running" or status != "paused":
        store.claim(Owner.here(), f"device of {run}", run)
    if status != "running":
        store.release(run, status)
    return run


# ------------------------------------------------------------------------------------------------- home, runs


def test_home_is_given_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path / "deep" / "er"))
    assert Store().home == tmp_path / "deep" / "er"
    monkeypatch.delenv("DCVIZ_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if sys.platform == "linux":
        assert Store().home == tmp_path / "data" / "dcviz"


def test_a_run_is_read_as_it_was_written(store):
    parent = store.create(CONFIG)
    run = store.run(store.create(CONFIG, name=" mine ", parent=parent, parent_step=3, device="cuda"))
    assert run.config == CONFIG
    assert (run.name, run.status, run.steps, run.parent, run.parent_step) == ("mine", "queued", 40, parent, 3)
    assert run.device == "cuda:0"
    assert run.id.endswith("-energy")
    assert run.versions["torch"] == metadata.version("torch")
    assert not run.alive
    store.rename(run.id, "other")
    store.annotate(run.id, "a note")
    again = Store(store.home).run(run.id)
    assert (again.name, again.note) == ("other", "a note")


def test_ids_differ_sort_by_time_and_are_found_by_their_beginning(store):
    ids = [store.create(CONFIG) for _ in range(5)]
    assert ids == sorted(set(ids))
    assert [r.id for r in store.runs(newest_first=False)] == ids
    assert [r.id for r in store.runs(limit=2)] == ids[:2:-1]
    assert store.find(ids[1]).id == ids[1]
    with pytest.raises(Refused, match="several runs begin with"):
        store.find(ids[1][:2])
    with pytest.raises(Refused, match="there is no run"):
        store.find("zzz")


@pytest.mark.parametrize("bad", ["../evil", "", "A", "a/b", "a" * 60, "a.b", "-a", "a\n", None, 3])
def test_nothing_but_an_id_becomes_a_path(store, bad):
    for use in (store.run, store.folder, store.frames, store.frame, store.final, store.checkpoints, store.delete):
        with pytest.raises(Refused, match="is not the id of a run"):
            use(bad)


def test_unknown_runs_are_refused(store):
    for use in (store.run, store.frames, store.metrics, store.events, store.enqueue, store.delete, store.changed):
        with pytest.raises(Refused, match="there is no run 0nothing"):
            use("0nothing")


def test_import_is_light():
    heavy = ("torch", "scipy", "streamlit", "dcviz.condensing")
    code = f"import dcviz.runs.store, dcviz.runs.worker, sys; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_delete_spares_what_is_needed_and_emptying_the_bin_leaves_nothing(store):
    parent = store.create(CONFIG)
    store.save_frame(parent, 0, {"a": np.zeros(3)})
    store.record(parent, [(0, "objective", 1.0)])
    child = store.create(CONFIG, parent=parent, parent_step=0)
    with pytest.raises(Refused, match=f"{child} is a fork that has yet to start"):
        store.delete(parent)
    store.claim(Owner.here(), "cpu", child)
    with pytest.raises(Refused, match="is running: stop it"):
        store.delete(child)
    store.release(child, "done")
    store.delete(parent)
    assert [r.id for r in store.runs()] == [child]
    assert store.folder(parent).exists()
    assert store.empty_bin() == [parent]
    assert not store.folder(parent).exists()
    assert not list((store.home / "trash").iterdir())
    with store.db.read() as db:
        assert db.execute("SELECT COUNT(*) FROM metrics").fetchone() == (0,)


# ----------------------------------------------------------------------------------------- statuses and queue


@pytest.mark.parametrize("now", STATUSES)
@pytest.mark.parametrize("then", STATUSES)
def test_only_changes_of_status_that_make_sense(store, now, then):
    run = put(store, now)
    change = {
        "queued": lambda: store.enqueue(run),
        "running": lambda: store.claim(Owner.here(), "cpu", run),
    }.get(then, lambda: store.release(run, then))
    if then in FOLLOWS.get(now, ()) or now == then != "running":
        change()
        assert store.run(run).status == then
    elif then == "running":
        assert change() is None  # somebody else has it, or it is over: nothing to take
        assert store.run(run).status == now
    else:
        with pytest.raises(Refused, match=f"{run} is {now} and cannot become {then}"):
            change()
        assert store.run(run).status == now


def test_queue_is_in_order_and_can_be_reordered(store):
    a, b, c = (store.create(CONFIG) for _ in range(3))
    store.enqueue(c, front=True)
    assert store.waiting() == [c, a, b]
    store.enqueue(c)
    assert store.waiting() == [a, b, c]
    owner = Owner.here()
    assert store.claim(owner, "cpu").id == a
    assert store.claim(owner, "cpu") is None  # the device is taken
    assert store.claim(owner, "cuda:0").id == b
    store.release(a, "done")
    assert store.claim(owner, "cpu").id == c


def test_a_run_waits_for_the_device_it_asked_for(store):
    run = store.create(replace(CONFIG, device="cuda"))
    assert store.claim(Owner.here(), "cpu") is None
    assert store.claim(Owner.here(), "cuda:0").id == run
    other = store.create(CONFIG)
    assert store.claim(Owner.here(), "auto") is None  # it may be the same device
    store.release(run, "done")
    assert store.claim(Owner.here(), "auto").id == other
    assert store.claim(Owner.here(), "cpu") is None


def test_created_without_queueing_waits_for_its_creator(store):
    run = store.create(CONFIG, queue=False)
    assert store.claim(Owner.here(), "cpu") is None
    assert store.claim(Owner.here(), "cpu", run).status == "running"


def test_threads_never_share_a_run_or_a_device(store):
    runs = [store.create(CONFIG) for _ in range(12)]
    taken, start = [], threading.Barrier(8)

    def claim(device):
        start.wait()
        for _ in range(12):
            found = store.claim(Owner.here(), device)
            if found is not None:
                taken.append((found.id, device))

    threads = [threading.Thread(target=claim, args=(f"device{i % 4}",)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(device for _, device in taken) == [f"device{i}" for i in range(4)]
    assert len({run for run, _ in taken}) == 4
    assert {run for run, _ in taken} <= set(runs)


def test_processes_never_share_a_run(store, program):
    runs = [store.create(CONFIG) for _ in range(60)]
    # Two compete for one device, a third has its own; all open the store at once.
    processes = [program(store.home, "claim", device) for device in (0, 0, 1)]
    for p in processes:
        assert p.stdout.readline() == "ready\n"
    for p in processes:
        p.stdin.write("go\n")
        p.stdin.flush()
    taken = [p.communicate(timeout=20) for p in processes]
    assert [err for _, err in taken] == ["", "", ""]
    assert sorted(run for out, _ in taken for run in out.split()) == runs
    assert {r.status for r in store.runs()} == {"done"}


def test_many_processes_open_a_new_home_at_once(tmp_path):
    code = f"from dcviz.runs.store import Store; Store({str(tmp_path / 'new')!r}).set_fact('a', 1)"
    opened = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(6)]
    assert [p.communicate(timeout=20)[1] for p in opened] == [""] * 6


def test_a_forked_child_has_its_own_connections(store):
    store.set_fact("from", "parent")
    code = """if True:
        import os, sys
        from dcviz.runs.store import Store
        store = Store(sys.argv[1])
        child = os.fork()
        if child == 0:
            store.set_fact("from", "child")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print(store.get_fact("from"))
    """
    if hasattr(os, "fork"):
        out = subprocess.run([sys.executable, "-c", code, str(store.home)], capture_output=True, text=True, check=True)
        assert out.stdout == "child\n"


def test_only_the_owner_ends_his_lease(store):
    mine, yours = Owner.here(), Owner.here()
    run = store.create(CONFIG)
    store.claim(mine, "cpu")
    assert not store.beat(run, yours, step=9, seconds=9.0)
    assert store.release(run, "failed", owner=yours) == "running"
    assert store.beat(run, mine, step=3, seconds=1.5, phase="condensing")
    now = store.run(run)
    assert (now.step, now.seconds, now.phase, now.pid, now.alive) == (3, 1.5, "condensing", os.getpid(), True)
    assert time.time() - now.heartbeat < 5
    assert store.release(run, "done", "fine", mine) == "done"
    now = store.run(run)
    assert (now.text, now.phase, now.alive, now.heartbeat) == ("fine", "", False, None)


def test_sweep_knows_the_dead_from_the_living(store, program):
    killed, living, reused, early, foreign, lost = (store.create(CONFIG) for _ in range(6))
    process = program(store.home, "save", killed)
    process.stdout.readline()
    for i, run in enumerate((living, reused, early, foreign, lost)):
        store.claim(Owner.here(), f"device{i}", run)
    with store.db.write() as db:
        at = "WHERE run = (SELECT number FROM runs WHERE id = ?)"
        # The pid lives, but belongs to a process that started at another time; silent for a minute, and just now.
        db.execute(f"UPDATE leases SET started = started - 500, beat = beat - 60 {at}", (reused,))
        db.execute(f"UPDATE leases SET started = started - 500 {at}", (early,))
        db.execute(f"UPDATE leases SET host = 'elsewhere', beat = beat - 30 {at}", (foreign,))
        db.execute(f"DELETE FROM leases {at}", (lost,))
    assert store.run(killed).alive
    assert sorted(store.sweep()) == [reused, lost]
    process.kill()
    process.wait()
    assert not store.run(killed).alive
    assert store.sweep() == [killed]
    assert store.sweep() == []
    now = store.run(killed)
    assert now.status == "interrupted"
    assert "resume it" in now.text
    with store.db.write() as db:
        db.execute("UPDATE leases SET beat = beat - 60 WHERE host = 'elsewhere'")
    assert store.sweep() == [foreign]
    assert {store.run(r).status for r in (living, early)} == {"running"}


# -------------------------------------------------------------------------------------------------- commands


def test_commands_wait_for_who_works_and_are_handed_out_once(store):
    run = put(store, "running")
    store.command(run, "rate", group="images", rate=0.1)
    assert store.asked(run) == ""
    store.command(run, "pause")
    assert store.asked(run) == "pause"
    assert [(c.kind, c.payload) for c in store.take_commands(run)] == [
        ("rate", {"group": "images", "rate": 0.1}),
        ("pause", {}),
    ]
    for kinds, asked in ((["pause", "resume"], ""), (["resume", "pause"], "pause"), (["stop", "resume"], "stop")):
        for kind in kinds:
            store.command(run, kind)
        assert store.asked(run) == asked
        store.take_commands(run)
    assert store.take_commands(run) == []


@pytest.mark.parametrize(
    ("now", "kind", "then"),
    [
        ("queued", "stop", "cancelled"),
        ("queued", "pause", "paused"),
        ("queued", "resume", "queued"),
        ("paused", "stop", "cancelled"),
        ("paused", "pause", "paused"),
        ("paused", "resume", "queued"),
        ("paused", "step", "queued"),
        ("interrupted", "resume", "queued"),
        ("interrupted", "stop", "cancelled"),
    ],
)
def test_commands_take_effect_at_once_where_nobody_works(store, now, kind, then):
    run = put(store, now)
    store.command(run, kind)
    assert store.run(run).status == then
    assert store.run(run).until == (1 if kind == "step" else None)
    assert store.take_commands(run) == []


def test_a_command_after_the_end_is_refused(store):
    with pytest.raises(Refused, match="is done: to pause is too late; fork it"):
        store.command(put(store, "done"), "pause")


@pytest.mark.parametrize(
    ("left", "late", "then"),
    [
        ("paused", ["stop"], "cancelled"),
        ("interrupted", ["stop"], "cancelled"),
        ("paused", ["resume"], "queued"),
        ("paused", ["step"], "queued"),
        ("paused", ["resume", "pause"], "paused"),
        ("interrupted", ["resume"], "interrupted"),
        ("done", ["stop"], "done"),
    ],
)
def test_what_was_asked_too_late_for_the_worker_is_not_lost(store, left, late, then):
    run = put(store, "running")
    for kind in late:
        store.command(run, kind)
    store.command(run, "rate", rate=0.5)
    assert store.release(run, left) == then
    assert store.run(run).status == then
    assert [c.kind for c in store.take_commands(run)] == ["rate"]  # that one is for the next worker


# ---------------------------------------------------------------------------------------- numbers and events


def test_metrics_are_replaced_and_read_from_where_one_was(store):
    run = store.create(CONFIG)
    store.record(run, [(step, name, step + 0.5) for step in range(5) for name in ("objective", "accuracy")])
    store.record(run, [(2, "objective", 9.0), (5, "objective", float("nan"))])
    steps, values = store.metrics(run)["objective"]
    assert steps.tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(values, [0.5, 1.5, 9.0, 3.5, 4.5, np.nan])
    assert store.metrics(run, ["objective"], since=3).keys() == {"objective"}
    assert store.metrics(run, since=3)["objective"][0].tolist() == [4, 5]
    # The accuracy of step 5 comes after the objective of step 9.
    store.record(run, [(9, "objective", 0.0), (5, "accuracy", 0.9)])
    new = store.metrics(run, since={"objective": 9, "accuracy": 4})
    assert [new[n][0].tolist() for n in ("objective", "accuracy")] == [[], [5]]


def test_truncate_takes_a_run_back(store):
    run = put(store, "running")
    for step in (0, 10, 20, 30):
        store.record(run, [(step, "objective", 1.0)])
        store.save_frame(run, step, {"a": np.array(step)})
    store.save_checkpoint(run, 10, {"x": np.zeros(2)}, {})
    store.save_checkpoint(run, 30, {"x": np.zeros(2)}, {})
    store.save_latest(run, 31, {"a": np.array(31)})
    store.log_event(run, 25, "rate", rate=0.1)
    store.truncate(run, 10)
    assert store.metrics(run)["objective"][0].tolist() == store.frames(run) == [0, 10]
    assert store.checkpoints(run) == [10]
    assert store.frame(run)[0] == 10
    assert [e.step for e in store.events(run)] == [25]  # what was asked for holds when step 25 comes again


def test_the_newest_picture_outlives_a_resume_unless_it_is_of_a_later_step(store):
    run = put(store, "running")
    store.save_frame(run, 10, {"a": np.array(10)})
    store.save_latest(run, 17, {"a": np.array(17)})
    store.truncate(run, 17)
    assert store.frame(run)[0] == 17
    store.truncate(run, 16)
    assert store.frame(run)[0] == 10


def test_few_idle_connections_are_kept_however_many_were_lent_at_once(store):
    with ExitStack() as lent:
        for _ in range(3 * KEPT):
            lent.enter_context(store.db.read())
    assert len(store.db._idle) == KEPT


def test_events_scores_and_facts_come_back(store):
    run = store.create(CONFIG)
    store.log_event(run, 7, "rate", group="images", rate=0.1)
    store.log_event(run, 3, "resumed", text="elsewhere")
    assert [(e.step, e.kind, e.payload) for e in store.events(run)] == [
        (3, "resumed", {"text": "elsewhere"}),
        (7, "rate", {"group": "images", "rate": 0.1}),
    ]
    score = Score(0.8, 0.01, (0.79, 0.81), EvaluationProtocol(), "random", 1.5)
    store.save_score(run, score)
    store.save_score(run, replace(score, mean=0.9))  # measured again
    store.save_score(run, replace(score, of="synthetic"))
    assert [(s.of, s.mean) for s in store.scores(run)] == [("random", 0.9), ("synthetic", 0.8)]
    assert store.scores(run)[0].protocol == EvaluationProtocol()
    assert store.get_fact("speed", 3) == 3
    store.set_fact("speed", {"a": [1, 2]})
    assert store.get_fact("speed") == {"a": [1, 2]}


def test_every_write_is_seen_by_watchers(store):
    run, other = put(store, "running"), store.create(CONFIG)
    watcher = Store(store.home)
    owner = Owner.here()
    with store.db.write() as db:
        db.execute("UPDATE leases SET token = ?", (owner.token,))
    writes = [
        lambda: store.record(run, [(0, "objective", 1.0)]),
        lambda: store.save_frame(run, 0, {"a": np.zeros(2)}),
        lambda: store.save_latest(run, 0, {"a": np.zeros(2)}),
        lambda: store.drop_frames(run, [0]),
        lambda: store.beat(run, owner, step=1, seconds=1.0),
        lambda: store.log_event(run, 0, "note"),
        lambda: store.rename(run, "x"),
        lambda: store.command(run, "pause"),
        lambda: store.save_score(run, Score(1.0, 0.0, (1.0,), EvaluationProtocol())),
        lambda: store.save_final(run, {}, Recipe(("a",), (2,))),
        lambda: store.release(run, "paused"),
        lambda: store.enqueue(run),
        lambda: store.delete(other),
    ]
    for i, write in enumerate(writes):
        before, before_run = watcher.changed(), watcher.changed(run)
        write()
        assert watcher.changed() > before, i
        assert watcher.changed(run) > before_run or i == len(writes) - 1, i
    assert watcher.run(run).pictures == 2


def test_threads_write_and_read_at_once(store):
    run, wrong = store.create(CONFIG), []

    def write(k):
        try:
            for step in range(30):
                store.record(run, [(step, f"curve{k}", float(step))])
                store.save_latest(run, step, {"a": np.full(1000, step)})
        except Exception as error:  # noqa: BLE001
            wrong.append(error)

    threads = [threading.Thread(target=write, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        store.metrics(run)
        if store.run(run).pictures:
            step, arrays = store.frame(run)
            assert (arrays["a"] == step).all()  # never half of one and half of another
    assert not wrong
    assert {len(steps) for steps, _ in store.metrics(run).values()} == {30}


# ------------------------------------------------------------------------------------- frames and checkpoints


def test_frames_keep_types_and_shapes(store):
    run = store.create(CONFIG)
    arrays = {
        "images": np.arange(96, dtype=np.uint8).reshape(2, 3, 4, 4),
        "points": np.array([[1.5, np.nan]], np.float32),
        "near": np.zeros((0, 3), np.int64),
        "step": np.array(3),
    }
    store.save_frame(run, 3, arrays)
    store.save_latest(run, 4, arrays)
    for step, found in (store.frame(run, 3), store.frame(run)):
        assert step in (3, 4)
        assert found.keys() == arrays.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(found[key], array, strict=True)
    assert store.frames(run) == [3]


def test_the_newest_picture_is_shown(store):
    run = store.create(CONFIG)
    with pytest.raises(Refused, match="has no picture yet"):
        store.frame(run)
    store.save_latest(run, 4, {"a": np.zeros(1)})
    store.save_frame(run, 9, {"a": np.zeros(1)})
    assert store.frame(run)[0] == 9
    store.save_latest(run, 12, {"a": np.zeros(1)})
    assert store.frame(run)[0] == 12
    latest = store.folder(run) / "latest.safetensors"
    latest.write_bytes(latest.read_bytes()[:-3])  # as after a power cut
    assert store.frame(run)[0] == 9


def test_thinning_and_missing_frames(store):
    run = store.create(CONFIG)
    for step in range(0, 60, 10):
        store.save_frame(run, step, {"a": np.array(step)})
    store.drop_frames(run, [10, 30])
    assert store.frames(run) == [0, 20, 40, 50]
    assert len(list((store.folder(run) / "frames").iterdir())) == 4
    with pytest.raises(Refused, match="keeps no frame of step 10; the nearest kept: 0, 20, 40, 50"):
        store.frame(run, 10)


def test_objects_are_not_stored(store):
    run = store.create(CONFIG)
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        store.save_frame(run, 0, {"a": np.array([{}], dtype=object)})
    assert store.frames(run) == []
    hostile = store.folder(run) / "frames" / "00000001.npz"
    np.savez(hostile, a=np.array([{}], dtype=object))
    with pytest.raises(Refused, match="the frame of step 1 of .* is damaged"):
        store.frame(run, 1)


def test_checkpoints_are_exact_and_the_last_two_stay(store):
    run = store.create(CONFIG)
    rng = np.random.default_rng(0)
    states = {
        step: {
            "x": rng.normal(size=(3, 2)),
            "transposed": rng.normal(size=(3, 2)).astype(np.float32).T,
            "flag": np.array(True),
            "none": np.zeros((0, 2), np.int64),
        }
        for step in (10, 20, 30)
    }
    for step, arrays in states.items():
        store.save_checkpoint(run, step, arrays, {"tree": [step, {"é": None}]})
    assert store.checkpoints(run) == [20, 30]
    for step in (20, 30, None):
        at, arrays, meta = store.load_checkpoint(run, step)
        assert at == (step or 30)
        assert meta == {"tree": [at, {"é": None}]}
        for key, array in states[at].items():
            np.testing.assert_array_equal(arrays[key], array, strict=True)
    assert store.load_checkpoint(run, 10) is None


@pytest.mark.parametrize("harm", ["cut off", "one bit", "emptied", "another format"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(store, harm):
    run = store.create(CONFIG)
    for step in (10, 20):
        store.save_checkpoint(run, step, {"x": np.arange(100.0)}, {})

    def spoil(step):
        path = store.folder(run) / "checkpoints" / f"{step:08d}.safetensors"
        data = bytearray(path.read_bytes())
        data[-200] ^= 1
        whole = path.read_bytes()
        path.write_bytes({"cut off": whole[:-9], "one bit": data, "emptied": b"", "another format": b"PK" * 99}[harm])

    spoil(20)
    assert store.load_checkpoint(run)[0] == 10
    assert store.load_checkpoint(run, 20) is None
    spoil(10)
    assert store.load_checkpoint(run) is None


def test_the_final_set_comes_with_its_recipe(store):
    run = store.create(CONFIG)
    assert store.final(run) is None
    recipe = Recipe(classes=("a", "b"), shape=(1, 8, 8), step_size=0.1)
    images = np.random.default_rng(0).normal(size=(4, 1, 8, 8))
    store.save_final(run, {"images": images}, recipe)
    arrays, found = store.final(run)
    assert found == recipe
    np.testing.assert_array_equal(arrays["images"], images, strict=True)


def test_killed_while_saving_leaves_only_whole_files(store, program):
    run = store.create(CONFIG)
    pause = random.Random(0)
    for round_ in range(4):
        process = program(store.home, "save", run)
        for _ in range(3):
            process.stdout.readline()
        time.sleep(pause.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert store.sweep() == [run]
        newest, _ = store.frame(run)
        kept = store.frames(run)
        assert newest >= kept[-1] >= 2
        for step in kept:
            assert store.frame(run, step)[1]["images"].shape == (400, 1, 28, 28)
        at, arrays, meta = store.load_checkpoint(run)
        assert arrays["x"].shape == (100, 784)
        assert meta["step"] == at
        assert at == store.checkpoints(run)[-1], round_  # none needed the one before
        store.enqueue(run)
    store.claim(Owner.here(), "cpu", run)
    assert not [p for p in store.folder(run).rglob("*") if p.name.endswith(".tmp")]


# ----------------------------------------------------------------------------------------------------- cache


def test_cache_gives_back_or_gives_nothing(store):
    assert store.load_cached("map", "0a1b") is None
    store.save_cached("map", "0a1b", {"x": np.arange(3)}, {"versions": ["1.0"]})
    arrays, meta = Store(store.home).load_cached("map", "0a1b")
    assert arrays["x"].tolist() == [0, 1, 2]
    assert meta == {"versions": ["1.0"]}
    path = store.cache_path("map", "0a1b.safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    assert store.load_cached("map", "0a1b") is None
    assert not path.exists()


@pytest.mark.parametrize("bad", ["..", "../x", "a/b", "", ".hidden", "a" * 200, "a\0"])
def test_cache_names_stay_in_the_cache(store, bad):
    for kind, key in ((bad, "key"), ("kind", bad)):
        with pytest.raises(Refused, match="cannot name a cached file"):
            store.cache_path(kind, key)


# -------------------------------------------------------------------------------------------------- refusals


def test_a_newer_store_is_refused_untouched(store):
    run = store.create(CONFIG)
    with store.db.write() as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(Refused, match=r"newer dcviz \(its version is 99, this one knows .*upgrade dcviz"):
        Store(store.home)
    with store.db.write() as db:
        assert db.execute("PRAGMA user_version").fetchone() == (99,)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    assert Store(store.home).run(run).id == run


def test_homes_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("here")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Refused, match="cannot hold a store .*set DCVIZ_HOME"):
            Store(home)
    (tmp_path / "dcviz.sqlite").write_text("this is no database, but long enough to look at " * 99)
    with pytest.raises(Refused, match="is damaged or not one of dcviz .*move it away"):
        Store(tmp_path)
    assert (tmp_path / "dcviz.sqlite").read_text().startswith("this is no")


def test_a_read_only_home_is_refused(tmp_path):
    Store(tmp_path / "old").create(CONFIG)
    if os.geteuid() == 0:  # who may write anywhere, but in the kernel's own folders
        homes = ["/sys/dcviz"] if os.path.isdir("/sys") else []
    else:
        homes = [tmp_path / "old", tmp_path / "new"]
        homes[1].mkdir()
        for path in [*homes, *homes[0].rglob("*")]:
            path.chmod(0o500 if path.is_dir() else 0o400)
    for home in homes:
        with pytest.raises(Refused, match="dcviz cannot write in .*set DCVIZ_HOME"):
            Store(home)


FULL = """if True:
    import json, resource, signal, sys
    import numpy as np
    from dcviz.runs.store import Store, Trouble
    store, run = Store(sys.argv[1]), sys.argv[2]
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))  # no file may grow beyond: as a full disk
    noise = np.random.default_rng(0).integers(0, 255, 10**6, dtype=np.uint8)
    told = []
    for save in (
        lambda: store.save_frame(run, 2, {"a": noise}),
        lambda: store.save_latest(run, 2, {"a": noise}),
        lambda: store.save_checkpoint(run, 2, {"a": noise}, {}),
        lambda: store.save_cached("map", "key", {"a": noise}, {}),
        lambda: [store.annotate(run, "x" * 19_000 + str(i)) for i in range(100)],
    ):
        try:
            save()
            told.append("saved")
        except Trouble as error:
            told.append(str(error))
    print(json.dumps(told))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_full_disk_is_told_and_costs_nothing_that_was_stored(store):
    run = store.create(CONFIG)
    store.save_frame(run, 1, {"a": np.arange(5)})
    store.save_latest(run, 1, {"a": np.arange(5)})
    store.save_checkpoint(run, 1, {"a": np.arange(5)}, {})
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(store.home), run], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert "no room left" in told[-1] or "reports an error" in told[-1]  # SQLite itself tells only of a full disk
    for text in told[:-1]:
        assert f"no room left for {store.home}: free some space" in text
    assert store.frames(run) == store.checkpoints(run) == [1]
    assert store.frame(run)[1]["a"].tolist() == store.load_checkpoint(run)[1]["a"].tolist() == [0, 1, 2, 3, 4]
    assert not [p for p in store.home.rglob("*") if p.name.endswith(".tmp")]
    store.save_frame(run, 2, {"a": np.arange(5)})  # once there is room


def test_what_the_disk_says_is_translated_by_kind(store):
    from dcviz.runs.database import Trouble, in_words

    for number, kind in ((errno.ENOSPC, NoRoom), (errno.EDQUOT, NoRoom), (errno.EROFS, Trouble), (errno.EIO, Trouble)):
        with pytest.raises(kind, match="DCVIZ_HOME"), in_words(store.home):
            raise OSError(number, os.strerror(number))
    with pytest.raises(sqlite3.IntegrityError), in_words(store.home):  # a mistake of ours must not look like the disk's
        raise sqlite3.IntegrityError("UNIQUE constraint failed")


# ---------------------------------------------------------------------------------------------------- litter


def test_tidying_removes_what_killed_processes_left_and_nothing_else(store):
    kept, gone = (store.create(CONFIG) for _ in range(2))
    store.save_frame(kept, 0, {"a": np.zeros(3)})
    store.delete(gone)
    store.empty_bin()
    (store.folder(gone) / "frames").mkdir(parents=True)  # its row went, its folder did not
    (store.folder(gone) / "frames" / "00000000.npz").write_bytes(b"x")
    (store.home / "runs" / "0never" / "frames").mkdir(parents=True)  # its folder was made, its row was not
    (store.home / "runs" / "0half").mkdir()  # an import that had no rows yet
    (store.home / "runs" / "0half" / ".importing").touch()
    (store.home / "runs" / "0half" / "final.safetensors").write_bytes(b"x")
    (store.home / "runs" / "0other").mkdir()  # of a store whose database was moved away
    (store.home / "runs" / "0other" / "final.safetensors").write_bytes(b"x")
    (store.home / "trash" / "0gone-a1b2").mkdir()
    for name in ("trash/import-now", "trash/import-old", "cache/maps"):
        (store.home / name).mkdir()
    for name in ("trash/import-old", "cache/maps/.x.safetensors.7-0a.tmp", ".dcviz.sqlite.7-0a.tmp-journal"):
        path = store.home / name
        path.is_dir() or path.write_bytes(b"x")
        os.utime(path, (0, 0))
    fresh = store.home / "cache" / "maps" / ".y.safetensors.7-0b.tmp"
    fresh.write_bytes(b"x")
    store.tidy()
    assert sorted(path.name for path in (store.home / "runs").iterdir()) == sorted([kept, "0other"])
    assert [path.name for path in (store.home / "trash").iterdir()] == ["import-now"]
    assert [path.name for path in store.home.rglob("*.tmp*")] == [fresh.name]
    assert store.frames(kept) == [0]


def test_no_new_run_takes_the_id_of_an_absent_parent(store, monkeypatch):
    """It would be the parent of the run that an import brought along, and, forked from that, its own."""
    from dcviz.runs import store as module
    from dcviz.runs.rows import new_id

    now = 1_800_000_000.0
    monkeypatch.setattr(module.time, "time", lambda: now)
    first = store.create(RunConfig(), queue=False)
    absent = new_id(RunConfig(), now + 1)
    with store.db.write() as db:
        db.execute("UPDATE runs SET parent = ? WHERE id = ?", (absent, first))
    assert store.create(RunConfig(), queue=False) == new_id(RunConfig(), now + 2)


# ------------------------------------------------------------------------------------------------------- many runs


def test_runs_of_one_moment_get_ids_of_their_own_within_few_looks(store, monkeypatch):
    """Their seconds fill up; the next free one is found by halves, not one after another."""
    from dcviz.runs import store as module

    monkeypatch.setattr(module.time, "time", lambda: 2e9)
    looks = []
    monkeypatch.setattr(module, "new_id", lambda config, now: looks.append(now) or f"{int(now - 2e9):06d}-run")
    ids = [store.create(RunConfig(), queue=False) for _ in range(64)]
    assert sorted(ids) == ids == [f"{i:06d}-run" for i in range(64)]
    looks.clear()
    store.create(RunConfig(), queue=False)
    assert len(looks) < 32  # each look asks for one id


@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT(*) FROM runs r WHERE r.deleted IS NULL",
        "SELECT r.id FROM runs r WHERE r.deleted IS NULL ORDER BY r.created DESC, r.number DESC LIMIT 24 OFFSET 0",
        "SELECT id FROM runs WHERE deleted <= 5.0",
        "SELECT id FROM runs WHERE parent = 'x' AND deleted IS NULL",
        "SELECT 1 FROM runs WHERE id = 'x' UNION ALL SELECT 1 FROM runs WHERE parent = 'x' LIMIT 1",
        "SELECT number FROM runs r WHERE r.deleted IS NULL AND r.name = 'x' AND r.name <> ''",
        "SELECT number FROM runs WHERE status = 'running'",
    ],
)
def test_questions_of_every_look_are_answered_by_an_index(store, query):
    with store.db.read() as db:
        plan = [detail for *_, detail in db.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert not [line for line in plan if "SCAN" in line and "USING" not in line], plan
    assert not [line for line in plan if "TEMP B-TREE" in line], plan
