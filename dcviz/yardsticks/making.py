"""Making a panel: its context depends on the data, the budget and the map's reference alone, never on the run.

One real sample of each class, two untrained networks, the reference network: runs that differ in anything else are
measured alike.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Generator
from typing import TYPE_CHECKING

from dcviz.caching import Cache, key_of
from dcviz.data.splits import first_of_each
from dcviz.data.transforms import pixels
from dcviz.embed.references import Reference
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.types import Dataset, Divergence, stack_classes
from dcviz.yardsticks.declared import YARDSTICKS
from dcviz.yardsticks.gradients import gradient
from dcviz.yardsticks.groups import group_sides
from dcviz.yardsticks.likeness import balls
from dcviz.yardsticks.panels import CHUNK, Panel, equal

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.yardsticks.panels import Map

SAMPLE = 200  # real samples of each class that S is compared with, at most
FEWEST = 10  # of these, where there are many classes or large images
TOTAL = 4000  # real samples of all classes, about
FLOATS = 2**25  # numbers in them, about: 128 MiB
POOL = 2  # untrained networks; values are means over them (the gradient is that of the first)
WIDTH = 16  # of these: half of the usual, a third of the cost
SUBSETS = 10  # random real subsets that make the unit and the band
AS_IT_IS = ("pixels", "plane")  # spaces whose map changes nothing
VERSION = 2  # raised when a yardstick or its context changes, so that older cached numbers are not taken


def panel(
    dataset: Dataset,
    budget: int,
    reference: Reference,
    *,
    cache: Cache | None = None,
    device: torch.device | str = "cpu",
) -> Generator[float, None, Panel | None]:
    """The panel of a data set at a budget, as work in slices (it yields the fraction done).

    What the networks make of the real sample, and what the random subsets measure, are kept in the cache. Subsets are
    drawn from all of T, without replacement; a class with fewer samples than the budget comes whole. None where all
    classes do, and where no yardstick tells a subset from T: there is nothing to compare with.

    Args:
        dataset: T, its training part.
        budget: samples of each class in a random subset.
        reference: the map's, for the trained features.
        cache: where costly parts are kept, by content.
        device: where to measure.
    """
    counts = dataset.train.y.bincount(minlength=len(dataset.classes))
    if budget >= int(counts.max()):
        return None
    made = _empty(dataset, reference, device)
    most = sample_size(len(dataset.classes), dataset.shape)
    key = key_of("yardsticks", VERSION, most, POOL, WIDTH, made.yardsticks, dataset.fingerprint, reference.key)
    yield from _fitted(made, dataset, key, cache)
    key = key_of(key, "subsets", budget)
    found = cache.load_cached("yardsticks", key) if cache is not None else None
    if found is not None:
        made.subsets.update(found[1]["subsets"])
        made.alike.update(found[1]["alike"])
        made.apart.update(found[1].get("apart", {}))
        return made if made.units else None
    for i in range(SUBSETS):
        chosen = _of_each(dataset.train.y, budget, len(dataset.classes), generator(0, "yardstick subset", i))
        x, y = _model_space(dataset, chosen)
        measured = (made.subsets, made.absolute), (made.alike, made.shares), (made.apart, made.distances)
        for values, found_now in ((into, of(x, y)) for into, of in measured):
            for name, value in found_now.items():
                values.setdefault(name, []).append(value)
        yield 0.6 + 0.4 * (i + 1) / SUBSETS
    if cache is not None:
        cache.save_cached("yardsticks", key, {}, {"subsets": made.subsets, "alike": made.alike, "apart": made.apart})
    return made if made.units else None


def sample_size(classes: int, shape: tuple[int, ...]) -> int:
    """Real samples of each class that S is compared with.

    >>> sample_size(10, (1, 28, 28)), sample_size(100, (3, 32, 32)), sample_size(10, (3, 128, 128))
    (200, 40, 68)
    """
    return max(FEWEST, min(SAMPLE, TOTAL // classes, FLOATS // (classes * math.prod(shape))))


def _empty(dataset: Dataset, reference: Reference, device: torch.device | str) -> Panel:
    """The maps, before anything real has gone through them."""
    kind, planar = "mlp" if dataset.planar else "convnet", dataset.planar
    classes, pool = len(dataset.classes), []
    for i in range(POOL):
        at = generator(0, "yardstick network", i)
        pool.append(network(kind, dataset.shape, classes, at, width=WIDTH).to(device))
    maps: dict[str, list[Map]] = {
        "plane" if planar else "pixels": [lambda x: x.flatten(1)],
        "random": [lambda x, net=net: net.embed(x).flatten(1) for net in pool],  # type: ignore[misc]
    }
    if reference.net is not None:
        trained = copy.deepcopy(reference.net).to(device)
        maps["trained"] = [lambda x: trained.embed(x).flatten(1)]
    chosen = tuple(one for one in YARDSTICKS if one.planar or not planar)
    return Panel(planar, classes, chosen, maps, list(pool))


def _fitted(made: Panel, dataset: Dataset, key: str, cache: Cache | None) -> Generator[float, None, None]:
    """Fit the real side of every yardstick."""
    import torch

    y = dataset.train.y
    most = sample_size(made.classes, dataset.shape)
    chosen = _of_each(y, most, made.classes, generator(0, "yardstick sample"))
    counts = y[chosen].bincount(minlength=made.classes).tolist()
    device = next(iter(made.pool[0].parameters())).device
    found = cache.load_cached("yardsticks", key) if cache is not None else None
    if found is not None:
        arrays = {name: torch.from_numpy(array) for name, array in found[0].items()}
        itself = yield from _seen(made, dataset, chosen, None)
        arrays |= itself
    else:
        arrays = yield from _seen(made, dataset, chosen, counts)
        if cache is not None:
            kept = {name: t.cpu().numpy() for name, t in arrays.items() if not name.startswith(AS_IT_IS)}
            cache.save_cached("yardsticks", key, kept, {})
    at = generator(0, "yardstick fit")
    for i, one in enumerate(made.yardsticks):
        if isinstance(one.distance, Divergence):
            space = one.where(made.planar)
            clouds = [stack_classes(arrays[f"{space}/{j}"].to(device), counts) for j in range(len(made.maps[space]))]
            made.sides[one.name(made.planar)] = [one.distance.fit(c.x, at, c.weights) for c in clouds]
        else:
            count = sum(p.dim() > 1 for p in made.pool[0].parameters())
            made.sides[one.name(made.planar)] = [[arrays[f"gradient/{w}"].to(device) for w in range(count)]]
        yield 0.4 + 0.2 * (i + 1) / len(made.yardsticks)
    trained = arrays["plane/0" if made.planar else "trained/0"].to(device)
    made.balls.append(balls(stack_classes(trained, counts)))
    for side in group_sides(dataset, most, lambda chosen: made.vectors(_model_space(dataset, chosen)[0])):
        made.groups.append(side)
        yield 0.6


def _seen(
    made: Panel, dataset: Dataset, chosen: Tensor, counts: list[int] | None
) -> Generator[float, None, dict[str, Tensor]]:
    """What every map makes of the real sample, and the gradient it gives the first network; in chunks.

    Without ``counts`` only the sample as it is, which is not worth keeping.
    """
    import torch

    device = next(iter(made.pool[0].parameters())).device
    wanted = {s: maps for s, maps in made.maps.items() if counts is not None or s in AS_IT_IS}
    seen: dict[str, list[Tensor]] = {f"{s}/{j}": [] for s, maps in wanted.items() for j in range(len(maps))}
    total: dict[str, Tensor] = {}
    for first in range(0, len(chosen), CHUNK):
        part = slice(first, first + CHUNK)
        x, y = (t.to(device) for t in _model_space(dataset, chosen[part]))
        for space, maps in wanted.items():
            for j, f in enumerate(maps):
                with torch.no_grad():
                    seen[f"{space}/{j}"].append(f(x))
        yield 0.4 * first / len(chosen)
        if counts is None:
            continue
        mass = equal(dataset.train.y[chosen], counts)
        for w, g in enumerate(gradient(made.pool[0], x, y, mass[part].to(device))):
            total[f"gradient/{w}"] = total.get(f"gradient/{w}", torch.zeros_like(g)) + g
        yield 0.4 * first / len(chosen)
    return {name: torch.cat(parts) for name, parts in seen.items()} | total


def _of_each(y: Tensor, most: int, classes: int, at: torch.Generator) -> Tensor:
    """Indices of at most ``most`` random samples of each class, ordered by class."""
    import torch

    shuffled = torch.randperm(len(y), generator=at)
    return first_of_each(y[shuffled], torch.full((classes,), most), shuffled)


def _model_space(dataset: Dataset, indices: Tensor) -> tuple[Tensor, Tensor]:
    return dataset.transform.forward(pixels(dataset.train.x[indices])), dataset.train.y[indices]
