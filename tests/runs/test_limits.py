"""Time limits: a run that is cut short is judged as it is, and goes on as if it had never stopped."""

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.records import EvaluationProtocol, RunConfig, Score
from dcviz.runs import service
from dcviz.runs.store import Command, Owner, Store
from tests.runs.test_job import finishing, quick, run_to  # noqa: F401  (a fixture)

AT_ONCE = 1e-9  # seconds: over after the first step


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One for all: the baselines are measured once."""
    return Store(tmp_path_factory.mktemp("home"))


def cut(store, **choices):
    run = service.launch(store, quick(**choices), time_limit=AT_ONCE)
    return run_to(store, run)


@pytest.mark.parametrize("choices", [{}, {"divergence": "sinkhorn"}], ids=["energy", "warm potentials"])
def test_a_run_that_was_cut_short_ends_like_one_that_never_was(store, choices):
    plain = service.launch(store, quick(**choices))
    run_to(store, plain)
    short = cut(store, **choices)
    assert (short.status, short.step, short.cut_short, short.resumable) == ("done", 1, True, True)
    assert short.text == "stopped at its time limit of 1e-09 s, after 1 of 30 steps: resume it to go on."
    assert {"synthetic", "random"} <= {score.of for score in store.scores(short.id)}
    assert store.final(short.id)[0]["images"].shape == (8, 2)
    assert store.frames(short.id) == [0, 1]
    service.resume(store, short.id)
    assert "synthetic" not in {score.of for score in store.scores(short.id)}
    row = run_to(store, short.id)
    assert (row.status, row.step, row.text, row.cut_short) == ("done", 30, "", False)
    (one, _), (other, _) = store.final(plain), store.final(short.id)
    assert np.array_equal(one["images"], other["images"])
    assert store.frames(plain) == store.frames(short.id)
    for name in ("objective", "off"):
        for a, b in zip(store.metrics(plain)[name], store.metrics(short.id)[name], strict=True):
            assert np.array_equal(a, b), name
    (event,) = (e for e in store.events(short.id) if e.kind == "reopened")
    assert (event.step, len(event.payload["accuracies"])) == (1, 1)


def test_what_finishing_did_to_a_run_that_was_cut_short_is_undone(store, finishing):  # noqa: F811
    plain = service.launch(store, quick(**finishing))
    run_to(store, plain)
    short = cut(store, **finishing)
    service.resume(store, short.id)
    run_to(store, short.id)
    assert np.array_equal(store.final(plain)[0]["images"], store.final(short.id)[0]["images"])
    for step in (0, 1, 2, 30):
        assert np.array_equal(store.frame(plain, step)[1]["points"], store.frame(short.id, step)[1]["points"]), step


def test_a_frame_that_the_plan_does_not_have_goes_when_the_run_goes_on(store):
    few = {"settings": {"saving.frames": 2}}
    short = cut(store, **few)
    assert store.frames(short.id) == [0, 1]
    service.resume(store, short.id)
    run_to(store, short.id)
    assert store.frames(short.id) == [0, 30]


def test_a_limit_set_while_it_runs_holds_at_the_next_step(store):
    run = service.launch(store, quick())
    owner = Owner.here()
    job = service.open_job(store, store.claim(owner, "auto", run))
    while job.step < 3:
        job.advance(1e-6)
    store.limit(run, AT_ONCE)
    (command,) = store.take_commands(run)
    assert command == Command("limit", {"seconds": AT_ONCE})
    job.apply(command)
    while not job.advance(1e-6):
        assert job.step <= 4
    assert "time limit" in job.remark
    job.close("done", job.remark)
    store.release(run, "done", job.remark, owner)  # the store is shared: its device must be free again


def test_a_limit_that_is_not_reached_changes_nothing(store):
    run = service.launch(store, quick(), time_limit=3600)
    row = run_to(store, run)
    assert (row.status, row.step, row.text, row.cut_short, row.resumable) == ("done", 30, "", False, False)


def test_a_second_limit_lies_above_the_time_worked(store):
    short = cut(store)
    with pytest.raises(Refused, match="has worked for .* give a time limit above that"):
        service.resume(store, short.id, AT_ONCE)
    assert store.run(short.id).status == "done"
    service.resume(store, short.id, 3600)
    assert store.run(short.id).time_limit == 3600
    assert run_to(store, short.id).step == 30


@pytest.mark.parametrize("bad", [0, -1, float("inf"), float("nan")])
def test_limits_that_cannot_be_kept_are_refused(store, bad):
    with pytest.raises(Refused, match="cannot be kept: give seconds above 0"):
        store.create(RunConfig(), name="never", time_limit=bad)
    assert store.search("never")[0] == 0


def test_only_what_was_cut_short_is_opened_again(store):
    done = store.create(RunConfig(steps=9))
    store.claim(Owner.here(), "cpu", done)
    store.save_score(done, Score(0.5, 0.0, (0.5,), EvaluationProtocol()))
    store.release(done, "done")
    for act in (store.reopen, lambda run: service.resume(store, run), lambda run: store.limit(run, 9.0)):
        with pytest.raises(Refused, match=f"{done} is done"):
            act(done)
    assert len(store.scores(done)) == 1
