"""NCFM's sampling network belongs to a run's state: stored and resumed bit for bit."""

import dataclasses

import pytest
import torch

from dcviz import registry
from dcviz.condensing.checkpoint import pack, unpack
from dcviz.condensing.loop import Problem, begin, step
from dcviz.condensing.optimise import Optimiser
from dcviz.randomness import generator
from dcviz.records import OptimiserConfig
from dcviz.types import silent


@pytest.mark.parametrize("regime", ["data", {"name": "random-features", "width": 8, "pool": 2}])
def test_a_run_that_is_stored_and_resumed_is_the_uninterrupted_one(regime, digits_real, digits_start):
    params = {"name": "match", "divergence": {"name": "ncfm", "rate": 1e-3, "count": 64}, "regime": regime}
    d = registry.build("discrepancy", params)
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
    assert sum(member["step"] for member in rest.inner if member is not None) == 6
