"""A discrepancy around another one, which passes to it all that is not its own business."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dcviz.types import Dataset, Discrepancy, Needs, RealSampler, SyntheticSet, Terms, Tree

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Wrapping(Discrepancy):
    """What stands around the discrepancy in the field ``inside``.

    Its context is a dict, with that of the inner one under the name of that field. Its state is that of the inner
    one, unless it keeps something beside it: then `state_within` and `with_state` say where that of the inner one is.
    """

    where = "any"
    inside: ClassVar[str]  # the field that holds the inner one; part of stored configurations

    @property
    def wrapped(self) -> Discrepancy:
        """The inner one."""
        return getattr(self, self.inside)

    @abstractmethod
    def terms_within(self, terms: Terms) -> Terms:
        """The terms as the inner one named them, without those that it does not know."""

    def state_within(self, state: Tree) -> Tree:
        """The inner one's state."""
        return state

    def with_state(self, state: Tree, inner: Tree) -> Tree:
        """The state with another one of the inner discrepancy's."""
        return inner

    @property
    def rates(self) -> dict[str, float]:  # type: ignore[override]
        """Those of the inner one, which an instance knows."""
        return dict(self.wrapped.rates)

    @property
    def needs(self) -> Needs:
        """What the inner one presupposes."""
        return self.wrapped.needs

    def fits(self, data: Dataset) -> None:
        """Refuse what the inner one refuses."""
        self.wrapped.fits(data)

    def fits_without_groups(self, name: str) -> None:
        """Refuse what the inner one refuses."""
        self.wrapped.fits_without_groups(name)

    def extend(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> SyntheticSet:
        """As the inner one does."""
        return self.wrapped.extend(context[self.inside], synthetic, generator)

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """The state of the inner one."""
        return self.wrapped.begin(context[self.inside], synthetic, generator)

    def objective(self, terms: Terms) -> Tensor:
        """That of the inner one."""
        return self.wrapped.objective(self.terms_within(terms))

    def follows(self, terms: Terms) -> bool:
        """Where the inner one does."""
        return self.wrapped.follows(self.terms_within(terms))

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """The inner one, on T and S as they are."""
        inner = self.wrapped.advance(context[self.inside], self.state_within(state), real, synthetic, generator)
        return self.with_state(state, inner)

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """As the inner one does."""
        return self.wrapped.finish(context[self.inside], self.state_within(state), real, synthetic, generator)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """That of the inner one."""
        return self.wrapped.cost(classes, per_class, shape)
