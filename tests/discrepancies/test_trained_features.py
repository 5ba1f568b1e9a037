"""The trained-feature regime and its methods against truths from elsewhere."""

import dataclasses

import numpy as np
import ot
import pytest
import torch

from dcviz import registry
from dcviz.data import dataset
from dcviz.data.sampler import Real
from dcviz.discrepancies.random_features.attention import attended
from dcviz.discrepancies.trained_features.alignment import discrimination
from dcviz.discrepancies.trained_features.barycentre import barycentre
from dcviz.discrepancies.trained_features.calibration import class_cross_entropy
from dcviz.discrepancies.trained_features.inner import Sgd, class_means, descend, fresh, stages
from dcviz.discrepancies.trained_features.networks import TrainedFeatures, blended
from dcviz.errors import Refused
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.training import Training, fit
from dcviz.types import Space, silent

AT = torch.Generator().manual_seed(0)


class Kept(dict):
    """A cache in memory that counts."""

    def load_cached(self, kind, key):
        return self.get((kind, key))

    def save_cached(self, kind, key, arrays, meta):
        self[kind, key] = (dict(arrays), meta)


def normal(*shape):
    return torch.randn(*shape, generator=AT, dtype=torch.float64)


def test_a_linear_network_trained_by_gradient_descent_is_known_by_hand():
    """Softmax regression with momentum and decay, against the recursion in NumPy (1e-12)."""
    net = network("linear", (2,), 3, generator(0, "net")).double()
    x, y = normal(6, 2), torch.tensor([0, 1, 2, 0, 1, 1])
    weights = {k: v.detach() for k, v in net.named_parameters()}
    found, velocity, correct = descend(net, weights, [(x, y)] * 5, Sgd(0.1, 0.9, 0.01))
    W, b = weights["head.weight"].numpy().copy(), weights["head.bias"].numpy().copy()
    vW, vb, rates = 0.0, 0.0, []
    for _ in range(5):
        z = x.numpy() @ W.T + b
        rates.append((z.argmax(1) == y.numpy()).mean())
        p = np.exp(z) / np.exp(z).sum(1, keepdims=True) - np.eye(3)[y.numpy()]
        vW, vb = 0.9 * vW + p.T @ x.numpy() / 6 + 0.01 * W, 0.9 * vb + p.mean(0) + 0.01 * b
        W, b = W - 0.1 * vW, b - 0.1 * vb
    np.testing.assert_allclose(found["head.weight"], W, atol=1e-12)
    np.testing.assert_allclose(velocity["head.bias"], vb, atol=1e-12)
    np.testing.assert_allclose(torch.stack(correct), rates, atol=1e-7)


def test_training_goes_on_from_its_velocity():
    net = network("linear", (2,), 3, generator(0, "net")).double()
    batch, by = (normal(6, 2), torch.tensor([0, 1, 2, 0, 1, 1])), Sgd(0.1, 0.9)
    start = {k: v.detach() for k, v in net.named_parameters()}
    whole, _, _ = descend(net, start, [batch] * 4, by)
    half, velocity, _ = descend(net, start, [batch] * 2, by)
    halves, _, _ = descend(net, half, [batch] * 2, by, velocity)
    assert all(torch.equal(whole[k], halves[k]) for k in whole)


def test_class_means_are_those_of_numpy_and_masks_count_nothing():
    z, masses = normal(6, 4, 2), torch.tensor([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]], dtype=torch.float64)
    means = class_means(z, masses)
    flat = z.flatten(1).numpy()
    by_hand = np.stack([flat[:2].mean(0), 0.2 * flat[3] + 0.3 * flat[4] + 0.5 * flat[5]])
    np.testing.assert_allclose(means, by_hand, atol=1e-14)


def test_cross_entropies_are_those_of_numpy():
    logits, masses = normal(6, 2), torch.tensor([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]], dtype=torch.float64)
    log_p = logits.numpy() - np.log(np.exp(logits.numpy()).sum(1, keepdims=True))
    by_hand = -sum(masses.flatten()[i].item() * log_p[i, 0 if i < 3 else 1] for i in range(6))
    assert float(class_cross_entropy(logits, masses)) == pytest.approx(by_hand, abs=1e-12)
    features, centres = normal(6, 5), normal(2, 5)
    z = features.numpy() @ centres.numpy().T
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    by_hand = -sum(log_p[i, 0 if i < 3 else 1] for i in (0, 1, 3, 4, 5))  # the third sample is padding
    assert float(discrimination(features, masses, centres)) == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize(("net", "weights"), [("convnet", [1, 2]), ("mlp", [0.1, 1, 2])])
