"""Ridge regressions against scipy and scikit-learn, infinite networks against wide ones, and what labels do."""

import dataclasses
import math

import pytest
import scipy.linalg
import torch
from sklearn.kernel_ridge import KernelRidge

from dcviz import registry
from dcviz.condensing.checkpoint import pack, unpack
from dcviz.condensing.loop import Problem, begin, finish, step
from dcviz.condensing.optimise import Optimiser
from dcviz.discrepancies.predictions.infinite import Infinite
from dcviz.discrepancies.predictions.labels import margin, solve_labels
from dcviz.discrepancies.predictions.ridge import dual, one_hot, ridge_predict
from dcviz.errors import Refused
from dcviz.randomness import generator
from dcviz.records import OptimiserConfig
from dcviz.types import Space, silent

DOUBLE = torch.float64


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def run(params, real, start, steps=3, rate=0.05):
    """The problem, S with its labels, and the state before the first step."""
    d = registry.build("discrepancy", params)
    context = d.prepare(real.at(0), start.plan(), generator(0, "prepare"), silent)
    rates = {"images": rate, **d.rates}
    whole = Problem(real, d, context, Optimiser(OptimiserConfig(rates=rates), steps), steps)
    return whole, begin(whole, d.extend(context, start.map(torch.clone), generator(0, "extend")))


# ----------------------------------------------------------------------------------------------- the regression


