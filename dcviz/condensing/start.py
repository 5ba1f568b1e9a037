"""Where S starts: noise, real samples, or samples chosen to stand for their class. With zero steps, a baseline."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.condensing.cloud import BLOCK, HELD, Cloud, at, every, mean
from dcviz.condensing.kernel_herding import kernel_herd
from dcviz.data.transforms import pixels
from dcviz.errors import Refused, unknown
from dcviz.types import Dataset

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Features = Callable[["Tensor"], "Tensor"]  # (n, *shape) in model space -> (n, D)


@dataclass(frozen=True)
class Start:
    """One kind of start, as menus show it."""

    name: str
    title: str
    sentence: str
    real: bool  # its images are real samples


STARTS = (
    Start("noise", "noise", "Independent standard normal numbers, as far from the data as can be.", False),
    Start("real", "random real", "Real samples, drawn at random from each class.", True),
    Start("herding", "herding", "Real samples picked one by one so that their mean stays near the class mean.", True),
    Start(
        "kernel-herding",
        "kernel herding",
        "Real samples picked one by one, each where the class is denser than those before.",
        True,
    ),
    Start("medoids", "medoids", "k-means in each class, then the real sample nearest to each centre.", True),
    Start(
        "k-center", "k-centre", "Real samples picked one by one, each farthest from those before: outliers too.", True
    ),
    Start("centroids", "centroids", "The centres of k-means in each class: averages, blurred but central.", False),
    Start("support", "support points", "Points moved until their energy distance to the class is smallest.", False),
)


def start(
    kind: str,
    dataset: Dataset,
    budget: int | Sequence[int],
    generator: torch.Generator,
    *,
    features: Features | None = None,
) -> tuple[Tensor, Tensor]:
    """The first ``budget`` samples of every class: ``x (C·K, *shape)`` in model space, ``y (C·K,)`` ascending.

    Args:
        kind: the name of one of `STARTS`.
        dataset: its training split is what is chosen from.
        budget: K, or a number for each class.
        generator: a CPU generator.
        features: where distances are measured; by default in model space itself.

    Raises:
        Refused: an unknown kind; a class smaller than the budget (noise has no such limit); features for
            centroids or support points, which have no image there.
    """
    import torch

    made = list(pieces(kind, dataset, budget, generator, features=features))
    return torch.cat(made), torch.cat([torch.full((len(x),), c) for c, x in enumerate(made)])


def pieces(
    kind: str,
    dataset: Dataset,
    budget: int | Sequence[int],
    generator: torch.Generator,
    *,
    features: Features | None = None,
) -> Iterator[Tensor]:
    """What `start` makes, class by class: ``(K, *shape)`` each, for callers with something to do in between."""
    import torch

    check(kind, dataset, budget, features)
    y = dataset.train.y
    members = y.argsort(stable=True).split(y.bincount(minlength=len(dataset.classes)).tolist())
    for count, own in zip(_for_each(budget, dataset), members, strict=True):
        if kind == "noise":
            yield torch.randn(count, *dataset.shape, generator=generator)
            continue
        x, z = _vectors(dataset, own, features)
        if kind in PICK:
            yield x(PICK[kind](z, count, generator))
        else:
            yield MAKE[kind](z, count, generator).reshape(count, *dataset.shape)


def _vectors(
    dataset: Dataset, own: Tensor, features: Features | None
) -> tuple[Callable[[Tensor], Tensor], Tensor | Cloud]:
    """What gives a class's samples ``(n, *shape)`` by position, and its vectors ``(N, D)``, held or passed over."""
    import torch

    def seen(x: Tensor) -> Tensor:
        return (x if features is None else features(x)).flatten(1)

    D = math.prod(dataset.shape)
    if 4 * len(own) * D <= (HELD if isinstance(dataset.train.x, torch.Tensor) else BLOCK):
        x = real(dataset, own)  # (N, *shape)
        return x.__getitem__, seen(x)

    def some(at: Tensor) -> Tensor:
        return real(dataset, own[at])

    return some, Cloud(len(own), D, lambda at: seen(some(at)))


def real(dataset: Dataset, indices: Tensor) -> Tensor:
    """Training samples in model space ``(n, *shape)``."""
    return dataset.transform.forward(pixels(dataset.train.x[indices]))


def check(kind: str, dataset: Dataset, budget: int | Sequence[int], features: Features | None = None) -> None:
    """Refuse a start that does not exist, or that the classes are too small for."""
    import torch

    if kind not in [s.name for s in STARTS]:
        raise unknown("start", kind, [s.name for s in STARTS])
    wanted = _for_each(budget, dataset)
    if min(wanted) < 1:
        raise Refused(f"a budget of {min(wanted)} is no image at all: give at least 1 per class.")
    if features is not None and kind in MAKE:
        raise Refused(f"{kind} in feature space are not images: choose herding, kernel-herding, medoids or k-center.")
    counts = torch.bincount(dataset.train.y, minlength=len(dataset.classes))
    lacking = (torch.tensor(wanted) - counts).tolist()
    worst = lacking.index(max(lacking))
    if kind != "noise" and lacking[worst] > 0:
        count, name = int(counts[worst]), dataset.classes[worst]
        raise Refused(
            f"class {name!r} has {count} real samples, fewer than the budget of {wanted[worst]}: "
            f"choose a budget of at most {count}, or start from noise."
        )


