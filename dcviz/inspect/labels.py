"""What is said to belong to an image: its class, or a soft label, and what else was learned with S."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.inspect.snapshot import Snapshot, snapshot
from dcviz.types import Dataset

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from dcviz.runs.store import Run, Store

KINDS = {
    "hard": "hard: the class alone",
    "logits": "soft: a softmax of what is stored",
    "probabilities": "soft: probabilities, as they are stored",
    "values": "values that a network regresses on; the largest counts",
}


@dataclass(frozen=True)
class Label:
    """The label of one image."""

    kind: str  # a key of KINDS
    values: np.ndarray  # (C,) what a network is trained towards: probabilities, or values
    step: int | None  # as of which step; None for a class, which never changes
    low: np.ndarray | None = None  # (C,) over the stored views
    high: np.ndarray | None = None
    views: int = 0
    temperature: float | None = None  # learned with S: predictions are multiplied by it before a softmax
    rate: float | None = None  # learned with S: the step size of a network that trains on it


def label_of(store: Store, run: Run, data: Dataset, image: int) -> Label:
    """The label of an image, from the newest source in full precision; its class alone where there is none.

    Raises:
        Refused: the run has no picture yet, or no such image.
    """
    import torch

    at = _newest(store, run, data)
    i = at.position(image)
    temperature = at.learned["temperature"].exp().item() if "temperature" in at.learned else None
    rate = max(at.learned["rate"].item(), 0.0) if "rate" in at.learned else None
    if "labels" not in at.learned or at.label_kind == "hard":
        one = torch.nn.functional.one_hot(at.classes[i], len(data.classes)).float().numpy()
        return Label("hard", one, None, temperature=temperature, rate=rate)
    values = _shown(at.learned["labels"][i], at.label_kind)
    label = Label(at.label_kind, values.numpy(), at.step, temperature=temperature, rate=rate)
    if at.views is None:
        return label
    seen = _shown(at.views.labels[:, i], at.label_kind)  # (A, C)
    low, high = seen.amin(0).numpy(), seen.amax(0).numpy()
    return Label(at.label_kind, seen.mean(0).numpy(), at.step, low, high, len(seen), temperature, rate)


def _shown(labels: Tensor, kind: str) -> Tensor:
    return labels.softmax(-1) if kind == "logits" else labels


def _newest(store: Store, run: Run, data: Dataset) -> Snapshot:
    steps = [run.steps] if store.final(run.id) is not None else store.checkpoints(run.id)[-1:]
    try:
        return snapshot(store, run, data, steps[0] if steps else None)
    except Refused:  # a newer checkpoint has pushed it out meanwhile, or the end is not among the kept steps
        return snapshot(store, run, data)
