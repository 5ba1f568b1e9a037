"""What the map of the Objectives page shows beside the samples: where attacks lead, which groups there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from dcviz.figures import Theme
from dcviz.figures.moved import moved
from dcviz.figures.ringed import ringed
from dcviz.inspect.attacked import Moved, attacked_of_run
from dcviz.inspect.desk import Answer, Desk
from dcviz.inspect.grouped import Grouped, groups_of_run
from dcviz.runs.store import Run, Store
from dcviz.runs.suite import reports
from dcviz.runs.view import ready_view
from dcviz.types import Progress
from dcviz.ui.good import is_planar


@dataclass(frozen=True)
class Overlay:
    """Traces for every map, under a mark that changes with them; and what they are, in words."""

    mark: str
    maps: Mapping[str, list[dict[str, Any]]]
    words: str


@dataclass(frozen=True)
class Layer:
    """What belongs to a kind of objective."""

    fits: Callable[[Run], bool]
    work: Callable[[Store, str, Progress], Any]  # beside the page
    draw: Callable[[Store, Run, Any, Theme], Overlay]


@cache
def _desk(home: str) -> Desk:
    return Desk("dcviz overlay")


def ask(store: Store, run: Run | None, kind: str) -> Answer | None:
    """What is to be drawn for a run and a kind of objective, as far as it is known; None where nothing is."""
    layer = LAYERS.get(kind)
    if run is None or run.status != "done" or layer is None or not layer.fits(run):
        return None
    return _desk(str(store.home)).ask((kind, run.id), lambda progress, publish: layer.work(store, run.id, progress))


def drawn(store: Store, answer: Answer | None, run: Run | None, kind: str, theme: Theme) -> Overlay | None:
    """The traces, once they are known."""
    if answer is None or answer.value is None or run is None:
        return None
    return LAYERS[kind].draw(store, run, answer.value, theme)


def _attacks(store: Store, run: Run, found: Moved, theme: Theme) -> Overlay:
    fooled = found.named != found.labels
    names = "attacked, named rightly still", "attacked, named wrongly"
    maps = {kind: moved(found.before[kind], found.after[kind], fooled, names, theme) for kind in found.before}
    share = f"{int(fooled.sum())} of {len(fooled)} are then named wrongly (in red)"
    words = f"Lines: where {found.words} leads real test samples; {share}."
    return Overlay(f"|attacked|{run.id}|{theme}", maps, words)


def _groups(store: Store, run: Run, found: Grouped, theme: Theme) -> Overlay:
    view = ready_view(store, run.config.data)
    known = _accuracies(store, run)
    texts = [f"{name} {100 * known[name]:.0f} %" if name in known else name for name in found.names]
    worst = min(known, key=lambda name: known[name], default=None)
    at = found.names.index(worst) if worst in found.names else None
    maps = {}
    for kind, key in (("plane", "points"), ("umap", "umap"), ("pca", "pca")):
        if view is not None and view.get(key) is not None:
            place = np.asarray(view[key], np.float32)
            maps[kind] = ringed(place, found.of, texts if known or found.named else [], at, theme, rings=found.named)
    rings = "Rings: real samples of small groups. " if found.named else ""
    measured = (
        "Per cent: accuracy in the group, the worst in red." if known else "Measured, each group has its accuracy."
    )
    return Overlay(f"|groups|{run.id}|{theme}|{sorted(known.items())}", maps, f"{rings}{measured}")


def _accuracies(store: Store, run: Run) -> dict[str, float]:
    """The accuracy in each group, where it was measured."""
    held = reports(store, run.id)
    report = held.get(("fairness", "quick")) or held.get(("fairness", "full"))
    figures = () if report is None else report.figures
    return {f.at["group"]: f.mean for f in figures if f.of == "synthetic" and f.quantity == "group-accuracy"}


LAYERS = {  # by kind of objective
    "robust": Layer(lambda run: not is_planar(run.config.data), attacked_of_run, _attacks),
    "fair": Layer(lambda run: True, groups_of_run, _groups),
}
