"""Batch-norm statistics against NumPy, the teacher, what it recovers, and the labels that it stores."""

import dataclasses
import io
import runpy
import sys
import zipfile

import numpy as np
import pytest
import torch

import dcviz
from dcviz import registry
from dcviz.augment import warp
from dcviz.data import dataset
from dcviz.discrepancies.batch_norm.channels import ChannelStatistics
from dcviz.discrepancies.batch_norm.recovery import Recovery
from dcviz.discrepancies.batch_norm.squeeze import refuse_untaught, squeezed
from dcviz.discrepancies.batch_norm.statistics import class_statistics, dealt, distances, in_classes, seen
from dcviz.errors import Refused
from dcviz.evaluation.measure import in_model_space
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.runs.configure import configure
from dcviz.training import accuracy
from dcviz.types import Plan, Space, silent

SHAPE = (2, 16, 16)  # two blocks


def net_with_history(seed=0, width=3):
    """A float64 ConvNet whose batch norm layers have seen something."""
    at = generator(seed, "net")
    net = network("convnet", SHAPE, 3, at, width=width, norm="batch").double()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.copy_(torch.randn(width, generator=at))
            module.running_var.copy_(0.5 + torch.rand(width, generator=at))
    return net.eval().requires_grad_(False)


def images(count=6, seed=0):
    return torch.randn(count, *SHAPE, generator=generator(seed, "x"), dtype=torch.float64)


def by_numpy(net, x):
    """What each batch norm layer receives, by a ConvNet written in NumPy: a list of (B, k, h, w)."""
    state, received, h = {k: v.numpy() for k, v in net.state_dict().items()}, [], x.numpy()
    for block in range(2):
        conv, norm = f"layers.{4 * block}", f"layers.{4 * block + 1}"
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(h, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), (2, 3))
        h = np.einsum("bchwij,kcij->bkhw", windows, state[f"{conv}.weight"])
        h = h + state[f"{conv}.bias"][:, None, None]
        received.append(h)
        mean, variance, gain, shift = (
            state[f"{norm}.{key}"][:, None, None] for key in ("running_mean", "running_var", "weight", "bias")
        )
        h = np.maximum((h - mean) / np.sqrt(variance + 1e-5) * gain + shift, 0)
        h = h.reshape(*h.shape[:2], h.shape[2] // 2, 2, h.shape[3] // 2, 2).mean((3, 5))
    return received


def test_statistics_and_their_distances_are_those_of_numpy():
    net, x, y = net_with_history(), images(), np.array([0, 0, 1, 1, 1, 2])
    outputs, layers = seen(net, x)
    torch.testing.assert_close(outputs, net(x))
    weights = in_classes(torch.from_numpy(y), 3, x.dtype)
    theirs = np.zeros(3)
    for i, (layer, h) in enumerate(zip(layers, by_numpy(net, x), strict=True)):
        mean, variance = (part.numpy() for part in layer.of(weights))
        for c in range(3):
            m, v = h[y == c].mean((0, 2, 3)), h[y == c].var((0, 2, 3))
            np.testing.assert_allclose(mean[c], m, atol=1e-12)
            np.testing.assert_allclose(variance[c], v, atol=1e-12)
            apart = np.linalg.norm(m - layer.mean.numpy()) + np.linalg.norm(v - layer.variance.numpy())
            theirs[c] += (10 if i == 0 else 1) * apart
    np.testing.assert_allclose(distances(layers, weights, first=10.0).numpy(), theirs, rtol=1e-12)


def test_gradients_are_those_of_finite_differences():
    net, weights = net_with_history(), in_classes(torch.tensor([0, 0, 1, 1]), 2, torch.float64)
    x = images(4).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: distances(seen(net, z)[1], weights, first=10.0), x, atol=1e-6)


def test_a_batch_with_the_kept_statistics_is_at_no_distance_and_still_has_a_gradient():
    net, x, all_of_it = net_with_history(), images(), torch.full((1, 6), 1 / 6, dtype=torch.float64)
    for layer in range(2):  # the second layer's input follows from what the first keeps
        kept = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)][layer]
        mean, variance = seen(net, x)[1][layer].of(all_of_it)
        kept.running_mean.copy_(mean[0])
        kept.running_var.copy_(variance[0])
    x.requires_grad_()
    value = distances(seen(net, x)[1], all_of_it).sum()
    assert value.item() < 1e-12
    assert torch.isfinite(torch.autograd.grad(value, x)[0]).all()


