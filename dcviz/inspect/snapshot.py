"""S of a run at one step, from the most exact source there is: the final set, a checkpoint, or a kept picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.types import Dataset, SyntheticSet, Tree, Views

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from dcviz.runs.store import Run, Store

SOURCES = {
    "final": "the final set, in full precision",
    "checkpoint": "a checkpoint, in full precision",
    "picture": "the kept picture: 8 bits a pixel, cut to what a screen can show",
    "points": "the kept points, in full precision",
}


@dataclass(frozen=True)
class Snapshot:
    """S at a step, decoded: every image that a network would train on."""

    step: int
    x: Tensor  # (M, *shape) model space
    classes: Tensor  # (M,) int64, ascending
    ids: Tensor  # (M,) int64
    source: str  # a key of SOURCES
    learned: Mapping[str, Tensor] = field(default_factory=dict)  # what else was learned: labels (M, C), rate, …
    label_kind: str = "hard"
    views: Views | None = None
    inner: tuple[dict[str, np.ndarray], Any] | None = (
        None  # (arrays, skeleton) of the discrepancy's state, where there is a checkpoint of this step
    )

    def position(self, image: int) -> int:
        """Where an image stands among the M.

        Raises:
            Refused: there is none of this number.
        """
        found = (self.ids == image).nonzero()
        if not len(found):
            raise Refused(f"there is no image {image}: choose from {int(self.ids.min())} to {int(self.ids.max())}.")
        return int(found[0, 0])

    def synthetic(self, classes: int) -> SyntheticSet:
        """S as discrepancies take it, each image stored as it is."""
        from dcviz.condensing.parameterise import Pixels

        counts = tuple(self.classes.bincount(minlength=classes).tolist())
        return SyntheticSet({"images": self.x}, self.classes, self.ids, counts, Pixels())


def snapshot(store: Store, run: Run, dataset: Dataset, step: int | None = None) -> Snapshot:
    """S of a run at a kept step; without one at the newest.

    Labels and the like are only in full-precision sources: at a step without one they are left out.

    Raises:
        Refused: nothing is kept of the step, or the run has no picture yet.
    """
    import torch

    checkpoint = None if step is None else _checkpoint(store, run, step)
    at, frame = store.frame(run.id, None if checkpoint is not None else step)  # who is who never changes
    at = at if step is None else step
    checkpoint = checkpoint or _checkpoint(store, run, at)
    classes, ids = (torch.from_numpy(frame[key].astype("int64")) for key in ("labels", "ids"))
    final = store.final(run.id) if at == run.steps else None
    if final is not None:
        arrays, recipe = final
        held = {k: torch.from_numpy(v.copy()) for k, v in arrays.items()}
        views = Views(held["views"], held["maps"]) if "views" in held else None
        apart = {"images", "classes", "ids", "views", "maps"}
        learned = {k: v for k, v in held.items() if k not in apart and not k.startswith("transform.")}
        x = _decoded(run, dataset, held["images"])
        inner = checkpoint and (checkpoint[0], checkpoint[1]["inner"])
        return Snapshot(at, x, classes, ids, "final", learned, recipe.labels, views, inner)
    if checkpoint is not None:
        return _of_checkpoint(run, dataset, at, checkpoint, (classes, ids))
    if dataset.planar:
        return Snapshot(at, dataset.transform.forward(torch.from_numpy(frame["points"])), classes, ids, "points")
    x = dataset.transform.forward(torch.from_numpy(frame["images"]).float() / 255)
    return Snapshot(at, x, classes, ids, "picture")


def before_finishing(store: Store, run: Run, dataset: Dataset, found: Snapshot) -> Snapshot:
    """The snapshot as the objective sees it: without what finishing a run has added or changed, where that is kept."""
    checkpoint = _checkpoint(store, run, found.step)
    if checkpoint is None or found.source != "final":
        return found
    return _of_checkpoint(run, dataset, found.step, checkpoint, (found.classes, found.ids))


def _of_checkpoint(
    run: Run,
    dataset: Dataset,
    at: int,
    checkpoint: tuple[dict[str, np.ndarray], dict[str, Any]],
    who: tuple[Tensor, Tensor],
) -> Snapshot:
    arrays, parts = checkpoint
    learned = unpacked(arrays, parts["parameters"])
    x = _decoded(run, dataset, learned.pop("images"))
    inner = arrays, parts["inner"]
    return Snapshot(at, x, *who, "checkpoint", learned, parts["labels"], inner=inner)


def _checkpoint(store: Store, run: Run, step: int) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """The arrays of the checkpoint of a step and the skeletons of its parts; None where there is none."""
    if step not in store.checkpoints(run.id):
        return None
    found = store.load_checkpoint(run.id, step)
    if found is None:
        return None
    _, arrays, meta = found
    return arrays, {**dict(meta["skeleton"]["dict"]), "labels": meta.get("labels", "hard")}


def unpacked(arrays: dict[str, np.ndarray], skeleton: Any, device: torch.device | None = None) -> Tree:
    """A part of a checkpoint as tensors."""
    import torch

    from dcviz.condensing.checkpoint import unpack

    return unpack(arrays, skeleton, device or torch.device("cpu"))


def _decoded(run: Run, dataset: Dataset, stored: Tensor) -> Tensor:
    from dcviz.condensing.parameterise import parameterisation

    return parameterisation(run.config.parameterisation, dataset.shape).decode(stored)
