import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from dcviz.errors import Cancelled, Refused
from dcviz.records import RunConfig
from dcviz.runs import interrupts
from dcviz.runs.store import NoRoom, Store
from dcviz.runs.worker import Worker, background, drive
from tests.runs.counting import CountingJob, after, start


def config(steps):
    return RunConfig(steps=steps)


def uninterrupted(steps):
    x = start()
    for step in range(1, steps + 1):
        x = after(x, step)
    return x


def opener(store, pause=0.005, kind=CountingJob):
    return lambda run: kind(store, run, pause)


@pytest.fixture
def worker(store):
    """A started worker on the CPU, stopped at the end."""
    made = []

    def begin(open_job=None):
        made.append(Worker(store, open_job or opener(store), "cpu"))
        made[-1].start()
        return made[-1]

    yield begin
    for each in made:
        assert each.stop(10)


@pytest.fixture
def reaches(store, eventually):
    """Waits until a run has a status, or has gone so many steps."""

    def wait(run, what, seconds=10.0):
        if isinstance(what, int):
            return eventually(lambda: store.run(run).step >= what, seconds)
        return eventually(lambda: store.run(run).status == what, seconds)

    return wait


def closings(store, run):
    return [e.payload["status"] for e in store.events(run) if e.kind == "closed"]


# ------------------------------------------------------------------------------------------------- the course


def test_a_run_is_done_with_all_its_records(store, worker, reaches):
    worker()
    run = store.create(config(30))
    reaches(run, "done")
    now = store.run(run)
    assert (now.step, now.text, now.device, now.alive) == (30, "", "cpu", False)
    assert now.seconds == pytest.approx(0.15)
    assert store.frames(run) == [5, 10, 15, 20, 25, 30]
    assert store.metrics(run)["objective"][0].tolist() == list(range(1, 31))
    np.testing.assert_array_equal(store.final(run)[0]["x"], uninterrupted(30))


def test_pause_step_and_resume(store, worker, reaches):
    worker()
    run = store.create(config(200))
    reaches(run, 5)
    store.command(run, "pause")
    reaches(run, "paused")
    at = store.run(run).step
    assert 5 <= at < 200
    assert store.checkpoints(run)[-1] == at
    for k in (1, 2):
        store.command(run, "step")
        reaches(run, at + k)
        reaches(run, "paused")
        assert store.run(run).step == at + k  # not one further
    store.command(run, "step", steps=3)
    reaches(run, at + 5)
    reaches(run, "paused")
    assert store.run(run).step == at + 5
    store.command(run, "resume")
    reaches(run, "done")
    np.testing.assert_array_equal(store.final(run)[0]["x"], uninterrupted(200))


def test_step_while_running_pauses_after_the_next(store, worker, reaches):
    worker(opener(store, pause=0.02))
    run = store.create(config(1000))
    reaches(run, 3)
    store.command(run, "step")
    reaches(run, "paused")
    assert store.run(run).step < 60


def test_pause_takes_little_time_and_frees_the_device(store, worker, reaches):
    worker(opener(store, pause=0.02))
    first, second = store.create(config(1000)), store.create(config(5))
    reaches(first, 3)
    before = time.monotonic()
    store.command(first, "pause")
    reaches(first, "paused")
    assert time.monotonic() - before < 1.0
    reaches(second, "done")
    assert store.run(first).status == "paused"


def test_stop_while_saving_leaves_whole_files(store, worker, reaches):
    saving = threading.Event()

    class Slow(CountingJob):
        def checkpoint(self):
            saving.set()
            time.sleep(0.3)  # in which the stop arrives
            super().checkpoint()

    worker(opener(store, kind=Slow))
    run = store.create(config(1000))
    assert saving.wait(10)
    store.command(run, "stop")
    reaches(run, "cancelled")
    now = store.run(run)
    assert now.text == "stopped before it was done."
    at, arrays, _ = store.load_checkpoint(run)
    assert at == now.step  # so that it can be forked from where it was
    np.testing.assert_array_equal(arrays["x"], uninterrupted(at))
    with pytest.raises(Refused, match="is cancelled and cannot become queued"):
        store.enqueue(run)


