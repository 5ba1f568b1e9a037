"""Trajectory matching: against autograd, closed forms, finite differences, and TESLA's formula written out."""

import dataclasses
import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from benchmarks._memory import counted
from dcviz import registry
from dcviz.condensing.loop import Problem, begin, step
from dcviz.condensing.optimise import Optimiser
from dcviz.discrepancies.trajectories import experts as made_by
from dcviz.discrepancies.trajectories.experts import Experts, flat, logits
from dcviz.discrepancies.trajectories.labels import agreed
from dcviz.discrepancies.trajectories.sweep import Inner, Pick, roll, sweep
from dcviz.discrepancies.weighted import Weighted
from dcviz.errors import Refused
from dcviz.nets import network, weights
from dcviz.randomness import generator
from dcviz.records import OptimiserConfig
from dcviz.runs.configure import configure
from dcviz.types import Discrepancy, silent

QUICK = {"width": 8, "experts": 2, "epochs": 4, "latest": 3, "inner": 6, "expert_batch": 512, "expert_rate": 0.1}
VARIANTS = {
    "exact": {},
    "learned labels": {"labels": "learned"},
    "batches": {"inner_batch": 7},
    "augmented": {"augment": "color_crop_cutout_scale_rotate"},
    "held": {"held": True},
    "assigned labels": {"held": True, "labels": "assigned"},
}


def double(tree):
    if isinstance(tree, torch.Tensor):
        return tree.double() if tree.is_floating_point() else tree
    return [double(v) for v in tree] if isinstance(tree, list) else tree


def setting(real, start, **params):
    """A discrepancy with its context and S, in float64."""
    d = registry.build("discrepancy", {"name": "trajectory-matching", **QUICK, **params})
    context = d.prepare(real.at(0), start.plan(), generator(0, "prepare"), silent)
    context = {"net": context["net"].double(), "weights": double(context["weights"])}
    return d, context, d.extend(context, start.map(double), generator(0, "extend"))


def gradients(d, context, synthetic, real, how=None, state=None):
    state = state or d.begin(context, synthetic, generator(0, "begin"))
    take = d.gradient if how is None else lambda *a: how.gradient(d, *a)
    terms, found, _ = take(context, state, real.at(1), synthetic, generator(0, "loss"))
    return terms["trajectory"], found


def relative(a, b):
    return float((a - b).norm() / b.norm())


def cosine(a, b):
    return float((a * b).sum() / (a.norm() * b.norm()))


# --------------------------------------------------------------------------------------------- the gradient


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_reverse_sweep_is_autograd_through_all_steps(variant, digits_real, digits_start):
    d, context, synthetic = setting(digits_real, digits_start, **VARIANTS[variant])
    value, swept = gradients(d, context, synthetic, digits_real)
    truth, unrolled = gradients(d, context, synthetic, digits_real, how=Discrepancy)
    assert float(value) == pytest.approx(float(truth), rel=1e-12)
    assert set(swept) == set(unrolled) == set(synthetic.parameters)
    for key in swept:
        assert relative(swept[key], unrolled[key]) < 1e-6
        assert swept[key].norm() > 0


