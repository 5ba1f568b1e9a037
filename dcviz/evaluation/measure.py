"""Train fresh networks on a set under a protocol, test them on real data."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from dcviz.data.transforms import pixels
from dcviz.nets import WIDTHS, network
from dcviz.randomness import generator
from dcviz.records import EvaluationProtocol, Score
from dcviz.training import Sample, Training, correct, fit, refuse_diverged, shuffles
from dcviz.types import Dataset, Split, Views
from dcviz.views import viewed

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.layers import Classifier

R = TypeVar("R")
Work = Generator[float, None, R]  # yields the fraction done, returns the result

CHUNK = 256  # real samples tested at once: a slice of work well under 0.3 s


def measure(  # noqa: PLR0913  (three of them rare, by keyword only)
    x: Tensor,
    y: Tensor,
    dataset: Dataset,
    protocol: EvaluationProtocol,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    label_kind: str = "hard",
    views: Views | None = None,
    step_size: float | None = None,
) -> Work[Score]:
    """The accuracy of ``protocol.seeds`` fresh networks trained on a set, as work that can be done in slices.

    Args:
        x: samples in model space ``(M, *shape)``.
        y: classes ``(M,)``, or soft labels ``(M, C)`` of the kind given.
        dataset: tested on its split ``protocol.split``.
        protocol: everything else. The last update counts, never the best.
        seed: of networks, batches and augmentation; network i of two sets starts with the same weights.
        device: where to train.
        label_kind: hard, logits, probabilities or values.
        views: stored views of the set, whose images and labels then take the place of ``x`` and ``y``; what the
            protocol augments comes on top.
        step_size: learned with the set; where the protocol trains by SGD, it takes the place of the rate.

    Yields:
        The fraction done, after every update and every chunk of tests.
    """
    x, y = x.to(device), y.to(device)
    there = None if views is None else Views(views.labels.to(device), views.maps.to(device))

    def make(i: int) -> Sample:
        return shuffles(x, y) if there is None else viewed(x, there)

    if not step_size or protocol.optimiser != "sgd":  # it means nothing to Adam; 0 would train nothing
        return (yield from _score(make, dataset, protocol, seed, device, label_kind))
    score = yield from _score(make, dataset, replace(protocol, rate=step_size), seed, device, label_kind)
    return replace(score, protocol=protocol, step_size=step_size)


def measure_each(  # noqa: PLR0913  (four of them rare, by keyword only)
    make: Callable[[int], Sample],
    dataset: Dataset,
    protocol: EvaluationProtocol,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    of: str,
    label_kind: str = "hard",
) -> Work[Score]:
    """As `measure`, where network i trains on samples of its own, ``make(i)``."""
    score = yield from _score(make, dataset, protocol, seed, device, label_kind)
    return replace(score, of=of)


def run_to_end(work: Generator[object, None, R]) -> R:
    """Do all slices of a piece of work and return its result.

    >>> def work():
    ...     yield 0.5
    ...     return "result"
    >>> run_to_end(work())
    'result'
    """
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def fitting(protocol: EvaluationProtocol, shape: tuple[int, ...]) -> EvaluationProtocol:
    """The protocol for samples of this shape: points of the plane are judged by an MLP, not by a ConvNet."""
    if len(shape) == 1 and protocol.network == "convnet":
        return replace(protocol, network="mlp", width=WIDTHS["mlp"])
    return protocol


def in_model_space(dataset: Dataset, split: Split, indices: Tensor | slice) -> tuple[Tensor, Tensor]:
    """Some samples of a split, transformed, with their classes."""
    return dataset.transform.forward(pixels(split.x[indices])), split.y[indices]


def _score(
    make: Callable[[int], Sample],
    dataset: Dataset,
    protocol: EvaluationProtocol,
    seed: int,
    device: torch.device | str,
    label_kind: str,
) -> Work[Score]:
    began = time.perf_counter()
    values: list[float] = []
    for i in range(protocol.seeds):
        one = _one(make(i), dataset, protocol, (seed, i), device, label_kind)
        value = yield from scaled(one, i / protocol.seeds, 1 / protocol.seeds)
        values.append(value)
    std = statistics.stdev(values) if len(values) > 1 else 0.0  # divided by n - 1
    seconds = time.perf_counter() - began
    return Score(statistics.fmean(values), std, tuple(values), protocol, seconds=seconds)


def _one(
    sample: Sample,
    dataset: Dataset,
    protocol: EvaluationProtocol,
    at: tuple[int, int],
    device: torch.device | str,
    label_kind: str,
) -> Work[float]:
    """Train and test one network; ``at`` is (seed, number of the network)."""
    training = trained(sample, dataset, protocol, at, device=device, label_kind=label_kind)
    net = yield from scaled(training, 0.0, 0.9)
    split = dataset.test if protocol.split == "test" else dataset.held_out
    hits = 0
    for first in range(0, len(split), CHUNK):
        x, y = in_model_space(dataset, split, slice(first, first + CHUNK))
        hits += correct(net, x.to(device), y.to(device))
        yield 0.9 + 0.1 * min(first + CHUNK, len(split)) / len(split)
    return hits / len(split)


def trained(  # noqa: PLR0913  (two of them rare, by keyword only)
    sample: Sample,
    dataset: Dataset,
    protocol: EvaluationProtocol,
    at: tuple[int, int],
    *,
    device: torch.device | str = "cpu",
    label_kind: str = "hard",
) -> Work[Classifier]:
    """One network of a protocol trained on a set, as work in slices; ``at`` is (seed, number of the network)."""
    p, (seed, i) = protocol, at
    fresh = generator(seed, "evaluation network", i)
    net = network(p.network, dataset.shape, len(dataset.classes), fresh, width=p.width).to(device)
    for done in fit(net, sample, Training.of(p, label_kind), generator(seed, "evaluation training", i)):
        yield done / p.updates
    refuse_diverged(net, p.rate)
    return net.eval()


def scaled(work: Work[R], base: float, part: float) -> Work[R]:
    """A part of something larger: its fractions become ``base`` to ``base + part`` of the whole."""
    while True:
        try:
            fraction = next(work)
        except StopIteration as end:
            return end.value
        yield base + part * fraction


def whole(dataset: Dataset, device: torch.device | str) -> Sample:
    """Batches of the whole training split, transformed as they are drawn: it may be large."""
    import torch

    draw = shuffles(torch.arange(len(dataset.train)), dataset.train.y)

    def sample(size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        indices, _ = draw(size, generator)
        x, y = in_model_space(dataset, dataset.train, indices)
        return x.to(device), y.to(device)

    return sample
