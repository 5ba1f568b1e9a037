import pytest
import torch

from dcviz.condensing.checkpoint import pack, unpack
from dcviz.condensing.optimise import Optimiser
from dcviz.condensing.parameterise import Pixels, synthetic_set
from dcviz.errors import Refused
from dcviz.records import OptimiserConfig


def a_set(seed=0):
    x = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(seed))
    return synthetic_set(x, torch.arange(3).repeat_interleave(2), 3, Pixels())


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_moves_are_those_of_torch(name):
    config = OptimiserConfig(name=name, rates={"images": 0.1}, momentum=0.5, decay=0.01)
    ours, synthetic = Optimiser(config, steps=5), a_set()
    theirs = synthetic.parameters["images"].clone().requires_grad_()
    made = {
        "sgd": lambda: torch.optim.SGD([theirs], 0.1, momentum=0.5, weight_decay=0.01),
        "adam": lambda: torch.optim.Adam([theirs], 0.1, weight_decay=0.01),
        "adamw": lambda: torch.optim.AdamW([theirs], 0.1, weight_decay=0.01),
    }[name]()
    state = ours.begin(synthetic)
    for _ in range(5):
        gradient = torch.sin(3 * synthetic.parameters["images"])
        synthetic, state = ours.move(synthetic, {"images": gradient}, state)
        theirs.grad = torch.sin(3 * theirs.detach())
        made.step()
    assert torch.equal(synthetic.parameters["images"], theirs.detach())


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_betas_are_those_given(name):
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    ours = Optimiser(OptimiserConfig(name=name, rates={"images": 0.25}, betas=(0.5, 0.9)), steps=3)
    synthetic = a_set()
    theirs = synthetic.parameters["images"].clone().requires_grad_()
    made, state = kind([theirs], 0.25, betas=(0.5, 0.9), weight_decay=0.0), ours.begin(synthetic)
    for _ in range(3):
        synthetic, state = ours.move(synthetic, {"images": torch.sin(synthetic.parameters["images"])}, state)
        theirs.grad = torch.sin(theirs.detach())
        made.step()
    assert torch.equal(synthetic.parameters["images"], theirs.detach())


# Four moves from START along SLOPE, computed in float64 by optax 0.2 (adabelief, lamb) and, the second row, by
# torch_optimizer 0.3 (AdaBelief with eps=1e-16, which agrees with the first as well).
START = [[0.5, -1.0, 0.25], [0.0, 2.0, -0.75]]
ELSEWHERE = [
    (
        {"name": "adabelief"},
        [[0.024355617397, -0.574970752464, -0.190759443739], [-0.126804832396, 1.952603413076, -0.273725628578]],
    ),
    (
        {"name": "adabelief", "betas": (0.8, 0.9), "decay": 0.01},
        [[-0.071963404102, -0.488785407337, -0.233319337568], [-0.121310146214, 1.905998682103, -0.174683711701]],
    ),
    (
        {"name": "lamb"},
        [[0.052755217785, -0.591370283498, -0.174370477912], [-0.142691616142, 1.952817691868, -0.302230320359]],
    ),
    (
        {"name": "lamb", "betas": (0.8, 0.9), "decay": 0.01},
        [[0.058055081053, -0.588107514231, -0.166719987764], [-0.152122170826, 1.935469798938, -0.306471573801]],
    ),
]


@pytest.mark.parametrize(("given", "there"), ELSEWHERE)
def test_moves_that_torch_does_not_have_are_those_of_other_libraries(given, there):
    """Stored and taken up again after every move."""
    ours = Optimiser(OptimiserConfig(rates={"images": 0.1}, **given), steps=4)
    synthetic = synthetic_set(torch.tensor(START, dtype=torch.float64), torch.arange(2), 2, Pixels())
    state = ours.begin(synthetic)
    for i in range(4):
        gradient = torch.sin(3 * synthetic.parameters["images"]) + 0.1 * (i + 1)
        synthetic, state = ours.move(synthetic, {"images": gradient}, state)
        state = unpack(*pack(state), torch.device("cpu"))
    expected = torch.tensor(there, dtype=torch.float64)
    torch.testing.assert_close(synthetic.parameters["images"], expected, atol=1e-11, rtol=0)