def test_live_changes_reach_the_job_and_bad_ones_do_no_harm(store, worker, reaches):
    jobs = []

    class Strict(CountingJob):
        def apply(self, command):
            jobs.append(self)
            if command.payload.get("rate", 0) <= 0:
                raise Refused("a learning rate must be above 0.")
            super().apply(command)

    worker(opener(store, kind=Strict))
    run = store.create(config(100))
    reaches(run, 3)
    store.command(run, "rate", rate=-1)
    store.command(run, "rate", rate=0.5)
    reaches(run, "done")
    assert jobs[0].rates == [{"rate": 0.5}]
    refused = [e for e in store.events(run) if e.kind == "refused"]
    assert [e.payload["text"] for e in refused] == ["a learning rate must be above 0."]


def test_signs_of_life_go_on_during_a_long_step(store, worker, reaches, monkeypatch):
    monkeypatch.setattr("dcviz.runs.work.BEAT_SECONDS", 0.1)
    in_step = threading.Event()

    class Long(CountingJob):
        def one(self):
            self.phase = "training experts 40 %"
            in_step.set()
            time.sleep(1)
            super().one()

    worker(opener(store, kind=Long))
    run = store.create(config(1))
    assert in_step.wait(10)
    time.sleep(0.7)
    now = store.run(run)
    assert now.phase == "training experts 40 %"
    assert time.time() - now.heartbeat < 0.5
    reaches(run, "done")


def test_long_work_can_look_whether_to_leave_off(store, worker, reaches):
    class Preparing(CountingJob):
        def advance(self, seconds):
            while not self.store.asked(self.run.id):
                time.sleep(0.01)
            raise Cancelled

    worker(opener(store, kind=Preparing))
    for kind, then in (("pause", "paused"), ("stop", "cancelled")):
        run = store.create(config(5))
        reaches(run, "running")
        store.command(run, kind)
        reaches(run, then)
        assert closings(store, run) == [then]


# ------------------------------------------------------------------------------------------- only one of each


def test_two_threads_press_start(store, reaches, eventually):
    at_once, most, guard = [0], [0], threading.Lock()

    class Counted(CountingJob):
        def advance(self, seconds):
            with guard:
                at_once[0] += 1
                most[0] = max(most[0], at_once[0])
            try:
                return super().advance(seconds)
            finally:
                with guard:
                    at_once[0] -= 1

    found, together = [], threading.Barrier(6)

    def press():
        together.wait()
        found.append(background(store, opener(store, kind=Counted), "cpu"))

    threads = [threading.Thread(target=press) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(map(id, found))) == 1
    rival = Worker(store, opener(store, kind=Counted), "cpu")  # as in a second copy of the module
    rival.start()
    rival.start()
    runs = [store.create(config(20)) for _ in range(4)]
    for run in runs:
        reaches(run, "done")
    assert most == [1]
    for run in runs:
        assert [e.kind for e in store.events(run)].count("opened") == 1
    assert found[0].stop()
    assert rival.stop()
    again = background(store, opener(store), "cpu")
    assert again is not found[0]  # a stopped one is replaced
    assert again.stop()


def test_two_processes_share_a_queue(store, program, reaches):
    windows = [program(store.home, "worker") for _ in range(2)]
    for window in windows:
        assert window.stdout.readline() == "ready\n"
    runs = [store.create(config(10)) for _ in range(5)]
    for run in runs:
        reaches(run, "done", 15)
    spans = []
    for run in runs:
        events = store.events(run)
        assert [e.kind for e in events] == ["opened", "closed"]
        spans.append((events[0].at, events[1].at))
    spans.sort()
    assert all(end <= begin for (_, end), (begin, _) in zip(spans, spans[1:], strict=False))  # one device, one run


def test_a_worker_that_lost_its_run_leaves_it_alone(store, worker, reaches):
    worker(opener(store, pause=0.02))
    run = store.create(config(1000))
    reaches(run, 3)
    with store.db.write() as db:  # as after a long sleep, in which another machine took it over
        db.execute("UPDATE leases SET token = 'another', device = 'elsewhere'")
    other = store.create(config(3))
    reaches(other, "done")  # the device is free again
    assert store.run(run).status == "running"
    assert closings(store, run) == ["failed"]


# ---------------------------------------------------------------------------------------------------- failures


def failing(store, error):
    class Failing(CountingJob):
        def one(self):
            if self.step == 12:
                raise error
            super().one()

    return opener(store, kind=Failing)


