import math

import pytest
import torch

from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.evaluation.measure import in_model_space
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.records import EvaluationProtocol
from dcviz.training import LABELS, OPTIMISERS, SCHEDULES, Training, accuracy, fit, loss, run, shuffles


@pytest.fixture(scope="module")
def digits():
    data = dataset("digits")
    return in_model_space(data, data.train, slice(None)), in_model_space(data, data.test, slice(None))


def fresh(name="mlp", seed=0, shape=(1, 8, 8)):
    return network(name, shape, 10, generator(seed, "net"), width=32 if name == "convnet" else 128)


def test_digits_are_learned_by_convnet_and_mlp(digits):
    real, test = digits
    for name, least in (("convnet", 0.95), ("mlp", 0.93), ("linear", 0.85)):
        net = run(fresh(name), real, Training(updates=150, batch=64, rate=3e-3), generator(0, "fit"))
        assert accuracy(net, *test) > least


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_optimiser_and_schedule_lowers_the_loss(digits, optimiser, schedule):
    x, y = (part[:100] for part in digits[0])
    rate = 0.05 if optimiser == "sgd" else 3e-3
    net = fresh()
    before = loss(net(x), y).item()
    run(net, (x, y), Training(40, 32, optimiser, rate, schedule=schedule), generator(0, "fit"))
    assert loss(net(x), y).item() < 0.5 * before


def test_sgd_is_the_textbook_s():
    """Two updates with momentum and weight decay on one batch, against the recursion written out."""
    net = network("linear", (2,), 2, generator(0, "net"))
    x, y = torch.randn(6, 2), torch.tensor([0, 1, 0, 1, 1, 0])
    w, velocity = net.head.weight.detach().clone(), 0.0
    b, velocity_b = net.head.bias.detach().clone(), 0.0
    training = Training(2, 6, "sgd", 0.1, momentum=0.9, decay=0.01, schedule="step")
    for rate in (0.1, 0.01):
        residual = (x @ w.T + b).softmax(1) - torch.eye(2)[y]
        velocity = 0.9 * velocity + residual.T @ x / 6 + 0.01 * w
        velocity_b = 0.9 * velocity_b + residual.mean(0) + 0.01 * b
        w, b = w - rate * velocity, b - rate * velocity_b
    run(net, (x, y), training, generator(0, "fit"))
    torch.testing.assert_close(net.head.weight.detach(), w)
    torch.testing.assert_close(net.head.bias.detach(), b)


def test_yields_after_every_update_and_can_be_left(digits):
    net, x, y = fresh(), *digits[0]
    work = fit(net, (x, y), Training(updates=5, batch=8), generator(0, "fit"))
    before = net.head.weight.detach().clone()
    assert next(work) == 1
    assert not torch.equal(before, net.head.weight)
    assert torch.is_grad_enabled()
    assert list(work) == [2, 3, 4, 5]


def test_the_generator_decides_everything(digits):
    nets = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed + 7 * len(nets))
        training = Training(updates=10, batch=16, augment="crop_rotate")
        nets.append(run(fresh("convnet"), digits[0], training, generator(seed, "fit")))
    weights = [net.head.weight for net in nets]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_batches_visit_every_sample_equally_often():
    x, y = torch.arange(10.0)[:, None], torch.arange(10)
    sample, at = shuffles(x, y), generator(0, "s")
    drawn = torch.cat([sample(4, at)[1] for _ in range(5)])
    assert torch.equal(drawn.bincount(minlength=10), torch.full((10,), 2))
    assert not torch.equal(drawn[:10], drawn[10:])
    assert sample(10, at)[1] is y


def test_schedules():
    cosine = Training(updates=100, schedule="cosine")
    assert [cosine.factor(t) for t in (0, 50)] == pytest.approx([1, 0.5])
    assert cosine.factor(99) < 0.001
    step = Training(updates=100, schedule="step")
    assert [step.factor(t) for t in (0, 49, 50, 99)] == [1, 1, 0.1, 0.1]


def test_losses_of_every_kind_of_label():
    outputs, y = torch.randn(5, 3), torch.tensor([0, 2, 1, 1, 0])
    sharp = torch.eye(3)[y]
    hard = loss(outputs, y)
    torch.testing.assert_close(loss(outputs, sharp, "probabilities"), hard)
    torch.testing.assert_close(loss(outputs, 100 * sharp, "logits"), hard)
    torch.testing.assert_close(loss(outputs, sharp, "values"), (outputs - sharp).square().mean())
    soft = torch.full((5, 3), 1 / 3)
    entropy = -(outputs.log_softmax(1) / 3).sum(1).mean()
    torch.testing.assert_close(loss(outputs, soft, "probabilities"), entropy)


@pytest.mark.parametrize("labels", LABELS)
def test_soft_labels_teach_as_hard_ones_do(digits, labels):
    (x, y), test = digits
    targets = {"hard": y, "logits": 8 * torch.eye(10)[y]}.get(labels, torch.eye(10)[y])
    net = run(fresh(), (x, targets), Training(100, 64, rate=3e-3, labels=labels), generator(0, "fit"))
    assert accuracy(net, *test) > 0.9


def test_accuracy_counts_in_chunks():
    net = torch.nn.Identity()
    outputs = torch.randn(23, 4)
    y = torch.randint(4, (23,))
    assert accuracy(net, outputs, y, chunk=5) == pytest.approx((outputs.argmax(1) == y).float().mean().item())


def test_training_of_a_protocol_keeps_every_number():
    protocol = EvaluationProtocol(updates=7, batch=3, optimiser="sgd", rate=0.2, schedule="step", augment="crop")
    training = Training.of(protocol, "logits")
    assert (training.updates, training.batch, training.rate, training.augment) == (7, 3, 0.2, "crop")
    assert (training.momentum, training.decay, training.labels) == (0.9, 5e-4, "logits")


def test_refusals():
    with pytest.raises(Refused, match="Known: adam, adamw, sgd"):
        Training(optimiser="lion")
    with pytest.raises(Refused, match="learns nothing"):
        Training(updates=0)
    with pytest.raises(Refused, match="learns nothing"):
        Training(rate=math.nan)
    with pytest.raises(Refused, match="kind of label"):
        Training(labels="soft")


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_training_waits_for_no_device(optimiser):
    """On the meta device there is no value to wait for."""
    net = fresh().to("meta")
    x, y = torch.empty(40, 1, 8, 8, device="meta"), torch.empty(40, dtype=torch.int64, device="meta")
    steps = list(fit(net, (x, y), Training(3, 16, optimiser, augment="crop"), generator(0, "fit")))
    assert steps == [1, 2, 3]
    assert next(net.parameters()).device.type == "meta"
