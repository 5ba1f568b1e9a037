"""UMAP of the real samples: one fit at a time, in a layer of numba that several threads may use."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dcviz.caching import Cache, key_of
from dcviz.embed.bundled import load, save
from dcviz.embed.placing import NEIGHBOURS
from dcviz.embed.references import Reference
from dcviz.embed.view import View
from dcviz.errors import Refused

if TYPE_CHECKING:
    import numpy as np

VERSION = 1  # raised when the fit changes, so that older cached maps are not taken

_lock = threading.Lock()  # numba's parallel code is not safe from two threads


def umap_of(view: View, reference: Reference, *, cache: Cache | None = None) -> np.ndarray:
    """The UMAP ``(n, 2)`` of the view in reference features: from the cache, or fitted now (up to half a minute).

    Meant for a background thread: it cannot be sliced.
    """
    from importlib.metadata import version

    key = key_of("umap", VERSION, reference.key, view.seed)
    found = load("umap", key, cache)
    if found is not None:
        return found[0]["umap"]
    made = fit_umap(reference.features.numpy(), view.seed)
    save("umap", key, {"umap": made}, {p: version(p) for p in ("umap-learn", "numba")}, cache)
    return made


def known_umap(view: View, reference: Reference, *, cache: Cache | None = None) -> np.ndarray | None:
    """The UMAP ``(n, 2)`` if it was fitted before, at once."""
    found = load("umap", key_of("umap", VERSION, reference.key, view.seed), cache)
    return found[0]["umap"] if found is not None else None


def fit_umap(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """UMAP of ``features (n, D)`` in the plane ``(n, 2)`` float32; one fit at a time in the whole process.

    Raises:
        Refused: numba has only its `workqueue` layer, which ends the process when two threads meet in it.
    """
    import numpy as np

    with _lock:
        _check_threading()
        from umap import UMAP

        neighbours = max(2, min(NEIGHBOURS, len(features) - 1))
        try:
            made = UMAP(n_neighbors=neighbours, random_state=seed, n_jobs=1).fit_transform(features)
        except ValueError as error:
            if "threading layer" in str(error):
                raise Refused(_NO_LAYER) from error
            raise
    return np.ascontiguousarray(made, np.float32)


_NO_LAYER = (
    "UMAP needs a thread-safe layer of numba and found only workqueue: install tbb (pip install tbb), "
    "or stay with the PCA map."
)


def _check_threading() -> None:
    """Ask numba for a layer that several threads may use, before it chooses one by itself."""
    import numba

    settings: Any = numba.config
    try:
        chosen = numba.threading_layer()
    except ValueError:  # none yet
        if settings.THREADING_LAYER == "default":
            settings.THREADING_LAYER = "threadsafe"
        chosen = settings.THREADING_LAYER
    if chosen == "workqueue":
        raise Refused(_NO_LAYER)
