"""Whole runs through the store: what they leave, and that leaving and coming back changes nothing."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from dcviz import registry
from dcviz.condensing.loop import condense
from dcviz.discrepancies.match import Match
from dcviz.errors import Refused
from dcviz.runs import service
from dcviz.runs.clock import SECONDS
from dcviz.runs.configure import configure
from dcviz.runs.problem import build, device_of
from dcviz.runs.queue import device_name
from dcviz.runs.store import Owner, Store
from dcviz.runs.worker import drive
from dcviz.yardsticks import LIKE, PREFIX

QUICK = {"updates": 20, "seeds": 1, "network": "mlp", "width": 16}


def quick(**choices):
    base = {"data": "moons", "divergence": "energy", "regime": "data", "budget": 4, "steps": 30, "live": None}
    settings = {f"evaluation.{k}": v for k, v in QUICK.items()} | choices.pop("settings", {})
    return configure(**{**base, **choices}, settings=settings)


def run_to(store, run, steps=None):
    """Drive a run, to its end or for so many steps."""
    if steps is not None:
        store.enqueue(run, until=steps)
    return drive(store, partial(service.open_job, store), run)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


def test_a_run_leaves_its_frames_numbers_result_and_score(store):
    run = service.launch(store, quick())
    row = run_to(store, run)
    assert (row.status, row.step) == ("done", 30)
    assert row.device == device_name(str(device_of("auto")))
    assert store.frames(run) == list(range(31))
    step, frame = store.frame(run)
    assert step == 30
    assert frame["points"].shape == (8, 2)
    assert frame["off"].shape == (8,)
    steps, values = store.metrics(run)["objective"]
    assert steps.tolist() == list(range(1, 31))
    assert values[-1] < values[0]
    steps, seconds = store.metrics(run)[SECONDS]
    assert steps.tolist() == store.frames(run)
    assert (np.diff(seconds) > 0).all()
    assert seconds[-1] <= row.seconds
    arrays, recipe = store.final(run)
    assert arrays["images"].shape == (8, 2)
    assert sorted(recipe.classes) == ["lower", "upper"]
    scores = {score.of: score for score in store.scores(run)}
    assert 0.5 < scores["synthetic"].mean <= 1
    assert scores["synthetic"].protocol.updates == 20
    assert {"synthetic", "random", "herding", "medoids", "centroids", "whole set"} == set(scores), "no further one"


def test_further_rivals_stand_beside_a_run_where_they_are_known(store):
    run_to(store, first := service.launch(store, quick(steps=2)))
    protocol = next(score.protocol for score in store.scores(first))
    known = service.rival_of(store, first, "k-centre", protocol)
    run_to(store, second := service.launch(store, quick(steps=2)))
    assert known in [replace(s, seconds=known.seconds) for s in store.scores(second)]
    assert "support points" not in {s.of for s in store.scores(second)}


CELLS = [
    {},
    {"divergence": "sinkhorn"},  # warm potentials
    {"regime": {"name": "random-features", "width": 8, "pool": 2}},
    {
        "discrepancy": {"name": "gradient-matching", "width": 8, "outer": 7, "inner": 2, "batch": 16},
        "divergence": None,
        "regime": None,
    },
    {"discrepancy": {"name": "ridge", "width": 8, "batch": 32}, "divergence": None, "regime": None},
]


@pytest.mark.parametrize("choices", CELLS, ids=["energy", "sinkhorn", "pool", "gradients", "ridge"])
def test_pausing_and_resuming_gives_the_same_bits(store, choices):
    through, halted = (service.launch(store, quick(**choices)) for _ in range(2))
    run_to(store, through)
    for steps in (1, 11, 12):
        row = run_to(store, halted, steps)
        assert (row.status, row.step) == ("paused", steps)
    service.resume(store, halted)
    assert run_to(store, halted).status == "done"
    (one, _), (other, _) = store.final(through), store.final(halted)
    assert np.array_equal(one["images"], other["images"])
    one, other = (
        {n: c for n, c in store.metrics(run).items() if not n.startswith((PREFIX, LIKE, SECONDS))}
        for run in (through, halted)
    )
    assert one.keys() == other.keys()
    for name in one:  # not yardsticks and likeness: how many frames they are measured on depends on the time there is
        assert np.array_equal(one[name], other[name]), name


def test_a_run_goes_on_from_the_checkpoint_before_when_the_newest_is_torn(store):
    through, torn = (service.launch(store, quick()) for _ in range(2))
    run_to(store, through)
    for steps in (10, 20):
        run_to(store, torn, steps)
    newest = max(store.folder(torn).rglob("*20*.safetensors"))
    newest.write_bytes(newest.read_bytes()[:50])
    service.resume(store, torn)
    assert run_to(store, torn).status == "done"
    assert np.array_equal(store.final(through)[0]["images"], store.final(torn)[0]["images"])


@pytest.fixture
def finishing():
    """A discrepancy that moves S by 1 when it finishes."""

    @registry.register
    @dataclass(frozen=True)
    class Finishing(Match):
        name = "finishing"

        def finish(self, context, state, real, synthetic, generator):
            return synthetic.map(lambda t: t + 1)

    yield {"discrepancy": {"name": "finishing", "regime": "data"}, "divergence": None, "regime": None}
    registry._added["discrepancy"].pop("finishing")


def test_a_run_left_while_it_is_evaluated_is_finished_only_once(store, finishing):
    plain = service.launch(store, quick())
    run_to(store, plain)
    left, owner = service.launch(store, quick(**finishing)), Owner.here()
    job = service.open_job(store, store.claim(owner, "auto", left))
    while job.phase != "evaluating":
        job.advance(1e-6)
    job.close("interrupted", "")
    store.release(left, "interrupted", owner=owner)
    assert run_to(store, left).status == "done"
    assert np.allclose(store.final(left)[0]["images"], store.final(plain)[0]["images"] + 1)
    assert np.allclose(_model_space(store, left, 30), store.final(left)[0]["images"], atol=1e-5)


def test_a_fork_without_a_change_follows_its_parent(store):
    parent = service.launch(store, quick())
    run_to(store, parent)
    changed = service.fork(store, parent, 12, quick(settings={"optimiser.rates.images": 0.5}))
    same = service.fork(store, parent, 30, quick(steps=0))
    assert run_to(store, changed).status == "done"
    assert run_to(store, same).status == "done"
    at_12 = store.frame(parent, 12)[1]["points"]
    assert np.array_equal(store.frame(changed, 0)[1]["points"], at_12)
    assert np.array_equal(store.final(same)[0]["images"], store.final(parent)[0]["images"])


def test_a_live_learning_rate_is_an_event_that_forks_replay(store):
    parent = service.launch(store, quick())
    store.enqueue(parent, until=20)  # stepping: commands are looked at after every step

    def change_at_11(at):
        if at.step == 11:
            store.command(parent, "rate", group="images", rate=0.7)

    drive(store, partial(service.open_job, store), parent, on_progress=change_at_11)
    service.resume(store, parent)
    run_to(store, parent)
    events = [e for e in store.events(parent) if e.kind == "rate"]
    assert {(e.step, e.payload["rate"]) for e in events} == {(11, 0.7)}
    twin = service.fork(store, parent, 25, quick(steps=0))
    run_to(store, twin)
    assert np.allclose(store.final(twin)[0]["images"], _model_space(store, parent, 25), atol=1e-6)


def _model_space(store, run, step):
    """A kept frame of a planar run, back in model space by its final's transform."""
    arrays, _ = store.final(run)
    points = store.frame(run, step)[1]["points"]
    return (points - arrays["transform.mean"].reshape(-1)) / arrays["transform.std"].reshape(-1)


