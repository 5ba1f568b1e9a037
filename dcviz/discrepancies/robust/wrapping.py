"""A discrepancy around another one, whose terms tell by their ending that they are not the plain ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dcviz.discrepancies.match import Match
from dcviz.discrepancies.wrapping import Wrapping
from dcviz.types import Discrepancy, Terms, hyper


@dataclass(frozen=True)
class Attacking(Wrapping):
    """Around a discrepancy ``of``; terms are its own with an ``ending``, so that curves tell them from plain ones."""

    serves = "robust"
    inside = "of"
    ending: ClassVar[str]

    of: Discrepancy = hyper(Match(), "The discrepancy that is wrapped.", part="discrepancy")

    def terms_within(self, terms: Terms) -> Terms:
        """The terms without the ending."""
        return {key.removesuffix(f"-{self.ending}"): value for key, value in terms.items()}

    def _outer(self, terms: Terms) -> Terms:
        return {f"{key}-{self.ending}": value for key, value in terms.items()}