@pytest.mark.parametrize("network", ["mlp", "convnet", "pooled"])
@pytest.mark.parametrize("kernel", ["ntk", "nngp"])
def test_the_regression_is_that_of_scikit_learn(network, kernel):
    """KernelRidge on the same matrices, to 1e-5 relative (the predictions are single precision)."""
    x, s, y = (
        drawn(9, 1, 4, 4),
        drawn(6, 1, 4, 4, seed=1),
        torch.randn(6, 3, generator=torch.Generator().manual_seed(2)),
    )
    d = registry.build("discrepancy", {"name": "infinite-ridge", "network": network, "kernel": kernel, "ridge": 1e-4})
    k = d.infinite((1, 4, 4))
    among, across = k(s, s), k(x, s)
    theirs = KernelRidge(alpha=1e-4 * float(among.diagonal().mean()), kernel="precomputed").fit(
        among.numpy(), y.numpy()
    )
    ours = d.regression(Space((1, 4, 4), 3, torch.device("cpu")), torch.Generator())(x, s, y)
    expected = torch.from_numpy(theirs.predict(across.numpy())).float()
    assert torch.allclose(ours, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


def test_the_loss_is_the_formula(digits_real, digits_start):
    """Half the mean squared error of scipy's solution, to 1e-5."""
    whole, state = run({"name": "infinite-ridge", "batch": 64, "network": "mlp"}, digits_real, digits_start)
    terms, _ = whole.discrepancy.loss(None, None, digits_real.at(1), state.synthetic, generator(0, "loss"))
    true, fake = digits_real.at(1).shuffled(64), state.synthetic.decode()
    k = Infinite("mlp", 2, True, 0.01)
    among, across = k(fake.x.double(), fake.x.double()), k(true.x.double(), fake.x.double())
    lifted = among + 1e-3 * among.diagonal().mean() * torch.eye(30)
    values = scipy.linalg.solve(lifted.numpy(), one_hot(fake.y, 10).double().numpy(), assume_a="pos")
    residual = one_hot(true.y, 10).numpy() - across.numpy() @ values
    assert float(terms["ridge"]) == pytest.approx((residual**2).sum(1).mean() / 2, rel=1e-5)


def test_the_gradient_in_images_and_labels_is_that_of_finite_differences():
    x, t = drawn(8, 1, 3, 3), drawn(8, 2, seed=3)
    for network in ("mlp", "convnet", "pooled"):
        k = Infinite(network, 2, True, 0.01)

        def loss(s, y, k=k):
            return ((t - k(x, s) @ dual(k(s, s), y, 1e-3)) ** 2).sum(1).mean() / 2

        s, y = drawn(4, 1, 3, 3, seed=1).requires_grad_(), drawn(4, 2, seed=2).requires_grad_()
        assert torch.autograd.gradcheck(loss, (s, y))


def test_a_kernel_computed_in_blocks_is_the_same(monkeypatch):
    x, s = drawn(7, 2, 4, 4), drawn(3, 2, 4, 4, seed=1).requires_grad_()
    k = Infinite("convnet", 2, True, 0.1)
    whole = k(x, s)
    (expected,) = torch.autograd.grad((whole**2).sum(), s)
    monkeypatch.setattr("dcviz.discrepancies.predictions.infinite.HELD", 100)
    parts = k(x, s)
    (found,) = torch.autograd.grad((parts**2).sum(), s)
    assert torch.allclose(whole, parts, atol=1e-12)
    assert torch.allclose(expected, found, atol=1e-10)


def test_doubled_samples_are_solved_and_push_back_finitely():
    s = drawn(3, 1, 4, 4)
    s = torch.cat([s, s]).requires_grad_()
    k = Infinite("convnet", 2, True, 0.01)
    predicted = k(drawn(5, 1, 4, 4, seed=1), s) @ dual(k(s, s), one_hot(torch.tensor([0, 1, 2] * 2), 3).double(), 1e-6)
    (gradient,) = torch.autograd.grad((predicted**2).sum(), s)
    assert torch.isfinite(predicted).all()
    assert torch.isfinite(gradient).all()


def test_a_kernel_that_no_ridge_saves_gives_nan_instead_of_an_error():
    assert torch.isnan(dual(-torch.eye(3), torch.ones(3, 1), 1e-8)).all()


# ------------------------------------------------------------------------------------------- infinite networks


@pytest.mark.parametrize("network", ["convnet", "pooled"])
def test_wide_convolutional_networks_have_these_kernels(network):
    """Conjugate and tangent kernels of 60 networks 128 wide: within 5 standard errors, and these below 5 %."""
    x = drawn(3, 2, 4, 4)
    found = [wide(network, x, seed) for seed in range(60)]
    for i, tangent in enumerate((False, True)):
        closed = Infinite(network, 2, tangent, 0.1)(x, x)
        values = torch.stack([pair[i] for pair in found])
        error = values.std(0) / math.sqrt(len(found))
        assert error.max() < 0.05 * closed.abs().max()
        assert ((values.mean(0) - closed).abs() < 5 * error).all()


def wide(network, x, seed, width=128):
    """Two convolutions and a linear output in the parametrisation of the theory, by autograd: ``(N, N)`` each."""
    from torch.nn.functional import avg_pool2d, conv2d

    at = torch.Generator().manual_seed(seed)
    pixels = 1 if network == "pooled" else 16
    shapes = [(width, 2, 3, 3), (width,), (width, width, 3, 3), (width,), (1, width * pixels), (1,)]
    theta = [torch.randn(shape, generator=at, dtype=DOUBLE).requires_grad_() for shape in shapes]

    def scaled(w):
        return w * math.sqrt(2 / w[0].numel())

    z = conv2d(x, scaled(theta[0]), math.sqrt(0.1) * theta[1], padding=1).relu()
    z = avg_pool2d(z, 2) if network == "pooled" else z
    z = conv2d(z, scaled(theta[2]), math.sqrt(0.1) * theta[3], padding=1).relu()
    z = z.mean((2, 3)) if network == "pooled" else z.flatten(1)
    outputs = (z @ scaled(theta[4]).T + math.sqrt(0.1) * theta[5])[:, 0]
    rows = [torch.cat([g.flatten() for g in torch.autograd.grad(o, theta, retain_graph=True)]) for o in outputs]
    gradients = torch.stack(rows)
    return (2 / z.shape[1] * z @ z.T + 0.1).detach(), gradients @ gradients.T


# ------------------------------------------------------------------------------------------------------- labels


def test_solved_labels_are_the_least_squares_of_scipy():
    a, y = drawn(40, 6), drawn(40, 3, seed=1)
    a = torch.cat([a, a[:, :1]], 1)  # two equal columns: the solution of least norm is meant
    theirs = torch.from_numpy(scipy.linalg.lstsq(a.numpy(), y.numpy())[0])
    assert torch.allclose(solve_labels(a, y), theirs, atol=1e-10)


def test_solving_labels_lowers_the_error_and_makes_them_values(digits_real, digits_start):
    losses = {}
    for labels in ("fixed", "solved"):
        whole, state = run({"name": "infinite-ridge", "labels": labels, "network": "mlp"}, digits_real, digits_start)
        s = finish(whole, state).synthetic
        every = dataclasses.replace(whole.discrepancy, batch=4096)
        losses[labels] = float(every.loss(None, None, digits_real.at(1), s, generator(0, "l"))[0]["ridge"])
        assert s.label_kind == ("hard" if labels == "fixed" else "values")
    assert losses["solved"] < 0.9 * losses["fixed"]


@pytest.mark.parametrize(
    "params",
    [
        {"name": "infinite-ridge", "network": "mlp", "labels": "learned", "batch": 32},
        {"name": "ridge-ensemble", "networks": 2, "width": 8, "batch": 32},
        {"name": "online-ridge", "pool": 2, "width": 8, "batch": 32, "updates": 3},
    ],
    ids=lambda p: p["name"],
)
def test_labels_are_learned_and_a_stored_state_goes_on_bit_for_bit(params, digits_real, digits_start):
    whole, state = run(params, digits_real, digits_start, steps=8)
    first = state.synthetic.parameters["labels"].clone()
    assert state.synthetic.label_kind == "values"
    for i in range(8):
        if i == 4:
            tree = {"p": dict(state.synthetic.parameters), "inner": state.inner, "moments": state.moments}
            kept = unpack(*pack(tree), torch.device("cpu"))
            synthetic = dataclasses.replace(state.synthetic, parameters=kept["p"])
            resumed = dataclasses.replace(state, synthetic=synthetic, inner=kept["inner"], moments=kept["moments"])
        state = step(whole, state)
    for _ in range(4):
        resumed = step(whole, resumed)
    assert not torch.equal(first, state.synthetic.parameters["labels"])
    for key, value in state.synthetic.parameters.items():
        assert torch.equal(value, resumed.synthetic.parameters[key])


def test_labels_without_a_margin_are_pushed_apart():
    y = torch.tensor([[0.5, 0.4, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]], requires_grad=True)
    value = margin(y)
    assert float(value.detach()) == pytest.approx((0.25 - 0.1) / 2)
    (gradient,) = torch.autograd.grad(value, y)
    assert torch.equal(gradient, torch.tensor([[-0.5, 0.5, 0.0, 0.0], [0.0] * 4]))


# ----------------------------------------------------------------------------------------------- several networks


def test_one_normalised_network_and_squared_error_are_plain_ridge(digits_real, digits_start):
    same = {"width": 8, "batch": 64, "ridge": 0.1}
    plain = registry.build("discrepancy", {"name": "ridge", **same})
    one = {"networks": 1, "norm": "instance", "error": "square", "labels": "fixed"}
    several = registry.build("discrepancy", {"name": "ridge-ensemble", **one, **same})
    values = [
        float(d.loss(None, None, digits_real.at(1), digits_start, generator(0, "l"))[0]["ridge"])
        for d in (plain, several)
    ]
    assert values[0] == values[1]


def test_several_networks_average_their_kernels(digits_start):
    d = registry.build("discrepancy", {"name": "ridge-ensemble", "networks": 2, "width": 8, "ridge": 0.1})
    space, x = Space((1, 8, 8), 10, torch.device("cpu")), digits_start.decode().x
    from dcviz.nets import network

    at = generator(0, "nets")
    nets = [network("convnet", (1, 8, 8), 10, at, width=8, norm="none") for _ in range(2)]
    features = [net.embed(x).detach() for net in nets]
    kernel = sum(f @ f.T for f in features) / 2
    y = one_hot(digits_start.classes, 10)
    by_hand = kernel @ torch.linalg.solve(kernel + 0.1 * kernel.diagonal().mean() * torch.eye(30), y)
    found = d.regression(space, generator(0, "nets"))(x, x, y)
    assert torch.allclose(found, by_hand, atol=1e-4)
    assert not torch.allclose(found, ridge_predict(features[0], features[0], y, 0.1), atol=1e-3)


# ---------------------------------------------------------------------------------------------- trained networks


def test_the_pool_trains_on_s_and_is_renewed(digits_real, digits_start):
    params = {"name": "online-ridge", "pool": 1, "updates": 4, "width": 8, "batch": 32, "rate": 0.01}
    whole, state = run(params, digits_real, digits_start)
    ages, errors = [], []
    batch = state.synthetic.decode()
    for _ in range(5):
        state = step(whole, state)
        (member,) = state.inner["pool"]
        ages.append(member["age"])
        out = torch.func.functional_call(whole.context["net"], member["weights"], (batch.x,))
        errors.append(float(((out - batch.y) ** 2).mean().detach()))
    assert ages == [1, 2, 3, 0, 1]
    assert errors[2] < errors[0]


def test_its_update_is_that_of_torch():
    from dcviz.discrepancies.predictions.pool import trained, untrained
    from dcviz.nets import network

    net = network("mlp", (2,), 3, generator(0, "net"), width=4)
    twin = network("mlp", (2,), 3, generator(0, "net"), width=4)
    x, y = drawn(6, 2).float(), drawn(6, 3, seed=1).float()
    member, optimiser = {**untrained(net), "age": 0}, torch.optim.Adam(twin.parameters(), 0.01)
    for _ in range(3):
        member = trained(net, member, x, y, 0.01)
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(twin(x), y).backward()
        optimiser.step()
    for key, value in twin.named_parameters():
        assert torch.allclose(member["weights"][key], value, atol=1e-6)


@pytest.mark.parametrize("network", ["convnet", "pooled"])
def test_convolutions_of_points_of_the_plane_are_refused_before_anything_starts(network):
    d = registry.build("discrepancy", {"name": "infinite-ridge", "network": network})
    with pytest.raises(Refused, match="choose the network mlp"):
        d.cost(2, 1, (2,))
