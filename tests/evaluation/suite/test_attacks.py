"""Attacks against models whose worst case is known in closed form, and against another implementation."""

import numpy as np
import pytest
import torch

from dcviz.evaluation import run_to_end
from dcviz.evaluation.suite.attacks import ATTACKS, attacked, slope
from dcviz.evaluation.suite.ratios import attack_efficiency, robust_efficiency, robustness_ratio
from dcviz.nets import network
from dcviz.randomness import generator

SHAPE = (1, 4, 4)


@pytest.fixture
def line():
    """Two classes and a linear model: logits (0, w·x + b); its worst case is known."""
    at = generator(0, "line")
    w = torch.randn(SHAPE, generator=at, dtype=torch.float64)
    x = 0.4 + 0.2 * torch.rand(200, *SHAPE, generator=at, dtype=torch.float64)
    score = (x * w).flatten(1).sum(1)
    b = -score.median()
    y = (score + b > 0).long()
    return w, b, x, y


def logits(w, b):
    def classify(x):
        score = (x * w).flatten(1).sum(1) + b
        return torch.stack([torch.zeros_like(score), score], 1)

    return classify


def margins(w, b, x, y):
    """By how much each sample is on the right side."""
    return (2 * y - 1) * ((x * w).flatten(1).sum(1) + b)


@pytest.mark.parametrize(("name", "dual"), [("fgsm", 1), ("pgd-linf", 1), ("pgd-l2", 2)])
def test_worst_case_of_a_linear_model(line, name, dual):
    w, b, x, y = line
    for strength in (0.01, 0.03, 0.1):
        least = margins(w, b, x, y) - strength * w.norm(dual)  # Hölder's inequality, with equality
        there = run_to_end(attacked(name, logits(w, b), x, y, strength, steps=20))
        torch.testing.assert_close(margins(w, b, there, y), least, atol=1e-9, rtol=1e-6)
        there = run_to_end(attacked(name, logits(w, b), x, y, strength, steps=50, start=generator(0, "start")))
        near = 0.05 * strength * w.norm(dual)  # along the wall of a round ball, almost to its end
        assert ((margins(w, b, there, y) - least).abs() < near).all()


@pytest.mark.parametrize("name", ["fgsm", "pgd-linf"])
def test_worst_case_within_the_box(line, name):
    w, b, _, _ = line
    x = torch.rand(50, *SHAPE, generator=generator(1, "x"), dtype=torch.float64)
    y = (margins(w, b, x, torch.ones(50)) > 0).long()
    there = run_to_end(attacked(name, logits(w, b), x, y, 0.3, steps=10, start=generator(0, "start")))
    towards = -(2 * y - 1).reshape(-1, 1, 1, 1) * w.sign()
    assert torch.allclose(there, (x + 0.3 * towards).clamp(0, 1))  # a linear function on a box: pixel by pixel


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.name)
def test_changes_stay_within_their_strength_and_do_harm(attack):
    net = network("convnet", (1, 8, 8), 3, generator(0, "net"), width=8).requires_grad_(False)
    x = torch.rand(20, 1, 8, 8, generator=generator(0, "x"))
    y = net(x).argmax(1)
    for strength in (attack.grey[1], torch.linspace(0.1, 1, 20).reshape(-1, 1, 1, 1)):
        there = run_to_end(attacked(attack.name, net, x, y, strength, start=generator(0, "start")))
        change = (there - x).flatten(1)
        length = change.norm(dim=1) if attack.name == "pgd-l2" else change.abs().max(1).values
        assert (length <= torch.as_tensor(strength).flatten() + 1e-6).all()
        assert there.min() >= 0
        assert there.max() <= 1
        before, after = (torch.nn.functional.cross_entropy(net(v), y) for v in (x, there))
        assert after > before + 0.01


def test_slope_is_the_gradient(line):
    w, b, x, y = line
    p = torch.sigmoid((x * w).flatten(1).sum(1) + b)
    expected = (p - y).reshape(-1, 1, 1, 1) * w  # of the logistic loss
    torch.testing.assert_close(slope(logits(w, b), x, y), expected)


@pytest.mark.parametrize(("name", "norm"), [("pgd-linf", np.inf), ("pgd-l2", 2), ("fgsm", np.inf)])
def test_same_pixels_as_the_toolbox(name, norm):
    attacks = pytest.importorskip("art.attacks.evasion")
    from art.estimators.classification import PyTorchClassifier

    net = network("convnet", (1, 8, 8), 3, generator(0, "net"), width=8).eval()
    x = 0.3 + 0.4 * torch.rand(20, 1, 8, 8, generator=generator(0, "x"))  # inside: they clip before they project
    y = net(x).argmax(1)
    theirs = PyTorchClassifier(net, torch.nn.CrossEntropyLoss(), (1, 8, 8), 3, clip_values=(0, 1), device_type="cpu")
    steps, strength = (1, 0.1) if name == "fgsm" else (7, 0.3)
    by = strength if name == "fgsm" else 2.5 * strength / steps
    attack = attacks.ProjectedGradientDescent(
        theirs, norm, strength, by, max_iter=steps, num_random_init=0, verbose=False
    )
    expected = torch.from_numpy(attack.generate(x.numpy(), y.numpy()))
    ours = run_to_end(attacked(name, net, x, y, strength, steps=steps))
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


def test_autoattack_finds_the_worst_case_of_a_linear_model():
    pytest.importorskip("art")
    from dcviz.evaluation.suite.autoattack import autoattack

    at = generator(0, "line")
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
    with torch.no_grad():
        model[1].weight.copy_(torch.randn(3, 64, generator=at))
        model[1].bias.zero_()
    x = 0.4 + 0.2 * torch.rand(40, 1, 8, 8, generator=at)
    y = model(x).argmax(1)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    there = run_to_end(autoattack(model, x, y, 0.03, 3))
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert (there - x).abs().max() <= 0.03 + 1e-6
    scores, weight = model(x), model[1].weight
    robust = torch.stack(
        [
            min(scores[i, c] - scores[i, j] - 0.03 * (weight[c] - weight[j]).abs().sum() for j in range(3) if j != c)
            > 0
            for i, c in enumerate(y.tolist())
        ]
    )
    assert torch.equal(model(there).argmax(1) == y, robust)


def test_ratios_are_those_of_the_benchmark_s_code():
    """One row of numbers through BEARD's published formulas, worked out by hand."""
    clean, accuracies = 0.4349, [0.2, 0.1, 0.05]
    rr = robustness_ratio(clean, accuracies)
    assert rr == pytest.approx(1 - (0.4349 - 0.35 / 3) / (0.4349 - 0.05))
    ae = attack_efficiency(2.75, [5.0, 10.0, 30.0])
    assert ae == pytest.approx((15 - 2.75) / (30 - 2.75))
    assert robust_efficiency(rr, ae) == pytest.approx((rr + ae) / 2)
    assert robustness_ratio(0.5, [0.5, 0.5]) == 0
    assert attack_efficiency(1.0, [1.0]) == 0
