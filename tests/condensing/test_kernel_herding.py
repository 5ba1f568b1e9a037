import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist

from dcviz.condensing.kernel_herding import kernel_herd
from dcviz.divergences import MMD


def eight(n, seed):
    """Eight Gaussians on a ring."""
    draw = np.random.default_rng(seed)
    angle = draw.integers(0, 8, n) * np.pi / 4
    return torch.tensor(2 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.15 * draw.normal(size=(n, 2))).float()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_it_is_the_greedy_choice_by_brute_force():
    z = np.random.default_rng(0).normal(size=(40, 3))
    d = np.sort(pdist(z))
    k = np.exp(-(cdist(z, z) ** 2) / (2 * d[(len(d) - 1) // 2] ** 2))
    expected = [int(k.mean(0).argmax())]  # the first: the peak of the mean embedding
    for t in range(1, 10):
        score = k.mean(0) - k[expected].sum(0) / (t + 1)
        score[expected] = -np.inf
        expected.append(int(score.argmax()))
    assert kernel_herd(torch.tensor(z), 10, seeded()).tolist() == expected


@pytest.mark.parametrize(("budget", "share"), [(8, 0.1), (32, 0.05)])
def test_its_discrepancy_is_far_below_that_of_random_samples(budget, share):
    """V-statistic with the same kernel: less than a tenth of the mean of 50 random subsets at 8, a twentieth at 32."""
    z = eight(1000, 0)
    mmd = MMD(scales="one")
    side = mmd.fit(z, seeded())

    def value(at):
        return float(mmd.value(side, z[at])[0])

    random = np.mean([value(torch.randperm(1000, generator=seeded(s))[:budget]) for s in range(50)])
    assert value(kernel_herd(z, budget, seeded())) < share * random


def test_odd_classes():
    assert kernel_herd(torch.zeros(1, 4), 1, seeded()).tolist() == [0]
    assert sorted(kernel_herd(torch.zeros(5, 4), 5, seeded()).tolist()) == list(range(5))
    mostly = torch.cat([torch.zeros(9, 2), torch.ones(3, 2)])
    picked = kernel_herd(mostly, 4, seeded()).tolist()
    assert len(set(picked)) == 4
    assert sum(i >= 9 for i in picked) == 1  # a quarter of the points
