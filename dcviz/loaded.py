"""A finished run as a data set that a training loop can use; needs torch at once, so it is imported on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import Dataset

from dcviz.errors import Refused
from dcviz.records import Recipe
from dcviz.types import Views

if TYPE_CHECKING:
    import numpy as np

    from dcviz.runs.store import Store


@dataclass(frozen=True, eq=False)
class CondensedSet(Dataset):
    """S in model space: item ``i`` is ``(x, y)``, x ``(*shape)`` float32, y a class or soft label ``(C,)``.

    ``pixels`` are the same images in [0, 1]. The recipe says what training on them presupposes.
    """

    name: str
    x: torch.Tensor  # (M, *shape)
    y: torch.Tensor  # (M,) int64, or (M, C)
    pixels: torch.Tensor  # (M, *shape) in [0, 1]; planar: coordinates
    recipe: Recipe
    views: Views | None = None  # stored views with their soft labels: `dcviz.views.viewed` draws batches of them
    bytes: int = 0  # stored: images, labels, views and their maps

    @classmethod
    def of_run(cls, store: Store, run: str) -> CondensedSet:
        """The final set of a run, in full precision."""
        row, final = store.run(run), store.final(run)
        if final is None:
            raise Refused(f"{run} is {row.status} and has no final set yet: let it finish (dcviz resume {run}).")
        return cls.of_arrays(row.name or run, *final)

    @classmethod
    def of_arrays(cls, name: str, arrays: dict[str, np.ndarray], recipe: Recipe) -> CondensedSet:
        """Decoded from stored parameters, as `dcviz.runs.states.final_of` writes them."""
        from dcviz.condensing.parameterise import parameterisation
        from dcviz.data.transforms import transform_from

        tensors = {key: torch.from_numpy(value.copy()) for key, value in arrays.items()}
        decoder = parameterisation(recipe.decoder, recipe.shape)
        transform = transform_from(
            recipe.transform,
            {k.removeprefix("transform."): v for k, v in tensors.items() if k.startswith("transform.")},
        )
        x = decoder.decode(tensors["images"])
        y = tensors.get("labels", tensors["classes"].repeat_interleave(decoder.expand))
        pixels = transform.inverse(x)
        views = Views(tensors["views"], tensors["maps"]) if "views" in tensors else None
        held = [v for k, v in arrays.items() if k not in ("classes", "ids") and not k.startswith("transform.")]
        shown = pixels if len(recipe.shape) == 1 else pixels.clamp(0, 1)
        return cls(name, x, y, shown, recipe, views, sum(array.nbytes for array in held))

    def __len__(self) -> int:
        """The number of decoded images."""
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """One sample and its label."""
        return self.x[index], self.y[index]

    def __repr__(self) -> str:
        """One line: what it holds."""
        classes, shape = len(self.recipe.classes), "×".join(map(str, self.recipe.shape))
        seen = f", {self.recipe.views} views with soft labels, {self.bytes:,} bytes" if self.recipe.views else ""
        return f"CondensedSet({self.name!r}: {len(self)} samples of {shape} in {classes} classes{seen})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from dcviz.runs.export import png, sheet

        bundle: dict[str, Any] = {"text/plain": repr(self)}
        if self.pixels.dim() == 4:
            y = self.y if self.y.dim() == 1 else self.y.argmax(1)
            bundle["image/png"] = png(sheet(self.pixels.numpy(), y.numpy()))
        return bundle
