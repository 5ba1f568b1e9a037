"""The plain side of the vocabulary: what is written down. To and from JSON, strictly: unknown keys are refused."""

from __future__ import annotations

import dataclasses
import json
import math
import os.path
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeVar

from dcviz.errors import Refused

VERSION = 1  # of every record below; a newer one is refused, an older one is migrated by the store

Status = Literal["queued", "running", "paused", "done", "failed", "cancelled", "interrupted"]
FINAL: frozenset[str] = frozenset({"done", "failed", "cancelled"})  # nothing can follow but a fork

DEEPEST = 16  # lists and sets of named values within each other, in what is read
LARGEST = 1e300  # of numbers: beyond, they are infinite once they are squared

SAME_LABELS = "random, same labels"  # what a score is of: random real samples, labelled as S was

R = TypeVar("R")

ADDED = "added"


def added(default: Any) -> Any:
    """A field that came after the first release: left out of JSON while it has its default.

    So equal configurations keep the text, and what is cached under it, that they had before.
    """
    return field(default=default, metadata={ADDED: True})


@dataclass(frozen=True)
class DataConfig:
    """Which real data, and how it is prepared."""

    name: str = "digits"
    path: str | None = None  # your own images: an npz, a zip, or a folder of class folders
    classes: tuple[str, ...] | None = None  # a choice of classes, by name
    size: int | None = None  # at most this many real training samples, stratified
    noise: float | None = None  # planar toys: standard deviation, as a fraction of the figure's radius
    transform: Literal["normalise", "zca", "none"] = "normalise"
    seed: int = 0  # of the choice of samples, and of the planar toys
    imbalance: float = added(1.0)  # of the training part: how many times as large the first class is as the last
    groups: str | None = added(None)  # an npz with the group of every sample
    minority: float | None = added(None)  # planar sets with a small group: its share of each class
    private: bool = added(False)  # its rows are read by accounted mechanisms alone; all else sees a public part

    def __post_init__(self) -> None:
        """Beside a path the name of the digits is what was left unsaid: what lies there gives the name."""
        if self.path and self.name == DataConfig.name:
            object.__setattr__(self, "name", name_of(self.path))


def name_of(path: str) -> str:
    """What images of your own are called unless you say it: as their folder, or as their file without its ending.

    >>> name_of("~/pictures/pets.npz"), name_of("/data/cats.v2/"), name_of("digits.zip")
    ('pets', 'cats.v2', 'digits.zip')
    """
    whole = os.path.basename(os.path.abspath(os.path.expanduser(path)))
    plain, ending = os.path.splitext(whole)
    known = (
        ending.lower() in (".npz", ".zip") and plain != DataConfig.name
    )  # which would say that it is the bundled set
    return (plain if known else whole) or path


@dataclass(frozen=True)
class TermConfig:
    """One term of the objective: a discrepancy by name, its parameters, and its weight."""

    discrepancy: str = "match"
    params: Mapping[str, Any] = field(default_factory=dict)  # nested declarations as {"name": …, …}
    weight: float = 1.0


