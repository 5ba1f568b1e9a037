"""Samples and points chosen to stand for a class ``z (N, D)``, in pieces: each yield is a chance to do something else.

A piece looks at each vector of the class once at most; k-means goes on in a thread of its own meanwhile. What is chosen
does not depend on what is done in between.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import wraps
from typing import TYPE_CHECKING, Any

from dcviz.condensing.kernel_herding import kernel_herding
from dcviz.data.draws import some
from dcviz.leaving import slices

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

Pieces = Generator[None, None, "Tensor"]
Choose = Callable[["Tensor", int, "torch.Generator"], Pieces]  # (z (N, D), K, CPU generator) -> (K,) or (K, D)

LOOK = 0.05  # seconds between looks whether k-means is done


def at_once(choose: Choose) -> Callable[[Tensor, int, torch.Generator], Tensor]:
    """The same without pauses."""

    @wraps(choose)
    def chosen(z: Tensor, budget: int, generator: torch.Generator) -> Tensor:
        return slices(choose(z, budget, generator))

    return chosen


def random(z: Tensor, budget: int, generator: torch.Generator) -> Pieces:
    """Indices ``(K,)`` drawn without replacement from ``z (N, D)``."""
    yield
    return some(len(z), budget, generator)


def herding(z: Tensor, budget: int, generator: torch.Generator) -> Pieces:
    """Greedy mean matching: each next index brings the mean of those picked nearest to the mean of ``z (N, D)``.

    Source: Welling, Herding dynamical weights to learn, 2009; without repetition, as in iCaRL
    (https://arxiv.org/abs/1611.07725, Alg. 4). O(ND) a pick: one product of the class with a vector.
    """
    import torch

    middle = z.mean(0)
    yield
    size = z.square().sum(1)  # (N,)
    total = torch.zeros_like(middle)
    free = torch.zeros_like(size)  # inf where it is picked
    picked: list[int] = []
    for k in range(1, budget + 1):
        yield
        # |mean - (total + z)/k|² · k² = |z - (k·mean - total)|²
        picked.append(_nearest(z, size, k * middle - total, free))
        free[picked[-1]] = torch.inf
        total = total + z[picked[-1]]
    return torch.tensor(picked)


def _nearest(z: Tensor, size: Tensor, point: Tensor, free: Tensor) -> int:
    """The index of the vector of ``z (N, D)``, of squared length ``size (N,)``, that is nearest to a point ``(D,)``.

    |z|² - 2 z·p says so but for its rounding, for which each sum of D products may be off by D times the precision of
    a number: of those that it cannot tell apart, the distances are computed as differences.
    """
    import torch

    about = torch.addmv(size, z, point, alpha=-2) + free  # (N,) + (N, D) @ (D,)
    reach = (size.max().sqrt() + point.norm()).square()  # no term is larger
    doubt = 4 * z.shape[1] * torch.finfo(z.dtype).eps * reach
    near = (about <= about.min() + doubt).nonzero()[:, 0]
    return int(near[squared(z[near], point).argmin()]) if len(near) > 1 else int(about.argmin())


def covering(z: Tensor, budget: int, generator: torch.Generator) -> Pieces:
    """Greedy k-centre: first the point nearest to the mean, then always the one farthest from those picked.

    At most twice the smallest possible covering radius (Gonzalez, 1985, doi:10.1016/0304-3975(85)90224-5).
    """
    import torch

    middle = z.mean(0)
    yield
    picked = [int(squared(z, middle).argmin())]
    yield
    nearest = squared(z, z[picked[0]])  # (N,)
    while len(picked) < budget:
        yield
        nearest[picked] = -1  # equal points are at distance 0: still another index
        picked.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, squared(z, z[picked[-1]]))
    return torch.tensor(picked)


def squared(z: Tensor, point: Tensor) -> Tensor:
    """The squared distances ``(N,)`` of ``z (N, D)`` to a point ``(D,)``."""
    return (z - point).square().sum(1)


def centres(z: Tensor, budget: int, generator: torch.Generator) -> Pieces:
    """The centres ``(K, D)`` of k-means in ``z (N, D)``; the best of several starts where the class is small."""
    import torch

    yield
    if budget == 1:
        return z.mean(0).unsqueeze(0)
    seed = int(torch.randint(2**31 - 1, (1,), generator=generator))
    pool = ThreadPoolExecutor(1, "k-means")  # seconds for many centres, without a place to pause at
    found = pool.submit(_k_means, z.numpy(), budget, seed)
    pool.shutdown(wait=False)
    while not wait([found], LOOK).done:
        yield
    return torch.from_numpy(found.result()).to(z)


def _k_means(z: np.ndarray, budget: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    found = KMeans(budget, n_init=4 if len(z) <= 1000 else 1, max_iter=50, random_state=seed).fit(z)
    centres: np.ndarray = found.cluster_centers_
    return centres


def medoids(z: Tensor, budget: int, generator: torch.Generator) -> Pieces:
    """The nearest point of ``z (N, D)`` to each centre of k-means, each point at most once: indices ``(K,)``."""
    import torch

    middles = yield from centres(z, budget, generator)
    picked: list[int] = []
    for row in torch.cdist(middles, z):  # (K, N)
        row[picked] = torch.inf
        picked.append(int(row.argmin()))
    return torch.tensor(picked)


def support(z: Tensor, budget: int, generator: torch.Generator) -> Pieces:
    """Points ``(K, D)`` of least energy distance to ``z (N, D)``, by the fixed-point iteration.

    Source: Mak and Joseph, Support points, 2018, https://arxiv.org/abs/1609.01811, Eq. 22. At most a thousand
    points of a class are used: more change the result less than the start does.
    """
    import torch

    z = z[some(len(z), 1000, generator)]
    spread = z.std(0, correction=0).mean().clamp_min(1e-6)
    y = z[:budget] + 0.1 * spread * torch.randn(z[:budget].shape, generator=generator)  # on a point it would stay
    for _ in range(50):
        yield
        pull = 1 / torch.cdist(y, z).clamp_min(1e-6 * spread)  # (K, N)
        push = (1 / torch.cdist(y, y).clamp_min(1e-6 * spread)).fill_diagonal_(0)  # (K, K)
        apart = push.sum(1, keepdim=True) * y - push @ y  # sum of unit vectors, (K, D)
        y = (len(z) / budget * apart + pull @ z) / pull.sum(1, keepdim=True)
    return y


PICKING: dict[str, Choose] = {  # indices of real samples
    "real": random,
    "herding": herding,
    "kernel-herding": kernel_herding,
    "medoids": medoids,
    "k-center": covering,
}
MAKING: dict[str, Choose] = {"centroids": centres, "support": support}  # new points
herd, cover = at_once(herding), at_once(covering)
PICK: dict[str, Any] = {kind: at_once(choose) for kind, choose in PICKING.items()}
MAKE: dict[str, Any] = {kind: at_once(choose) for kind, choose in MAKING.items()}
