"""What discrepancies that go around another one, and ask how it is with each group, have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dcviz.discrepancies.fair.shares import cells_of, only
from dcviz.discrepancies.match import Match
from dcviz.discrepancies.wrapping import Wrapping
from dcviz.errors import Refused
from dcviz.types import Dataset, Discrepancy, Plan, Progress, RealSampler, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

APART = "group "  # of the term that shows a group's discrepancy
WEIGHT = "weight "  # of the term that shows a group's weight
CLIENT = "client "  # of a term that shows something of federated clients
NAMED = 10  # groups, up to which each has its curves; beyond, the largest and the smallest stand for all


@dataclass(frozen=True)
class Around(Wrapping):
    """A discrepancy that looks at T and S through another one, and shows terms of its own beside those."""

    serves = "fair"
    inside = "inner"
    gives_way: ClassVar[bool] = False  # whether another one may take its place

    inner: Discrepancy = hyper(Match(), "What compares T with S.", part="discrepancy")

    def fits(self, data: Dataset) -> None:
        """Refuse an inner one that groups cannot reach."""
        super().fits(data)
        check_inner(self, self.inner)
        check_reach(self.inner, data)

    def fits_without_groups(self, name: str) -> None:
        """Refuse an inner one that compares the classes one by one."""
        super().fits_without_groups(name)
        if self.inner.reads == "classes":
            raise unreached(self.inner, name)

    def terms_within(self, terms: Terms) -> Terms:
        """The terms that are not only shown."""
        return minimised(terms)

    def state_within(self, state: Tree) -> Tree:
        """Beside what is kept of the groups."""
        return state["inner"]

    def with_state(self, state: Tree, inner: Tree) -> Tree:
        """With what is kept of the groups."""
        return {**state, "inner": inner}


def check_inner(of: Discrepancy, inner: Discrepancy) -> None:
    """Refuse an inner discrepancy that weights of groups do not reach, whatever the data.

    Raises:
        Refused: it serves an objective of its own; it reads T once and whole.
    """
    if inner.serves:
        raise Refused(f"{of.title} cannot go around {inner.title}, which weighs T in a way of its own: choose one.")
    if inner.reads == "whole":
        raise Refused(
            f"{inner.title} reads T once, as a whole: weights of groups do not reach it. Choose a divergence in a "
            "regime, gradient matching or a regression such as ridge."
        )


def check_reach(inner: Discrepancy, data: Dataset) -> None:
    """Refuse data in which no class has two groups, where the classes are compared one by one."""
    if inner.reads == "classes" and int((cells_of(data) > 0).sum()) <= len(data.classes):
        raise unreached(inner, data.name)


def unreached(inner: Discrepancy, name: str) -> Refused:
    """The refusal of data of this name, whose classes have one group each."""
    return Refused(
        f"{inner.title} compares the classes one by one, and no class of {name} has two groups: weights of groups "
        "change nothing. Give the data a column of groups, choose a regression such as ridge, or the objective "
        "group-budgets."
    )


def minimised(terms: Terms) -> Terms:
    """The terms that are not only shown."""
    return {key: value for key, value in terms.items() if not key.startswith((APART, WEIGHT, CLIENT))}


def shown(names: Sequence[str], values: Tensor, prefix: str, counts: Tensor) -> Terms:
    """Terms that show a number of each group ``(G,)``; of many groups, that of the largest and of the smallest."""
    values = values.detach()
    if len(names) <= NAMED:
        return {prefix + name: values[g] for g, name in enumerate(names)}
    sizes = counts.sum(0)
    ends = int(sizes.argmax()), int(len(sizes) - 1 - sizes.flip(0).argmin())
    return {prefix + names[g]: values[g] for g in dict.fromkeys(ends)}


def alone(inner: Discrepancy, counts: Tensor) -> bool:
    """Whether each group can be looked at by itself, with samples ``counts (C, G)``: it may lack classes."""
    return inner.partial or bool((counts > 0).all())


def views(real: RealSampler) -> list[RealSampler]:
    """T with one group left in it, for each group."""
    return [real.weighed(only(real.group_counts, g)) for g in range(len(real.group_names))]


def prepared(
    inner: Discrepancy, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress
) -> list[Tree]:
    """The inner one's contexts for each group by itself, all with the same draws: maps are the same for all."""
    seed = draw(generator)
    return [inner.prepare(view, plan, again(seed), progress) for view in views(real)]


def measured(  # noqa: PLR0913  (a discrepancy's own, for each group)
    inner: Discrepancy,
    contexts: Sequence[Tree],
    states: Sequence[Tree],
    real: RealSampler,
    synthetic: SyntheticSet,
    generator: torch.Generator,
) -> tuple[list[Tensor], list[Tree]]:
    """The inner objective against each group by itself, with the same draws, and the states after."""
    seed, found, after = draw(generator), [], []
    for context, state, view in zip(contexts, states, views(real), strict=True):
        terms, state = inner.loss(context, state, view, synthetic, again(seed))
        found.append(inner.objective(terms))
        after.append(state)
    return found, after


def draw(generator: torch.Generator) -> int:
    """A seed to be used several times."""
    import torch

    return int(torch.randint(2**62, (), generator=generator))


def again(seed: int) -> torch.Generator:
    """A generator of that seed."""
    import torch

    return torch.Generator().manual_seed(seed)
