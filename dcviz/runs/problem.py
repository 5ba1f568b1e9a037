"""From a frozen configuration to objects: device, data, discrepancy, start, problem."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dcviz import registry
from dcviz.caching import Cache
from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.runs.allocator import keep_memory
from dcviz.runs.early import UNCLAMPED, refuse_early
from dcviz.types import Dataset, Discrepancy, Progress, SyntheticSet, silent

if TYPE_CHECKING:
    import torch

    from dcviz.condensing.loop import Problem, RealSource
    from dcviz.data.secret import Key

R = TypeVar("R")

BUDGETS = (1, 100)  # images per class, lowest and highest


@dataclass(frozen=True)
class Setup:
    """All that a configuration names, built."""

    dataset: Dataset
    problem: Problem
    start: SyntheticSet  # on the device
    device: torch.device


def device_of(name: str) -> torch.device:
    """The device under a name; "auto" is cuda, else mps, else the CPU."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise Refused(f"there is no device {name!r}; choose auto, cpu, cuda, cuda:1 or mps.") from error
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        raise Refused(f"{name} was asked for, but torch sees {count} CUDA devices here; choose auto or cpu.")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise Refused("mps was asked for, but torch cannot use it here; choose auto or cpu.")
    return device


def discrepancy_of(config: RunConfig) -> Discrepancy:
    """The weighted sum of the configuration's terms, with its objectives pursued."""
    from dcviz.discrepancies.weighted import Weighted
    from dcviz.objectives.applying import effective

    terms = effective(config).terms
    parts = tuple(registry.build("discrepancy", {"name": t.discrepancy, **t.params}) for t in terms)
    return Weighted(parts, tuple(t.weight for t in terms))


def check(config: RunConfig) -> None:
    """Refuse, before anything is built, what can be seen from the configuration alone."""
    from dcviz.objectives.applying import refuse_unfit

    low, high = BUDGETS
    if not low <= config.budget <= high:
        raise Refused(f"a budget of {config.budget} images per class is out of range: choose from {low} to {high}.")
    if config.steps < 0:
        raise Refused(f"a run cannot have {config.steps} steps; 0 keeps the start as it is.")
    if not 0 <= config.evenness <= 1:
        raise Refused(
            f"an evenness of {config.evenness:g} is out of range: 0 stores images in proportion to the classes, 1 as "
            "many of each."
        )
    refuse_early(config, discrepancy_of(config))
    refuse_unfit(config)


def build(
    config: RunConfig,
    progress: Progress = silent,
    cache: Cache | None = None,
    *,
    data: Dataset | None = None,
    key: Key | None = None,
) -> Setup:
    """The problem of a configuration, ready for its first step.

    Args:
        config: what to build.
        progress: told of downloads and preparation.
        cache: where what is costly to prepare (experts, teachers) is kept and found again.
        data: instead of the data that the configuration names; with a fingerprint of its own. Where the configuration
            has them private, its training part is what the mechanism reads.
        key: of the noise that hides private rows; one that is forgotten with the problem unless given.

    Raises:
        Refused: a name, budget, class count or device that does not fit, in words.
        Cancelled: from ``progress``.
    """
    from dcviz.condensing.loop import Problem
    from dcviz.condensing.optimise import Optimiser
    from dcviz.data import dataset as load
    from dcviz.data.confidential import Confidential, confidential_rows
    from dcviz.data.sampler import Real
    from dcviz.data.secret import Key
    from dcviz.objectives.applying import effective
    from dcviz.randomness import generator

    check(config)
    config = effective(config)
    device = device_of(config.device)
    if device.type == "cpu":
        keep_memory()
    discrepancy = discrepancy_of(config)
    rows = data.train if data is not None else None
    data = data if data is not None else load(config.data, progress)
    refuse_unmet(discrepancy, data)
    start = starting_set(config, data, progress).map(lambda t: t.to(device))
    start = _with_labels_on(start, device)
    real: RealSource
    if config.data.private:
        rows = rows if rows is not None else confidential_rows(config.data, progress)
        real = Confidential(rows, data, device, config.seed, cache, key=key or Key())
    else:
        real = Real(data, device, config.seed, cache)
    context = discrepancy.prepare(real.at(0), start.plan(), generator(config.seed, "prepare"), progress)
    start = discrepancy.extend(context, start, generator(config.seed, "extend"))
    optimiser = Optimiser(config.optimiser, config.steps, _bounds(data, device) if config.clamp else None)
    return Setup(data, Problem(real, discrepancy, context, optimiser, config.steps, config.seed), start, device)


def starting_set(config: RunConfig, data: Dataset, progress: Progress = silent) -> SyntheticSet:
    """S before the first step, on the CPU: the start by name, stored as the parameterisation wants it."""
    from dcviz.condensing.parameterise import parameterisation, synthetic_set
    from dcviz.condensing.start import starting
    from dcviz.randomness import generator

    decoder = parameterisation(config.parameterisation, data.shape)
    counts = budgets(config, data, decoder.expand)
    work = starting(config.start, data, counts, generator(config.seed, "start"))
    x, y = told(work, progress, "choosing where to start")
    return synthetic_set(x, y, len(data.classes), decoder)


def told(work: Generator[float, None, R], progress: Progress, what: str) -> R:
    """All of a piece of work, of which the fraction done is told."""
    while True:
        try:
            progress(what, next(work))
        except StopIteration as end:
            return end.value


def budgets(config: RunConfig, data: Dataset, expand: int = 1) -> int | list[int]:
    """Decoded images per class: the budget's, or one number for each class where they are not even."""
    from dcviz.discrepancies.fair.shares import cells_of, stored_counts

    if config.evenness == 1:
        return config.budget * expand
    return [n * expand for n in stored_counts(cells_of(data), config.budget * len(data.classes), config.evenness)]


def refuse_unmet(discrepancy: Discrepancy, data: Dataset) -> None:
    """Refuse data that a discrepancy is not defined for, with the reason."""
    for part in getattr(discrepancy, "parts", (discrepancy,)):
        part.fits(data)
    refuse_shape(discrepancy, data.name, data.shape)


def refuse_shape(discrepancy: Discrepancy, name: str, shape: tuple[int, ...]) -> None:
    """Refuse samples of a shape that a discrepancy is not defined for; ``name`` is that of the data."""
    planar = len(shape) == 1
    for part in getattr(discrepancy, "parts", (discrepancy,)):
        needs = part.needs
        if planar and not needs.planar:
            cure = "leave out the augmentation, or choose images" if getattr(part, "augment", "") else "choose images"
            raise Refused(f"{part.title} with these parameters needs images, and {name} is planar: {cure}.")
        if not planar and not needs.images:
            raise Refused(f"{part.title} needs points of the plane, and {name} has images: choose a planar set.")
        if not planar and min(shape[1:]) < needs.smallest_side:
            raise Refused(f"{part.title} needs images of at least {needs.smallest_side} pixels a side.")


def _with_labels_on(synthetic: SyntheticSet, device: torch.device) -> SyntheticSet:
    from dataclasses import replace

    return replace(synthetic, classes=synthetic.classes.to(device), ids=synthetic.ids.to(device))


def _bounds(data: Dataset, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Black and white in model space, per pixel."""
    import torch

    if data.planar or data.transform.name == "zca":
        raise Refused(UNCLAMPED)
    low, high = torch.zeros(1, *data.shape), torch.ones(1, *data.shape)
    return data.transform.forward(low)[0].to(device), data.transform.forward(high)[0].to(device)
