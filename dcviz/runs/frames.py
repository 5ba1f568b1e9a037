"""What a step of a run looks like: the arrays of a frame, as the store keeps them and figures draw them."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from dcviz import embed
from dcviz.runs.store import Store
from dcviz.types import Batch, Dataset, SyntheticSet

if TYPE_CHECKING:
    import numpy as np

_ready: dict[str, tuple[embed.View, embed.Reference]] = {}  # by the data's fingerprint; the last few
HELD = 2  # of these, which take a tenth of a second to make for the digits and seconds for larger data

PLACED = 8 + 8 + 8 + 8 * embed.NEIGHBOURS + 4  # bytes of a sample: class, id, both coordinates, neighbours, off
KNOWN = 0.5  # a reference that starts beyond this fraction was trained before
FLAGGED = 95.0  # percentile of the off-manifold score above which a sample is flagged


class Framer:
    """Frames of one data set: pictures, and where each synthetic sample lies on the map of the real data.

    The reference network is made beside the run when there is none yet: until then a frame lies on the PCA only.
    """

    def __init__(self, store: Store, dataset: Dataset) -> None:
        self.store, self.dataset = store, dataset
        self.view: embed.View
        self.reference: embed.Reference | None
        self.view, self.reference = _ready.get(dataset.fingerprint) or (embed.pixels_view(dataset), None)

    def prepare(self) -> Generator[float, None, None]:
        """Train the reference, or read it, in slices; yields the fraction done."""
        if self.reference is None:
            self.reference = yield from embed.reference(self.dataset, self.view, cache=self.store)
            while len(_ready) >= HELD:
                _ready.pop(next(iter(_ready)), None)
            _ready[self.dataset.fingerprint] = self.view, self.reference

    def prepare_if_known(self) -> Generator[float, None, Generator[float, None, None] | None]:
        """Read the reference if it was trained before; otherwise return the work of training it."""
        work = self.prepare()
        if next(work, 1.0) < KNOWN:
            return work
        yield from work
        return None

    def arrays(self, synthetic: SyntheticSet) -> dict[str, np.ndarray]:
        """``images`` uint8 (M, channels, height, width) or ``points`` float32 (M, 2); ``labels`` and ``ids`` (M,).

        ``pca`` (M, 2); with the reference also ``neighbours`` and ``weights`` (M, k) into the view, and ``off`` (M,),
        the off-manifold percentile.
        """
        import numpy as np
        import torch

        with torch.no_grad():
            batch = synthetic.map(torch.detach).decode()
            x = self.dataset.transform.inverse(batch.x.cpu())
        classes = synthetic.decoded_classes().cpu()
        arrays = {"labels": classes.numpy(), "ids": batch.id.cpu().numpy()}
        if self.dataset.planar:
            arrays["points"] = x.numpy().astype(np.float32)
        else:
            arrays["images"] = (x.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
        return {**arrays, **self._placed(Batch(batch.x.cpu(), classes, batch.id))}

    def _placed(self, batch: Batch) -> dict[str, np.ndarray]:
        if self.reference is None:
            return {"pca": (batch.x.flatten(1).numpy() - self.view.mean) @ self.view.components.T}
        at = embed.place(self.view, self.reference, batch.x, batch.y)
        return {"pca": at.pca, "neighbours": at.neighbours, "weights": at.weights, "off": at.off}


def frame_bytes(synthetic: SyntheticSet, shape: tuple[int, ...]) -> int:
    """Of a frame of a set of samples of this shape, before it is compressed; known before there is one."""
    import math

    pixels = math.prod(shape) * (4 if len(shape) == 1 else 1)
    return len(synthetic.decoded_classes()) * (pixels + PLACED)


def flagged(arrays: dict[str, np.ndarray]) -> int | None:
    """How many samples of a frame are off the manifold; None while nobody knows."""
    return int((arrays["off"] > FLAGGED).sum()) if "off" in arrays else None
