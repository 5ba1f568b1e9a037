"""What the map of the Objectives page shows beside the samples: where attacks lead, which groups there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dcviz.figures import Theme
from dcviz.figures.moved import moved
from dcviz.inspect.attacked import Moved, attacked_of_run
from dcviz.inspect.desk import Answer, Desk
from dcviz.runs.store import Run, Store
from dcviz.ui.good import is_planar


@dataclass(frozen=True)
class Overlay:
    """Traces for every map, under a mark that changes with them; and what they are, in words."""

    mark: str
    maps: Mapping[str, list[dict[str, Any]]]
    words: str


@cache
def _desk(home: str) -> Desk:
    return Desk("dcviz overlay")


def ask(store: Store, run: Run | None, kind: str) -> Answer | None:
    """What is to be drawn for a run and a kind of objective, as far as it is known; None where nothing is."""
    if run is None or run.status != "done" or kind not in DRAWN:
        return None
    fits, work, _ = DRAWN[kind]
    if not fits(run):
        return None
    return _desk(str(store.home)).ask((kind, run.id), lambda progress, publish: work(store, run.id, progress))


def drawn(answer: Answer | None, run: Run | None, kind: str, theme: Theme) -> Overlay | None:
    """The traces, once they are known."""
    if answer is None or answer.value is None or run is None:
        return None
    maps, words = DRAWN[kind][2](answer.value, theme)
    return Overlay(f"|{kind}|{run.id}|{theme}", maps, words)


def _attacks(found: Moved, theme: Theme) -> tuple[dict[str, list[dict[str, Any]]], str]:
    fooled = found.named != found.labels
    names = "attacked, named rightly still", "attacked, named wrongly"
    maps = {kind: moved(found.before[kind], found.after[kind], fooled, names, theme) for kind in found.before}
    share = f"{int(fooled.sum())} of {len(fooled)} are then named wrongly (in red)"
    return maps, f"Lines: where {found.words} leads real test samples; {share}."


DRAWN: dict[str, tuple[Callable[[Run], bool], Callable[..., Any], Callable[..., Any]]] = {  # by kind of objective
    "robust": (lambda run: not is_planar(run.config.data), attacked_of_run, _attacks),
}
