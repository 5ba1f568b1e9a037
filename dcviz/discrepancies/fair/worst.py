"""The worst group: weights that grow where the discrepancy is large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.fair.around import APART, WEIGHT, Around, again, draw, measured, prepared, shown, views
from dcviz.discrepancies.fair.shares import cells_of, group_shares
from dcviz.errors import Refused
from dcviz.types import Dataset, Plan, Progress, RealSampler, Source, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class WorstGroup(Around):
    r"""The largest of the groups' discrepancies, by weights of the groups that are learned against S.

    .. math:: \max_{q\in\Delta}\sum_g q_g D(T_g,S),\qquad
        q_g\leftarrow q_g\,e^{\eta D(T_g,S)/u}\Big/\sum_h q_h\,e^{\eta D(T_h,S)/u}

    Algorithm 1 of the paper with a discrepancy in the place of the loss: first the weights, then S with them. They
    begin at the natural shares (the paper: equal), so that η = 0 leaves the groups as they are; u is the mean
    discrepancy of the groups at the first step (the paper: 1), so that η does not depend on the scale. Costs G
    times a step of the inner one.
    """

    name = "worst-of-groups"
    title = "the worst of the groups"
    sentence = "Compares with every group by itself, and learns to look at the group that is served worst."
    formula = r"\max_{q}\sum_g q_gD(T_g,S),\quad q_g\propto q_g\,e^{\eta D(T_g,S)/u}"
    source = Source(
        "S. Sagawa, P. W. Koh, T. B. Hashimoto, P. Liang",
        "Distributionally Robust Neural Networks for Group Shifts",
        2020,
        "https://arxiv.org/abs/1911.08731",
        "Alg. 1",
    )

    rate: float = hyper(0.01, "How fast the weights move to the worst group (η).", low=0.0, high=10.0)

    def fits(self, data: Dataset) -> None:
        """Refuse a group that lacks a class where the inner discrepancy needs all of them."""
        super().fits(data)
        lacking = (cells_of(data) == 0).nonzero().tolist()
        if lacking and not self.inner.partial:
            c, g = lacking[0]
            raise Refused(
                f"group {data.groups.names[g]!r} has no sample of class {data.classes[c]!r}, and {self.inner.title} "
                "needs all classes: choose a divergence in a regime or a regression such as ridge, or the "
                "objective group-weights."
            )

    def fits_without_groups(self, name: str) -> None:
        """Refuse one that needs all classes in every group, too."""
        super().fits_without_groups(name)
        if not self.inner.partial:
            raise Refused(
                f"the only groups of {name} are its classes, and {self.inner.title} needs all classes in every group: "
                "give the data a column of groups, choose a regression such as ridge, or the objective group-weights."
            )

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The inner context for each group by itself; the first also serves as that of all."""
        found = prepared(self.inner, real, plan, generator, progress)
        return {"inner": found[0], "groups": found, "natural": group_shares(real.group_counts, 0.0).float()}

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """An inner state for each group, the natural weights, and no unit yet."""
        seed = draw(generator)
        inner = [self.inner.begin(one, synthetic, again(seed)) for one in context["groups"]]
        device = synthetic.stored.device
        return {"inner": inner, "weights": context["natural"].to(device), "unit": None}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """The weighted sum of the groups' discrepancies, each of them, and the weights."""
        import torch

        found, inner = measured(self.inner, context["groups"], state["inner"], real, synthetic, generator)
        apart = torch.stack(found)  # (G,)
        weights, unit = self._weights(state, apart.detach())
        terms = {"worst group": (weights * apart).sum()} | self._shown(real, apart, weights)
        return terms, {"inner": inner, "weights": weights, "unit": unit}

    def gradient(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, dict[str, Tensor], Tree]:
        """Group by group, with whatever algorithm the inner one has, so that one graph is freed before the next."""
        import torch

        seed, apart, gradients, after = draw(generator), [], [], []
        for one, own, view in zip(context["groups"], state["inner"], views(real), strict=True):
            terms, moved, own = self.inner.gradient(one, own, view, synthetic, again(seed))
            apart.append(self.inner.objective(terms).detach())
            gradients.append(moved)
            after.append(own)
        values = torch.stack(apart)
        weights, unit = self._weights(state, values)
        total = {key: sum(w * g[key] for w, g in zip(weights, gradients, strict=True)) for key in gradients[0]}
        terms = {"worst group": (weights * values).sum()} | self._shown(real, values, weights)
        return terms, total, {"inner": after, "weights": weights, "unit": unit}

    def objective(self, terms: Terms) -> Tensor:
        """The weighted sum."""
        return terms["worst group"]

    def follows(self, terms: Terms) -> bool:
        """Always: the groups' own terms are not known here."""
        return True

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """Each group's inner state, with the same draws, on T as it is."""
        seed = draw(generator)
        inner = [
            self.inner.advance(one, own, real, synthetic, again(seed))
            for one, own in zip(context["groups"], state["inner"], strict=True)
        ]
        return {**state, "inner": inner}

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """As the inner one does, with the state of the first group."""
        return self.inner.finish(context["inner"], state["inner"][0], real, synthetic, generator)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """At least two groups."""
        operations, held = self.inner.cost(classes, per_class, shape)
        return 2 * operations, held

    def _weights(self, state: Tree, apart: Tensor) -> tuple[Tensor, Tensor]:
        """The weights after a look at the groups ``(G,)``, and the unit."""
        before = state["weights"]
        unit = state["unit"]
        if unit is None:
            unit = apart.mean().abs().clamp_min(1e-12)
        return moved(before, apart / unit, self.rate), unit

    def _shown(self, real: RealSampler, apart: Tensor, weights: Tensor) -> Terms:
        sizes = real.group_counts
        return shown(real.group_names, apart, APART, sizes) | shown(real.group_names, weights, WEIGHT, sizes)


def moved(weights: Tensor, losses: Tensor, rate: float) -> Tensor:
    """A step of exponentiated gradient ascent: ``weights · exp(rate · losses)``, both ``(G,)``, normalised to 1.

    >>> import torch
    >>> moved(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 0.6931472]), 1.0)
    tensor([0.3333, 0.6667])
    """
    import torch

    return torch.softmax(weights.log() + rate * losses, 0)  # stable: no exponential overflows
