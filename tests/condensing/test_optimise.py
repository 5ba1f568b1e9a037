import pytest
import torch

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


def test_bounds_hold():
    low, high = torch.full((1, 4, 4), -0.1), torch.full((1, 4, 4), 0.1)
    optimiser = Optimiser(OptimiserConfig(rates={"images": 5.0}), 1, (low, high))
    moved, _ = optimiser.move(a_set(), {"images": torch.randn(6, 1, 4, 4)}, optimiser.begin(a_set()))
    assert moved.parameters["images"].abs().max() <= 0.1


def test_a_group_without_a_rate_is_refused():
    with pytest.raises(Refused, match="no learning rate for images"):
        Optimiser(OptimiserConfig(rates={"labels": 1.0}), 1).begin(a_set())
