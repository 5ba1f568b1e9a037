"""What every divergence owes its callers: masks, leading dimensions, gradients, odd inputs, both precisions."""

import pytest
import torch

from dcviz import registry
from dcviz.divergences import CFD, KL, KSD, MMD, NCFM, Chi2, Fisher, Sinkhorn

VARIANTS = [
    *(declaration() for declaration in registry.known("divergence").values()),
    MMD("laplace"),
    MMD("imq", scales="one"),
    MMD(rule="joint mean"),
    MMD(rule="fixed", bandwidth=2.0),
    MMD("energy", estimator="unbiased"),
    MMD("polynomial"),
    MMD("polynomial", rule="joint mean", estimator="unbiased"),
    MMD("linear"),
    MMD("nngp"),
    MMD("ntk", rule="fixed", estimator="unbiased"),
    CFD(count=64, scales="one", rule="fixed", bandwidth=2.0),
    NCFM(count=64, amplitude=1.0, phase=0.3),
    NCFM(count=64, rate=1e-3),
    Sinkhorn(blur=1.0),
    KSD("gauss", statistic="U", score="kde"),
    Fisher(score="kde"),
    KL("covering"),
    KL("covering", estimator="neighbours"),
    KL("seeking", estimator="neighbours"),
    Chi2("covering"),
]
every = pytest.mark.parametrize("divergence", VARIANTS, ids=repr)


def seeded():
    return torch.Generator().manual_seed(3)


def blob(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def value_and_gradient(divergence, x, y, w=None, v=None):
    """Values, gradients, and both again from the state of the first call."""
    side = divergence.fit(x, seeded(), w)
    found, state = [], None
    for _ in range(2):
        leaf = y.clone().requires_grad_()
        value, state = divergence.value(side, leaf, v, state)
        found += [value.detach(), torch.autograd.grad(value.sum(), leaf)[0]]
    return found


def tensors(tree):
    if isinstance(tree, torch.Tensor):
        yield tree
    elif isinstance(tree, dict):
        for part in tree.values():
            yield from tensors(part)
    elif isinstance(tree, (list, tuple)):
        for part in tree:
            yield from tensors(part)
    else:
        assert tree is None or isinstance(tree, (int, float))


def padded(x, w, extra, junk):
    """``x`` with masked points of arbitrary coordinates, not at the end."""
    more = junk * blob(*x.shape[:-2], extra, x.shape[-1], seed=9, dtype=x.dtype)
    half = x.shape[-2] // 2
    none = w.new_zeros(*w.shape[:-1], extra)
    return (
        torch.cat([x[..., :half, :], more, x[..., half:, :]], -2),
        torch.cat([w[..., :half], none, w[..., half:]], -1),
        torch.cat([torch.arange(half), torch.arange(half + extra, x.shape[-2] + extra)]),
    )


@every
@pytest.mark.parametrize("dimensions", [3, 40])  # exact distances, and those by matrix products
def test_masked_points_have_no_influence(divergence, dimensions):
    x, y = blob(9, dimensions), 0.5 + blob(6, dimensions, seed=1)
    w, v = (torch.arange(1.0, n + 1, dtype=x.dtype) for n in (9, 6))
    w, v = w / w.sum(), v / v.sum()
    plain = value_and_gradient(divergence, x, y, w, v)
    seen = []
    for junk in (0.0, 1e6, -1e30):
        (px, pw, _), (py, pv, kept) = padded(x, w, 3, junk), padded(y, v, 2, junk)
        found = value_and_gradient(divergence, px, py, pw, pv)
        for got, expected in zip(found, plain, strict=True):
            inner = got if got.ndim == 0 else got[kept]
            torch.testing.assert_close(inner, expected, rtol=1e-6, atol=1e-9)
        masked = [j for j in range(len(py)) if j not in kept]
        assert not found[1][masked].any()
        seen.append(found)
    for others in zip(*seen, strict=True):  # whatever is under the mask: the same bits
        assert torch.equal(others[0], others[1])
        assert torch.equal(others[0], others[2])


@every
def test_masked_points_between_far_clusters_stay_out_in_single_precision(divergence):
    """A masked point lies at the centre, far from all: whatever overflows there must not meet its mass of 0."""
    ends = torch.cat([blob(6, 3) - 300, blob(6, 3, seed=1) + 300]).float()
    x, y = ends, 0.9 * ends[::3]
    w, v = (torch.full((len(part),), 1 / len(part)) for part in (x, y))
    (px, pw, _), (py, pv, kept) = padded(x, w, 3, 0.0), padded(y, v, 2, 0.0)
    plain, found = value_and_gradient(divergence, x, y, w, v), value_and_gradient(divergence, px, py, pw, pv)
    for got, expected in zip(found, plain, strict=True):
        assert got.isfinite().all()
        torch.testing.assert_close(got if got.ndim == 0 else got[kept], expected, rtol=2e-3, atol=1e-3)


@every
def test_leading_dimensions_are_a_loop(divergence):
    x, y = blob(2, 3, 11, 4) * torch.arange(1.0, 7).reshape(2, 3, 1, 1), blob(2, 3, 5, 4, seed=1)
    w = torch.ones(2, 3, 11, dtype=x.dtype)
    w[1, 1, 7:] = 0  # a smaller class
    w = w / w.sum(-1, keepdim=True)
    batched = value_and_gradient(divergence, x, y, w)
    assert batched[0].shape == (2, 3)
    for a in range(2):
        for b in range(3):
            alone = value_and_gradient(divergence, x[a, b], y[a, b], w[a, b])
            for together, single in zip(batched, alone, strict=True):
                torch.testing.assert_close(together[a, b], single, rtol=1e-9, atol=1e-12)


@every
def test_no_weights_are_equal_weights(divergence):
    x, y = blob(7, 3), blob(4, 3, seed=1)
    for got, expected in zip(
        value_and_gradient(divergence, x, y),
        value_and_gradient(divergence, x, y, x.new_full((7,), 1 / 7), y.new_full((4,), 1 / 4)),
        strict=True,
    ):
        torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("divergence", [d for d in VARIANTS if d.carries], ids=repr)
def test_a_state_that_carries_serves_another_real_side(divergence):
    """Of other points, as many or not, in as many dimensions: where it was left off."""
    y = blob(2, 5, 3, seed=1)
    _, state = divergence.value(divergence.fit(blob(2, 9, 3), seeded()), y)
    other = divergence.fit(blob(2, 7, 3, seed=4) + 1, seeded())
    value, after = divergence.value(other, y, None, state)
    assert torch.isfinite(value).all()
    assert [t.shape for t in tensors(after)] == [t.shape for t in tensors(state)]
    if state is not None:
        assert not torch.equal(value, divergence.value(other, y)[0])
        assert after["step"] == 2


@every
@pytest.mark.parametrize("dimensions", [2, 20])
def test_the_gradient_is_that_of_finite_differences(divergence, dimensions):
    if getattr(divergence, "rule", "") == "joint mean":
        pytest.skip("its bandwidth follows y without gradient, by definition (M3D)")
    if divergence == Sinkhorn():
        pytest.skip("the envelope theorem is about the converged plan, to be had at a wider blur: the next case")
    if divergence.name == "max-sliced":
        pytest.skip("at its maximum two shadows often tie, and it has a kink: test_max_sliced.py has the smooth cases")
    x, y = blob(9, dimensions), 0.3 + blob(4, dimensions, seed=1)
    v = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=x.dtype)
    side = divergence.fit(x, seeded())
    assert torch.autograd.gradcheck(lambda y: divergence.value(side, y, v)[0], y.requires_grad_(), atol=1e-7)


