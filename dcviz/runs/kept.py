"""A set that was read from a file as the start of a run: it takes no step, and is shown and judged like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.records import Recipe
from dcviz.runs import problem as building
from dcviz.runs.foreign import refuse_foreign
from dcviz.types import Discrepancy, Progress, RealSampler, Source, SyntheticSet, Terms, Tree, Views, silent

if TYPE_CHECKING:
    import torch

    from dcviz.runs.files import Arrays
    from dcviz.runs.store import Run, Store

IMPORTED = "imported"  # the start of a run whose set was read from a file: it has no terms and takes no steps
APART = ("classes", "ids", "views", "maps")  # of a final set's arrays, beside its parameters


@dataclass(frozen=True)
class Still(Discrepancy):
    """Nothing is minimised."""

    name = "still"
    title = "nothing"
    sentence = "The set stays as it was read."
    formula = "0"
    source = Source("the dcviz authors", "dcviz", 2026, "https://arxiv.org/abs/2509.10367")
    where = "any"

    def loss(
        self, context: Tree, state: Tree, real: RealSampler, synthetic: SyntheticSet, generator: torch.Generator
    ) -> tuple[Terms, Tree]:
        """There is no step to take."""
        raise Refused("images that were read from a file are not condensed further: fork them with a method.")


def setup_of(store: Store, run: Run, progress: Progress = silent) -> building.Setup:
    """What a run works on: built from its configuration, or from the set that was read for it.

    Raises:
        Refused: as `dcviz.runs.problem.build`; the set is not there any more.
    """
    from dcviz.data.secret import Key

    config = run.config
    if config.start != IMPORTED:
        refuse_foreign(store, config)
        key = Key(store.noise_key(), run.id) if config.data.private else None
        return building.build(config, progress, store, key=key)
    from dcviz.condensing.loop import Problem
    from dcviz.condensing.optimise import Optimiser
    from dcviz.data import dataset
    from dcviz.data.sampler import Real

    final = store.final(run.id)
    if final is None:
        raise Refused(f"the images of {run.id} are not there any more: import them again.")
    device = building.device_of(config.device)
    data = dataset(config.data, progress)
    problem = Problem(
        Real(data, device, config.seed, store), Still(), None, Optimiser(config.optimiser, 0), 0, config.seed
    )
    return building.Setup(data, problem, set_of(*final, device), device)


def set_of(arrays: Arrays, recipe: Recipe, device: torch.device) -> SyntheticSet:
    """S from the arrays of a final set, as `dcviz.runs.states.final_of` writes them."""
    import torch

    from dcviz.condensing.parameterise import parameterisation

    tensors = {key: torch.from_numpy(value.copy()).to(device) for key, value in arrays.items()}
    learned = {k: v for k, v in tensors.items() if k not in APART and not k.startswith("transform.")}
    counts = tensors["classes"].bincount(minlength=len(recipe.classes)).tolist()
    return SyntheticSet(
        learned,
        tensors["classes"],
        tensors["ids"],
        tuple(counts),
        parameterisation(recipe.decoder, recipe.shape),
        recipe.labels,
        Views(tensors["views"], tensors["maps"]) if "views" in tensors else None,
    )
