"""Several discrepancies at once: the weighted sum that a run minimises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.types import (
    Discrepancy,
    Plan,
    Progress,
    RealSampler,
    Source,
    SyntheticSet,
    Terms,
    Tree,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Weighted(Discrepancy):
    """The weighted sum of discrepancies, each with its own context, state and curves.

    Terms are keyed ``part/term``. Every part gets a generator of its own, so that adding a part does not shift
    what another draws.
    """

    name = "weighted"
    title = "weighted sum"
    sentence = "Adds several discrepancies, each with its weight."
    formula = r"\sum_i\lambda_i D_i"
    source = Source("the dcviz authors", "dcviz", 2026, "https://arxiv.org/abs/2509.10367")
    where = "any"

    parts: tuple[Discrepancy, ...] = ()
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an empty sum, and weights that do not fit."""
        if not self.parts or len(self.parts) != len(self.weights):
            raise Refused(f"a run needs at least one term, and a weight for each; got {len(self.parts)} terms.")

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The contexts of the parts."""
        own = split(generator, len(self.parts))
        return [part.prepare(real, plan, g, progress) for part, g in zip(self.parts, own, strict=True)]

    def extend(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> SyntheticSet:
        """The parts extend one after another; a group that two of them would learn is learned once."""
        own = split(generator, len(self.parts))
        for part, c, g in zip(self.parts, context, own, strict=True):
            synthetic = part.extend(c, synthetic, g)
        return synthetic

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """The states of the parts."""
        own = split(generator, len(self.parts))
        return [p.begin(c, synthetic, g) for p, c, g in zip(self.parts, context, own, strict=True)]

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """The terms of all parts, unweighted."""
        own = split(generator, len(self.parts))
        found = [p.loss(c, s, real, synthetic, g) for p, c, s, g in zip(self.parts, context, state, own, strict=True)]
        return self._merge([terms for terms, _ in found]), [after for _, after in found]

    def gradient(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, dict[str, Tensor], Tree]:
        """Each part's own gradient, weighted and added, so that one part's graph is freed before the next."""
        own = split(generator, len(self.parts))
        merged, states, total = [], [], {k: v.new_zeros(v.shape) for k, v in synthetic.parameters.items()}
        for part, c, s, g, weight in zip(self.parts, context, state, own, self.weights, strict=True):
            terms, gradients, after = part.gradient(c, s, real, synthetic, g)
            merged.append(terms)
            states.append(after)
            total = {k: v + weight * gradients[k] for k, v in total.items()}
        return self._merge(merged), total, states

    def objective(self, terms: Terms) -> Tensor:
        """The weighted sum of the parts' objectives: of all terms but those that a part only shows."""
        import torch

        parts = enumerate(zip(self.weights, self.parts, strict=True))
        return torch.stack([w * part.objective(self._own(terms, i)) for i, (w, part) in parts]).sum()

    def follows(self, terms: Terms) -> bool:
        """Where every part does."""
        return all(part.follows(self._own(terms, i)) for i, part in enumerate(self.parts))

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """Every part advances by itself."""
        own = split(generator, len(self.parts))
        return [p.advance(c, s, real, synthetic, g) for p, c, s, g in zip(self.parts, context, state, own, strict=True)]

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """The parts finish one after another."""
        own = split(generator, len(self.parts))
        for p, c, s, g in zip(self.parts, context, state, own, strict=True):
            synthetic = p.finish(c, s, real, synthetic, g)
        return synthetic

    @property
    def asks_each_step(self) -> bool:
        """Where a part does."""
        return any(part.asks_each_step for part in self.parts)

    def spent(self, context: Tree, state: Tree) -> float | None:
        """Of all parts together: what they release adds up."""
        each = [part.spent(c, s) for part, c, s in zip(self.parts, context, state, strict=True)]
        known = [epsilon for epsilon in each if epsilon is not None]
        return sum(known) if known else None

    def guarantee(self, context: Tree) -> Mapping[str, str | float] | None:
        """That of the accounted part; a run has one at most."""
        return next((g for g in map(_guarantee, self.parts, context) if g is not None), None)

    def refuse_stale(self, context: Tree, state: Tree) -> None:
        """Where a part does."""
        for part, c, s in zip(self.parts, context, state, strict=True):
            part.refuse_stale(c, s)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Operations add up; memory is that of the largest part."""
        costs = [part.cost(classes, per_class, shape) for part in self.parts]
        return sum(c[0] for c in costs), max(c[1] for c in costs)

    def _own(self, terms: Terms, i: int) -> Terms:
        return {key.partition("/")[2]: value for key, value in terms.items() if key.partition("/")[0] == str(i)}

    def _merge(self, found: Sequence[Terms]) -> Terms:
        return {f"{i}/{key}": value for i, terms in enumerate(found) for key, value in terms.items()}


def _guarantee(part: Discrepancy, context: Tree) -> Mapping[str, str | float] | None:
    return part.guarantee(context)


def split(generator: torch.Generator, count: int) -> list[torch.Generator]:
    """As many independent generators; the first ``count`` do not depend on how many follow."""
    import torch

    seeds = torch.randint(2**62, (64,), generator=generator)[:count]
    return [torch.Generator().manual_seed(int(seed)) for seed in seeds]


def curve_names(terms: Sequence[str]) -> dict[str, str]:
    """Names for curves from merged keys ``part/term``: the term, numbered where parts share it.

    >>> curve_names(["0/energy", "1/energy", "2/mean"])
    {'0/energy': 'energy', '1/energy': 'energy-2', '2/mean': 'mean'}
    """
    seen: dict[str, int] = {}
    names = {}
    for key in terms:
        term = key.partition("/")[2] or key
        seen[term] = seen.get(term, 0) + 1
        names[key] = term if seen[term] == 1 else f"{term}-{seen[term]}"
    return names
