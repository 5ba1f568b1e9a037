"""Where particles end: truths that are known beforehand."""

import pytest
import torch

from dcviz import registry
from dcviz.divergences import MMD, Energy, Mean
from dcviz.errors import Refused
from dcviz.playground import flow
from dcviz.playground.drawing import encode
from dcviz.playground.names import FIGURES, REAL_POINTS, STARTS
from dcviz.playground.numbers import distance, measure, random_distance
from dcviz.playground.targets import target


def ended(divergence, steps, *, at="eight-gaussians", budget=20, start="centre", **chosen):
    real = target(at)
    problem = flow.problem(real, divergence, **{"rate": 0.04, "move": "flow", "batch": 0, "seed": 0, **chosen})
    state = flow.begin(problem, flow.start(start, real, budget, 0))
    for _ in range(steps):
        state = flow.step(problem, state)
    return real, state


@pytest.mark.parametrize("move", ["flow", "adam"])
def test_matching_means_moves_the_heap_as_it_is(move):
    real, state = ended(Mean(), 400, at="moons", start="far", move=move)
    before = flow.start("far", real, 20, 0)
    torch.testing.assert_close(state.y.mean(0), real.x.mean(0), atol=1e-3, rtol=0)
    torch.testing.assert_close(state.y - state.y.mean(0), before - before.mean(0), atol=1e-3, rtol=0)
    assert state.value < 1e-6


def test_the_energy_distance_reaches_all_modes():
    real, state = ended(Energy(), 200, budget=24)
    found = measure(real, state.y[None])
    assert int(found.modes) == 8
    assert float(found.distance) < random_distance(real.key, 24) / 2


def test_a_single_point_goes_to_the_mean_under_means_and_to_the_median_under_energy():
    real, state = ended(Energy(), 300, at="three-unequal", budget=1)
    pull = torch.nn.functional.normalize(real.x - state.y, dim=1).mean(0)  # the geometric median: unit pulls balance
    assert float(pull.norm()) < 0.01
    assert float((state.y - real.x.mean(0)).norm()) > 0.2


@pytest.mark.parametrize("name", ["energy", "mmd", "mean", "bures", "sliced", "ksd"])
def test_one_learning_rate_serves_all_divergences(name):
    """Half a radius off its goal, every divergence moves points by about the learning rate."""
    real = target("eight-gaussians")
    divergence = registry.find("divergence", name)()
    problem = flow.problem(real, divergence, rate=0.04, move="flow", batch=0, seed=0)
    moved = flow.begin(problem, real.x[::16] + 0.35)
    after = flow.step(problem, moved)
    assert 0.002 < float((after.y - moved.y).norm(dim=1).mean()) <= 0.041


def test_a_bandwidth_that_is_too_small_leaves_points_where_they_are():
    _, near = ended(MMD(scales="one", bandwidth=0.02), 50, start="wide")
    _, far = ended(MMD(), 50, start="wide")
    before = flow.start("wide", target("eight-gaussians"), 20, 0)
    assert float((near.y - before).norm(dim=1).median()) < 0.02
    assert float((far.y - before).norm(dim=1).median()) > 0.1


def test_a_mini_batch_is_drawn_afresh_each_step_and_from_the_seed():
    real = target("rings")
    problem = flow.problem(real, Energy(), rate=0.04, move="flow", batch=8, seed=5)
    y = flow.start("wide", real, 10, 0)
    pulls = [flow.begin(problem, y, step).pull for step in (1, 2, 1)]
    assert torch.equal(pulls[0], pulls[2])
    assert not torch.allclose(pulls[0], pulls[1])


def test_the_score_of_one_gaussian_is_linear():
    real = target("one-gaussian")
    torch.testing.assert_close(real.score(real.x), -real.x / 0.16)


@pytest.mark.parametrize("name", sorted(set(FIGURES) - {"one-gaussian"}))
def test_every_figure_fits_the_plane_and_its_score_points_to_it(name):
    real = target(name)
    assert len(real.x) == REAL_POINTS
    assert float(real.x.abs().max()) < 1.6
    off = real.x[:50] + 0.3 * torch.nn.functional.normalize(real.x[:50], dim=1)
    nearest = real.x[torch.cdist(off, real.x).argmin(1)]
    assert real.score is not None
    towards = (real.score(off) * (nearest - off)).sum(1)
    assert float((towards > 0).double().mean()) > 0.7


@pytest.mark.parametrize("start", STARTS)
def test_every_start_has_as_many_points_as_asked(start):
    y = flow.start(start, target("three-unequal"), 9, 0)
    assert y.shape == (9, 2)
    assert y.isfinite().all()


def test_a_selection_of_more_points_than_there_are_is_refused():
    drawn = target("drawn", encode([(0.0, 0.0), (1.0, 1.0)]))
    with pytest.raises(Refused, match="choose fewer synthetic points"):
        flow.start("real", drawn, 3, 0)


def test_modes_and_strays_are_counted():
    real = target("eight-gaussians")
    y = torch.cat([real.centres[:5], torch.zeros(3, 2, dtype=torch.float64)])
    found = measure(real, torch.stack([y, real.x[:8]]))
    assert found.modes.tolist()[0] == 5
    assert found.off.tolist() == [3, 0]


def test_the_yardstick_does_not_depend_on_how_many_steps_are_measured_at_once():
    real = target("moons")
    y = torch.randn(30, 6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(distance(real, y)[25:26], distance(real, y[25:26]))
