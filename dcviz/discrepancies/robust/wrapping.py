"""A discrepancy around another one, which keeps its context, its state and what it learns beside the images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dcviz.discrepancies.match import Match
from dcviz.types import Discrepancy, Needs, RealSampler, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Wrapping(Discrepancy):
    """What stands around a discrepancy ``of`` passes to it all that is not its own business.

    Its context is a dict, with that of the inner one under ``of``; its state is that of the inner one. Terms are
    those of the inner one with an ``ending``, so that curves tell them from the plain ones.
    """

    where = "any"
    serves = "robust"
    ending: ClassVar[str]

    of: Discrepancy = hyper(Match(), "The discrepancy that is wrapped.", part="discrepancy")

    @property
    def rates(self) -> dict[str, float]:  # type: ignore[override]
        """Those of the inner one, which an instance knows."""
        return dict(self.of.rates)

    @property
    def needs(self) -> Needs:
        """Those of the inner one."""
        return self.of.needs

    def extend(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> SyntheticSet:
        """As the inner one."""
        return self.of.extend(context["of"], synthetic, generator)

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """The state of the inner one."""
        return self.of.begin(context["of"], synthetic, generator)

    def objective(self, terms: Terms) -> Any:
        """That of the inner one."""
        return self.of.objective(self._inner(terms))

    def follows(self, terms: Terms) -> bool:
        """Where the inner one does."""
        return self.of.follows(self._inner(terms))

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """As the inner one."""
        return self.of.finish(context["of"], state, real, synthetic, generator)

    def _outer(self, terms: Terms) -> Terms:
        return {f"{key}-{self.ending}": value for key, value in terms.items()}

    def _inner(self, terms: Terms) -> Terms:
        return {key.removesuffix(f"-{self.ending}"): value for key, value in terms.items()}
