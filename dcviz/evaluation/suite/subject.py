"""What is judged: a synthetic set, or one of its rivals, in a form that every property can train on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dcviz.data.splits import proportional, stratified
from dcviz.evaluation.baselines import BASELINES, selected
from dcviz.evaluation.measure import Work, in_model_space, whole
from dcviz.training import Sample, shuffles
from dcviz.types import Dataset, Split, Views
from dcviz.views import viewed

if TYPE_CHECKING:
    import torch
    from torch import Tensor

RIVALS = ("random", "herding", "medoids", "centroids", "whole set")  # measured beside every set
AT_ONCE = 5000  # samples of the whole set that are held at once, for learners that take no batches


@dataclass(frozen=True)
class Made:
    """What one network trains on."""

    x: Tensor  # (M, *shape) in model space; of the whole set at most `AT_ONCE`, stratified
    y: Tensor  # (M,) classes, or (M, C) soft labels of the subject's kind
    classes: Tensor  # (M,) int64; of soft labels the largest
    sample: Sample  # how batches are drawn: all of the set, in its stored views


@dataclass(frozen=True)
class Costs:
    """What is known of how a set came to be, and of what it takes to store it."""

    bytes_images: int = 0  # images or codes, as stored
    bytes_labels: int = 0  # soft labels, views and their maps; class numbers take M bytes
    bytes_networks: int = 0  # of networks that decoding needs
    count: int = 0  # stored images
    seconds: float | None = None  # of making it
    operations: float | None = None  # of making it


@dataclass(frozen=True)
class Subject:
    """A set to be judged."""

    of: str  # synthetic, or one of `RIVALS`
    key: str  # of its content: what figures are cached under
    make: Callable[[int], Work[Made]]  # what network i trains on
    distinct: bool = False  # whether each network has samples of its own
    label_kind: str = "hard"
    step_size: float | None = None  # learned with the set
    views: Views | None = None  # stored views, through which networks train
    remake: Callable[[Dataset, int, int | None], Work[Subject]] | None = None
    """The same method on other data: (data, seed, most steps or None) -> a new subject. None: it is not known how."""
    costs: Costs = Costs()
    _made: dict[int, Made] = field(default_factory=dict, compare=False, repr=False)

    def made(self, number: int) -> Work[Made]:
        """What network ``number`` trains on, made once."""
        at = number if self.distinct else 0
        if at not in self._made:
            self._made[at] = yield from self.make(at)
        return self._made[at]

    def known(self, number: int) -> Made | None:
        """The same where it has been made."""
        return self._made.get(number if self.distinct else 0)


def synthetic(  # noqa: PLR0913  (all but three by keyword)
    x: Tensor,
    y: Tensor,
    device: torch.device | str = "cpu",
    *,
    label_kind: str = "hard",
    views: Views | None = None,
    step_size: float | None = None,
    remake: Callable[[Dataset, int, int | None], Work[Subject]] | None = None,
    costs: Costs | None = None,
) -> Subject:
    """S from its samples ``x (M, *shape)`` in model space and labels ``y (M,)`` or ``(M, C)``."""
    x, y = x.to(device), y.to(device)
    seen = None if views is None else Views(views.labels.to(device), views.maps.to(device))
    classes = y if y.dim() == 1 else y.argmax(1)
    sample = shuffles(x, y) if seen is None else viewed(x, seen)
    parts = [x, y] + ([] if views is None else [views.labels, views.maps])
    key = content(label_kind, step_size, *parts)
    return Subject(
        "synthetic",
        key,
        lambda i: _known(Made(x, y, classes, sample)),
        label_kind=label_kind,
        step_size=step_size,
        views=seen,
        remake=remake,
        costs=costs or Costs(bytes_images=x.numel() * 4, count=len(x)),
    )


def rival(kind: str, dataset: Dataset, budget: int, *, seed: int = 0, device: torch.device | str = "cpu") -> Subject:
    """One of the simple rivals of a set of ``budget`` samples a class, chosen from ``dataset``."""
    size = dataset.train.x[0].numel()
    count = len(dataset.train) if kind == "whole set" else budget * len(dataset.classes)
    each = size * (4 if kind == "centroids" else dataset.train.x.element_size())

    def remake(data: Dataset, number: int, steps: int | None) -> Work[Subject]:
        yield 0.0
        return rival(kind, data, budget, seed=number, device=device)

    return Subject(
        kind,
        f"{kind}/{budget if kind != 'whole set' else 0}/{seed}/{dataset.fingerprint}",
        lambda i: _of_rival(kind, dataset, budget, seed, i, device),
        distinct=kind == "random",
        remake=remake,
        costs=Costs(bytes_images=count * each, count=count),
    )


def rivals(dataset: Dataset, budget: int, *, seed: int = 0, device: torch.device | str = "cpu") -> list[Subject]:
    """All rivals that the data allow: a class smaller than the budget has only the whole set."""
    smallest = int(dataset.train.y.bincount(minlength=len(dataset.classes)).min())
    kinds = [kind for kind in RIVALS if kind == "whole set" or budget <= smallest]
    assert set(kinds) <= set(BASELINES)
    return [rival(kind, dataset, budget, seed=seed, device=device) for kind in kinds]


def content(*parts: object) -> str:
    """32 hexadecimal digits for plain values and tensors."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if hasattr(part, "numpy"):
            array = part.detach().cpu().contiguous().numpy()  # type: ignore[attr-defined]
            digest.update(repr((array.shape, str(array.dtype))).encode())
            digest.update(array.data)
        else:
            digest.update(repr(part).encode())
    return digest.hexdigest()


def thinned(split: Split, most: int | None, classes: int, seed: int = 0) -> Tensor:
    """Positions of at most ``most`` samples of a split, each class in its proportion."""
    import numpy as np
    import torch

    if most is None or most >= len(split):
        return torch.arange(len(split))
    y = split.y.numpy()
    quota = proportional(np.bincount(y, minlength=classes), most, least=1)
    return torch.from_numpy(stratified(y, split.id.numpy(), quota, seed)).nonzero()[:, 0]


def _known(made: Made) -> Work[Made]:
    yield 0.0
    return made


def _of_rival(  # noqa: PLR0913  (called once, above)
    kind: str, dataset: Dataset, budget: int, seed: int, number: int, device: torch.device | str
) -> Work[Made]:
    if kind == "whole set":
        return (yield from _whole(dataset, device))
    x, y = yield from selected(kind, dataset, budget, seed, number)
    x, y = x.to(device), y.to(device)
    return Made(x, y, y, shuffles(x, y))


def _whole(dataset: Dataset, device: torch.device | str) -> Work[Made]:
    yield 0.0
    few = thinned(dataset.train, AT_ONCE, len(dataset.classes))
    x, y = in_model_space(dataset, dataset.train, few)
    return Made(x.to(device), y.to(device), y.to(device), whole(dataset, device))