@every
def test_the_sides_hold_plain_tensors_without_a_graph(divergence):
    x, y = blob(2, 6, 3).requires_grad_(), blob(2, 4, 3, seed=1).requires_grad_()
    side = divergence.fit(x, seeded())
    _, state = divergence.value(side, y)
    assert not any(t.requires_grad for t in [*tensors(side), *tensors(state)])
    assert not divergence.value(side, y.detach())[0].requires_grad


@every
@pytest.mark.parametrize("dimensions", [2, 40])
def test_everything_is_made_on_the_device_of_the_points(divergence, dimensions):
    """The meta device computes nothing: it refuses tensors from elsewhere, and any wait for a number."""
    x, y = (torch.empty(3, n, dimensions, device="meta") for n in (1200, 5))
    w, v = (torch.empty(3, n, device="meta") for n in (1200, 5))
    if divergence.host:  # what declares that it waits for the CPU does wait
        with pytest.raises(NotImplementedError, match="meta tensor"):
            value_and_gradient(divergence, x, y, w, v)
        return
    for found in value_and_gradient(divergence, x, y, w, v):
        assert found.device.type == "meta"


ODD = {
    "one real point": (blob(1, 3), blob(4, 3, seed=1)),
    "one synthetic point": (blob(6, 3), blob(1, 3, seed=1)),
    "one and the same point": (torch.ones(1, 3), torch.ones(1, 3)),
    "the same set": (blob(5, 3), blob(5, 3)),
    "all points coincide": (torch.ones(6, 3), torch.ones(4, 3)),
    "synthetic points coincide": (blob(6, 3), torch.zeros(4, 3)),
    "far apart": (blob(6, 3), blob(4, 3, seed=1) + 1e5),
    "high dimension": (blob(6, 300), blob(6, 300)),
    "mostly duplicates": (torch.cat([torch.zeros(9, 3), torch.ones(1, 3)]), blob(4, 3, seed=1)),
    "tiny": (1e-10 * blob(6, 3), 1e-10 * blob(4, 3, seed=1)),
}


@every
@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_odd_sets_give_finite_numbers(divergence, case, dtype):
    x, y = (side.to(dtype) for side in ODD[case])
    for found in value_and_gradient(divergence, x, y):
        assert found.dtype == dtype
        assert found.isfinite().all()


@every
@pytest.mark.parametrize("near", [0.0, 0.01])  # on a real point, and beside one
@pytest.mark.parametrize("dimensions", [2, 64])
def test_single_precision_is_close_to_double(divergence, dimensions, near):
    """Also there: a root of an expanded square would drown the gradient in the rounding of this one pair."""
    x, y = 100 + blob(40, dimensions), 100.3 + 1.2 * blob(7, dimensions, seed=1)  # features are rarely centred
    x, y = x.float(), y.float()
    y[0] = x[0] + near
    exact, single = value_and_gradient(divergence, x.double(), y.double()), value_and_gradient(divergence, x, y)
    if divergence.name == "max-sliced" and dimensions == 2:  # its maximum is a kink here: values alone can agree
        exact, single = exact[::2], single[::2]
    for got, expected in zip(single, exact, strict=True):
        assert float((got.double() - expected).norm() / expected.norm()) < 3e-3


@every
def test_a_second_derivative_is_never_silently_zero(divergence):
    y = blob(4, 3, seed=1).requires_grad_()
    value, _ = divergence.value(divergence.fit(blob(6, 3), seeded()), y)
    slope = torch.autograd.grad(value, y, create_graph=True)[0]
    if value.grad_fn.name().startswith("KnownGradient"):
        with pytest.raises(RuntimeError, match="once_differentiable|does not require grad"):
            torch.autograd.grad(slope.square().sum(), y)
    else:
        assert torch.autograd.grad(slope.square().sum(), y)[0].abs().sum() > 0
