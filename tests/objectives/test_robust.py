"""The robust objectives against closed forms, textbook loops and finite differences, and through whole runs."""

import dataclasses

import pytest
import torch

from dcviz import registry
from dcviz.attacks import UNIT, climb, last, slope
from dcviz.condensing.parameterise import parameterisation, synthetic_set
from dcviz.condensing.start import start
from dcviz.data import dataset
from dcviz.data.sampler import Real
from dcviz.data.transforms import Identity, Normalise
from dcviz.discrepancies.predictions.ridge import dual
from dcviz.discrepancies.robust.asking import Lesson
from dcviz.discrepancies.robust.ball import Ball
from dcviz.discrepancies.robust.curvature import NUMBERS
from dcviz.errors import Refused
from dcviz.evaluation.suite import PROPERTIES
from dcviz.library import condense
from dcviz.nets import network
from dcviz.objectives.applying import effective
from dcviz.randomness import generator
from dcviz.runs.configure import configure
from dcviz.types import silent

ROBUST = [name for name, o in registry.known("objective").items() if o.kind == "robust" and "dcviz" in o.__module__]
STD = torch.tensor([2.0, 0.5], dtype=torch.float64)
RIDGE = 0.1


def linear(x, s, y):
    """Ridge regression on the coordinates themselves; its weights are `weights`."""
    return x @ weights(s, y)


def curved(x, s, y):
    """Ridge regression in features that bend."""
    a, b = (torch.cat([z, z.sin(), z.prod(1, keepdim=True)], 1) for z in (x, s))
    return a @ b.T @ dual(b @ b.T, y, RIDGE)


def weights(s, y):
    return s.T @ dual(s @ s.T, y, RIDGE)  # (2, C)


def lesson(predict=linear, outputs=1, transform=None, s=None):
    """A small regression in the plane, in double precision."""
    at = generator(0, "lesson")

    def drawn(*shape):
        return torch.randn(*shape, generator=at, dtype=torch.float64)

    fake, targets, x, y = drawn(5, 2), drawn(5, outputs), drawn(7, 2), drawn(7, outputs)
    return Lesson(predict, (fake if s is None else s, targets), x, y, transform or Identity())


def asked(name, params, predict=linear, outputs=1, transform=None, s=None):
    d = registry.build("discrepancy", {"name": name, **params})
    return d.ask(lesson(predict, outputs, transform, s), generator(0, "attack"))


def value(*args, **kwargs):
    return float(asked(*args, **kwargs).detach())


def by_differences(function, s, size=1e-6):
    """The gradient of a function of ``s`` by central differences."""
    found = torch.zeros_like(s)
    for i in range(s.numel()):
        step = torch.zeros_like(s)
        step.view(-1)[i] = size
        found.view(-1)[i] = (function(s + step) - function(s - step)) / (2 * size)
    return found


# ------------------------------------------------------------------------------------------- closed forms


def test_the_worst_error_of_a_linear_regression_is_known():
    one = lesson()
    w = weights(*one.fake)[:, 0]
    residual = one.x @ w - one.y[:, 0]
    for norm, dual_norm, near in (("linf", w.abs().sum(), 1e-9), ("l2", w.norm(), 1e-3)):  # a round wall has no corner
        worst = 0.5 * (residual.abs() + 0.1 * dual_norm) ** 2  # Hölder's inequality, with equality
        found = value("adversarial-ridge", {"radius": 0.1, "norm": norm, "ascent": 100})
        assert found == pytest.approx(float(worst.mean()), rel=near)


def test_the_wasserstein_dual_of_a_quadratic_is_known():
    one = lesson()
    w = weights(*one.fake)[:, 0]
    residual, gamma = one.x @ w - one.y[:, 0], float(3 * w.square().sum())
    known = 0.5 * residual**2 * gamma / (gamma - w.square().sum())
    found = value("wasserstein-ball", {"gamma": gamma, "ascent": 60})
    assert found == pytest.approx(float(known.mean()), rel=1e-9)


def test_the_wasserstein_dual_never_falls_below_the_loss_where_samples_are():
    plain = float(lesson(curved).losses(lesson(curved).x).mean())
    for gamma in (0.001, 0.01, 0.1, 1.0):  # below the curvature: plain steps go anywhere
        assert value("wasserstein-ball", {"gamma": gamma, "ascent": 7}, curved) >= plain - 1e-12


