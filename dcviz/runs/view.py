"""The real data as screens show it: prepared once in the background, then read from the store."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.leaving import beside, slices, stay
from dcviz.records import DataConfig, RunConfig, Score, to_json
from dcviz.runs.store import Store
from dcviz.types import Progress, silent

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

_seen: dict[tuple[str, str], dict[str, Any]] = {}  # views already read, by (home, key), the latest used last
_troubles: dict[tuple[str, str], tuple[float, str]] = {}  # when and why a view could not be prepared
_stamps: dict[str, tuple[float, str]] = {}  # when a path was looked at, and what was found
_threads: dict[tuple[str, str], threading.Thread] = {}
_phases: dict[tuple[str, str], str] = {}  # what is being done for a view that is prepared
_guard = threading.Lock()

SEEN = 12  # views kept in memory: each choice of classes, size or imbalance is another
LOOK_SECONDS = 10.0  # between looks at files of one's own, and between tries after trouble


def real_view(store: Store, config: DataConfig) -> dict[str, Any] | None:
    """What is known of a real data set, or None while it is being read in the background.

    ``ids, labels, pca`` and ``thumbs`` (or ``points``) of a stratified sample, the names of its ``classes``, its
    ``fingerprint`` and counts; ``umap`` and the reference's ``accuracy`` are None until they are ready.

    Raises:
        Refused: where the data cannot be read; it is tried anew some seconds later.
    """
    at = str(store.home), view_key(config)
    with _guard:
        when, trouble = _troubles.get(at, (0.0, ""))
        if trouble and time.monotonic() - when < LOOK_SECONDS:
            raise Refused(trouble)
        held = _seen.get(at)
        if held is not None and held["complete"]:
            _hold(at, held)
            return held
        alive = at in _threads and _threads[at].is_alive()
    found = _read(store, at[1]) or held
    if found is not None:
        with _guard:
            _hold(at, found)
    if not alive and (found is None or not found["complete"]):
        _start(store, config, at)
    return found


def _hold(at: tuple[str, str], view: dict[str, Any]) -> None:
    """Keep a view in memory; what was not used for longest goes."""
    _seen.pop(at, None)
    _seen[at] = view
    while len(_seen) > SEEN:
        _seen.pop(next(iter(_seen)))


def ready_view(store: Store, config: DataConfig) -> dict[str, Any] | None:
    """The view if it is complete; asks for nothing."""
    found = _read(store, view_key(config))
    return found if found is not None and found["complete"] else None


def view_phase(store: Store, config: DataConfig) -> str:
    """What is being done to prepare a view, in words; empty when nothing is."""
    return _phases.get((str(store.home), view_key(config)), "")


def seen_view(store: Store, config: DataConfig) -> dict[str, Any] | None:
    """The view if this process has it already; asks for nothing."""
    return _seen.get((str(store.home), view_key(config)))


def known_baselines(store: Store, config: RunConfig) -> dict[str, Score]:
    """The rivals that every run measures, under a configuration's live protocol, as far as they are known."""
    from dcviz.evaluation.baselines import BASELINES, FURTHER, key_of, known
    from dcviz.evaluation.measure import fitting

    view = seen_view(store, config.data)
    if view is None or config.live is None:
        return {}
    protocol = fitting(config.live, tuple(view["shape"]))
    kinds = [kind for kind in BASELINES if kind not in FURTHER]
    keys = {kind: key_of(kind, view["fingerprint"], config.budget, protocol) for kind in kinds}
    found = {kind: known(key, store) for kind, key in keys.items()}
    return {kind: score for kind, score in found.items() if score is not None}


def view_key(config: DataConfig) -> str:
    """Under which a data set's view is kept: the configuration, and what its path holds."""
    text = to_json(config) + "".join(_stamp(path) for path in (config.path, config.groups) if path is not None)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _stamp(path: str) -> str:
    from dcviz.data.files import stamp

    when, found = _stamps.get(path, (float("-inf"), ""))
    if time.monotonic() - when > LOOK_SECONDS:  # walking a large folder takes longer than a live update may
        found = stamp(path)
        _stamps[path] = time.monotonic(), found
    return found


def _start(store: Store, config: DataConfig, at: tuple[str, str]) -> None:
    with _guard:
        if at in _threads and _threads[at].is_alive():
            return
        _threads[at] = beside(f"view of {config.name}", _prepare_or_say, store, config, at)


def _prepare_or_say(store: Store, config: DataConfig, at: tuple[str, str]) -> None:
    def note(what: str, fraction: float) -> None:
        stay()
        _phases[at] = f"{what}: {100 * fraction:.0f} %" if fraction > 0 else what

    trouble = ""
    try:
        prepare_view(store, config, note)
    except Refused as error:
        trouble = str(error)
    except Exception as error:
        stay()
        log.exception("the view of %s cannot be prepared", config.name)
        trouble = f"{config.name} cannot be shown: {type(error).__name__}: {error}."
    finally:
        with _guard:
            _ended(at, trouble)


def _ended(at: tuple[str, str], trouble: str) -> None:
    """A thread has prepared a view, or failed to. The sentence is kept, not the error with all that it passed."""
    now = time.monotonic()
    _threads.pop(at, None)
    _phases.pop(at, None)
    for other in [key for key, (when, _) in _troubles.items() if now - when > LOOK_SECONDS]:
        del _troubles[other]
    if trouble:
        _troubles[at] = now, trouble
    else:
        _troubles.pop(at, None)


def prepare_view(store: Store, config: DataConfig, progress: Progress = silent) -> None:
    """Prepare and keep the view of a data set: the sample and its PCA, then the reference, then the UMAP."""
    from dcviz import embed
    from dcviz.data import dataset

    data = dataset(config, progress)
    stay()
    view = embed.pixels_view(data)
    arrays: dict[str, np.ndarray] = {"ids": view.ids, "labels": view.labels, "pca": view.pca}
    arrays["points" if data.planar else "thumbs"] = view.thumbs
    facts = {
        "classes": list(data.classes),
        "shape": list(data.shape),
        "title": data.title,
        "fingerprint": data.fingerprint,
        "counts": {"train": len(data.train), "held_out": len(data.held_out), "test": len(data.test)},
        "accuracy": None,
        "complete": data.planar,
    }
    store.save_cached("view", view_key(config), arrays, facts)
    if not data.planar:
        reference = slices(embed.reference(data, view, cache=store))
        stay()
        arrays["umap"] = embed.umap_of(view, reference, cache=store)
        facts |= {"accuracy": reference.accuracy, "complete": True}
        store.save_cached("view", view_key(config), arrays, facts)


def _read(store: Store, key: str) -> dict[str, Any] | None:
    found = store.load_cached("view", key)
    return None if found is None else {"umap": None, **found[0], **found[1]}