@dataclass(frozen=True)
class ObjectiveConfig:
    """What S should be good for beyond generalisation: an objective by name, and its parameters."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OptimiserConfig:
    """How S is updated."""

    name: Literal["sgd", "adam", "adamw", "adabelief", "lamb"] = "adam"
    rates: Mapping[str, float] = field(default_factory=lambda: {"images": 0.1})  # per parameter group
    momentum: float = 0.5  # SGD only
    betas: tuple[float, float] = (0.9, 0.999)  # all but SGD: how slowly mean and square of gradients fade
    decay: float = 0.0  # weight decay
    schedule: Literal["constant", "cosine", "cosine-tenth"] = "constant"  # over the run's steps to 0, or to a tenth


@dataclass(frozen=True)
class EvaluationProtocol:
    """How a synthetic set is judged: train fresh networks on it, test on real. Stored beside every number."""

    network: str = "convnet"  # a name in dcviz.nets
    width: int = 32
    updates: int = 300  # optimiser steps, whatever the size of the set
    batch: int = 64
    optimiser: Literal["sgd", "adam", "adamw"] = "adam"
    rate: float = 3e-3
    momentum: float = 0.9  # SGD only
    decay: float = 5e-4
    schedule: Literal["constant", "cosine", "step"] = "cosine"  # step: ×0.1 after half of the updates
    augment: str = ""  # siamese strategy, e.g. "crop_scale_rotate"; "" for none
    seeds: int = 3
    split: Literal["test", "held_out"] = "test"


@dataclass(frozen=True)
class SavingConfig:
    """Which steps are kept."""

    frames: int = 120  # at most; dense early, sparse later
    checkpoint_seconds: float = 20.0  # time between full-precision checkpoints


@dataclass(frozen=True)
class RunConfig:
    """One condensation, frozen. The defaults are what measured best on the digits within ten seconds."""

    data: DataConfig = DataConfig()
    terms: tuple[TermConfig, ...] = (TermConfig("ridge"),)
    budget: int = 10  # K, stored images per class
    steps: int = 500
    seed: int = 0
    start: str = "real"
    parameterisation: str = "pixels"
    optimiser: OptimiserConfig = OptimiserConfig(schedule="cosine")
    clamp: bool = False  # keep pixels in [0, 1] after every update
    device: str = "auto"
    saving: SavingConfig = SavingConfig()
    live: EvaluationProtocol | None = EvaluationProtocol(updates=150, seeds=1, split="held_out")  # None: not measured
    evaluation: EvaluationProtocol = EvaluationProtocol()
    preset: str = ""  # "name/scale" where the terms came from, for show
    objectives: tuple[ObjectiveConfig, ...] = added(())  # applied in this order when the problem is built
    evenness: float = added(1.0)  # of the K·C stored images: 1 is K for each class, 0 in proportion to T
    version: int = VERSION


@dataclass(frozen=True)
class Recipe:
    """What training on S presupposes: saved, exported, honoured by evaluation."""

    classes: tuple[str, ...]
    shape: tuple[int, ...]  # one decoded sample
    labels: Literal["hard", "logits", "probabilities", "values"] = "hard"
    transform: str = "normalise"  # its arrays lie beside the images
    decoder: str = "pixels"
    expand: int = 1  # decoded images per stored image
    augment: str = ""
    step_size: float | None = None  # a learned learning rate of the student
    updates: int | None = None
    views: int = 0  # stored views: a batch is seen in one, moved by its maps, with the labels stored for it
    version: int = VERSION


@dataclass(frozen=True)
class Outcome:
    """How a run ended, in words that are the remedy where there is one."""

    status: Status
    text: str = ""


@dataclass(frozen=True)
class Snapshot:
    """The measurements of one step."""

    step: int
    seconds: float  # of condensing so far
    terms: Mapping[str, float]
    measures: Mapping[str, float] = field(default_factory=dict)  # accuracy, off-manifold, …


@dataclass(frozen=True)
class Score:
    """An accuracy with its protocol and spread."""

    mean: float  # fraction correct
    std: float  # over seeds (and subsets, for random baselines)
    values: tuple[float, ...]
    protocol: EvaluationProtocol
    of: str = "synthetic"  # synthetic | one of evaluation.BASELINES | SAME_LABELS
    seconds: float = 0.0
    step_size: float | None = None  # learned with S, where it took the place of the protocol's rate
    among: int | None = added(None)  # real samples of each class that a baseline was chosen from, if not from all


@dataclass(frozen=True)
class Estimate:
    """What a run will take, before it is started."""

    seconds: float
    bytes: int
    basis: str  # in words: measured on this machine, or calculated


def to_json(record: Any) -> str:
    """One record as canonical JSON (sorted keys), so that equal records have equal text."""
    return json.dumps(_tree(record), sort_keys=True, allow_nan=False)


def _tree(value: Any) -> Any:
    """Records as plain values, without added fields that say nothing."""
    if dataclasses.is_dataclass(value):
        held = [(f, getattr(value, f.name)) for f in dataclasses.fields(value)]
        return {f.name: _tree(v) for f, v in held if not (f.metadata.get(ADDED) and v == f.default)}
    if isinstance(value, Mapping):
        return {key: _tree(v) for key, v in value.items()}
    return [_tree(v) for v in value] if isinstance(value, (list, tuple)) else value


def from_json(kind: type[R], text: str) -> R:
    """The record back from its JSON; unknown keys and wrong types are refused with the place and the known keys."""
    try:
        tree = parsed(text)
    except Refused as refusal:
        raise Refused(f"this is not the JSON of a {kind.__name__}: {refusal}") from refusal
    except ValueError as error:
        raise Refused(f"this is not the JSON of a {kind.__name__}: {error}.") from error
    return from_dict(kind, tree)


def parsed(text: str) -> Any:
    """Plain values from JSON that anybody may have written.

    >>> parsed("[1, 2.5]")
    [1, 2.5]

    Raises:
        Refused: a number that is none or has no end, or too many digits; lists in lists without end.
        ValueError: it is not JSON.
    """
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        value, deep = None, True
    else:
        deep = _deeper(value, DEEPEST)
    if deep:
        raise Refused(f"it is nested more than {DEEPEST} deep: nothing here is.")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Refused(f"{text[:20]} is no number to work with: give a finite one.")
    return value


def _whole(text: str) -> int:
    if len(text) > 20 or abs(int(text)) >= 2**63:
        raise Refused(f"{text[:20]} is too large a number: whole ones have 64 bits.")
    return int(text)


def _deeper(value: Any, levels: int) -> bool:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return levels == 0 or any(_deeper(item, levels - 1) for item in inner if isinstance(item, (dict, list)))


def from_dict(kind: type[R], tree: Any, at: str = "") -> R:
    """Build a record from nested plain values, strictly."""
    where = at or kind.__name__
    if not isinstance(tree, Mapping):
        raise Refused(f"{where} must be a set of named values, not {type(tree).__name__}.")
    if tree.get("version", VERSION) != VERSION:
        raise Refused(f"{where} has version {tree['version']}, this dcviz reads version {VERSION}: upgrade dcviz.")
    hints = _hints(kind)  # type: ignore[arg-type]
    unknown = sorted(set(tree) - set(hints))
    if unknown:
        raise Refused(f"{where} has no {', '.join(map(repr, unknown))}. Known: {', '.join(hints)}.")
    values = {key: _coerce(hints[key], value, f"{where}.{key}") for key, value in tree.items()}
    missing = [f.name for f in dataclasses.fields(typing.cast(Any, kind)) if _is_due(f) and f.name not in values]
    if missing:
        raise Refused(f"{where} is not whole: it lacks {', '.join(missing)}.")
    return kind(**values)


def _is_due(field: dataclasses.Field[Any]) -> bool:
    """Whether a record cannot be without it."""
    return field.default is field.default_factory is dataclasses.MISSING


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)  # evaluates the annotations: slow


def _coerce(hint: Any, value: Any, at: str) -> Any:
    """One field's value as its type hint says, or a refusal that names the place."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        return _coerce(next(h for h in inner if h is not type(None)), value, at)
    if dataclasses.is_dataclass(hint):
        return from_dict(typing.cast(type, hint), value, at)
    if origin is not None:
        return _container(origin, inner, value, at)
    if hint is float:
        _expect(isinstance(value, (int, float)) and not isinstance(value, bool), at, "a number", value)
        _expect(abs(value) < LARGEST, at, "a finite number", value)  # nor is NaN
        return float(value)
    if hint in _NAMES:
        _expect(isinstance(value, hint) and (hint is bool or not isinstance(value, bool)), at, _NAMES[hint], value)
    return value


def _container(origin: Any, inner: tuple[Any, ...], value: Any, at: str) -> Any:
    if origin is Literal:
        return _one_of(inner, value, at)
    if origin is tuple:
        _expect(isinstance(value, (list, tuple)), at, "a list", value)
        pair = Ellipsis not in inner
        _expect(not pair or len(value) == len(inner), at, f"a list of {len(inner)}", value)
        return tuple(_coerce(inner[0], item, f"{at}[{i}]") for i, item in enumerate(value))
    _expect(isinstance(value, Mapping), at, "a set of named values", value)
    return {str(k): _coerce(inner[1], v, f"{at}.{k}") for k, v in value.items()}


_NAMES = {int: "a whole number", str: "a text", bool: "true or false"}


def _one_of(choices: tuple[Any, ...], value: Any, at: str) -> Any:
    if value not in choices:
        raise Refused(f"{at} is {value!r}; choose one of {', '.join(map(str, choices))}.")
    return value


def _expect(condition: bool, at: str, what: str, value: Any) -> None:
    if not condition:
        raise Refused(f"{at} must be {what}, not {value!r}.")