def test_the_wasserstein_dual_of_several_outputs_is_known():
    one = lesson(outputs=2)
    w = weights(*one.fake)  # (2, C)
    residual, gamma = one.x @ w - one.y, float(4 * torch.linalg.matrix_norm(w, 2) ** 2)
    inverse = torch.linalg.inv(torch.eye(2, dtype=torch.float64) - w.T @ w / gamma)
    known = 0.5 * torch.einsum("bi,ij,bj->b", residual, inverse, residual)
    found = value("wasserstein-ball", {"gamma": gamma, "ascent": 60}, outputs=2)
    assert found == pytest.approx(float(known.mean()), rel=1e-9)


def test_slopes_of_a_linear_regression_are_known_and_taken_in_pixels():
    one = lesson(outputs=2)
    w = weights(*one.fake)
    slopes = (one.x @ w - one.y) @ w.T / STD  # a coordinate of the plane is STD of one of model space
    moved = Normalise(torch.zeros(2, dtype=torch.float64), STD)
    assert moved.forward(torch.ones(1, 2, dtype=torch.float64)).allclose(1 / STD)
    for norm, size in (("l2", slopes.norm(dim=1)), ("linf", slopes.abs().sum(1))):
        found = value("input-gradient", {"norm": norm}, outputs=2, transform=moved)
        assert found == pytest.approx(float(size.mean()), rel=1e-9)


def test_curvature_of_a_quadratic_is_its_matrix_along_the_slope():
    one = lesson(outputs=2)
    w = weights(*one.fake)
    slopes = (one.x @ w - one.y) @ w.T
    along = slopes / slopes.norm(dim=1, keepdim=True)
    h = 3.0 * (2 / NUMBERS) ** 0.5
    known = (h * along @ w @ w.T).norm(dim=1).mean()
    assert value("curvature", {}, outputs=2) == pytest.approx(float(known), rel=1e-9)