def _for_each(budget: int | Sequence[int], dataset: Dataset) -> list[int]:
    return [budget] * len(dataset.classes) if isinstance(budget, int) else list(budget)


def pick_random(z: Tensor | Cloud, budget: int, generator: torch.Generator) -> Tensor:
    """Indices ``(K,)`` drawn without replacement from ``z (N, D)``."""
    import torch

    return torch.randperm(len(z), generator=generator)[:budget]


def herd(z: Tensor | Cloud, budget: int, generator: torch.Generator) -> Tensor:
    """Greedy mean matching: each next index brings the mean of those picked nearest to the mean of ``z (N, D)``.

    Source: Welling, Herding dynamical weights to learn, 2009; without repetition, as in iCaRL
    (https://arxiv.org/abs/1611.07725, Alg. 4). O(KND).
    """
    import torch

    middle = mean(z)
    total = torch.zeros_like(middle)
    picked: list[int] = []
    for k in range(1, budget + 1):
        # |mean - (total + z)/k|² · k² = |z - (k·mean - total)|²
        distance = squared(z, k * middle - total)  # (N,)
        if picked:
            distance[picked] = torch.inf
        picked.append(int(distance.argmin()))
        total = total + at(z, picked[-1])
    return torch.tensor(picked)


def cover(z: Tensor | Cloud, budget: int, generator: torch.Generator) -> Tensor:
    """Greedy k-centre: first the point nearest to the mean, then always the one farthest from those picked.

    At most twice the smallest possible covering radius (Gonzalez, 1985, doi:10.1016/0304-3975(85)90224-5).
    """
    import torch

    picked = [int(squared(z, mean(z)).argmin())]
    nearest = squared(z, at(z, picked[0]))  # (N,)
    while len(picked) < budget:
        nearest[picked] = -1  # equal points are at distance 0: still another index
        picked.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, squared(z, at(z, picked[-1])))
    return torch.tensor(picked)


def squared(z: Tensor | Cloud, point: Tensor) -> Tensor:
    """The squared distances ``(N,)`` of ``z (N, D)`` to a point ``(D,)``."""
    return every(z, lambda part: (part - point).square().sum(1))


def centroids(z: Tensor | Cloud, budget: int, generator: torch.Generator) -> Tensor:
    """The centres ``(K, D)`` of k-means in ``z (N, D)``; the best of several starts where the class is small.

    Of a class that is too large to be held, those of as many random samples as are in a block.
    """
    import torch
    from sklearn.cluster import KMeans

    if budget == 1:
        return mean(z).unsqueeze(0)
    if isinstance(z, Cloud):
        z = z.some(generator)
    seed = int(torch.randint(2**31 - 1, (1,), generator=generator))
    found = KMeans(budget, n_init=4 if len(z) <= 1000 else 1, max_iter=50, random_state=seed).fit(z.numpy())
    return torch.from_numpy(found.cluster_centers_).to(z)


def medoids(z: Tensor | Cloud, budget: int, generator: torch.Generator) -> Tensor:
    """The nearest point of ``z (N, D)`` to each centre of k-means, each point at most once: indices ``(K,)``."""
    import torch

    centres = centroids(z, budget, generator)
    distance = every(z, lambda part: torch.cdist(centres, part).T).T.contiguous()  # (K, N)
    picked: list[int] = []
    for row in distance:
        row[picked] = torch.inf
        picked.append(int(row.argmin()))
    return torch.tensor(picked)


def support_points(z: Tensor | Cloud, budget: int, generator: torch.Generator) -> Tensor:
    """Points ``(K, D)`` of least energy distance to ``z (N, D)``, by the fixed-point iteration.

    Source: Mak and Joseph, Support points, 2018, https://arxiv.org/abs/1609.01811, Eq. 22. At most a thousand
    points of a class are used: more change the result less than the start does.
    """
    import torch

    z = z[pick_random(z, min(len(z), 1000), generator)]
    spread = z.std(0, correction=0).mean().clamp_min(1e-6)
    y = z[:budget] + 0.1 * spread * torch.randn(z[:budget].shape, generator=generator)  # on a point it would stay
    for _ in range(50):
        pull = 1 / torch.cdist(y, z).clamp_min(1e-6 * spread)  # (K, N)
        push = (1 / torch.cdist(y, y).clamp_min(1e-6 * spread)).fill_diagonal_(0)  # (K, K)
        apart = push.sum(1, keepdim=True) * y - push @ y  # sum of unit vectors, (K, D)
        y = (len(z) / budget * apart + pull @ z) / pull.sum(1, keepdim=True)
    return y


PICK = {  # indices of real samples
    "real": pick_random,
    "herding": herd,
    "kernel-herding": kernel_herd,
    "medoids": medoids,
    "k-center": cover,
}
MAKE = {"centroids": centroids, "support": support_points}  # new points
