"""Which group every real sample of the map belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.types import Progress

if TYPE_CHECKING:
    import numpy as np

    from dcviz.runs.store import Store


@dataclass(frozen=True)
class Grouped:
    """The groups of the real samples on the map, in the order of the view."""

    names: tuple[str, ...]
    of: np.ndarray  # (n,) numbers
    named: bool  # whether they are a column of their own, and not the classes


def groups_of_run(store: Store, run: str, progress: Progress) -> Grouped:
    """The groups of a run's data.

    Raises:
        Refused: the map of the real data is not ready yet.
    """
    import numpy as np

    from dcviz.data import dataset
    from dcviz.runs.view import ready_view

    config = store.run(run).config
    progress("reading the groups", 0.5)
    data, view = dataset(config.data), ready_view(store, config.data)
    if view is None:
        raise Refused("the map of the real data is not ready yet: look again in a moment.")
    table = np.full(int(data.train.id.max()) + 1, -1)
    table[data.train.id.numpy()] = data.groups.train.numpy()
    return Grouped(data.groups.names, table[np.asarray(view["ids"])], data.column is not None)