def test_the_gradient_agrees_with_finite_differences(moons_real, moons_start):
    d, context, synthetic = setting(moons_real, moons_start, labels="learned")
    _, found = gradients(d, context, synthetic, moons_real)
    with torch.no_grad():
        for key, value in synthetic.parameters.items():
            direction = torch.randn(value.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
            sides = []
            for sign in (1, -1):
                moved = {**synthetic.parameters, key: value + sign * 1e-6 * direction}
                state = d.begin(context, synthetic, generator(0, "begin"))
                at = dataclasses.replace(synthetic, parameters=moved)
                sides.append(d.loss(context, state, moons_real.at(1), at, generator(0, "loss"))[0]["trajectory"])
            assert float((found[key] * direction).sum()) == pytest.approx(float(sides[0] - sides[1]) / 2e-6, rel=1e-5)


def test_a_quadratic_goes_where_its_closed_form_goes():
    """Least squares: θ_N = θ° + (I - αH)^N (θ_0 - θ°), H = XᵀX/n, θ° = H⁻¹Xᵀy/n."""
    at = torch.Generator().manual_seed(2)
    x, y, start, target = (torch.randn(*s, generator=at, dtype=torch.float64) for s in ((6, 3), (6,), (3,), (3,)))
    rate, steps, n, one = torch.tensor(0.1, dtype=torch.float64), 5, 6, torch.eye(3, dtype=torch.float64)
    picks = [Pick(torch.arange(6), lambda z: z)] * steps
    h = x.T @ x / n
    best = torch.linalg.solve(h, x.T @ y / n)
    shrink = torch.linalg.matrix_power(one - rate * h, steps)
    end = best + shrink @ (start - best)

    def loss(w, x, y):
        return 0.5 * (x @ w - y).square().mean()

    pull = 2 * (end - target)
    to_y = pull @ (one - shrink) @ torch.linalg.solve(h, x.T) / n
    to_rate = -steps * pull @ h @ torch.linalg.matrix_power(one - rate * h, steps - 1) @ (start - best)
    with torch.no_grad():
        assert torch.allclose(roll(Inner(loss, picks), start, x, y, rate), end, atol=1e-12)
    found = sweep(Inner(loss, picks), start, (x, y), rate, lambda w: (w - target).square().sum())
    assert float(found.value) == pytest.approx(float((end - target).square().sum()), rel=1e-12)
    assert torch.allclose(found.y, to_y, atol=1e-12)
    assert float(found.rate) == pytest.approx(float(to_rate), rel=1e-12)
    held = sweep(Inner(loss, picks, held=True), start, (x, y), rate, lambda w: (w - target).square().sum())
    assert torch.allclose(held.y, steps * rate * pull @ x.T / n, atol=1e-12)  # every step alike, as if at its start


def test_nothing_learned_is_one(digits_real, digits_start):
    for params in ({}, {"held": True}, {"labels": "learned"}):
        d, context, synthetic = setting(digits_real, digits_start, **params)
        still = {**synthetic.parameters, "rate": torch.zeros((), dtype=torch.float64)}
        value, found = gradients(d, context, dataclasses.replace(synthetic, parameters=still), digits_real)
        assert float(value) == 1.0
        assert float(found["rate"]) < 0  # a larger step size would help: also from below 0, where it counts as 0
        below = {**still, "rate": torch.full((), -0.3, dtype=torch.float64)}
        value, again = gradients(d, context, dataclasses.replace(synthetic, parameters=below), digits_real)
        assert float(value) == 1.0
        assert float(again["rate"]) == float(found["rate"])


# ---------------------------------------------------------------------------------------------------- TESLA


def test_the_held_gradient_is_teslas_formula_and_not_mtts(moons_real, moons_start):
    """grad = Σ_i ∂_S⟨g_i, 2α(θ*_{t+M} - θ*_t) + 2α²Σg⟩ / |θ*_t - θ*_{t+M}|², every θ_i constant."""
    params = {"span": 1, "experts": 1, "earliest": 2, "latest": 3, "rate": 0.5}
    d, context, synthetic = setting(moons_real, moons_start, held=True, **params)
    start, target = context["weights"][0][2], context["weights"][0][3]
    y, rate = synthetic.classes, synthetic.parameters["rate"]
    x = synthetic.parameters["images"].clone().requires_grad_()
    at, steps = start.clone(), []
    for _ in range(d.inner):
        here = at.detach().requires_grad_()
        g = torch.autograd.grad(cross_entropy(logits(context["net"], here, x), y), here, create_graph=True)[0]
        steps.append(g)
        at = here.detach() - rate * g.detach()
    along = (2 * rate * (target - start) + 2 * rate**2 * torch.stack(steps).sum(0)).detach()
    by_hand = torch.autograd.grad(torch.stack(steps).sum(0) @ along, x)[0] / (start - target).square().sum()
    value, held = gradients(d, context, synthetic, moons_real)
    assert relative(held["images"], by_hand) < 1e-10
    mtt, exact = gradients(dataclasses.replace(d, held=False), context, synthetic, moons_real)
    assert float(value) == pytest.approx(float(mtt), rel=1e-12)  # the same objective
    assert relative(held["images"], exact["images"]) > 0.01
    assert 0.5 < cosine(held["images"], exact["images"]) < 0.9999
    assert torch.allclose(held["rate"], exact["rate"]) is False


def test_with_one_step_both_gradients_agree(moons_real, moons_start):
    d, context, synthetic = setting(moons_real, moons_start, inner=1)
    _, exact = gradients(d, context, synthetic, moons_real)
    _, held = gradients(dataclasses.replace(d, held=True), context, synthetic, moons_real)
    assert relative(held["images"], exact["images"]) < 1e-12


# --------------------------------------------------------------------------------------------------- memory


def test_forty_steps_keep_hardly_more_than_ten(digits_real, digits_start):
    def peak(steps, how=None):
        d, context, synthetic = setting(digits_real, digits_start, inner=steps)
        with counted() as kept:
            gradients(d, context, synthetic, digits_real, how=how)
        assert kept.now == 0
        return kept.peak

    assert peak(40) <= 1.3 * peak(10)
    assert peak(40, Discrepancy) > 3 * peak(10, Discrepancy)  # what autograd through all steps keeps


# -------------------------------------------------------------------------------------------------- experts


def test_experts_take_plain_steps_and_are_kept_after_every_epoch(moons_real):
    recipe = Experts("mlp", 8, 2, 3, 10**6, 0.1)  # one batch is all of T
    found = recipe.trained(moons_real.at(0), generator(0, "experts"), silent)
    net = recipe.untrained(moons_real.at(0), generator(0, "other"))
    assert [path.shape for path in found] == [(4, weights("mlp", (2,), 8, 2))] * 2
    x, y = made_by.everything(moons_real.at(0))
    for path in found:
        for before, after in zip(path, path[1:], strict=False):
            at = before.clone().requires_grad_()
            slope = torch.autograd.grad(cross_entropy(logits(net, at, x), y), at)[0]
            assert torch.allclose(after, before - 0.1 * slope, atol=1e-6)
    assert not torch.equal(found[0][0], found[1][0])


def test_flat_weights_are_those_of_the_network():
    for name, shape in (("convnet", (1, 28, 28)), ("convnet", (3, 32, 32)), ("mlp", (2,)), ("linear", (1, 8, 8))):
        net = network(name, shape, 10, generator(0, "net"))
        x = torch.randn(3, *shape)
        assert torch.equal(logits(net, flat(net), x), net(x))
        assert len(flat(net)) == weights(name, shape)


class Memory:
    """A cache that counts."""

    def __init__(self):
        self.held, self.read, self.wrote = {}, 0, 0

    def load_cached(self, kind, key):
        self.read += (kind, key) in self.held
        return self.held.get((kind, key))

    def save_cached(self, kind, key, arrays, meta):
        self.wrote += 1
        self.held[kind, key] = (arrays, meta)


def test_experts_are_kept_between_runs_and_more_of_them_begin_with_the_same(moons_real):
    real, memory, told = moons_real.at(0), Memory(), []
    recipe = Experts("mlp", 8, 2, 3, 128, 0.1)
    fresh = recipe.trained(real, generator(0, "experts"), lambda what, fraction: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0
    real.cache = memory
    at = generator(0, "experts")
    first = recipe.trained(real, at, silent)
    after = torch.randint(2**62, (), generator=at)
    at = generator(0, "experts")
    again = recipe.trained(real, at, silent)
    assert after == torch.randint(2**62, (), generator=at)  # whatever is cached, later draws are the same
    more = dataclasses.replace(recipe, count=3).trained(real, generator(0, "experts"), silent)
    assert (memory.wrote, memory.read) == (3, 4)
    for paths in (first, again, more[:2]):
        assert all(torch.equal(a, b) for a, b in zip(paths, fresh, strict=True))
    other = dataclasses.replace(recipe, rate=0.2).trained(real, generator(0, "experts"), silent)
    assert memory.wrote == 5
    assert not torch.equal(other[0][-1], fresh[0][-1])


def test_an_expert_that_diverges_is_refused(moons_real, monkeypatch):
    def broken(net, source, training, at):
        with torch.no_grad():
            next(net.parameters()).fill_(math.nan)
        yield from range(1, training.updates + 1)

    monkeypatch.setattr("dcviz.training.fit", broken)
    with pytest.raises(Refused, match="lower expert_rate"):
        Experts("mlp", 8, 1, 2, 512, 0.1).trained(moons_real.at(0), generator(0, "experts"), silent)


# --------------------------------------------------------------------------------------------- labels, window


def test_first_labels_are_the_mean_of_the_experts_that_are_right(digits_real, digits_start):
    net = network("convnet", (1, 8, 8), 10, generator(0, "net"), width=8)
    drawn = [network("convnet", (1, 8, 8), 10, generator(i, "net"), width=8) for i in range(4)]
    found = agreed(net, [flat(n) for n in drawn], digits_start)
    said = torch.stack([n(digits_start.decode().x).detach() for n in drawn])
    right = said.argmax(2) == digits_start.classes
    assert torch.equal(found.argmax(1), digits_start.classes)
    some = right.any(0)
    assert some.any()
    assert not some.all()
    for i in range(30):
        if some[i]:
            assert torch.allclose(found[i], said[right[:, i], i].mean(0), atol=1e-6)
        else:
            assert torch.allclose(found[i].sort().values, said[:, i].mean(0).sort().values, atol=1e-6)


def test_assigned_labels_are_what_a_target_says_at_the_end(digits_real, digits_start):
    d, context, synthetic = setting(digits_real, digits_start, labels="assigned", experts=1, latest=1)
    assert "labels" not in synthetic.parameters
    ended = d.finish(context, d.begin(context, synthetic, None), digits_real.at(9), synthetic, generator(0, "finish"))
    said = logits(context["net"], context["weights"][0][d.span], synthetic.decode().x).softmax(1)
    assert torch.allclose(ended.parameters["labels"], said)
    assert ended.label_kind == "probabilities"
    assert ended.bytes() == synthetic.bytes() + 8 * 30 * 10  # float64 here


def test_starts_come_later_as_updates_are_made():
    d = registry.build(
        "discrepancy", {"name": "trajectory-matching", "epochs": 25, "latest": 20, "opening": 10, "growth": 100}
    )
    assert [d.before(n) for n in (0, 9, 10, 55, 99, 100, 5000)] == [10, 10, 11, 15, 19, 20, 20]
    assert registry.build("discrepancy", "trajectory-matching").before(3) == 10


@pytest.mark.parametrize("alone", [True, False])
def test_steps_above_the_threshold_leave_everything_where_it_was(alone, moons_real, moons_start):
    """S, its labels and step size and their momenta stay; the value is on record, and the starts go on growing."""
    params = {"threshold": 1.0, "opening": 2, "growth": 10, "labels": "learned"}

    def run(threshold):
        d, context, synthetic = setting(moons_real, moons_start, **{**params, "threshold": threshold})
        if not alone:
            d, context = Weighted((d,), (1.0,)), [context]
        rates = {"images": 0.1, "rate": 1e-3, "labels": 0.1}
        problem = Problem(moons_real, d, context, Optimiser(OptimiserConfig(name="sgd", rates=rates), 4), 4)
        state, values = begin(problem, synthetic.map(torch.clone)), []
        for _ in range(4):
            state = step(problem, state)
            values.append(float(state.objective))
        return synthetic, state, values

    start, left, values = run(1e-6)
    assert min(values) > 1e-6
    assert all(torch.equal(v, start.parameters[k]) for k, v in left.synthetic.parameters.items())
    assert left.moments["moments"] == {"images": {}, "rate": {}, "labels": {}}
    assert (left.inner if alone else left.inner[0])["updates"] == 4
    followed, plain = run(max(values) + 1)[1], run(0.0)[1]
    for key, value in plain.synthetic.parameters.items():
        assert torch.equal(value, followed.synthetic.parameters[key])
        assert not torch.equal(value, start.parameters[key])


def test_a_value_at_the_threshold_is_followed():
    """As in the authors' code; one that is no number is not left out, so that the run says where it failed."""
    d = registry.build("discrepancy", {"name": "trajectory-matching", "threshold": 1.0})
    values = {1.0: True, 1.0001: False, 0.2: True, float("nan"): True}
    assert {v: d.follows({"trajectory": torch.tensor(v)}) for v in values} == values
    assert registry.build("discrepancy", "trajectory-matching").follows({"trajectory": torch.empty((), device="meta")})


def test_datm_leaves_out_what_its_authors_do():
    limits = [configure(preset="datm", scale="paper", budget=b).terms[0].params["threshold"] for b in (1, 10, 50)]
    assert limits == [1.1, 1.0, 1.0]
    assert configure(preset="mtt", scale="paper").terms[0].params["threshold"] == 0


@pytest.mark.parametrize("params", [{"epochs": 10}, {"earliest": 10}, {"opening": 15}, {"span": 12}])
def test_starts_without_a_target_are_refused(params):
    with pytest.raises(Refused, match="raise epochs, or lower latest or span"):
        registry.build("discrepancy", {"name": "trajectory-matching", **params})


def test_a_set_without_a_step_size_is_measured_at_the_declared_one(moons_real, moons_start):
    """Yardsticks measure sets that other methods have made."""
    d, context, synthetic = setting(moons_real, moons_start)
    plain = dataclasses.replace(synthetic, parameters={"images": synthetic.parameters["images"]})
    value, found = gradients(d, context, plain, moons_real)
    assert float(value) == pytest.approx(float(gradients(d, context, synthetic, moons_real)[0]), rel=1e-6)
    assert set(found) == {"images"}


@pytest.mark.parametrize("preset", ["mtt", "tesla", "datm"])
def test_presets_have_rates_for_what_is_learned(preset):
    for scale in ("paper", "small"):
        for budget in (1, 10, 50):
            config = configure(preset=preset, scale=scale, budget=budget)
            assert {"images", "rate", "labels"} <= set(config.optimiser.rates)
            assert config.optimiser.rates["rate"] <= 1e-3
