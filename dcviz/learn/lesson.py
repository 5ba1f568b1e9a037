"""What a lesson is: a question, a prepared run or several, and where in them to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dcviz.types import Source

if TYPE_CHECKING:
    from dcviz.learn.facts import Facts

Figures = Mapping[str, "Facts"]  # what was measured, by the name of the variant
When = Literal["start", "arrived", "parting", "end"]


@dataclass(frozen=True)
class Variant:
    """One prepared run of a lesson; ``{name.fact}`` in any text stands for what was measured in that of ``name``."""

    name: str  # in the address, and in the texts
    title: str  # on the control
    said: str  # a line on what it shows
    run: str  # of `dcviz.learn.runs`
    formula: str  # LaTeX
    numbers: str = ""  # drawn in place of curves: "protocols", or the data of published ones


@dataclass(frozen=True)
class Look:
    """Something to look for: in which variant (or any), at which step, and which samples are selected."""

    text: str
    variant: str = ""
    at: When = "end"
    flagged: bool = False  # those off the manifold
    label: int | None = None  # the first of this class


@dataclass(frozen=True)
class Lesson:
    """One screen."""

    name: str  # in the strip of lessons, a word or two
    question: str
    text: str  # at most 90 words
    control: str  # what the variants vary
    variants: tuple[Variant, ...]
    looks: tuple[Look, ...]
    about: str  # what the letters of the formula mean
    check: tuple[str, str]  # a question to oneself, and its answer
    sources: tuple[Source, ...]
    panels: tuple[str, ...] = ("sheet", "map", "curves")  # of the stage; ``beside`` is the other map

    def variant(self, name: str) -> Variant:
        """The variant of a name."""
        return next(v for v in self.variants if v.name == name)

    def filled(self, text: str, figures: Figures) -> str:
        """A text of this lesson with what was measured in it."""
        return text.format_map(dict(figures))


def formula(kind: str, name: str) -> str:
    """The formula of a declaration, as it is shown everywhere."""
    from dcviz import registry

    found: str = registry.find(kind, name).formula
    return found


def source(kind: str, name: str) -> Source:
    """The source of a declaration."""
    from dcviz import registry

    found: Source = registry.find(kind, name).source
    return found