def test_numbers_far_from_zero_keep_their_digits():
    """Channels with mean 1,000 and variance 1: the second moment about zero would lose it in float32."""
    net = net_with_history().float()
    first = next(m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d))
    next(m for m in net.modules() if isinstance(m, torch.nn.Conv2d)).bias.data += 1000.0
    first.running_mean += 1000.0
    x = images().float()
    _, variance = seen(net, x)[1][0].of(torch.full((1, 6), 1 / 6))
    exact = by_numpy(net.double(), x.double())[0].var((0, 2, 3))
    np.testing.assert_allclose(variance[0].numpy(), exact, rtol=1e-3)


@pytest.fixture(scope="module")
def teacher(digits_real):
    return squeezed(digits_real.at(0), 16, 200, "", generator(0, "teacher"), silent)


def test_statistics_of_classes_are_those_of_numpy(digits_real, teacher):
    x, y = (torch.cat(part) for part in zip(*[(b.x, b.y) for b in digits_real.at(0).whole()], strict=True))
    received = []
    norm = next(m for m in teacher.modules() if isinstance(m, torch.nn.BatchNorm2d))
    with norm.register_forward_pre_hook(lambda _, inputs: received.append(inputs[0])):
        teacher(x)
    ((mean, variance),) = class_statistics(teacher, digits_real.at(0))
    h = received[0].double().numpy()
    for c in range(10):
        np.testing.assert_allclose(mean[c], h[y == c].mean((0, 2, 3)), atol=1e-4)
        np.testing.assert_allclose(variance[c], h[y == c].var((0, 2, 3)), rtol=1e-4)


def test_the_regime_holds_the_statistics_as_means(digits_real, teacher):
    """The mean of ψ over a class is its standardised mean, and its variance with the squared mean."""
    embed = ChannelStatistics().draw(Space.of(digits_real.at(0)), generator(0, "draw"), teacher)
    x, y = (torch.cat(part) for part in zip(*[(b.x, b.y) for b in digits_real.at(0).whole()], strict=True))
    norm = next(m for m in teacher.modules() if isinstance(m, torch.nn.BatchNorm2d))
    ((mean, variance),) = class_statistics(teacher, digits_real.at(0))
    for c in range(10):
        first, second = embed(x[y == c]).mean(0).chunk(2)
        scale = (norm.running_var + 1e-5).sqrt()
        torch.testing.assert_close(first, (mean[c] - norm.running_mean) / scale, atol=1e-4, rtol=1e-4)
        expected = (variance[c] + (mean[c] - norm.running_mean) ** 2) / scale**2
        torch.testing.assert_close(second, expected, atol=1e-4, rtol=1e-4)


def test_the_teacher_learns_the_digits(teacher, digits_real):
    data = dataset("digits")
    assert accuracy(teacher, *in_model_space(data, data.test, slice(None))) > 0.95
    assert not any(p.requires_grad for p in teacher.parameters())
    again = squeezed(digits_real.at(0), 16, 200, "", generator(0, "teacher"), silent)
    for key, value in teacher.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])


def test_a_teacher_that_failed_is_refused_with_the_cure(digits_real):
    real = digits_real.at(0)
    blank = network("convnet", real.shape, 10, generator(0, "net"), width=8, norm="batch")
    blank.head.weight.data.zero_()
    with pytest.raises(Refused, match=r"teacher failed to train: 10 % .* gets 10 %\. Give it more updates"):
        refuse_untaught(blank.eval(), real)
    blank.head.weight.data.fill_(float("nan"))
    with pytest.raises(Refused, match="teacher failed to train"):
        refuse_untaught(blank.eval(), real)


def test_what_cannot_serve_is_refused(digits_real, moons_real):
    without = network("convnet", (1, 8, 8), 10, generator(0, "net"), width=8)
    with pytest.raises(Refused, match="no batch norm.*choose a network with batch norm"):
        seen(without, torch.zeros(1, 1, 8, 8))
    with pytest.raises(Refused, match="MLP for points of the plane has none"):
        squeezed(moons_real.at(0), 8, 1, "", generator(0, "teacher"), silent)
    plan = Plan(torch.arange(10), torch.ones(10, dtype=torch.int64))
    with pytest.raises(Refused, match="only moves pixels"):
        Recovery(moves="color").prepare(digits_real.at(0), plan, generator(0, "p"), silent)


def test_groups_have_all_classes_and_every_image_once():
    counts = torch.tensor([3, 5, 4])
    weights = dealt(Plan(torch.arange(3).repeat_interleave(counts), counts), 7)
    assert (weights > 0).sum(1).tolist() == [6, 6]
    assert (weights > 0).sum(0).tolist() == [1] * 12
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert (weights[0] > 0).nonzero()[:, 0].tolist() == [0, 1, 3, 4, 8, 9]  # two of each class
    assert len(dealt(Plan(torch.arange(3), torch.ones(3, dtype=torch.int64)), 100)) == 1


SMALL = {"name": "batch-norm", "width": 8, "updates": 60, "views": 4}