@pytest.mark.parametrize("name", ["adabelief", "lamb"])
def test_where_nothing_pulls_nothing_moves(name):
    """A set of zeros has no norm to go by, and no gradient no direction: no NaN from either."""
    ours, zeros = Optimiser(OptimiserConfig(name=name, rates={"images": 0.1}), 2), a_set().map(torch.zeros_like)
    state = ours.begin(zeros)
    for gradient in (torch.zeros(6, 1, 4, 4), torch.ones(6, 1, 4, 4)):
        still = gradient.sum() == 0
        zeros, state = ours.move(zeros, {"images": gradient}, state)
        assert torch.isfinite(zeros.parameters["images"]).all()
        assert bool((zeros.parameters["images"] == 0).all()) == still


@pytest.mark.parametrize("betas", [(0.5,), (0.5, 1.0), (-0.1, 0.9), (0.9, float("nan"))])
def test_betas_that_never_forget_are_refused(betas):
    with pytest.raises(Refused, match="two numbers from 0 to below 1"):
        Optimiser(OptimiserConfig(betas=betas), 1).begin(a_set())


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_without_gradients_nothing_moves_and_the_schedule_goes_on(name):
    """A momentum that would still carry S is not used up either."""
    ours, synthetic = Optimiser(OptimiserConfig(name=name, rates={"images": 0.1}, schedule="cosine"), 5), a_set()
    ones = {"images": torch.ones(6, 1, 4, 4)}
    synthetic, state = ours.move(synthetic, ones, ours.begin(synthetic))
    before = synthetic.parameters["images"].clone()
    synthetic, after = ours.move(synthetic, {}, state)
    assert torch.equal(synthetic.parameters["images"], before)
    assert after == {**state, "moves": 2}
    synthetic, _ = ours.move(synthetic, ones, after)
    assert not torch.equal(synthetic.parameters["images"], before)


def test_cosine_ends_at_rest():
    config = OptimiserConfig(name="sgd", rates={"images": 1.0}, momentum=0.0, schedule="cosine")
    optimiser, synthetic = Optimiser(config, steps=2), a_set()
    state, ones = optimiser.begin(synthetic), torch.ones(6, 1, 4, 4)
    travelled = []
    for _ in range(3):
        before = synthetic.parameters["images"].clone()
        synthetic, state = optimiser.move(synthetic, {"images": ones}, state)
        travelled.append(float((before - synthetic.parameters["images"]).mean()))
    assert travelled == pytest.approx([1.0, 0.5, 0.0], abs=1e-6)


def test_cosine_tenth_ends_at_a_tenth():
    """As optax.cosine_decay_schedule(1, 4, alpha=0.1) at 0, 2, 4 and beyond."""
    optimiser = Optimiser(OptimiserConfig(schedule="cosine-tenth"), steps=4)
    assert [optimiser._schedule(n) for n in (0, 2, 4, 9)] == pytest.approx([1.0, 0.55, 0.1, 0.1])


def test_bounds_hold():
    low, high = torch.full((1, 4, 4), -0.1), torch.full((1, 4, 4), 0.1)
    optimiser = Optimiser(OptimiserConfig(rates={"images": 5.0}), 1, (low, high))
    moved, _ = optimiser.move(a_set(), {"images": torch.randn(6, 1, 4, 4)}, optimiser.begin(a_set()))
    assert moved.parameters["images"].abs().max() <= 0.1


def test_a_group_without_a_rate_is_refused():
    with pytest.raises(Refused, match="no learning rate for images"):
        Optimiser(OptimiserConfig(rates={"labels": 1.0}), 1).begin(a_set())
