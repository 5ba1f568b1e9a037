"""Measure properties for a set and its rivals, one after another; what is known is taken from the cache."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from typing import Literal

from dcviz.caching import key_of
from dcviz.errors import Refused, unknown
from dcviz.evaluation.measure import Work, scaled
from dcviz.evaluation.suite.declared import Figure, Property, Report
from dcviz.evaluation.suite.judge import Judge
from dcviz.evaluation.suite.properties import PROPERTIES
from dcviz.evaluation.suite.subject import Subject
from dcviz.records import from_dict, to_json

Scale = Literal["quick", "full"]
SCALES: tuple[Scale, ...] = ("quick", "full")


def chosen(text: str, scale: Scale = "quick") -> list[Property]:
    """The properties that a comma-separated choice names, or all, at a scale.

    >>> [p.name for p in chosen("generalisation")]
    ['generalisation']
    """
    if scale not in SCALES:
        raise unknown("scale", scale, SCALES)
    names = list(PROPERTIES) if text.strip() == "all" else [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise Refused(f"no property was named: give all, or some of {', '.join(PROPERTIES)}.")
    for name in names:
        if name not in PROPERTIES:
            raise unknown("property", name, PROPERTIES)
    kinds = [PROPERTIES[name] for name in dict.fromkeys(names)]
    return [kind.quick() if scale == "quick" else kind() for kind in kinds]


def assess(judge: Judge, subjects: Sequence[Subject], property: Property) -> Work[Report]:
    """All figures of one property for some sets, the one in question first, as work in slices.

    Raises:
        Refused: data, or a first set, that the property is not defined for. A rival that it does not fit is left out.
    """
    began = time.perf_counter()
    property.check(judge, subjects[0])
    figures: list[Figure] = []
    for i, subject in enumerate(subjects):
        found = yield from scaled(_of(judge, subject, property), i / len(subjects), 1 / len(subjects))
        figures += found
    notes = property.notes(judge, subjects[0])
    scale = "quick" if property == type(property).quick() else "full" if property == type(property)() else "own"
    if scale == "quick":
        notes.append(f"Quick: {property.cuts}.")
    if property.caution:
        notes.append(property.caution)
    return Report(property.name, scale, tuple(figures), tuple(notes), time.perf_counter() - began)


def key(judge: Judge, subject: Subject, property: Property) -> str:
    """Under what the figures of one set are cached: all that they depend on."""
    how = type(property).version, property.name, sorted(dataclasses.asdict(property).items())
    groups = judge.groups.key if judge.groups is not None else ""
    known = to_json(judge.protocol), judge.dataset.fingerprint, judge.seed, groups, judge.budget
    return key_of("figures", how, known, subject.key, subject.of)


def _of(judge: Judge, subject: Subject, property: Property) -> Work[list[Figure]]:
    at = key(judge, subject, property)
    held = judge.cache.load_cached("suite", at)
    if held is not None:
        return [from_dict(Figure, one) for one in held[1]]
    figures = yield from property.measure(judge, subject)
    judge.cache.save_cached("suite", at, {}, json.loads(json.dumps([dataclasses.asdict(f) for f in figures])))
    return figures
