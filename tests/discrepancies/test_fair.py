"""Fair discrepancies against NumPy, closed forms, and T as it is."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from dcviz import registry
from dcviz.condensing.parameterise import Pixels, synthetic_set
from dcviz.condensing.start import start
from dcviz.data import dataset
from dcviz.data.sampler import Real
from dcviz.discrepancies.fair.federated import Federated, bytes_sent, client_distances, split_shares, sums
from dcviz.discrepancies.fair.shares import cell_masses, group_shares, stored_counts
from dcviz.discrepancies.fair.worst import moved
from dcviz.discrepancies.robust.samplers import Attacked
from dcviz.errors import Refused
from dcviz.randomness import generator
from dcviz.records import DataConfig
from dcviz.runs.problem import refuse_unmet
from dcviz.types import silent
from tests.grouped import group_of

DATA = {"name": "match", "divergence": "energy", "regime": "data", "cap": 20000}


@pytest.fixture(scope="module")
def data():
    return dataset("moons-minority")


@pytest.fixture(scope="module")
def real(data):
    return Real(data, torch.device("cpu"), 0)


@pytest.fixture(scope="module")
def fake(data):
    x, y = start("noise", data, 4, generator(1, "start"))
    return synthetic_set(x, y, 2, Pixels())


def at_work(params, real, fake):
    """The discrepancy with its context and first state."""
    d = registry.build("discrepancy", params)
    context = d.prepare(real.at(0), fake.plan(), generator(0, "prepare"), silent)
    return d, context, d.begin(context, fake, generator(0, "begin"))


def terms_of(params, real, fake):
    d, context, state = at_work(params, real, fake)
    return d.gradient(context, state, real.at(1), fake, generator(0, "loss"))


def test_attacked_samples_lie_with_the_client_of_their_origin(real):
    """Clients attack their own samples: the sum over clients of T and T attacked is that of each alone."""
    federated = Federated(clients=3)
    attacked = Attacked(real.at(0), lambda x, y: x + 100, 0.5, "attacked")
    plain, who = federated._clients(real.at(0), generator(0, "clients"))
    both, again = federated._clients(attacked, generator(0, "clients"))
    assert who == again
    parts = both.split([len(batch.id) for batch in attacked.whole()])
    assert len(parts) > 2  # several chunks, each followed by itself attacked
    assert torch.equal(torch.cat(parts[::2]), plain)
    assert torch.equal(torch.cat(parts[1::2]), plain)
    _, counts = sums(attacked, lambda x: x, both, 3)
    assert counts.sum() == 2 * len(plain)


def energy(x, y, w):
    """The energy distance of points x with weights w from points y, in double precision."""
    v = np.full(len(y), 1 / len(y))
    return 2 * w @ cdist(x, y) @ v - w @ cdist(x, x) @ w - v @ cdist(y, y) @ v


def clouds(data, real, fake):
    """Class by class: real points, their groups, and the points of S."""
    every = next(real.at(0).whole(10_000))
    groups, y = group_of(data, every.id).numpy(), every.y.numpy()
    s = fake.by_class().x.double().numpy()
    return [(every.x.double().numpy()[y == c], groups[y == c], s[c]) for c in range(2)]


@pytest.mark.parametrize(("equality", "weights"), [(0.0, ""), (0.5, ""), (1.0, ""), (1.0, "majority=70, minority=30")])
def test_weighed_groups_are_numpy_s_weighted_energy(equality, weights, data, real, fake):
    params = {"name": "weighed-groups", "inner": DATA, "equality": equality, "weights": weights}
    terms, _, _ = terms_of(params, real, fake)
    share = np.array([0.7, 0.3]) if weights else (1 - equality) * np.array([0.97, 0.03]) + equality / 2
    expected = 0.0
    for x, g, s in clouds(data, real, fake):
        w = share[g] / np.bincount(g)[g]  # each class has each group in the same proportion
        expected += energy(x, s, w / w.sum())
    assert float(terms["energy"]) == pytest.approx(expected, rel=1e-4)
    for name, g in (("majority", 0), ("minority", 1)):
        alone = 0.0
        for x, of, s in clouds(data, real, fake):
            n = (of == g).sum()
            alone += energy(x[of == g], s, np.full(n, 1 / n))
        assert float(terms[f"group {name}"]) == pytest.approx(alone, rel=1e-4)


def test_natural_weights_are_the_plain_discrepancy(real, fake):
    plain, gradient, _ = terms_of(DATA, real, fake)
    weighed, moved_by, _ = terms_of({"name": "weighed-groups", "inner": DATA, "equality": 0.0}, real, fake)
    assert float(weighed["energy"]) == pytest.approx(float(plain["energy"]), rel=1e-4)
    torch.testing.assert_close(moved_by["images"], gradient["images"], rtol=1e-3, atol=1e-6)


def test_a_mean_embedding_moves_s_as_the_weighted_sum_of_the_groups(real, fake):
    """D(Σ w T_g, S) and Σ w D(T_g, S) differ by a constant of T."""
    params = {"name": "weighed-groups", "inner": DATA, "weights": "majority=70, minority=30"}
    _, gradient, _ = terms_of(params, real, fake)
    worst, context, state = at_work({"name": "worst-of-groups", "inner": DATA, "rate": 0.0}, real, fake)
    state = {**state, "weights": torch.tensor([0.7, 0.3])}
    _, summed, _ = worst.gradient(context, state, real.at(1), fake, generator(0, "loss"))
    torch.testing.assert_close(gradient["images"], summed["images"], rtol=1e-3, atol=1e-6)


def test_weights_of_the_worst_group_are_the_closed_form(real, fake):
    """After n looks at the groups, q is q⁰ exp(η Σ D / u), normalised."""
    d, context, state = at_work({"name": "worst-of-groups", "inner": DATA, "rate": 0.3}, real, fake)
    total, unit, start_at = np.zeros(2), None, np.array([0.97, 0.03])
    moving = fake
    for step in range(1, 6):
        terms, gradients, state = d.gradient(context, state, real.at(step), moving, generator(0, "loss", step))
        apart = np.array([float(terms["group majority"]), float(terms["group minority"])])
        unit = unit or apart.mean()
        total += apart / unit
        expected = start_at * np.exp(0.3 * total)
        expected /= expected.sum()
        shown = [float(terms["weight majority"]), float(terms["weight minority"])]
        assert shown == pytest.approx(expected, rel=1e-4)
        assert float(terms["worst group"]) == pytest.approx(expected @ apart, rel=1e-4)
        assert float(d.objective(terms)) == float(terms["worst group"])
        moving = moving.map(lambda t, g=gradients["images"]: t - 0.1 * g)
    assert shown[1] > 0.03


def test_weights_of_many_steps_neither_overflow_nor_vanish_for_good():
    q = torch.tensor([0.5, 0.5])
    for _ in range(100):
        q = moved(q, torch.tensor([0.0, 50.0]), 1.0)
    assert torch.isfinite(q).all()
    assert float(q[1]) == 1


def test_the_gradient_of_the_worst_group_is_that_of_autograd(real, fake):
    d, context, state = at_work({"name": "worst-of-groups", "inner": DATA}, real, fake)
    leaf = fake.parameters["images"].clone().requires_grad_()
    learned = fake.map(lambda _: leaf)
    terms, _ = d.loss(context, state, real.at(1), learned, generator(0, "loss"))
    (expected,) = torch.autograd.grad(d.objective(terms), leaf)
    _, found, _ = d.gradient(context, state, real.at(1), fake, generator(0, "loss"))
    torch.testing.assert_close(found["images"], expected)


@pytest.mark.parametrize("inner", ["ridge", {"name": "gradient-matching", "width": 8, "batch": 32}])
@pytest.mark.parametrize("name", ["weighed-groups", "worst-of-groups", "allotted-groups"])
def test_any_discrepancy_that_draws_batches_can_be_inside(name, inner, real, fake):
    inner = inner if isinstance(inner, dict) else {"name": inner}
    d, context, state = at_work({"name": name, "inner": inner}, real, fake)
    assert registry.build("discrepancy", registry.describe(d)) == d
    terms, gradients, _ = d.gradient(context, state, real.at(1), fake, generator(0, "loss"))
    assert {"group majority", "group minority"} < set(terms)
    assert float(gradients["images"].abs().sum()) > 0


def test_ridge_s_classes_are_groups_where_there_is_no_column(digits, digits_start):
    real = Real(dataset(DataConfig(imbalance=10.0)), torch.device("cpu"), 0)
    terms, _, _ = terms_of({"name": "worst-of-groups", "inner": {"name": "ridge"}}, real, digits_start)
    assert [f"group {c}" in terms for c in range(10)] == [True] * 10
    assert sum(float(v) for k, v in terms.items() if k.startswith("weight ")) == pytest.approx(1, abs=1e-5)


# ------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "params", "text"),
    [
        ("digits", {"inner": {"name": "match"}}, "no class of digits has two groups.*group-budgets"),
        ("moons", {"inner": DATA}, "no class of two moons|no class of moons has two groups"),
        ("moons-minority", {"inner": {"name": "trajectory-matching"}}, "reads T once, as a whole"),
        ("moons-minority", {"inner": {"name": "federated"}}, "weighs T in a way of its own: choose one"),
        ("moons-minority", {"weights": "majority=1"}, "not of the groups of this data.*majority=1, minority=1"),
        ("moons-minority", {"weights": "majority=x, minority=1"}, "cannot be read at 'majority=x'"),
        ("moons-minority", {"weights": "majority=0, minority=0"}, "are all 0"),
        ("moons-minority", {"weights": "majority=-1, minority=2"}, "at least 0"),
    ],
)
def test_what_groups_do_not_reach_is_refused(name, params, text):
    d = registry.build("discrepancy", {"name": "weighed-groups", **params})
    with pytest.raises(Refused, match=text):
        refuse_unmet(d, dataset(name))


def test_a_group_without_a_class_is_refused_where_all_are_needed(tmp_path):
    moons = dataset("moons")
    sides = {part: np.where((x[:, 0] < 0.4) | (y == 0), "a", "b") for part, x, y in (
        ("train", moons.train.x.numpy(), moons.train.y.numpy()),
        ("test", moons.test.x.numpy(), moons.test.y.numpy()),
    )}  # fmt: skip
    np.savez(tmp_path / "g.npz", **sides)
    data = dataset(DataConfig("moons", groups=str(tmp_path / "g.npz")))
    with pytest.raises(Refused, match="group 'b' has no sample of class 'upper', and gradient matching needs all"):
        refuse_unmet(registry.build("discrepancy", {"name": "worst-of-groups", "inner": "gradient-matching"}), data)
    refuse_unmet(registry.build("discrepancy", {"name": "worst-of-groups", "inner": DATA}), data)
    real = Real(data, torch.device("cpu"), 0)
    x, y = start("noise", data, 3, generator(0, "start"))
    terms, gradients, _ = terms_of({"name": "worst-of-groups", "inner": DATA}, real, synthetic_set(x, y, 2, Pixels()))
    assert all(torch.isfinite(v) for v in terms.values())
    assert torch.isfinite(gradients["images"]).all()


def test_weights_that_leave_a_class_nothing_are_refused(tmp_path):
    moons = dataset("moons")
    np.savez(tmp_path / "g.npz", **{part: getattr(moons, part).y.numpy() for part in ("train", "test")})
    data = dataset(DataConfig("moons", groups=str(tmp_path / "g.npz")))
    d = registry.build("discrepancy", {"name": "weighed-groups", "inner": "ridge", "weights": "0=1, 1=0"})
    with pytest.raises(Refused, match="all groups of class 'lower' have weight 0"):
        refuse_unmet(d, data)


# --------------------------------------------------------------------------------------------------------- shares


def test_shares_and_masses_are_numpy_s():
    table = np.array([[60, 5, 0], [20, 10, 5]])
    for s in (0.0, 0.3, 1.0):
        share = (1 - s) * table.sum(0) / 100 + s / 3
        found = group_shares(torch.tensor(table), s)
        assert found.numpy() == pytest.approx(share)
        mass = cell_masses(torch.tensor(table), found).numpy()
        assert mass == pytest.approx(share * table / table.sum(0))
        assert mass.sum() == pytest.approx(1)


@pytest.mark.parametrize("evenness", [0.0, 0.25, 0.5, 1.0])
def test_stored_counts_keep_the_total_and_differ_from_the_rule_by_less_than_one(evenness):
    sizes = np.array([500, 200, 100, 40, 9, 1])
    found = np.array(stored_counts(torch.diag(torch.tensor(sizes)), 60, evenness))
    exact = 60 * ((1 - evenness) * sizes / sizes.sum() + evenness / 6)
    assert found.sum() == 60
    assert found.min() >= 1
    assert (np.abs(found - exact) < 1.0 + (exact < 1).sum()).all()
    assert (np.diff(found) <= 0).all()


# ------------------------------------------------------------------------------------------------------ federated

FIXED = {"name": "federated", "regime": {"name": "random-features", "width": 8, "pool": 2}}


@pytest.mark.parametrize("alpha", [0.05, 100.0])
def test_when_all_clients_take_part_the_means_are_those_of_t(alpha, digits_real):
    d = registry.build("discrepancy", {**FIXED, "alpha": alpha, "clients": 7})
    x, y = start("noise", dataset("digits"), 2, generator(0, "s"))
    fake = synthetic_set(x, y, 10, Pixels())
    context = d.prepare(digits_real.at(0), fake.plan(), generator(0, "prepare"), silent)
    every = next(digits_real.at(0).whole(10_000))
    for (total, number), embed in zip(context["sent"], context["maps"], strict=True):
        assert tuple(number.shape) == (7, 10)
        assert number.sum(0).tolist() == digits_real.counts.tolist()
        z = embed(every.x)
        for c in range(10):
            expected = z[every.y == c].double().mean(0)
            torch.testing.assert_close((total.sum(0)[c] / number.sum(0)[c]).double(), expected, rtol=1e-4, atol=1e-5)
    terms, gradients, _ = d.gradient(context, None, digits_real.at(1), fake, generator(0, "loss"))
    plain = registry.build("discrepancy", {**DATA, "divergence": "mean", "regime": FIXED["regime"]})
    same = {**plain.prepare(digits_real.at(0), fake.plan(), generator(9, "x"), silent)}
    whole = digits_real.at(0).batch(20000)
    seen = [embed(whole.x.flatten(0, 1)).unflatten(0, whole.weights.shape) for embed in context["maps"]]
    sides = [plain.divergence.fit(z, generator(0, "fit"), whole.weights) for z in seen]
    same["members"] = list(zip(context["maps"], sides, strict=True))
    central, moved_by, _ = plain.gradient(same, [None, None], digits_real.at(1), fake, generator(0, "loss"))
    assert float(d.objective(terms)) == pytest.approx(float(central["mean"]), rel=1e-3)
    torch.testing.assert_close(gradients["images"], moved_by["images"], rtol=1e-2, atol=1e-5)


def test_sums_are_numpy_s(real):
    client = torch.arange(2000) % 3
    total, number = sums(real.at(0), lambda x: x, client, 3)
    every = next(real.at(0).whole(10_000))
    x, y, k = every.x.double().numpy(), every.y.numpy(), client.numpy()
    for i in range(3):
        for c in range(2):
            assert total[i, c].numpy() == pytest.approx(x[(k == i) & (y == c)].sum(0), rel=1e-4, abs=1e-3)
            assert number[i, c] == ((k == i) & (y == c)).sum()


def test_how_alike_clients_are_follows_alpha(real, fake):
    largest = {}
    for alpha in (0.01, 1.0, 1000.0):
        shares = split_shares(200, 10, alpha, np.random.default_rng(0))
        assert shares.sum(1) == pytest.approx(1)
        largest[alpha] = shares.max(1).mean()
    assert largest[0.01] > 0.9
    assert largest[1000.0] < 0.13
    assert largest[0.01] > largest[1.0] > largest[1000.0]


def test_what_nobody_holds_stays_where_it_is(digits_real):
    """With two of twenty unlike clients, most classes are missing, and their images do not move."""
    d = registry.build("discrepancy", {**FIXED, "alpha": 0.1, "clients": 20, "part": 0.1})
    x, y = start("noise", dataset("digits"), 2, generator(0, "s"))
    fake = synthetic_set(x, y, 10, Pixels())
    context = d.prepare(digits_real.at(0), fake.plan(), generator(0, "prepare"), silent)
    held = context["sent"][0][1].sum(0) > 0
    assert context["sent"][0][1].shape[0] == 2
    assert 0 < int(held.sum()) < 10
    _, gradients, _ = d.gradient(context, None, digits_real.at(1), fake, generator(0, "loss"))
    moving = gradients["images"].abs().amax((1, 2, 3)) > 0
    assert torch.equal(moving, held.repeat_interleave(2))


def test_clients_that_hold_nothing_are_refused(digits_real, digits_start):
    d = registry.build("discrepancy", {**FIXED, "alpha": 0.01, "clients": 50, "part": 0.0})
    with pytest.raises(Refused, match="the 1 of 50 clients that take part hold no sample: let more"):
        d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "prepare"), silent)


def test_the_farthest_client_is_numpy_s():
    total, number = (
        torch.tensor([[[2.0], [0.0]], [[4.0], [9.0]], [[0.0], [0.0]]]),
        torch.tensor([[2, 0], [1, 3], [0, 0]]),
    )
    own = torch.tensor([[0.0], [1.0]])
    one, two = 1.0, (1 * 16 + 3 * 4) / 4
    found = client_distances(total, number.float(), own).tolist()
    assert found == pytest.approx([one, two, (2 * one + 4 * two) / 6])


def test_what_a_client_sends_is_counted(real, fake):
    d, context, _ = at_work({**FIXED, "clients": 3}, real, fake)
    of_one = sum(s[0].numel() * s[0].element_size() + n[0].numel() * 8 for s, n in context["sent"])
    assert float(context["kilobytes"]) == pytest.approx(of_one / 1000)
    assert bytes_sent(2, sum(s.shape[-1] for s, _ in context["sent"]), 2) == of_one


@pytest.mark.parametrize(
    ("regime", "text"), [("random-features", "a pool of fixed ones"), ("trained-features", "learns")]
)
def test_regimes_that_clients_cannot_serve_are_refused(regime, text):
    with pytest.raises(Refused, match=text):
        registry.build("discrepancy", {"name": "federated", "regime": {"name": regime}})
    assert Federated().regime.members == 20