def torch_refuses():
    import torch

    try:
        torch.empty(10**15)
    except RuntimeError as error:
        return error
    raise AssertionError("this machine has a petabyte of memory")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Refused("the loss became non-finite at step 12: lower the learning rate."), "the loss became non-finite at"),
        (MemoryError(), "cpu has too little memory for this run: lower the budget or the batch"),
        (torch_refuses, "cpu has too little memory for this run: lower the budget or the batch"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), "cpu has too little memory"),
        (ZeroDivisionError("a / 0"), "ZeroDivisionError: a / 0 .the whole traceback is in"),
        (SystemExit("a plug-in had enough"), "SystemExit: a plug-in had enough .the whole traceback is in"),
    ],
)
def test_a_failure_is_told_and_the_queue_goes_on(store, worker, reaches, error, text):
    error = error() if callable(error) else error
    jobs = iter([failing(store, error), opener(store)])
    worker(lambda run: next(jobs)(run))
    run, other = store.create(config(20)), store.create(config(5))
    reaches(run, "failed")
    now = store.run(run)
    assert now.text.startswith(text.split(" .")[0])
    assert now.step <= 12
    traceback = store.folder(run) / "error.txt"
    assert traceback.exists() == isinstance(error, (ZeroDivisionError, SystemExit))
    if traceback.exists():
        assert "in one" in traceback.read_text()
        assert str(traceback) in now.text
    reaches(other, "done")


def test_a_job_that_cannot_be_opened_fails(store, worker, reaches):
    def refuse(run):
        raise Refused("there is no data set 'mnits'; did you mean 'mnist'?")

    worker(refuse)
    run = store.create(config(3))
    reaches(run, "failed")
    assert store.run(run).text == "there is no data set 'mnits'; did you mean 'mnist'?"


def test_trouble_with_the_disk_does_not_end_a_run_for_good(store, worker, reaches):
    jobs = iter([failing(store, NoRoom("there is no room left.")), opener(store)])
    worker(lambda run: next(jobs)(run))
    run = store.create(config(20))
    reaches(run, "interrupted")
    assert store.run(run).text == "there is no room left. Then resume the run."
    store.enqueue(run)
    reaches(run, "done")
    np.testing.assert_array_equal(store.final(run)[0]["x"], uninterrupted(20))


def test_paused_is_said_only_with_a_checkpoint(store, worker, reaches):
    class Unsaved(CountingJob):
        def close(self, status, text):
            raise NoRoom("there is no room left.")

    worker(opener(store, kind=Unsaved))
    run = store.create(config(1000))
    reaches(run, 12)
    store.command(run, "pause")
    reaches(run, "interrupted")
    assert store.run(run).text == "there is no room left. Then resume the run."
    assert store.load_checkpoint(run)[0] >= 10


# ----------------------------------------------------------------------------------------- ends of a process


def test_killed_and_resumed_equals_uninterrupted(store, program, worker, reaches):
    run = store.create(config(80), queue=False)
    process = program(store.home, "drive", run, 0.005)
    reaches(run, 25)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert store.run(run).status == "running"
    assert not store.run(run).alive
    worker()  # which sweeps when it starts
    reaches(run, "interrupted")
    assert "resume it" in store.run(run).text
    store.enqueue(run)
    reaches(run, "done")
    np.testing.assert_array_equal(store.final(run)[0]["x"], uninterrupted(80))
    assert store.metrics(run)["objective"][0].tolist() == list(range(1, 81))
    assert store.metrics(run)["objective"][1][-1] == uninterrupted(80).sum()


def test_closing_the_program_leaves_a_checkpoint(store, program, reaches):
    run = store.create(config(10**5))
    window = program(store.home, "worker")
    reaches(run, 5)
    _, err = window.communicate("close\n", timeout=10)
    assert (window.returncode, err) == (0, "")
    now = store.run(run)
    assert now.status == "interrupted"
    assert "was closed while it ran" in now.text
    assert store.load_checkpoint(run)[0] == now.step >= 5


# ---------------------------------------------------------------------------------------------------- driving


def test_drive_works_in_the_callers_thread(store):
    run = store.create(config(25), queue=False)
    seen = []
    done = drive(store, opener(store), run, on_progress=lambda at: seen.append((at.step, threading.current_thread())))
    assert (done.status, done.step) == ("done", 25)
    assert seen[-1] == (25, threading.main_thread())
    assert drive(store, opener(store), run).status == "done"  # once more does nothing
    assert closings(store, run) == ["done"]


