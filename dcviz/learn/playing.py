"""A lesson's variant as the message that the stage plays."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from dcviz.atlas.published import BUDGETS, PROTOCOLS, PUBLISHED, READ
from dcviz.figures import Theme, real_scene
from dcviz.figures.dots import Row, dots
from dcviz.learn.facts import Facts, flagged
from dcviz.learn.lesson import Figures, Lesson, Look, Variant
from dcviz.learn.numbers import BUDGET, MNIST
from dcviz.learn.prepared import numbers, prepared, real
from dcviz.replay.reel import message, rivals

CAPTION = {"protocols": "test accuracy, a mark for each network", "published": "test accuracy in per cent"}
LABELS = {"synthetic": "condensed, here", "random": "random real images, here", "told": "published"}
SHOWN_BUDGET = {"mnist": BUDGET, "cifar10": 10}  # of the published numbers, images per class


def figures(lesson: Lesson) -> Figures:
    """What was measured, by the names of a lesson's variants."""
    return {variant.name: Facts.of(variant.run) for variant in lesson.variants}


@cache
def layer(data: str, theme: Theme) -> dict[str, Any]:
    """The real layer of a data set; the same for all lessons."""
    return real_scene(f"learn|{data}|{theme}", real(data), theme)


@cache
def film(run: str, theme: Theme) -> dict[str, Any]:
    """All frames and curves of a prepared run; encoded once, shared by all who look."""
    found = prepared(run)
    view = real(found.view)
    scores = list(found.scores)
    made = message(found, found.frames, found.metrics, theme, real=view, rivals=rivals(scores), rates={})
    return {**made, "real": layer(found.view, theme)["key"]}


def scene(lesson: Lesson, variant: Variant, theme: Theme) -> dict[str, Any]:
    """What the stage shows of a variant: its film, with the panels of its lesson."""
    found = film(variant.run, theme)
    words = dict(found["words"])
    if variant.numbers:
        found = {**found, "curves": told_numbers(variant.numbers, theme)}
        words |= {"panel": "Numbers", "curves": CAPTION["protocols" if variant.numbers == "protocols" else "published"]}
    title = f"{lesson.question} · dcviz"
    return {**found, "run": scene_id(lesson, variant), "title": title, "panels": list(lesson.panels), "words": words}


def scene_id(lesson: Lesson, variant: Variant) -> str:
    """What the stage calls a variant: one run may stand in two lessons, and plays anew in each."""
    return f"{lesson.name}/{variant.name}"


def step_of(look: Look, variant: Variant) -> int:
    """The kept step that a look is at."""
    facts = Facts.of(variant.run)
    steps = [step for step, _ in facts.run.frames]
    wanted = {"start": 0, "end": facts.steps}.get(look.at)
    if wanted is None:
        wanted = facts.arrived if look.at == "arrived" else facts.parting
    return min(steps, key=lambda step: abs(step - wanted))


def chosen(look: Look, variant: Variant) -> list[int]:
    """The ids that a look selects, at its step."""
    run, step = prepared(variant.run), step_of(look, variant)
    if look.flagged:
        return flagged(run, step)
    if look.label is None:
        return []
    frame = dict(run.frames)[step]
    return [int(np.asarray(frame["ids"])[np.asarray(frame["labels"]) == look.label][0])]


def told_numbers(which: str, theme: Theme) -> dict[str, Any]:
    """Numbers as rows of marks: ours under several protocols, or published ones with ours beside them."""
    rows = _protocols() if which == "protocols" else [*_published(which), *_ours(which)]
    kinds = {kind for row in rows for kind in row.values}
    return dots(rows, theme, unit="accuracy, %", labels={k: v for k, v in LABELS.items() if k in kinds})


def _protocols() -> list[Row]:
    return [
        Row(way["title"], {"synthetic": _hundred(way["S"]), "random": _hundred(way["random"])})
        for way in numbers()["protocols"]
    ]


def _published(data: str) -> list[Row]:
    at = BUDGETS.index(SHOWN_BUDGET[data])
    found = []
    for row in PUBLISHED:
        mean, spread = row.means[at], row.spreads[at]
        if row.data == data and mean is not None:
            words = f"{mean:.1f} ± {spread:.1f}" if spread is not None else f"{mean:.1f}, no spread told"
            found.append(
                Row(row.method, {"told": [mean]}, spread, words, f"{PROTOCOLS[row.protocol]} {READ[row.read]}.")
            )
    return found


def _ours(data: str) -> list[Row]:
    if data != MNIST:
        return []
    found = []
    for row in numbers()["mnist"]:
        values = _hundred(row["values"])
        kind = "random" if row["title"].startswith("random") else "synthetic"
        words = f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}, here"
        found.append(Row(row["title"], {kind: values}, None, words))
    return found


def _hundred(values: list[float]) -> list[float]:
    return [100 * value for value in values]
