import itertools

import pytest
import torch

from dcviz.condensing.start import MAKE, PICK, STARTS, herd, real, start
from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.randomness import generator
from dcviz.types import Dataset, Split

NAMES = [s.name for s in STARTS]


@pytest.fixture(scope="module")
def digits():
    return dataset("digits")


def tiny(counts=(6, 4)):
    y = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    x = torch.randn(len(y), 2, generator=generator(0, "tiny"))
    split = Split(x, y, torch.arange(len(y)))
    transform = dataset("moons").transform
    return Dataset("tiny", "tiny", ("left", "right"), split, split, split, transform, "tiny")


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("name", ["digits", "moons"])
def test_shapes_order_and_determinism(kind, name):
    data = dataset(name)
    x, y = start(kind, data, 3, generator(0, "start"))
    C = len(data.classes)
    assert x.shape == (3 * C, *data.shape)
    assert x.dtype == torch.float32
    assert torch.equal(y, torch.arange(C).repeat_interleave(3))
    assert torch.isfinite(x).all()
    torch.testing.assert_close(start(kind, data, 3, generator(0, "start"))[0], x)


def test_the_list_covers_what_there_is():
    assert set(NAMES) == {"noise"} | set(PICK) | set(MAKE)
    assert {s.name for s in STARTS if s.real} == set(PICK)


@pytest.mark.parametrize("kind", sorted(PICK))
def test_selections_are_distinct_real_samples_of_their_class(digits, kind):
    x, y = start(kind, digits, 5, generator(1, "start"))
    for c in range(10):
        members = real(digits, (digits.train.y == c).nonzero()[:, 0]).flatten(1)
        exact = "donot_use_mm_for_euclid_dist"
        distance = torch.cdist(x[y == c].flatten(1), members, compute_mode=exact)
        assert (distance.min(1).values < 1e-3).all()
        assert len(set(distance.argmin(1).tolist())) == 5


def test_herding_is_the_greedy_choice_by_brute_force():
    z = torch.randn(12, 3, generator=generator(0, "z"))
    picked = herd(z, 5, generator(0, "g")).tolist()
    expected: list[int] = []
    for _ in range(5):
        free = [i for i in range(12) if i not in expected]
        expected.append(min(free, key=lambda i: (z[[*expected, i]].mean(0) - z.mean(0)).norm().item()))
    assert picked == expected


def test_k_center_covers_within_twice_the_best():
    z = torch.randn(9, 2, generator=generator(3, "z"))

    def radius(chosen):
        return torch.cdist(z, z[list(chosen)]).min(1).values.max()

    best = min(radius(chosen) for chosen in itertools.combinations(range(9), 3))
    assert radius(PICK["k-center"](z, 3, generator(0, "g")).tolist()) <= 2 * best + 1e-6


def test_one_centroid_is_the_mean_and_more_lower_the_squared_distance(digits):
    x, y = start("centroids", digits, 1, generator(0, "start"))
    members = real(digits, (digits.train.y == 4).nonzero()[:, 0])
    torch.testing.assert_close(x[4], members.mean(0))
    several, _ = start("centroids", digits, 8, generator(0, "start"))
    randoms, _ = start("real", digits, 8, generator(0, "start"))

    def cost(points):
        return torch.cdist(members.flatten(1), points[32:40].flatten(1)).square().min(1).values.mean()

    assert cost(several) < cost(randoms)


def test_support_points_have_less_energy_distance_than_random_ones(digits):
    from dcviz.divergences.energy import Energy

    energy, at = Energy(), generator(0, "energy")
    members = real(digits, (digits.train.y == 2).nonzero()[:, 0]).flatten(1)
    side = energy.fit(members, at)
    found = {}
    for kind in ("support", "real", "herding"):
        x, y = start(kind, digits, 10, generator(0, "start"))
        found[kind] = energy.value(side, x[y == 2].flatten(1))[0].item()
    assert found["support"] < 0.7 * min(found["real"], found["herding"])


def test_noise_is_standard_normal_and_knows_no_limit():
    x, _ = start("noise", tiny(), 2000, generator(0, "start"))
    assert x.mean().item() == pytest.approx(0, abs=0.05)
    assert x.std().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", sorted([*PICK, *MAKE]))
def test_a_class_smaller_than_the_budget_is_refused_by_name(kind):
    assert len(start(kind, tiny(), 4, generator(0, "s"))[0]) == 8
    with pytest.raises(Refused, match="class 'right' has 4 real samples.*at most 4, or start from noise"):
        start(kind, tiny(), 5, generator(0, "s"))


def test_selection_in_feature_space():
    first = lambda x: x.flatten(1)[:, :1]  # noqa: E731
    x, _ = start("herding", tiny(), 1, generator(0, "s"), features=first)
    members = real(tiny(), torch.arange(6))
    assert torch.equal(x[0], members[(members[:, 0] - members[:, 0].mean()).abs().argmin()])
    with pytest.raises(Refused, match="not images"):
        start("centroids", tiny(), 1, generator(0, "s"), features=first)


def test_refusals():
    with pytest.raises(Refused, match="did you mean 'herding'"):
        start("hering", tiny(), 1, generator(0, "s"))
    with pytest.raises(Refused, match="at least 1"):
        start("noise", tiny(), 0, generator(0, "s"))