def test_groups_do_not_see_one_another(digits_real, digits_start):
    """Two groups give every image the gradient that it has when its group is the whole set."""
    d = registry.build("discrepancy", {**SMALL, "group": 15, "augment": ""})
    context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
    assert context["groups"].shape == (2, 30)
    terms, gradients, _ = d.gradient(context, None, digits_real.at(1), digits_start, generator(0, "l"))
    total = {"cross-entropy": 0.0, "statistics": 0.0}
    for row in context["groups"]:
        only = {**context, "groups": row[None]}
        alone, own, _ = d.gradient(only, None, digits_real.at(1), digits_start, generator(0, "l"))
        total = {key: total[key] + float(value) for key, value in alone.items()}
        picked = row > 0
        torch.testing.assert_close(own["images"][picked], gradients["images"][picked])
        assert own["images"][~picked].abs().max() == 0
    assert total == pytest.approx({key: float(value) for key, value in terms.items()}, rel=1e-5)


def test_labels_are_what_the_teacher_says_of_the_same_pixels(digits_real, digits_start):
    d = registry.build("discrepancy", SMALL)
    context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
    made = d.finish(context, None, digits_real.at(5), digits_start, generator(0, "finish"))
    again = d.finish(context, None, digits_real.at(5), digits_start, generator(0, "finish"))
    x, teacher = digits_start.decode().x, context["teacher"]
    assert made.label_kind == "probabilities"
    assert made.views.labels.shape == (4, 30, 10)
    torch.testing.assert_close(made.decode().y, teacher(x).softmax(1))
    for labels, maps in zip(made.views.labels, made.views.maps, strict=True):
        torch.testing.assert_close(labels, teacher(warp(x, maps)).softmax(1))
    assert torch.equal(made.views.labels, again.views.labels)
    assert made.views.maps.flatten(0, 1).unique(dim=0).shape[0] > 100  # of 120: each image is moved by itself
    assert made.bytes() == digits_start.bytes() + 30 * 10 * 4 + 4 * 30 * (10 + 6) * 4
    none = dataclasses.replace(d, views=0).finish(context, None, digits_real.at(5), digits_start, generator(0, "f"))
    assert none.views is None


def test_recovering_lowers_the_distance_and_repeats_itself():
    settings = {"updates": 60, "width": 8, "views": 3}
    config = configure(preset="sre2l", budget=1, steps=40, live=None, settings=settings)
    one, two = ([*dcviz.condense(config)] for _ in range(2))
    assert torch.equal(one[-1].synthetic.views.labels, two[-1].synthetic.views.labels)
    assert torch.equal(one[-1].synthetic.parameters["images"], two[-1].synthetic.parameters["images"])
    assert one[-1].objective < 0.5 * one[1].objective


def test_a_run_keeps_its_views_and_its_script_trains_on_them(tmp_path, monkeypatch, capsys):
    from dcviz.cli.common import tell_score
    from dcviz.loaded import CondensedSet
    from dcviz.runs.export import bundle
    from dcviz.runs.job import RunJob
    from dcviz.runs.service import evaluate_run
    from dcviz.runs.store import Store

    store, settings = Store(tmp_path / "home"), {"updates": 100, "width": 16, "views": 20}
    short = {"evaluation.updates": 100, "evaluation.seeds": 1}
    config = configure(preset="sre2l", budget=2, steps=60, start="real", live=None, settings={**settings, **short})
    run = store.create(config, queue=False)
    job = RunJob(store, store.run(run))
    while not job.advance(5.0):
        pass
    found = CondensedSet.of_run(store, run)
    assert found.views.labels.shape == (20, 20, 10)
    assert found.bytes == 20 * 64 * 4 + 20 * 10 * 4 + 20 * 20 * (10 + 6) * 4
    assert "20 views" in repr(found)
    assert store.metrics(run)["bytes"][1].tolist() == [found.bytes]
    scores = {s.of: s for s in store.scores(run)}
    score, rival = scores["synthetic"], scores["random, same labels"]
    assert rival.protocol == score.protocol
    assert rival.mean > scores["random"].mean  # the labels alone are worth much: here more than the images
    assert f"with labels like these: {100 * rival.mean:.1f}" in tell_score(score, list(scores.values()))
    assert evaluate_run(store, run).values == score.values
    name, data = bundle(store, run)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    test = dataset("digits").test
    np.savez(tmp_path / "real.npz", x_test=test.x.numpy(), y_test=test.y.numpy())
    monkeypatch.setattr(sys, "argv", ["train.py", str(tmp_path / "real.npz")])
    runpy.run_path(str(tmp_path / f"dcviz-{run}" / "train.py"), run_name="__main__")
    told = capsys.readouterr().out
    assert "trained on its 20 views" in told
    assert float(told.split()[-1]) > score.mean - 0.15, told
