"""Where S starts: noise, real samples, or samples chosen to stand for their class. With zero steps, a baseline.

Noise and random samples are of all of T. The others stand for a part of each class where it is large
(`dcviz.condensing.members`): more samples cost time and hardly change what is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dcviz.condensing import members
from dcviz.condensing.picking import MAKE, MAKING, PICK, PICKING, cover, herd
from dcviz.data.draws import some
from dcviz.data.transforms import pixels
from dcviz.errors import Refused, unknown
from dcviz.leaving import slices
from dcviz.types import Dataset

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = [
    "MAKE",
    "PICK",
    "STARTS",
    "Features",
    "Start",
    "check",
    "chosen_from",
    "cover",
    "herd",
    "real",
    "start",
    "starting",
]

Features = Callable[["Tensor"], "Tensor"]  # (n, *shape) in model space -> (n, D)
R = TypeVar("R")
Work = Generator[float, None, R]  # yields the fraction done


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
        dataset: its training split is what is chosen from; `chosen_from` says of how many samples of a class.
        budget: K, or a number for each class.
        generator: a CPU generator.
        features: where distances are measured; by default in model space itself.

    Raises:
        Refused: an unknown kind; a class smaller than the budget (noise has no such limit); features for
            centroids or support points, which have no image there.
    """
    return slices(starting(kind, dataset, budget, generator, features=features))


def starting(
    kind: str,
    dataset: Dataset,
    budget: int | Sequence[int],
    generator: torch.Generator,
    *,
    features: Features | None = None,
) -> Work[tuple[Tensor, Tensor]]:
    """`start` in pieces, for callers with something to do in between; what that is changes nothing.

    Yields:
        The fraction done, after some hundred samples that were read, and each look at the samples of a class.
    """
    import torch

    check(kind, dataset, budget, features)
    counts = _for_each(budget, dataset)
    if kind == "noise":
        made = [torch.randn(count, *dataset.shape, generator=generator) for count in counts]
    elif kind == "real" and _apart(dataset, counts):
        made = yield from _drawn(dataset, counts, generator)
    else:
        made = yield from _selected(kind, dataset, counts, generator, features)
    return torch.cat(made), torch.cat([torch.full((len(x),), c) for c, x in enumerate(made)])


def chosen_from(kind: str, dataset: Dataset, budget: int) -> int | None:
    """How many samples of a class a start looks at, at most; None where it looks at all that there are."""
    selects = kind != "real" and kind in (*PICKING, *MAKING)
    return members.most(dataset, budget) if selects and members.large(dataset, budget) else None


def _apart(dataset: Dataset, counts: list[int]) -> bool:
    """Whether random samples are drawn before any is read.

    Whitening is a product of matrices, whose last bits depend on how many rows there are: where that is possible, it
    is of the whole class, as it always was.
    """
    return dataset.transform.name != "zca" or members.large(dataset, max(counts))


def _drawn(dataset: Dataset, counts: list[int], generator: torch.Generator) -> Work[list[Tensor]]:
    """Random samples of all that there are of each class."""
    own = members.by_class(dataset)
    wanted = [at[some(len(at), count, generator)] for at, count in zip(own, counts, strict=True)]
    yield 0.0
    x = yield from _at(0.5, members.stored(dataset, wanted))
    made: list[Tensor] = []
    for part in x:
        turned = yield from _at(0.5 + 0.5 * len(made) / len(x), members.in_model_space(dataset, part))
        made.append(turned)
    return made


def _selected(
    kind: str, dataset: Dataset, counts: list[int], generator: torch.Generator, features: Features | None
) -> Work[list[Tensor]]:
    """Those that stand for their class, or for as much of it as is looked at."""
    most, wanted = members.most(dataset, max(counts)), []
    made: list[Tensor] = []
    for own in members.by_class(dataset):
        wanted.append(members.part(own, dataset.train.id[own], most))
        yield 0.0
    for group in members.together(dataset, wanted):
        held = yield from _at(len(made) / len(counts), members.stored(dataset, group))
        while held:
            one = _one(kind, dataset, held.pop(0), counts[len(made)], generator, features)
            found = yield from _at(len(made) / len(counts), one)
            made.append(found)
    return made


def _one(  # noqa: PLR0913  (called once, above)
    kind: str, dataset: Dataset, stored: Tensor, count: int, generator: torch.Generator, features: Features | None
) -> Generator[None, None, Tensor]:
    """The start of one class ``(K, *shape)``."""
    x = yield from members.in_model_space(dataset, stored)
    z = (x if features is None else features(x)).flatten(1)
    if kind in PICKING:
        picked = yield from PICKING[kind](z, count, generator)
        return x[picked]
    points = yield from MAKING[kind](z, count, generator)
    return points.reshape(count, *dataset.shape)


def _at(fraction: float, work: Generator[None, None, R]) -> Work[R]:
    """The same work, which says how far all of it is."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
        yield fraction


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
    if features is not None and kind in MAKING:
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