def test_cafe_is_its_formula(net, weights, digits_real, digits_start):
    """All terms from the activations, in NumPy (1e-4, in single precision)."""
    d = registry.build("discrepancy", {"name": "layer-alignment", "network": net, "width": 4, "batch": 20})
    context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
    state = d.begin(context, digits_start, generator(0, "b"))
    terms, _ = d.loss(context, state, digits_real.at(1), digits_start, generator(0, "l"))
    true, fake = digits_real.at(1).batch(20), digits_start.by_class()
    seen = []
    for part in (true, fake):
        maps, features, _ = stages(context, state["weights"], part.x.flatten(0, 1))
        per_class = [m.detach().flatten(1).numpy().reshape(10, part.x.shape[1], -1) for m in [*maps, features]]
        seen.append([m.mean(1) for m in per_class])
    layers = [w * ((t - s) ** 2).sum() for w, t, s in zip(weights, *seen, strict=True)]
    assert float(terms["layers"]) == pytest.approx(sum(layers), rel=1e-4)
    features = stages(context, state["weights"], true.x.flatten(0, 1))[1].detach().numpy()
    z = features @ seen[1][-1].T
    z = z - z.max(1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    by_hand = -log_p[np.arange(200), np.repeat(np.arange(10), 20)].sum()
    assert float(terms["discrimination"]) == pytest.approx(0.01 * by_hand, rel=1e-4)


def test_cafe_draws_a_network_anew_when_its_accuracy_has_settled(digits_real, digits_start):
    def windows(stop):
        d = registry.build("discrepancy", {"name": "layer-alignment", "width": 4, "stop": stop, "inner": 1})
        context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
        state, found = d.begin(context, digits_start, generator(0, "b")), []
        for i in range(21):
            state = d.advance(context, state, digits_real.at(i), digits_start, generator(0, "a", i))
            found.append(int((state["window"] >= 0).sum()))
        return found, state["window"]

    assert windows(1.0)[0] == [*range(1, 10), 0] * 2 + [1]  # anything has settled after ten accuracies
    counts, window = windows(0.0)
    assert counts == [*range(1, 10)] + [10] * 12  # nothing ever has
    assert ((window >= 0) & (window <= 1)).all()


def test_the_pool_grows_to_its_size_and_its_networks_learn(digits_real, digits_start):
    params = {"name": "online-pool", "width": 8, "pool": 4, "every": 3, "train": 5, "train_batch": 64, "rate": 0.1}
    d = registry.build("discrepancy", params)
    context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
    state, sizes = d.begin(context, digits_start, generator(0, "b")), []
    oldest = state["pool"][0]["weights"]["head.weight"].clone()
    for i in range(9):
        state = d.advance(context, state, digits_real.at(i), digits_start, generator(0, "a", i))
        sizes.append(len(state["pool"]))
    assert sizes == [3, 3, 4, 4, 4, 4, 4, 4, 4]
    assert state["steps"] == 9
    assert max(float(m["accuracy"]) for m in state["pool"]) > 0.5
    assert not any(torch.equal(m["weights"]["head.weight"], oldest) for m in state["pool"])
    newest = state["pool"][-1]  # joined after the last training
    assert float(newest["accuracy"]) == 0
    assert all(float(v.abs().max()) == 0 for v in newest["velocity"].values())


def test_untrained_networks_have_no_say_in_the_cross_entropy(digits_real, digits_start):
    d = registry.build("discrepancy", {"name": "online-pool", "width": 8, "batch": 32})
    context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
    state = d.begin(context, digits_start, generator(0, "b"))
    terms, _ = d.loss(context, state, digits_real.at(1), digits_start, generator(0, "l"))
    assert float(terms["cross-entropy"]) == 0 < float(terms["mean"])
    grown = [{**m, "accuracy": torch.tensor(0.5)} for m in state["pool"]]
    half, _ = d.loss(context, {**state, "pool": grown}, digits_real.at(1), digits_start, generator(0, "l"))
    assert float(half["mean"]) == float(terms["mean"])
    assert float(half["cross-entropy"]) == pytest.approx(0.5 * 50 * 10 * np.log(10), rel=0.2)  # near chance


@pytest.mark.parametrize("blend", [False, True])
def test_trained_members_are_taken_from_the_cache_and_change_no_draw(blend):
    cache, x = Kept(), torch.zeros(3, 1, 8, 8)
    regime = TrainedFeatures(width=8, pool=3, updates=6, batch=32, blend=blend)

    def embedded():
        real, at = Real(dataset("digits"), torch.device("cpu"), 0, cache).at(0), generator(0, "p")
        learned = regime.learn(real, at, silent)
        maps = [regime.draw(Space.of(real), at, learned, i) for i in range(3)]
        return [m(x + 1) for m in maps], torch.rand(1, generator=at), real.batch(5).id

    first = embedded()
    assert len(cache) == 2  # the youngest is not trained
    again = embedded()
    assert len(cache) == 2
    assert all(torch.equal(a, b) for a, b in zip(first[0], again[0], strict=True))
    assert torch.equal(first[1], again[1])
    assert torch.equal(first[2], again[2])


def test_members_are_as_old_as_they_say(digits_real):
    """The youngest is untrained; an older one is the network that the trainer makes of it."""
    regime = TrainedFeatures(network="mlp", width=8, pool=2, updates=4, batch=32, rate=0.01)
    young, old = regime.learn(digits_real.at(0), generator(0, "p"), silent)
    seeds = torch.randint(2**62, (2,), generator=generator(0, "p")).tolist()
    drawn = [network("mlp", (1, 8, 8), 10, torch.Generator().manual_seed(s), width=8) for s in seeds]
    assert torch.equal(young.head.weight, drawn[0].head.weight)
    at = torch.Generator().manual_seed(seeds[1])
    again = network("mlp", (1, 8, 8), 10, at, width=8)
    batch = next(iter(digits_real.at(0).whole(2000)))
    for _ in fit(again, (batch.x, batch.y), Training(4, 32, "adam", 0.01, schedule="constant"), at):
        pass
    assert torch.equal(old.head.weight, again.head.weight)
    assert not torch.equal(old.head.weight, drawn[1].head.weight)


def test_a_blend_of_linear_features_is_the_blend_of_the_features():
    """Without ReLU (one layer) features are linear in the weights (1e-12)."""
    first, last = (network("mlp", (2,), 3, generator(i, "net"), width=6, depth=1).double() for i in (0, 1))
    x = normal(5, 2)
    first.layers[2], last.layers[2] = torch.nn.Identity(), torch.nn.Identity()
    mixed = blended(first, last, 0.3)(x)
    torch.testing.assert_close(mixed, 0.3 * first.embed(x) + 0.7 * last.embed(x), atol=1e-12, rtol=0)


def test_attention_is_its_formula():
    """Against NumPy, to 1e-12; and a map scaled by any factor attends to the same places."""
    maps, features = [normal(3, 4, 5, 5), normal(3, 4, 2, 2)], normal(3, 16)
    found = attended(maps, features, 4.0, 0.01)
    v = (np.abs(maps[0].numpy()) ** 4).sum(1).reshape(3, -1)
    by_hand = np.concatenate([v / np.sqrt((v**2).sum(1, keepdims=True)), 0.1 * features.numpy()], 1)
    np.testing.assert_allclose(found, by_hand, atol=1e-12)
    scaled = attended([7 * maps[0], maps[1]], features, 4.0, 0.01)
    torch.testing.assert_close(scaled, found)


def test_attention_under_the_mean_is_datadam(digits_real, digits_start):
    """The published sum over classes of both terms, from the activations of the network that was drawn."""
    regime = {"name": "attention", "width": 4, "power": 2.0, "features": 0.3, "pool": 1}
    match = registry.build("discrepancy", {"name": "match", "divergence": "mean", "regime": regime, "cap": 20000})
    context = match.prepare(digits_real.at(0), digits_start.plan(), generator(0, "p"), silent)
    state = match.begin(context, digits_start, generator(0, "b"))
    terms, _ = match.loss(context, state, digits_real.at(1), digits_start, generator(0, "l"))
    net = network("convnet", (1, 8, 8), 10, generator(0, "p"), width=4, depth=2)
    means = []
    for part in (digits_real.at(1).batch(20000), digits_start.by_class()):
        maps, features, _ = stages(net, {}, part.x.flatten(0, 1))
        v = (maps[0] ** 2).sum(1).flatten(1)
        a = v / v.norm(dim=1, keepdim=True)
        means.append([class_means(a, part.weights), class_means(features, part.weights)])
    (a_t, f_t), (a_s, f_s) = means
    by_hand = (a_t - a_s).square().sum() + 0.3 * (f_t - f_s).square().sum()
    assert terms["mean"].item() == pytest.approx(by_hand.item(), rel=1e-4)


def test_a_barycentre_on_the_line_is_the_means_of_equal_parts():
    """In one dimension transport is monotone: point j is the mean of the j-th block of the sorted sample (2 %)."""
    x = torch.randn(2, 200, 1, generator=AT)
    found = barycentre(x, torch.full((2, 200), 1 / 200), torch.full((2, 5), 0.2), generator(0, "b"))
    truth = x.squeeze(-1).sort(1).values.unflatten(1, (5, 40)).mean(2)
    torch.testing.assert_close(found.squeeze(-1).sort(1).values, truth, atol=0.03, rtol=0)


def test_a_barycentre_of_one_point_is_the_mean_and_masks_count_nothing():
    x, weights = torch.randn(2, 30, 4, generator=AT), torch.full((2, 30), 1 / 30)
    one = barycentre(x, weights, torch.ones(2, 1), generator(0, "b"))
    torch.testing.assert_close(one.squeeze(1), x.mean(1), atol=1e-4, rtol=0)
    padded = torch.cat([x, torch.full((2, 5, 4), 99.0)], 1), torch.cat([weights, torch.zeros(2, 5)], 1)
    masses = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    found = barycentre(*padded, masses, generator(0, "b"))
    torch.testing.assert_close(found[0, 0], x[0].mean(0), atol=1e-4, rtol=0)
    torch.testing.assert_close(found[1].mean(0), x[1].mean(0), atol=1e-2, rtol=0)
    assert torch.isfinite(found).all()


def test_barycentres_cost_no_more_than_those_of_pot():
    """Both are local minima: the mean over eight starts, within 2 per cent of POT's."""
    x = torch.randn(1, 120, 8, generator=AT)
    a, m, theirs, ours = np.full(120, 1 / 120), np.full(6, 1 / 6), [], []
    cloud = x[0].double().numpy()

    def cost(b):
        return ot.emd2(a, m, ot.dist(cloud, np.asarray(b, float)))

    for seed in range(8):
        start = cloud[np.random.default_rng(seed).permutation(120)[:6]]
        theirs.append(cost(ot.lp.free_support_barycenter([cloud], [a], start, m, numItermax=100)))
        found = barycentre(x, torch.full((1, 120), 1 / 120), torch.full((1, 6), 1 / 6), generator(seed, "b"))
        ours.append(cost(found[0]))
    assert np.mean(ours) < 1.02 * np.mean(theirs)


def test_places_are_reached_by_features_alone(digits_real, digits_start):
    """At one image per class the place is the mean of its class's features."""
    params = {"name": "barycentre", "width": 8, "updates": 60, "cap": 5000}
    d = registry.build("discrepancy", params)
    plan = dataclasses.replace(digits_start.plan(), labels=torch.arange(10), counts=torch.ones(10, dtype=torch.int64))
    context = d.prepare(digits_real.at(0), plan, generator(0, "p"), silent)
    batch = next(iter(digits_real.at(0).whole(2000)))
    with torch.no_grad():
        features = context["teacher"].embed(batch.x)
    means = torch.stack([features[batch.y == c].mean(0) for c in range(10)])
    torch.testing.assert_close(context["places"], means, atol=1e-3, rtol=1e-3)


def own(file, body):
    file.write_text(body)
    return {"name": "own-network", "module": f"{file}:make"}


def test_your_own_network_is_compared_in_and_repeats_itself(tmp_path, digits_real):
    body = "import torch\ndef make():\n    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 6))\n"
    regime = registry.build("regime", own(tmp_path / "net.py", body))
    before = torch.get_rng_state()
    nets = [regime.learn(digits_real.at(0), generator(s, "p"), silent) for s in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    x = torch.ones(2, 1, 8, 8)
    a, b, c = (regime.draw(Space.of(digits_real.at(0)), AT, net)(x) for net in nets)
    assert a.shape == (2, 6)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert registry.build("regime", registry.describe(regime)) == regime


def test_its_embed_method_gives_the_features(tmp_path, digits_real):
    body = (
        "import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return x.sum((1, 2, 3))\n"
        "    def embed(self, x):\n        return 2 * x\ndef make():\n    return Net()\n"
    )
    regime = registry.build("regime", own(tmp_path / "net.py", body))
    embed = regime.draw(Space.of(digits_real.at(0)), AT, regime.learn(digits_real.at(0), AT, silent))
    x = torch.ones(2, 1, 8, 8)
    assert torch.equal(embed(x), 2 * x.flatten(1))


@pytest.mark.parametrize(("module", "body", "text"), [
    ("", "", "has no module ''"),
    ("{}/gone.py:make", "", r"there is no file .*gone.py"),
    ("{}/net.py:made", "def make(): pass\n", "has no function 'made'"),
    ("{}/net.py:make", "def make(): return 3\n", "returned int: it must return a torch.nn.Module"),
    ("{}/net.py:make", "def make(): return 1 / 0\n", "failed: ZeroDivisionError"),
    ("{}/net.py:make", "import nothing_of_this_name\n", "failed to load: ModuleNotFoundError"),
    ("{}/net.py:make", "import torch\ndef make(): return torch.nn.Linear(3, 2)\n", "does not take samples of shape"),
    ("no_such_package.nets:make", "", "failed to load: ModuleNotFoundError"),
])  # fmt: skip
def test_a_network_that_cannot_be_made_is_refused_in_one_sentence(module, body, text, tmp_path, digits_real):
    (tmp_path / "net.py").write_text(body)
    regime = registry.build("regime", {"name": "own-network", "module": module.format(tmp_path)})
    with pytest.raises(Refused, match=text):
        regime.learn(digits_real.at(0), generator(0, "p"), silent)


def test_fresh_weights_are_those_of_a_fresh_network():
    net = network("convnet", (1, 8, 8), 10, generator(0, "net"), width=4)
    again = network("convnet", (1, 8, 8), 10, generator(1, "net"), width=4)
    found = fresh(net, generator(1, "net"))
    assert all(torch.equal(v, found[k]) for k, v in again.named_parameters())


def layer_gap(x, y):
    """CAFE's two terms for two classes of two images each, in a small network of double precision."""
    net = network("convnet", (1, 4, 4), 2, generator(0, "net"), width=3, depth=2).double()
    masses = torch.full((2, 2), 0.5, dtype=torch.float64)
    seen = [stages(net, {}, part) for part in (x, y)]
    pairs = zip([*seen[0][0], seen[0][1]], [*seen[1][0], seen[1][1]], strict=True)
    gaps = [class_means(a, masses) - class_means(b, masses) for a, b in pairs]
    return sum(g.square().sum() for g in gaps) + discrimination(seen[0][1], masses, class_means(seen[1][1], masses))


@pytest.mark.parametrize("function", [
    lambda y: attended([y, y], y.flatten(1), 4.0, 0.3),
    lambda y: attended([y, y], y.flatten(1), 1.0, 0.3),
    lambda y: layer_gap(normal_of(1, 4, 1, 4, 4), y),
    lambda y: class_cross_entropy(y.flatten(1), torch.full((2, 2), 0.5, dtype=torch.float64)),
    lambda y: blended(*(network("convnet", (1, 4, 4), 2, generator(i, "n"), width=3).double() for i in (0, 1)), 0.4)(y),
], ids=["attention", "attention-1", "cafe", "cross-entropy", "blend"])  # fmt: skip
def test_gradients_are_those_of_finite_differences(function):
    assert torch.autograd.gradcheck(function, (normal_of(0, 4, 1, 4, 4).requires_grad_(),), atol=1e-6, rtol=1e-4)


def normal_of(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