def test_drive_stops_when_asked_and_goes_on_later(store):
    run = store.create(config(1000))
    began = time.monotonic()
    left = drive(store, opener(store), run, should_stop=lambda: time.monotonic() - began > 0.3)
    assert left.status == "interrupted"
    assert left.text == f"interrupted: go on with `dcviz resume {run}`."
    assert 0 < store.load_checkpoint(run)[0] == left.step < 1000


def test_drive_obeys_a_window(store):
    run = store.create(config(1000))

    def meddle(at):
        if at.step > 10:
            store.command(run, "pause")

    assert drive(store, opener(store), run, on_progress=meddle).status == "paused"
    store.command(run, "step", steps=2)
    at = store.run(run).step
    assert drive(store, opener(store), run).step == at + 2


def test_drive_follows_a_run_that_another_has_taken(store, worker, reaches):
    worker(opener(store, pause=0.02))
    run = store.create(config(40))
    reaches(run, 1)
    seen = []
    followed = drive(store, opener(store), run, on_progress=lambda at: seen.append(at.step))
    assert followed.status == "done"
    assert len(set(seen)) > 2
    assert closings(store, run) == ["done"]


def test_drive_waits_for_its_device(store, worker, reaches):
    worker(opener(store, pause=0.02))
    first = store.create(config(30))
    reaches(first, 1)
    second = store.create(config(5), queue=False)
    assert drive(store, opener(store), second, device="cpu").status == "done"
    assert store.events(second)[0].at >= store.events(first)[-1].at
    third = store.create(config(30))
    reaches(third, 1)
    fourth = store.create(config(5))
    left = drive(store, opener(store), fourth, device="cpu", should_stop=lambda: True)
    assert left.status == "paused"  # nobody starts it when its caller has gone


def test_drive_notices_that_the_other_has_died(store, program, reaches):
    run = store.create(config(10**5), queue=False)
    process = program(store.home, "drive", run, 0.01)
    reaches(run, 3)
    threading.Timer(0.3, process.kill).start()
    threading.Timer(0.4, process.wait).start()
    assert drive(store, opener(store), run).status == "interrupted"


def test_ctrl_c_leaves_a_resumable_run(store, program, reaches):
    run = store.create(config(150), queue=False)
    process = program(store.home, "drive", run, 0.005)
    reaches(run, 5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode in (1, -signal.SIGINT, 130)
    assert err.rstrip().endswith("KeyboardInterrupt")
    left = store.run(run)
    assert (left.status, left.text) == ("interrupted", f"interrupted: go on with `dcviz resume {run}`.")
    assert store.load_checkpoint(run)[0] == left.step < 150
    assert drive(store, opener(store, pause=0.0), run).status == "done"
    np.testing.assert_array_equal(store.final(run)[0]["x"], uninterrupted(150))


def test_ctrl_c_breaks_off_what_has_no_steps(store):
    script = """
        import sys, time
        from counting import CountingJob
        from dcviz.runs import interrupts
        from dcviz.runs.store import Store
        from dcviz.runs.worker import drive

        interrupts.PATIENCE = 0.3
        class Preparing(CountingJob):
            def advance(self, seconds):
                sys.stdout.write("preparing\\n"), sys.stdout.flush()
                time.sleep(60)

        store = Store(sys.argv[1])
        drive(store, lambda run: Preparing(store, run), sys.argv[2])
    """
    run = store.create(config(5))
    here = str(Path(__file__).parent)
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(store.home), run],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": here},
    )
    process.stdout.readline()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert store.run(run).status == "interrupted"
    assert closings(store, run) == ["interrupted"]


def test_ctrl_c_is_as_before_afterwards(store):
    before = signal.getsignal(signal.SIGINT)
    drive(store, opener(store), store.create(config(2)))
    assert signal.getsignal(signal.SIGINT) is before
    with interrupts.Interrupts() as noted:
        assert not noted.noticed()
        signal.raise_signal(signal.SIGINT)
        assert noted.noticed()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_worker_outlives_trouble_with_the_store(store, worker, reaches, monkeypatch):
    monkeypatch.setattr("dcviz.runs.worker.RETRY_SECONDS", 0.1)
    begun = worker()
    aside = store.home.with_name("aside")
    store.db.close()
    os.rename(store.home / "dcviz.sqlite", aside)  # and no database at its place
    (store.home / "dcviz.sqlite").mkdir()
    time.sleep(0.4)
    (store.home / "dcviz.sqlite").rmdir()
    os.rename(aside, store.home / "dcviz.sqlite")
    assert begun.alive
    run = Store(store.home).create(config(3))
    reaches(run, "done")
