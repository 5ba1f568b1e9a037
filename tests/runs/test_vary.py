"""The same but: single changes, grids, and what of them is there already."""

import pytest

from dcviz.errors import Refused
from dcviz.records import RunConfig, TermConfig
from dcviz.runs import vary as varying
from dcviz.runs.choices import flat
from dcviz.runs.configure import configure
from dcviz.runs.service import launch
from dcviz.runs.store import Owner
from dcviz.runs.vary import MOST, Grid, more_seeds, next_tag, others, plan, start, vary, whole_numbers


@pytest.fixture
def base():
    settings = {
        "divergence.kernel": "laplace",
        "regime.width": 16,
        "optimiser.rates.images": 0.05,
        "evaluation.updates": 9,
    }
    return configure(divergence="mmd", regime="random-features", settings=settings, steps=30, live=None)


def differing(one, other):
    """Paths in which two configurations differ."""
    a, b = ({**flat(c), "budget": c.budget, "seed": c.seed, "steps": c.steps, "start": c.start} for c in (one, other))
    return {path for path in a.keys() | b.keys() if a.get(path) != b.get(path)}


def test_what_is_not_varied_stays(base):
    assert vary(base) == base
    assert differing(base, vary(base, seed=4)) == {"seed"}
    assert differing(base, vary(base, budget=3)) == {"budget"}
    assert differing(base, vary(base, settings={"steps": 7, "optimiser.rates.images": 1.0})) == {
        "steps",
        "optimiser.rates.images",
    }


def test_another_divergence_brings_its_own_settings_and_leaves_the_rest(base):
    other = vary(base, method="energy")
    assert other.terms[0].params["divergence"]["name"] == "energy"
    assert other.terms[0].params["regime"] == base.terms[0].params["regime"]
    assert all(path.startswith("divergence.") for path in differing(base, other))
    with pytest.raises(Refused, match="there is no method beside this one 'mdm'; did you mean 'mmd'"):
        vary(base, method="mdm")


def test_the_constants_of_a_preset_follow_its_budget_and_settings_of_ones_own_stay():
    own = {"optimiser.rates.images": 0.123}
    ten, fifty = (configure(preset="mtt", budget=budget, settings=own) for budget in (10, 50))
    assert vary(ten, budget=50) == fifty
    assert set(others(ten)) >= {"mtt", "dm", "m3d"}
    dm = vary(ten, method="dm")
    assert dm.preset == "dm/small"
    assert dm.optimiser.rates["images"] == 0.123


def test_what_the_controls_cannot_say_is_varied_by_budget_and_seed_only():
    terms = (TermConfig("ridge"), TermConfig("match", weight=0.5))
    config = RunConfig(terms=terms)
    assert vary(config, seed=2, budget=1) == RunConfig(terms=terms, seed=2, budget=1)
    assert varying.as_choices(config) is None
    assert others(config) == {}
    with pytest.raises(Refused, match="only its budget and its seed can be varied"):
        vary(config, method="mmd")


def test_what_does_not_fit_is_refused_before_anything_is_queued(base):
    with pytest.raises(Refused, match="out of range"):
        vary(base, budget=1000)


def test_a_grid_has_every_combination_once_without_what_is_there(store, base):
    done, failed = launch(store, vary(base, seed=1)), launch(store, vary(base, seed=2))
    for run, status in ((done, "done"), (failed, "failed")):
        store.claim(Owner.here(), "cpu", run)
        store.beat(run, Owner.here(), step=30, seconds=1.0)
        with store.db.write() as db:
            db.execute("UPDATE runs SET step = 30 WHERE id = ?", (run,))
        store.release(run, status)
    made = plan(store, base, Grid(method=["energy", "mmd"], budget=[1, 10], seed=[0, 1, 2, 1]))
    assert (len(made.configs), made.there, made.refused) == (11, 1, ())
    assert len(set(map(repr, made.configs))) == 11
    assert [(c.budget, c.seed) for c in made.configs[:3]] == [(1, 0), (1, 1), (1, 2)]
    assert len(plan(store, base, Grid(seed=[0, 1]), again=True).configs) == 2
    store.delete(done)
    assert plan(store, base, Grid(seed=[1])).there == 0


def test_a_plan_tells_its_time_and_a_limit_bounds_it(store, base):
    free = plan(store, base, Grid(seed=range(5)))
    assert free.seconds > 0
    assert not free.measured
    assert plan(store, base, Grid(seed=range(5)), time_limit=1e-3).seconds == pytest.approx(5e-3)
    from dcviz.runs.service import speed_key

    store.set_fact(speed_key(base), 2.0)
    known = plan(store, base, Grid(seed=range(5)))
    assert (known.seconds, known.measured) == (5 * 30 * 2.0, True)


def test_cells_that_do_not_fit_are_told_and_left_out(store, base):
    made = plan(store, base, Grid(budget=[1, 1000], seed=[0, 1]))
    assert [c.budget for c in made.configs] == [1, 1]
    assert len(made.refused) == 1
    assert "1000 per class" in made.refused[0]
    with pytest.raises(Refused, match=f"that would be 121 runs: leave out values until there are at most {MOST}"):
        plan(store, base, Grid(budget=range(1, 12), seed=range(11)))


def test_a_plan_is_queued_in_its_order_with_its_tag_and_limit(store, base):
    made = plan(store, base, Grid(seed=range(3)))
    runs = start(store, made, time_limit=9.0, tags=["sweep 1"])
    assert store.waiting() == runs
    assert [store.run(run).config.seed for run in runs] == [0, 1, 2]
    assert {(store.run(run).tags, store.run(run).time_limit) for run in runs} == {(("sweep 1",), 9.0)}
    assert next_tag(store) == "sweep 2"
    assert next_tag(store, "repeats") == "repeats 1"


def test_repeats_take_seeds_that_are_not_there(store, base):
    launch(store, vary(base, seed=2))
    assert more_seeds(store, base, 3) == [1, 3, 4]
    for bad in (0, MOST + 1):
        with pytest.raises(Refused, match="choose from 1 to"):
            more_seeds(store, base, bad)


@pytest.mark.parametrize("bad", ["a", "1;2", "3-1", "-1", "1.5", "0-99999999"])
def test_numbers_that_are_none_are_refused(bad):
    with pytest.raises(Refused, match="among the seeds is no"):
        whole_numbers(bad, "seeds")