# ------------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("adversarial-ridge", {"radius": 0.02, "ascent": 20}),
        ("input-gradient", {}),
        ("input-gradient", {"norm": "linf"}),
        ("wasserstein-ball", {"gamma": 30.0, "ascent": 60}),
    ],
)
@pytest.mark.parametrize("predict", [linear, curved])
def test_gradients_in_s_are_those_of_differences(name, params, predict):
    s = lesson(outputs=2).fake[0].clone().requires_grad_()
    (found,) = torch.autograd.grad(asked(name, params, predict, outputs=2, s=s), s)
    expected = by_differences(lambda z: value(name, params, predict, outputs=2, s=z), s.detach())
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("predict", [linear, curved])
def test_the_gradient_of_curvature_holds_the_direction_of_the_step(predict):
    s = lesson(predict, 2).fake[0].clone().requires_grad_()
    (found,) = torch.autograd.grad(asked("curvature", {}, predict, 2, s=s), s)

    def slopes(s, x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(lesson(predict, 2, s=s).losses(x).sum(), x)[0]

    x = lesson(predict, 2).x
    here = slopes(s.detach(), x)
    there = x + 3.0 * (2 / NUMBERS) ** 0.5 * here / here.norm(dim=1, keepdim=True)
    expected = by_differences(lambda z: float((slopes(z, there) - slopes(z, x)).norm(dim=1).mean()), s.detach())
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


# ------------------------------------------------------------------------------------------- attacks


def textbook(net, transform, x, y, epsilon, steps, at):
    """PGD in the L∞ ball as Madry et al. write it, in pixels, from a random start."""
    u = transform.inverse(x)
    there = (u + epsilon * (2 * torch.rand(u.shape, generator=at) - 1)).clamp(0, 1)
    for _ in range(steps):
        there = there.detach().requires_grad_()
        loss = torch.nn.functional.cross_entropy(net(transform.forward(there)), y, reduction="sum")
        loss.backward()
        moved = there.detach() + 2.5 * epsilon / steps * there.grad.sign()
        there = torch.min(torch.max(moved, u - epsilon), u + epsilon).clamp(0, 1)
    return transform.forward(there)


def test_attacks_inside_of_losses_are_the_textbook_s_in_pixels(digits):
    transform = digits.transform
    net = network("convnet", digits.shape, 10, generator(0, "net"), width=8)
    x, y = transform.forward(digits.train.x[:40].float() / 255), digits.train.y[:40]
    expected = textbook(net, transform, x, y, 0.1, 7, generator(3, "start"))
    found = Ball("linf", 0.1, 7).worst(
        lambda z: torch.nn.functional.cross_entropy(net(z), y, reduction="none"), x, transform, generator(3, "start")
    )
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert (found - x).abs().max() > 0.01


def test_the_toolbox_finds_the_same_samples(digits):
    attacks = pytest.importorskip("art.attacks.evasion")
    from art.estimators.classification import PyTorchClassifier

    net = network("convnet", digits.shape, 10, generator(0, "net"), width=8).eval()
    x, y = 0.3 + 0.4 * digits.train.x[:20].float() / 255, digits.train.y[:20]
    theirs = PyTorchClassifier(
        net, torch.nn.CrossEntropyLoss(), digits.shape, 10, clip_values=(0, 1), device_type="cpu"
    )
    attack = attacks.ProjectedGradientDescent(
        theirs, float("inf"), 0.1, 0.25 / 7, max_iter=7, num_random_init=0, verbose=False
    )
    ours = last(climb(lambda z: slope(net, z, y), x, 0.1, norm="linf", steps=7, box=UNIT))
    torch.testing.assert_close(ours, torch.from_numpy(attack.generate(x.numpy(), y.numpy())), atol=1e-5, rtol=0)


def test_pixels_that_were_outside_of_the_range_do_not_jump_into_it(digits):
    x = digits.transform.forward(torch.full((2, *digits.shape), 1.5))
    moved = Ball("linf", 0.1, 3).worst(lambda z: z.flatten(1).sum(1), x, digits.transform, generator(0, "start"))
    assert (digits.transform.inverse(moved) - 1.5).abs().max() < 1e-5  # at its bound already
    back = Ball("linf", 0.1, 3).worst(lambda z: -z.flatten(1).sum(1), x, digits.transform, generator(0, "start"))
    torch.testing.assert_close(digits.transform.inverse(back), torch.full((2, *digits.shape), 1.4))


# ------------------------------------------------------------------------------------------- wrappers


@pytest.fixture(scope="module")
def moons_real():
    return Real(dataset("moons"), torch.device("cpu"), 0)


@pytest.fixture(scope="module")
def moons_start():
    x, y = start("noise", dataset("moons"), 4, generator(1, "start"))
    return synthetic_set(x, y, 2, parameterisation("pixels", (2,)))


MEAN = {"name": "match", "divergence": "mean", "regime": "data", "cap": 20000}


def means(real, synthetic):
    """The class means of T and of S, ``(2, 2)`` each."""
    batch, fake = real.at(0).batch(20000), synthetic.by_class()
    return [torch.einsum("cn,cnd->cd", one.weights, one.x) for one in (batch, fake)]


def test_the_worst_place_of_s_for_mean_matching_is_known(moons_real, moons_start):
    d = registry.build("discrepancy", {"name": "adversarial-synthetic", "of": MEAN, "radius": 0.2, "ascent": 4})
    context = d.prepare(moons_real.at(0), moons_start.plan(), generator(0, "p"), silent)
    state = d.begin(context, moons_start, generator(0, "b"))
    terms, gradients, _ = d.gradient(context, state, moons_real.at(1), moons_start, generator(0, "l"))
    true, fake = means(moons_real, moons_start)
    radius = 0.2 / moons_real.transform.std  # in model space
    apart = fake - true
    worst = apart + radius * apart.sign()
    assert float(terms["mean-attacked-synthetic"]) == pytest.approx(float(worst.square().sum()), rel=1e-5)
    by_hand = (2 * worst / 4).repeat_interleave(4, 0)  # four points a class share their mean
    torch.testing.assert_close(gradients["images"], by_hand, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_attacked_real_samples_stand_beside_the_real_ones(share, moons_real, moons_start):
    d = registry.build(
        "discrepancy", {"name": "adversarial-real", "of": MEAN, "radius": 0.2, "share": share, "updates": 60}
    )
    context = d.prepare(moons_real.at(0), moons_start.plan(), generator(0, "p"), silent)
    seen = d._seen(moons_real.at(0), context["nets"], generator(0, "p"))
    both, plain = seen.batch(20000), moons_real.at(0).batch(20000)
    n = plain.x.shape[1]
    moved = both.x if share == 1 else both.x[:, n:]
    change = moons_real.transform.inverse(moved.flatten(0, 1)) - moons_real.transform.inverse(plain.x.flatten(0, 1))
    assert 0.19 < change.abs().max() < 0.2 + 1e-5
    (net,), y = context["nets"], torch.arange(2).repeat_interleave(n)
    before, after = (torch.nn.functional.cross_entropy(net(z.flatten(0, 1)), y) for z in (plain.x, moved))
    assert after > 2 * before
    terms, _ = d.loss(
        context, d.begin(context, moons_start, generator(0, "b")), moons_real.at(1), moons_start, generator(0, "l")
    )
    true, fake = means(moons_real, moons_start)
    mixed = (1 - share) * true + share * torch.einsum("cn,cnd->cd", plain.weights, moved)
    assert float(terms["mean-attacked-real"]) == pytest.approx(float((mixed - fake).square().sum()), rel=1e-4)
    assert seen.fingerprint != moons_real.fingerprint


def test_attacked_shares_of_other_draws(moons_real):
    d = registry.build("discrepancy", {"name": "adversarial-real", "of": MEAN, "radius": 0.2, "updates": 60})
    nets = d.prepare(moons_real.at(0), None, generator(0, "p"), silent)["nets"]
    batch, plain = (s.shuffled(50) for s in (d._seen(moons_real.at(3), nets, generator(0, "a")), moons_real.at(3)))
    assert torch.equal(batch.y, plain.y)
    assert torch.equal(batch.x[25:], plain.x[25:])
    assert (batch.x[:25] != plain.x[:25]).any(1).all()
    seen = d._seen(moons_real.at(0), nets, generator(0, "a"))
    assert sum(len(part.y) for part in seen.whole()) == 2 * len(moons_real)
    with pytest.raises(Refused, match="leave out adversarial-real"):
        seen.poisson(0.1)


@pytest.mark.parametrize("decoder", ["pixels", "multi-formation-2"])
def test_gradients_at_the_worst_place_go_back_through_the_decoder(decoder, digits):
    """The gradient that the inner discrepancy finds itself is that of autograd through everything."""
    real = Real(digits, torch.device("cpu"), 0)
    made = parameterisation(decoder, digits.shape)
    x, y = start("real", digits, 2 * made.expand, generator(0, "start"))
    synthetic = synthetic_set(x, y, 10, made)
    d = registry.build(
        "discrepancy", {"name": "adversarial-synthetic", "of": {"name": "ridge", "width": 8, "batch": 32}}
    )
    context = d.prepare(real.at(0), synthetic.plan(), generator(0, "p"), silent)
    terms, gradients, _ = d.gradient(context, None, real.at(1), synthetic, generator(0, "l"))
    leaves = {k: v.detach().requires_grad_() for k, v in synthetic.parameters.items()}
    live = dataclasses.replace(synthetic, parameters=leaves)
    again, _ = d.loss(context, None, real.at(1), live, generator(0, "l"))
    (key,) = gradients
    assert float(terms["ridge-attacked-synthetic"]) == pytest.approx(float(d.objective(again).detach()), rel=1e-5)
    (expected,) = torch.autograd.grad(d.objective(again), leaves[key])
    torch.testing.assert_close(gradients[key], expected, atol=1e-3 * float(expected.abs().max()), rtol=1e-4)


def test_the_attack_on_s_sees_the_draws_of_its_step(digits):
    """Against the discrepancy itself the value rises, above that of the same draws where S is left alone."""
    real = Real(digits, torch.device("cpu"), 0)
    x, y = start("real", digits, 2, generator(0, "start"))
    synthetic = synthetic_set(x, y, 10, parameterisation("pixels", digits.shape))
    of = {"name": "ridge", "width": 8, "batch": 64}
    plain = registry.build("discrepancy", of)
    d = registry.build("discrepancy", {"name": "adversarial-synthetic", "of": of, "radius": 0.1, "ascent": 5})
    context = d.prepare(real.at(0), synthetic.plan(), generator(0, "p"), silent)
    worst = d.loss(context, None, real.at(1), synthetic, generator(0, "l"))[0]["ridge-attacked-synthetic"]
    alone = plain.loss(None, None, real.at(1), synthetic, generator(0, "l"))[0]["ridge"]
    assert float(worst) > 1.2 * float(alone)


# ------------------------------------------------------------------------------------------- limits and runs


@pytest.mark.parametrize(
    "params",
    [
        {"name": "adversarial-ridge", "radius": 0.0, "samples": 64},
        {"name": "wasserstein-ball", "gamma": 1e6, "samples": 64},
        {"name": "adversarial-real", "radius": 0.0, "updates": 60},
        {"name": "adversarial-synthetic", "radius": 0.0},
    ],
    ids=lambda p: p["name"],
)
def test_without_strength_the_term_is_the_plain_one(params, digits):
    real = Real(digits, torch.device("cpu"), 0)
    x, y = start("real", digits, 2, generator(0, "start"))
    synthetic = synthetic_set(x, y, 10, parameterisation("pixels", digits.shape))
    of = {"name": "ridge", "width": 8, "batch": 64}
    d = registry.build("discrepancy", {"of": of, **params})
    context = d.prepare(real.at(0), synthetic.plan(), generator(0, "p"), silent)
    terms, gradients, _ = d.gradient(context, None, real.at(1), synthetic, generator(0, "l"))
    plain = registry.build("discrepancy", of).gradient(None, None, real.at(1), synthetic, generator(0, "l"))
    assert float(d.objective(terms)) == pytest.approx(float(plain[0]["ridge"]), rel=1e-4)
    torch.testing.assert_close(gradients["images"], plain[1]["images"], atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize("name", [n for n in ROBUST if registry.find("objective", n).more == "higher"])
def test_a_strength_of_nothing_is_the_plain_method_bit_for_bit(name):
    strength = registry.find("objective", name).strength
    choices = {"data": "moons", "divergence": "energy", "regime": "data", "budget": 3, "steps": 5, "live": None}
    *_, plain = condense(configure(**choices))
    *_, robust = condense(configure(**choices, objectives=[{"name": name, strength: 0.0}]))
    assert torch.equal(plain.synthetic.stored, robust.synthetic.stored)


def test_a_share_of_nothing_is_the_plain_method():
    for name in ("adversarial-real", "adversarial-ridge", "wasserstein-ball"):
        config = configure(objectives=[{"name": name, "share": 0.0}])
        assert effective(config).terms == config.terms


@pytest.mark.parametrize("name", ROBUST)
@pytest.mark.parametrize("data", ["moons", "digits"])
def test_runs_pursue_every_objective_and_repeat_themselves(name, data):
    params = {"updates": 60} if name == "adversarial-real" else {}
    choices = {"data": data, "discrepancy": {"name": "ridge", "width": 8, "batch": 64}, "budget": 2, "steps": 3}
    config = configure(**choices, live=None, objectives=[{"name": name, **params}])
    ends = [list(condense(config))[-1] for _ in range(2)]
    assert ends[0].outcome.status == "done"
    assert torch.equal(*(end.synthetic.stored for end in ends))
    *_, plain = condense(configure(**choices, live=None))
    assert not torch.equal(ends[0].synthetic.stored, plain.synthetic.stored)


def test_terms_and_their_weights():
    config = configure(discrepancy={"name": "ridge", "ridge": 0.3}, objectives=["adversarial-ridge"])
    plain, own = effective(config).terms
    assert (plain.weight, own.weight) == (0.5, 0.5)
    assert own.params["of"]["ridge"] == 0.3  # its own regression
    both = configure(divergence="energy", regime="data", objectives=["adversarial-real", "curvature"])
    wrapped, added = effective(both).terms
    assert wrapped.params["of"]["name"] == "match"
    assert added.params["of"] == registry.describe(registry.build("discrepancy", "ridge"))
    assert added.weight == pytest.approx(100 / 128)
    alone = configure(objectives=[{"name": "wasserstein-ball", "share": 1.0}])
    assert [t.discrepancy for t in effective(alone).terms] == ["wasserstein-ball"]


def test_what_is_wrapped_brings_the_rates_of_what_it_learns():
    learned = configure(discrepancy="ridge-ensemble", objectives=["adversarial-real"])
    wrapped = configure(discrepancy={"name": "adversarial-real", "of": {"name": "ridge-ensemble"}})
    assert learned.optimiser.rates == wrapped.optimiser.rates
    assert set(wrapped.optimiser.rates) == {"images", "labels", "temperature"}


@pytest.mark.parametrize("name", ROBUST)
def test_private_terms_are_not_read_around(name, monkeypatch):
    monkeypatch.setattr(registry.find("discrepancy", "ridge"), "accounted", True)
    with pytest.raises(Refused, match="leave out one of the two objectives"):
        configure(discrepancy="ridge", objectives=[name])
    inside = {"name": "adversarial-synthetic", "of": {"name": "ridge"}}
    with pytest.raises(Refused, match="beyond what ridge accounts for"):
        configure(discrepancy=inside, objectives=[name])


def test_what_solves_no_regression_cannot_be_asked():
    with pytest.raises(Refused, match="match solves no regression on S"):
        registry.build("discrepancy", {"name": "curvature", "of": {"name": "match"}})


@pytest.mark.parametrize("name", ROBUST)
def test_objectives_aim_at_what_is_measured(name):
    declared = registry.find("objective", name)
    kind, quantity = declared.aims
    assert PROPERTIES[kind].quantity(quantity).name == quantity
    assert declared.strength in declared.hypers()
    assert declared.caution.endswith(".")