def test_a_run_that_diverges_fails_with_the_step_and_the_remedy(store):
    run = service.launch(
        store, quick(divergence="mean", settings={"optimiser.name": "sgd", "optimiser.rates.images": 1e30})
    )
    row = run_to(store, run)
    assert row.status == "failed"
    assert "non-finite at step" in row.text
    assert "lower the learning rate" in row.text
    assert store.frames(run)[0] == 0


@pytest.mark.parametrize(("choices", "text"), [
    ({"budget": 0}, "choose from 1 to 100"),
    ({"budget": 101}, "choose from 1 to 100"),
    ({"steps": -1}, "cannot have -1 steps"),
    ({"data": {"name": "moons", "groups": "nowhere.npz"}}, "there is no file nowhere.npz"),
])  # fmt: skip
def test_what_can_be_seen_at_once_is_refused_at_once(store, choices, text):
    with pytest.raises(Refused, match=text):
        service.launch(store, quick(**choices))
    assert store.runs() == []


@pytest.mark.parametrize(("choices", "text"), [
    ({"settings": {"augment": "crop"}, "regime": "random-features"}, "needs images"),
    ({"device": "cuda:7"}, "torch sees"),
    ({"parameterisation": "multi-formation-2"}, "choose pixels"),
    ({"data": {"name": "moons", "classes": ["upper", "mars"]}}, "mars"),
])  # fmt: skip
def test_what_cannot_be_built_fails_in_words(store, choices, text):
    run = service.launch(store, quick(**choices))
    row = run_to(store, run)
    assert row.status == "failed"
    assert text in row.text


def test_a_fork_of_another_shape_is_refused(store):
    parent = service.launch(store, quick())
    run_to(store, parent, 3)
    with pytest.raises(Refused, match="a fork keeps the budget of its run"):
        service.fork(store, parent, 1, quick(budget=5))
    with pytest.raises(Refused, match="from 0 to 3, not 9"):
        service.fork(store, parent, 9, quick())


def test_the_estimate_learns_from_runs_of_its_kind(store):
    config = quick()
    before = service.estimate(store, config)
    assert before.basis == "calculated"
    assert before.seconds > 0
    assert before.bytes > 0
    row = run_to(store, service.launch(store, config))
    after = service.estimate(store, quick(steps=60, seed=3))
    assert after.basis == "measured on this machine"
    assert after.seconds == pytest.approx(2 * row.seconds, rel=0.2)


def test_zero_steps_keep_the_start(store):
    run = service.launch(store, quick(steps=0, start="medoids"))
    assert run_to(store, run).status == "done"
    assert store.frames(run) == [0]


def test_a_run_in_which_nothing_moves_says_so(store):
    narrow = {"name": "mmd", "scales": "one", "rule": "fixed", "bandwidth": 0.01}  # exp(-d²/2h²) is 0 in float32
    config = quick(divergence=narrow, start="noise", budget=1, steps=3, seed=1)
    run = service.launch(store, config)
    row = run_to(store, run)
    assert row.status == "done"
    assert "ended where it began" in row.text
    setup = build(config)
    *_, last = condense(setup.problem, setup.start)
    assert last.outcome.text == row.text
    moving = service.launch(store, quick(budget=1, steps=3))
    assert run_to(store, moving).text == ""


def test_a_run_without_steps_says_nothing_of_what_a_step_costs(store):
    run_to(store, service.launch(store, quick(steps=0)))
    assert service.estimate(store, quick()).basis == "calculated"
    run_to(store, service.launch(store, quick(steps=2)))
    guess = service.estimate(store, quick())
    assert guess.basis == "measured on this machine"
    assert guess.seconds > 0
