"""What the suite is made of: properties, the quantities that each measures, and figures: quantities measured."""

from __future__ import annotations

import statistics
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dcviz.errors import Refused
from dcviz.types import Declaration, Source

if TYPE_CHECKING:
    from dcviz.evaluation.measure import Work
    from dcviz.evaluation.suite.judge import Judge
    from dcviz.evaluation.suite.subject import Subject

Unit = Literal["fraction", "score", "bytes", "count", "seconds", "operations", "joules", "distance", "ratio", "nats"]

OWN = Source("the dcviz authors", "dcviz", 2026, "https://arxiv.org/abs/2509.10367")


@dataclass(frozen=True)
class Quantity:
    """One kind of figure, as tables, help and lessons show it."""

    name: str
    title: str
    sentence: str  # one plain sentence
    formula: str  # LaTeX
    source: Source = OWN
    unit: Unit = "fraction"
    better: Literal["higher", "lower", ""] = "higher"  # "" where neither is
    chance: float | None = None  # what knowing nothing reaches, where that is known
    details: Mapping[str, str] = field(default_factory=dict)  # what a figure of it holds beyond its value


@dataclass(frozen=True)
class Figure:
    """A quantity measured for one set, with its protocol and spread."""

    quantity: str
    of: str  # synthetic, or one of evaluation.BASELINES
    mean: float
    std: float  # over seeds, and over subsets for random ones; divided by n - 1, and 0 where nothing is random
    values: tuple[float, ...]
    protocol: str  # in words
    at: Mapping[str, Any] = field(default_factory=dict)  # which network, which attack, how strong, which group
    detail: Mapping[str, Any] = field(default_factory=dict)  # tables by name, as `Quantity.details` says


@dataclass(frozen=True)
class Report:
    """All figures of one property, for a set and its rivals."""

    property: str
    scale: str  # quick or full
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()  # what was cut, what is absent and why, what the figures do not say
    seconds: float = 0.0


def figure(
    quantity: str,
    of: str,
    values: Sequence[float],
    protocol: str,
    at: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Figure:
    """A figure from its values over seeds.

    >>> one = figure("accuracy", "synthetic", [0.5, 0.7], "two networks")
    >>> one.mean, round(one.std, 3)
    (0.6, 0.141)
    """
    held = tuple(float(v) for v in values)
    std = statistics.stdev(held) if len(held) > 1 else 0.0
    return Figure(quantity, of, statistics.fmean(held), std, held, protocol, dict(at or {}), dict(detail or {}))


@dataclass(frozen=True)
class Property(Declaration, ABC):
    """Something that a set may be good for. Its dataclass fields are how hard it is looked at: the full scale.

    One file each in this package; tables, flags and tests are made from the declarations.
    """

    quantities: ClassVar[tuple[Quantity, ...]]
    cuts: ClassVar[str]  # what the quick scale cuts, in words
    caution: ClassVar[str] = ""  # what the figures do not say
    images_only: ClassVar[str] = ""  # why points of the plane are refused
    makes_again: ClassVar[str] = ""  # why it must be known how the set was made
    usual: ClassVar[float] = 60.0  # seconds of the quick scale for a set and its rivals: ten digits a class, two cores
    version: ClassVar[int] = 1  # raised when the measure changes, so that older cached figures are not taken

    @classmethod
    @abstractmethod
    def quick(cls) -> Property:
        """The same in a minute on two cores, for small images and ten of each class."""

    @abstractmethod
    def measure(self, judge: Judge, subject: Subject) -> Work[list[Figure]]:
        """All its figures for one set, as work in slices."""

    def check(self, judge: Judge, subject: Subject) -> None:
        """Refuse data and sets that it is not defined for, with the cure."""
        if self.images_only and judge.dataset.planar:
            raise Refused(
                f"{self.title}: {self.images_only}, and {judge.dataset.name} has points of the plane: choose images."
            )
        if self.makes_again and subject.remake is None:
            raise Refused(
                f"{self.title}: {self.makes_again}, and nothing says how this set was made: condense it with dcviz, "
                "or leave this property out."
            )

    def notes(self, judge: Judge, subject: Subject) -> list[str]:
        """What is absent here, and why."""
        return []

    @classmethod
    def quantity(cls, name: str) -> Quantity:
        """One of its quantities by name."""
        return next(q for q in cls.quantities if q.name == name)
