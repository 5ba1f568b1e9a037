"""T with its groups weighed differently, seen by any discrepancy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.fair.around import APART, Around, alone, check_inner, measured, minimised, prepared, shown
from dcviz.discrepancies.fair.shares import cell_masses, cells_of, group_shares
from dcviz.errors import Refused
from dcviz.types import Dataset, Plan, Progress, RealSampler, Source, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

EVERY = 10  # steps between measurements of the groups: with many groups they cost more than a step


@dataclass(frozen=True)
class WeighedGroups(Around):
    r"""Another discrepancy, of T in which each group has another share.

    .. math:: D\bigl(\textstyle\sum_g w_g T_g,\ S\bigr),\qquad w_g=(1-s)\frac{N_g}{N}+\frac sG

    Classes keep their weight in the discrepancy; within a class its groups are weighed. Batches are drawn so
    (`RealSampler.weighed`); a mean embedding (energy, MMD) has the gradient of :math:`\sum_g w_g D(T_g,S)`. What a
    discrepancy learns from the whole of T (teachers, statistics) sees T as it is. Every tenth step it also measures
    each group by itself, which is shown and not minimised; not where a group lacks classes that ``inner`` needs.
    """

    name = "weighed-groups"
    title = "T with its groups weighed"
    sentence = "Compares with T as if its groups had other shares: small ones count more than they are."
    formula = r"D\bigl(\textstyle\sum_g w_gT_g,\ S\bigr),\quad w_g=(1-s)\,\tfrac{N_g}{N}+\tfrac{s}{G}"
    source = Source(
        "H. Shimodaira",
        "Improving predictive inference under covariate shift by weighting the log-likelihood function",
        2000,
        "https://doi.org/10.1016/S0378-3758(00)00115-4",
        "section 2",
    )

    equality: float = hyper(1.0, "Shares of the groups, from natural, 0, to equal, 1.", low=0.0, high=1.0)
    weights: str = hyper("", "Shares instead, one number for each group: majority=70, minority=30.")

    def fits(self, data: Dataset) -> None:
        """Refuse weights of other groups, and those that leave a class nothing."""
        super().fits(data)
        mass = self.masses(cells_of(data), data.groups.names)
        if float(mass.sum(1).min()) <= 0:
            name = data.classes[int(mass.sum(1).argmin())]
            raise Refused(f"all groups of class {name!r} have weight 0: give one of them a weight above 0.")

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The inner context with T weighed, and one for each group by itself."""
        mass = self.masses(real.group_counts, real.group_names)
        inner = self.inner.prepare(real.weighed(mass), plan, generator, progress)
        apart = alone(self.inner, real.group_counts)
        groups = prepared(self.inner, real, plan, generator, progress) if apart else []
        return {"inner": inner, "mass": mass, "groups": groups}

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """The inner state; how the groups were when they were last measured, and how long ago."""
        inner = self.inner.begin(context["inner"], synthetic, generator)
        apart = synthetic.stored.new_zeros(len(context["groups"]))
        return {"inner": inner, "apart": apart, "age": 0}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """The inner terms, and the discrepancy of each group."""
        weighed = real.weighed(context["mass"])
        terms, inner = self.inner.loss(context["inner"], state["inner"], weighed, synthetic, generator)
        return self._with_groups(terms, {**state, "inner": inner}, (context, real, synthetic, generator))

    def gradient(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, dict[str, Tensor], Tree]:
        """The inner gradient, with whatever algorithm it has."""
        weighed = real.weighed(context["mass"])
        terms, gradients, inner = self.inner.gradient(context["inner"], state["inner"], weighed, synthetic, generator)
        terms, state = self._with_groups(terms, {**state, "inner": inner}, (context, real, synthetic, generator))
        return terms, gradients, state

    def masses(self, counts: Tensor, names: tuple[str, ...]) -> Tensor:
        """Of every cell ``(C, G)``, from the samples that there are of each ``(C, G)``."""
        return cell_masses(counts, group_shares(counts, self.equality, self.weights, names))

    def _with_groups(
        self, terms: Terms, state: Tree, at: tuple[Tree, RealSampler, SyntheticSet, torch.Generator]
    ) -> tuple[Terms, Tree]:
        """The terms with what is shown of the groups, measured anew when it is old."""
        import torch

        context, real, synthetic, generator = at
        apart, terms = state["apart"], minimised(terms)
        if not context["groups"]:
            return terms, state
        if state["age"] % EVERY == 0:
            seen = synthetic.map(torch.detach)
            fresh = [self.inner.begin(one, seen, generator) for one in context["groups"]]
            found, _ = measured(self.inner, context["groups"], fresh, real, seen, generator)
            apart = torch.stack([value.detach() for value in found])
        terms = terms | shown(real.group_names, apart, APART, real.group_counts)
        return terms, {**state, "apart": apart, "age": state["age"] + 1}


@dataclass(frozen=True)
class AllottedGroups(WeighedGroups):
    r"""The same within each class; between classes T stays as it is.

    What the groups of a class weigh is what their share of its stored images is, by the rule of `group_shares`.
    """

    name = "allotted-groups"
    title = "T with its groups weighed as their images are allotted"
    sentence = "Compares with T as if each group of a class had as large a share of it as of the stored images."
    formula = r"D\bigl(\textstyle\sum_g w_{cg}T_{cg},\ S_c\bigr),\quad w_{cg}\propto w_g\,\tfrac{N_{cg}}{N_g}"

    gives_way = True

    def fits(self, data: Dataset) -> None:
        """Where no class has two groups, T is simply as it is: nothing to refuse."""
        self.inner.fits(data)
        check_inner(self, self.inner)

    def fits_without_groups(self, name: str) -> None:
        """Nothing to refuse either."""
        self.inner.fits_without_groups(name)

    def masses(self, counts: Tensor, names: tuple[str, ...]) -> Tensor:
        """Of every cell, each class with its natural mass."""
        mass = super().masses(counts, names)
        return mass / mass.sum(1, keepdim=True) * (counts.sum(1, keepdim=True) / counts.sum())
