"""Gradients through the lens are those of the discrepancy: of finite differences, and of the run's own next step."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.inspect import Bench, lens, lenses, panel, snapshot
from dcviz.inspect.lens import PANEL, PLANE, move_of, own, told
from dcviz.randomness import generator
from dcviz.runs import problem
from dcviz.runs.states import unpack_state
from dcviz.types import silent

EXPERTS = {"width": 8, "experts": 1, "epochs": 4, "latest": 2, "inner": 3, "expert_batch": 512, "labels": "learned"}
ENERGY = {"divergence": "energy", "regime": "random-features", "budget": 2, "steps": 4}


def opened(store, run, step=None):
    data = dataset(run.config.data)
    return Bench(store, run, data), snapshot(store, run, data, step)


def value(bench, of, at):
    return bench.pull(of, at, silent).value


@pytest.mark.parametrize("key", ["data/energy", "data/mean", "data/mmd"])
def test_a_gradient_equals_finite_differences(store, done, key):
    run = done(data="moons", divergence="energy", regime="data", budget=3, steps=4)
    bench, at = opened(store, run, 2)
    pull = bench.pull(lens(key), at, silent)
    assert pull.draws == 1  # a fixed space: the value is the same function at every look
    step = 1e-2
    for i, axis in ((0, 0), (4, 1)):
        ends = []
        for sign in (1, -1):
            x = at.x.clone()
            x[i, axis] += sign * step
            ends.append(value(bench, lens(key), replace(at, x=x)))
        slope = (ends[0] - ends[1]) / (2 * step)
        assert pull.gradient[i, axis] == pytest.approx(slope, rel=0.05, abs=1e-4)


@pytest.mark.parametrize(
    "choices",
    [
        ENERGY,
        {"discrepancy": "gradient-matching", "budget": 1, "steps": 3},
        {"preset": "rfad", "budget": 1, "steps": 2},
        {"discrepancy": {"name": "trajectory-matching", **EXPERTS}, "budget": 1, "steps": 2},
    ],
    ids=["fresh", "gradients", "temperature", "rate"],
)
def test_the_own_objective_says_what_the_next_step_would_have_done(store, done, choices):
    run = done(**choices)
    bench, at = opened(store, run)
    pull = bench.pull(own(run.config), at, silent)
    setup = problem.build(run.config, cache=store)
    _, arrays, meta = store.load_checkpoint(run.id)
    state = unpack_state(arrays, meta, setup)
    n, p = state.step + 1, setup.problem
    _, gradients, _ = p.discrepancy.gradient(
        p.context, state.inner, p.real.at(n), state.synthetic, generator(p.seed, "loss", n)
    )
    np.testing.assert_allclose(pull.gradient, gradients["images"].cpu().numpy(), rtol=1e-4, atol=1e-7)
    assert pull.draws == 1
    assert pull.norm(3) == pytest.approx(float(gradients["images"][3].norm()), rel=1e-4)


def test_the_same_discrepancy_points_the_same_way(store, done):
    run = done(data="moons", divergence="energy", regime="data", budget=3, steps=4)
    bench, at = opened(store, run, 1)
    mine, same = bench.pull(own(run.config), at, silent), bench.pull(lens("data/energy"), at, silent)
    assert same.cosine(mine, 2) == pytest.approx(1)
    still = replace(same, gradient=np.zeros_like(same.gradient))
    assert still.cosine(mine, 2) is None


def test_a_move_is_the_step_against_the_gradient_in_pixels(digits):
    generator_ = torch.Generator().manual_seed(0)
    gradient = torch.randn(1, 8, 8, generator=generator_)
    x = torch.randn(1, 1, 8, 8, generator=generator_)
    rate = 0.3
    before, after = digits.transform.inverse(x), digits.transform.inverse(x - rate * gradient)
    np.testing.assert_allclose(rate * move_of(digits, gradient.numpy()), (after - before)[0].numpy(), atol=1e-6)


def test_every_lens_of_the_panels_is_declared_and_defined(store, done):
    assert set(panel(False)) == set(PANEL)
    assert set(panel(True)) == set(PLANE)
    run = done(data="moons", divergence="energy", regime="data", budget=3, steps=4)
    bench, at = opened(store, run)
    for key in panel(True):
        pull = bench.pull(lens(key), at, silent)
        assert pull.gradient.shape == (6, 2)
        assert np.abs(pull.gradient).sum() > 0
        ((sentence, formula),) = told(pull.lens, run.config)
        assert sentence.endswith(".")
        assert formula


def test_what_is_not_defined_is_refused_in_words(store, done):
    run = done(data="moons", divergence="energy", regime="data", budget=3, steps=4)
    bench, at = opened(store, run)
    with pytest.raises(Refused, match="planar"):
        bench.pull(lens("batch-norm/batch-norm"), at, silent)
    with pytest.raises(Refused, match="did you mean 'data/energy'"):
        lens("data/energi")
    assert "data/energy" in lenses()
