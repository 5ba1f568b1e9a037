"""What tells runs from one another: their differences in words, which are repeats, and labels that say no more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dcviz import registry
from dcviz.errors import Refused
from dcviz.records import RunConfig, SavingConfig, to_json
from dcviz.runs.store import Run
from dcviz.runs.words import method

ABSENT = object()  # a setting that a configuration does not have, as those of another method

# What people ask first stands first. path -> (words, what it means)
WORDS = {
    "method": ("method", "What was minimised."),
    "data.name": ("data", "The real samples."),
    "data.path": ("data from", "Where images of one's own lie."),
    "budget": ("images per class", "K: stored synthetic images per class."),
    "steps": ("steps", "Updates of the synthetic set."),
    "start": ("start", "Where the synthetic set starts."),
    "seed": ("seed", "Of every random draw."),
    "optimiser.name": ("optimiser", "How the synthetic set is updated."),
    "optimiser.rates.images": ("step size of images", "How far one update moves them."),
    "optimiser.schedule": ("step size over the run", "constant, or falling to 0 or to a tenth along a cosine."),
    "parameterisation": ("stored as", "What is stored and how it decodes."),
    "evenness": ("evenness of budgets", "1: as many images for each class; 0: in proportion to the data."),
    "clamp": ("pixels kept in range", "Whether pixels are put back into their range after every update."),
    "device": ("device", "Where it was computed."),
}
SHORT = {  # how a setting's value reads in a label
    "budget": "{} per class",
    "steps": "{:,} steps",
    "start": "from {}",
    "seed": "seed {}",
    "parent": "{}",
}
ROOMS = {
    "live": ("live test", "How accuracy is measured while the run goes on."),
    "evaluation": ("final test", "How the finished set is judged."),
    "saving": ("keeping", "Which steps are kept."),
    "data": ("data", "How the real data is chosen and prepared."),
    "optimiser": ("optimiser", "How the synthetic set is updated."),
}


@dataclass(frozen=True)
class Difference:
    """One setting that is not the same everywhere."""

    path: str
    words: str
    meaning: str
    values: tuple[Any, ...]  # one for each configuration; ABSENT where it has no such setting


def differences(configs: Sequence[RunConfig]) -> list[Difference]:
    """What differs among configurations, what people ask first first; nothing that is the same in all.

    >>> [(d.words, d.values) for d in differences([RunConfig(budget=1), RunConfig(budget=10)])]
    [('images per class', (1, 10))]
    """
    flat = [settings(config) for config in configs]
    paths = list(dict.fromkeys([*WORDS, *(path for one in flat for path in one)]))
    found = []
    for path in paths:
        values = tuple(one.get(path, ABSENT) for one in flat)
        if any(value != values[0] for value in values):
            found.append(Difference(path, *_words(path, configs), values))
    return found


def settings(config: RunConfig) -> dict[str, Any]:
    """Every setting by its path, with the method as one; several terms are numbered from 1.

    >>> found = settings(RunConfig())
    >>> found["method"], found["budget"], found["evaluation.updates"], found["optimiser.rates.images"]
    ('ridge', 10, 300, 0.1)
    """
    tree = json.loads(to_json(config))
    terms = tree.pop("terms")
    for key in ("version", "preset"):
        tree.pop(key)
    for one in tree.pop("objectives", []):
        tree |= {f"{one['name']}.{key}": value for key, value in one["params"].items()}
    parts: dict[str, Any] = {}
    for number, term in enumerate(terms, 1):
        at = "term." if len(terms) == 1 else f"term {number}."
        inner = dict(_leaves(term["params"], at))
        if len(terms) > 1:
            inner[f"{at}weight"] = term["weight"]
        parts |= {path: value for path, value in inner.items() if not path.endswith(".name")}
    return {"method": method(config, " in ").replace("-", " "), **dict(_leaves(tree)), **parts}


def said(value: Any) -> str:
    """A setting's value as people write it.

    >>> said(True), said(None), said(0.1), said(3000), said(["a", "b"]), said(ABSENT), said("")
    ('yes', 'none', '0.1', '3,000', 'a, b', '–', 'none')
    """
    if value is ABSENT:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(said, value)) or "none"
    return "none" if value in (None, "") else str(value)


def groups(runs: Sequence[Run]) -> list[tuple[Run, ...]]:
    """Repeats together: runs of one configuration but for the seed, in the order of their first run.

    Where it was computed and which frames are kept make no other configuration; where a fork began does.
    """
    found: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        found.setdefault(_alike(run), []).append(run)
    return [tuple(sorted(group, key=lambda run: run.config.seed)) for group in found.values()]


def labels(groups: Sequence[Sequence[Run]]) -> list[str]:
    """A label for each group that tells it from the others, and says no more than that takes; names where given.

    Differences are added one after another, the first ones first, as long as they tell more groups apart; other data
    is always said. A parameter of a method or of an objective stands before the method's name: where there is little
    room the end of a label is cut.
    """
    heads = [group[0] for group in groups]
    parts: list[list[str]] = [[] for _ in heads]
    for difference in differences([head.config for head in heads]):
        told = len(set(map(tuple, parts)))
        data = difference.path == "data.name"
        if difference.path in ("seed", "device") or (told == len(heads) and not data):
            continue
        said_of = [_short(difference, value) for value in difference.values]
        ahead = difference.path not in WORDS and difference.path.partition(".")[0] not in ROOMS
        longer = [[said, *part] if ahead else [*part, said] for said, part in zip(said_of, parts, strict=True)]
        if data or len(set(map(tuple, longer))) > told:
            parts = longer
    texts = [
        " · ".join(filter(None, part)) or method(head.config, " in ") for part, head in zip(parts, heads, strict=True)
    ]
    texts = [
        head.name if head.name and len(group) == 1 else text
        for text, head, group in zip(texts, heads, groups, strict=True)
    ]
    return [f"{text} · {head.id}" if texts.count(text) > 1 else text for text, head in zip(texts, heads, strict=True)]


def _alike(run: Run) -> tuple[Any, ...]:
    plain = replace(run.config, seed=0, device="auto", saving=SavingConfig(), preset="")
    return to_json(plain), run.parent, run.parent_step


def _short(difference: Difference, value: Any) -> str:
    """A value in a label: with the name of its setting, unless it speaks for itself."""
    if value is ABSENT:
        return ""
    if difference.path in SHORT:
        return SHORT[difference.path].format(value)
    if difference.path in ("method", "data.name"):
        return str(value)
    if difference.path == "data.path":
        return Path(value).stem if value else ""
    return f"{difference.words.rpartition(' · ')[2]} {said(value)}"


def _words(path: str, configs: Sequence[RunConfig]) -> tuple[str, str]:
    """What a setting is called, and what it means."""
    if path in WORDS:
        return WORDS[path]
    room, *rest = path.split(".")
    plain = " · ".join(part.replace("_", " ") for part in rest)
    if room in ROOMS:
        return f"{ROOMS[room][0]}{' · ' if plain else ''}{plain}", ROOMS[room][1]
    head = "" if room == "term" else f"{room} · "
    return head + plain, _meaning(rest, configs, int(room[5:] or 1) - 1 if room.startswith("term") else 0)


def _meaning(path: Sequence[str], configs: Sequence[RunConfig], term: int) -> str:
    """The declared line of help of a parameter, from the first method that has it."""
    for config in configs:
        if term >= len(config.terms):
            continue
        try:
            declaration = registry.find("discrepancy", config.terms[term].discrepancy)
            params: Any = config.terms[term].params
            for key in path[:-1]:
                inner = params[key]
                declaration = registry.find(declaration.hypers()[key].part, inner["name"])
                params = inner
            return str(declaration.hypers()[path[-1]].help)
        except (Refused, KeyError, TypeError):  # of a plug-in that is not here, or another method's
            continue
    return ""


def _leaves(tree: Mapping[str, Any], at: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in tree.items():
        found += _leaves(value, f"{at}{key}.") if isinstance(value, dict) else [(f"{at}{key}", value)]
    return found
