"""A published set as a run with zero steps: matched to its real data, in the model space that evaluation uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dcviz.errors import Refused
from dcviz.records import DataConfig, EvaluationProtocol, OptimiserConfig, Recipe, RunConfig, from_dict, from_json
from dcviz.runs.files import Arrays
from dcviz.runs.importing.finals import check_final
from dcviz.runs.importing.labels import labelled
from dcviz.runs.importing.pixels import shaped, unnormalised
from dcviz.runs.importing.published import Found
from dcviz.runs.kept import IMPORTED

if TYPE_CHECKING:
    from dcviz.types import Dataset

SAMPLES = 20_000  # stored images of a set, at most
OVERSHOT = 50.0  # in units of white: no condensed image goes so far beyond


@dataclass(frozen=True)
class Taken:
    """How a published set is to be taken; what is not said is found out from the values."""

    data: DataConfig | None = None  # what it was made from; that of an export of dcviz is known
    scale: str = "auto"  # auto, no, yes, zca or MEAN/STD: see `dcviz.runs.importing.pixels.unnormalised`
    labels: str = "auto"  # auto, hard, probabilities, logits or values
    number: int | None = None  # which of several sets in a file, from 1; the last
    parameterisation: str = "pixels"  # how stored images become images: IDC's are multi-formation-2
    evaluation: EvaluationProtocol | None = None  # how it is judged; as runs are, unless given


@dataclass(frozen=True)
class Fitted:
    """A set with all that a run of zero steps is made of."""

    config: RunConfig
    arrays: Arrays
    recipe: Recipe
    data: Dataset
    said: str  # what it was taken for, in a sentence


def fitted(found: Found, taken: Taken, name: str) -> Fitted:
    """The set in the model space of its data, ordered by class.

    Raises:
        Refused: no data named, another size or other classes, values or labels that cannot be, too many images.
    """
    from dcviz.data import dataset

    own = None if found.own is None else _own(found.own, name)
    config = taken.data or (own[2].data if own is not None else None)
    if config is None:
        raise Refused("say which data the images were made from, such as mnist: they are compared and judged with it.")
    data = dataset(config)
    arrays, recipe, said = _of_own(own, data) if own is not None else _of_published(found, taken, data)
    arrays |= {f"transform.{key}": value.numpy() for key, value in data.transform.arrays().items()}
    check_final(arrays, recipe, name)
    counts = np.bincount(arrays["classes"], minlength=len(data.classes))
    rates = {k: 0.0 for k in arrays if k in ("images", "labels", "rate")}
    made = RunConfig(
        data=config,
        terms=(),
        budget=int(np.bincount(counts).argmax()),
        steps=0,
        start=IMPORTED,
        parameterisation=recipe.decoder,
        optimiser=OptimiserConfig(rates=rates),
        live=None,
        preset=IMPORTED,
    )
    judged = taken.evaluation or (own[2].evaluation if own is not None else made.evaluation)
    made = replace(made, evaluation=judged)
    each = (
        f"{made.budget} per class" if len(set(counts.tolist())) == 1 else f"{counts.min()} to {counts.max()} per class"
    )
    size = "×".join(map(str, data.shape))
    words = "; ".join(filter(None, [f"{counts.sum():,} images of {size}, {each}", found.said, said]))
    return Fitted(made, arrays, recipe, data, words)


def _of_published(found: Found, taken: Taken, data: Dataset) -> tuple[Arrays, Recipe, str]:
    import torch

    from dcviz.condensing.parameterise import parameterisation

    if data.planar:
        raise Refused(
            f"{data.name} has points of the plane, and these are images: choose the data they were made from."
        )
    if len(found.x) > SAMPLES:
        raise Refused(f"{len(found.x):,} images are too many for a condensed set; the limit is {SAMPLES:,}.")
    decoder = parameterisation(taken.parameterisation, data.shape)
    pixels, scaled = unnormalised(shaped(found.x, data), data, taken.scale)
    if np.abs(pixels).max() > OVERSHOT:
        raise Refused(f"the images go to {np.abs(pixels).max():.3g} times white: say how they are scaled (no, yes, …).")
    decoded = len(pixels) * decoder.expand if found.y is not None and found.y.ndim == 2 else len(pixels)
    classes, soft, kind, words = labelled(found.y, decoded, data, taken.labels, found.classes)
    if soft is not None:
        classes = classes[:: decoder.expand]
    order = np.argsort(classes, kind="stable")
    x = data.transform.forward(torch.from_numpy(pixels[order])).numpy()
    arrays: Arrays = {"images": np.ascontiguousarray(x, np.float32), "classes": classes[order], "ids": order}
    if soft is not None:
        grouped = soft.reshape(len(order), decoder.expand, -1)[order]
        arrays["labels"] = np.ascontiguousarray(grouped.reshape(decoded, -1))
    if found.step_size is not None:
        arrays["rate"] = np.array(found.step_size, np.float32)
        words += f"; learned step size {found.step_size:.3g}"
    recipe = _recipe(data, decoder.name, decoder.expand, kind, found.step_size)
    return arrays, recipe, f"{scaled}; {words}"


def _recipe(data: Dataset, decoder: str, expand: int, kind: Any, step_size: float | None) -> Recipe:
    return Recipe(data.classes, data.shape, kind, data.transform.name, decoder, expand, step_size=step_size)


# ----------------------------------------------------------------------------------------------- our own exports

Own = tuple[Mapping[str, Any], Recipe, RunConfig]


def _own(held: Mapping[str, Any], name: str) -> Own:
    """The arrays of an export with its recipe and configuration."""
    try:
        run = json.loads(held.get("run", "{}"))
        return held, from_json(Recipe, held["recipe"]), from_dict(RunConfig, run.get("config", {}))
    except (ValueError, AttributeError, RecursionError) as error:
        raise Refused(f"{name} is damaged ({str(error)[:200]}): export the run again.") from error


def _of_own(own: Own, data: Dataset) -> tuple[Arrays, Recipe, str]:
    """An export of dcviz under its own recipe, moved to the transform that the data has here."""
    import torch

    from dcviz.data.transforms import transform_from

    held, recipe, _ = own
    if recipe.classes != data.classes or recipe.shape != data.shape:
        raise Refused(f"this set was made from other data than {data.name}: its classes or its size differ.")
    made_in = {k.removeprefix("transform."): torch.from_numpy(v) for k, v in held.items() if k.startswith("transform.")}
    e = recipe.expand
    try:
        z = torch.from_numpy(held["stored"] if e > 1 else held["x"])
        pixels = transform_from(recipe.transform, made_in).inverse(z)
        x = z if _same(made_in, data.transform.arrays()) else data.transform.forward(pixels)
        arrays: Arrays = {"images": x.numpy(), "classes": held["classes"][::e].astype(np.int64)}
        arrays["ids"] = held["ids"][::e].astype(np.int64) // e
    except (KeyError, RuntimeError, TypeError, IndexError, ZeroDivisionError) as error:
        raise Refused(f"the arrays do not fit their recipe ({str(error)[:200]}): export the run again.") from error
    if held["y"].ndim == 2:
        arrays["labels"] = held["y"].astype(np.float32)
    if recipe.step_size is not None:
        arrays["rate"] = np.array(recipe.step_size, np.float32)
    arrays |= {key: held[key] for key in ("views", "maps") if key in held}
    return arrays, replace(recipe, transform=data.transform.name), "as exported by dcviz"


def _same(made_in: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    import torch

    return made_in.keys() == here.keys() and all(torch.equal(made_in[key], here[key]) for key in here)
