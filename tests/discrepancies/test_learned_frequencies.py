"""NCFM's sampling network belongs to a run's state: stored and resumed bit for bit."""

import dataclasses
from functools import partial

import pytest
import torch

from dcviz import registry
from dcviz.condensing.checkpoint import pack, unpack
from dcviz.condensing.loop import Problem, begin, step
from dcviz.condensing.optimise import Optimiser
from dcviz.randomness import generator
from dcviz.records import OptimiserConfig
from dcviz.types import silent

FRESH = {"name": "random-features", "width": 8}


def match(regime, rate=1e-3, **params):
    ncfm = {"name": "ncfm", "rate": rate, "count": 64}
    return registry.build("discrepancy", {"name": "match", "divergence": ncfm, "regime": regime, **params})


@pytest.mark.parametrize("regime", ["data", {**FRESH, "pool": 2}, FRESH])
def test_a_run_that_is_stored_and_resumed_is_the_uninterrupted_one(regime, digits_real, digits_start):
    d = match(regime)
    context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "prepare"), silent)
    optimiser = Optimiser(OptimiserConfig(name="adam", rates={"images": 0.05}), 6)
    problem = Problem(digits_real, d, context, optimiser, 6, seed=0)

    def advance(state, n):
        for _ in range(n):
            state = step(problem, state)
        return state

    whole = advance(begin(problem, digits_start.map(torch.clone)), 6)
    half = advance(begin(problem, digits_start.map(torch.clone)), 3)
    inner, moments = (unpack(*pack(tree), torch.device("cpu")) for tree in (half.inner, half.moments))
    rest = advance(dataclasses.replace(half, inner=inner, moments=moments), 3)
    assert torch.equal(whole.synthetic.parameters["images"], rest.synthetic.parameters["images"])
    assert whole.objective == rest.objective
    networks = rest.inner if d.fixed else [rest.inner]
    assert sum(member["step"] for member in networks if member is not None) == 6


@pytest.mark.parametrize(
    "match_of", [partial(match, FRESH, 1e-2), partial(match, {**FRESH, "pool": 3}, 1e-2, augment="crop")]
)
def test_what_it_learned_in_some_networks_finds_more_in_others(match_of, digits_real, digits_start):
    """Where maps are fresh, or augmentation is, one sampling network is carried on: it learns across them."""
    d = match_of()
    context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "prepare"), silent)

    def values(state, steps, *, learning):
        found = []
        for n in steps:
            terms, after = d.loss(context, state, digits_real.at(n), digits_start, generator(0, "loss", n))
            found.append(float(terms["ncfm"]))
            state = after if learning else state
        return sum(found) / len(found), state

    _, learned = values(d.begin(context, digits_start, generator(0, "begin")), range(40), learning=True)
    assert learned["step"] == 40
    ahead = range(100, 110)
    assert values(learned, ahead, learning=False)[0] > 1.05 * values(None, ahead, learning=False)[0]


@pytest.mark.parametrize("name", ["sinkhorn", "max-sliced", "kl", "energy"])
def test_what_belongs_to_one_real_side_is_not_taken_to_another(name, digits_real, digits_start, monkeypatch):
    d = registry.build("discrepancy", {"name": "match", "divergence": name, "regime": FRESH, "batch": 8})
    kind, passed = type(d.divergence), []
    value = kind.value
    monkeypatch.setattr(kind, "value", lambda self, *given: passed.append(given[3]) or value(self, *given))
    context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "prepare"), silent)
    state = d.begin(context, digits_start, generator(0, "begin"))
    for n in range(2):
        _, state = d.loss(context, state, digits_real.at(n), digits_start, generator(0, "loss", n))
    assert passed == [None, None]
    assert not d.divergence.carries
